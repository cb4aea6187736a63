//! `keitod doctor`.

use std::sync::Arc;

use clap::Args;

use super::print::print_diagnosis;
use super::{Call, Exit, Failure, print_json};
use crate::server::{CallError, Client, Question};
use crate::setup::doctor::{Blame, Daemon, Room, examine};

const EXAMPLES: &str = "\
Examples:
  keitod doctor                what is wrong, and how to fix it
  keitod doctor --all          and where each agent was looked for
  keitod doctor --json | jq '.findings[] | select(.verdict != \"ok\")'

Changes nothing. Ends with 0 if nothing failed, else with the code of the first failure: 8 config or this machine, 1 the
key, 7 the network or a daemon that does not answer, 6 Keito, 5 its limit, 3 dead or conflicting records, 10 a newer state.";

/// What is wrong and how to fix it: config, key, Keito, links, agents, service, queue, database
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Also agents that are not here, with the paths that were looked at
    #[arg(long)]
    pub all: bool,
    /// The document instead of the list
    #[arg(long)]
    pub json: bool,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let env = call.place.env.clone();
        let config = crate::config::Config::load(&env).map(Arc::new);
        let daemon = config.as_ref().map_or(Daemon::Never, |config| {
            let socket = config.socket.enabled.then(|| config.paths(&env).socket);
            ask(call, socket.as_deref())
        });
        let diagnosis = examine(&Room::enter(&env, &config, daemon));
        let document = serde_json::to_vec(&diagnosis)
            .map_err(|error| Failure::new(Exit::Config, format!("cannot print: {error}")))?;
        if self.json {
            print_json(&document, call.out)?;
        } else {
            print_diagnosis(&document, self.all, call.look, call.out)?;
        }
        Ok(diagnosis.blame().map_or(Exit::Ok, exit))
    }
}

fn ask(call: &Call<'_>, socket: Option<&std::path::Path>) -> Daemon {
    let read = |document: &[u8]| serde_json::from_slice(document).map(Box::new);
    match socket.map(|socket| Client::new(socket).ask(&Question::Status)) {
        Some(Ok(document)) => match read(&document) {
            Ok(status) => return Daemon::Runs(status),
            Err(error) => return Daemon::Mute(format!("answers with no status document: {error}")),
        },
        Some(Err(CallError::NotRunning { .. })) | None => {}
        Some(Err(error)) => return Daemon::Mute(error.to_string()),
    }
    // Why a database cannot be read is told by the check of the database.
    let stored = call.engine.stored(&call.place, &Question::Status);
    stored.ok().and_then(|document| read(&document).ok()).map_or(Daemon::Never, Daemon::Stopped)
}

const fn exit(blame: Blame) -> Exit {
    match blame {
        Blame::Config => Exit::Config,
        Blame::Auth => Exit::Auth,
        Blame::Network => Exit::Network,
        Blame::Server => Exit::Server,
        Blame::RateLimited => Exit::RateLimited,
        Blame::Conflict => Exit::Conflict,
        Blame::NewerState => Exit::NewerState,
    }
}
