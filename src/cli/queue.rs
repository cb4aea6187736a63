//! `keitod queue`.

use clap::{Args, Subcommand};

use super::ask::ask;
use super::{Call, Exit, Failure, print_json, print_queue, print_record};
use crate::server::{Question, QueueQuery};
use crate::status::QueueState;

const EXAMPLES: &str = "\
Examples:
  keitod queue list --state held
  keitod queue show h0c5d1e8a2b47";

const LIST_EXAMPLES: &str = "\
Examples:
  keitod queue list
  keitod queue list --state dead
  keitod queue list --json | jq -r '.items[] | select(.reason == \"unmapped\").id'";

const SHOW_EXAMPLES: &str = "\
Examples:
  keitod queue show h0c5d1e8a2b47
  keitod queue show h0c5d1e8a2b47 --json | jq .writes";

/// The records on their way to Keito
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
    Show(Show),
}

/// What is on its way and what waits, and why
#[derive(Debug, Args)]
#[command(after_help = LIST_EXAMPLES)]
struct List {
    /// Only those in this state; without it all but what is done, discarded or excluded
    #[arg(long, value_parser = QueueState::ALL.map(QueueState::word))]
    state: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// The document instead of the table
    #[arg(long)]
    json: bool,
}

/// One record: what it holds, why it waits, its writes
#[derive(Debug, Args)]
#[command(after_help = SHOW_EXAMPLES)]
struct Show {
    /// As `queue list` shows it
    id: String,
    /// The document instead of the table
    #[arg(long)]
    json: bool,
}

impl Command {
    pub(super) const fn json(&self) -> bool {
        match &self.what {
            What::List(list) => list.json,
            What::Show(show) => show.json,
        }
    }

    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let question = match &self.what {
            What::List(list) => Question::Queue(QueueQuery { state: list.state.clone(), limit: list.limit }),
            What::Show(show) => Question::Record(show.id.clone()),
        };
        let document = ask(call, &question)?;
        match &self.what {
            _ if self.json() => print_json(&document, call.out)?,
            What::List(_) => print_queue(&document, call.look, call.out)?,
            What::Show(_) => print_record(&document, call.look, call.out)?,
        }
        Ok(Exit::Ok)
    }
}
