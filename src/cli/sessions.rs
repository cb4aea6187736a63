//! `keitod sessions`.

use clap::Args;

use super::ask::ask;
use super::{Call, Exit, Failure, print_json, print_sessions};
use crate::server::{Question, SessionsQuery};

const EXAMPLES: &str = "\
Examples:
  keitod sessions
  keitod sessions --agent claude-code --limit 10
  keitod sessions --json | jq -r '.sessions[].session'";

/// The sessions, newest first, with their time and tokens
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Only this agent's
    #[arg(long)]
    pub agent: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u32,
    /// The document instead of the table
    #[arg(long)]
    pub json: bool,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let query = SessionsQuery { agent: self.agent.clone(), limit: Some(self.limit) };
        let document = ask(call, &Question::Sessions(query))?;
        if self.json {
            print_json(&document, call.out)?;
        } else {
            print_sessions(&document, call.look, call.out)?;
        }
        Ok(Exit::Ok)
    }
}
