//! `keitod queue`.

use clap::{Args, Subcommand};

use super::ask::ask;
use super::{Call, Exit, Failure, print_json, print_queue, print_record};
use crate::server::{Question, QueueQuery};

const EXAMPLES: &str = "\
Examples:
  keitod queue list --state held
  keitod queue show 17";

const LIST_EXAMPLES: &str = "\
Examples:
  keitod queue list
  keitod queue list --state dead
  keitod queue list --json | jq -r '.records[] | select(.reason == \"unmapped\").id'";

const SHOW_EXAMPLES: &str = "\
Examples:
  keitod queue show 17
  keitod queue show 17 --json | jq .writes";

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

/// All records, or those in one state
#[derive(Debug, Args)]
#[command(after_help = LIST_EXAMPLES)]
struct List {
    /// Only those in this state
    #[arg(long, value_parser = [
        "open", "held", "pending", "sending", "unknown", "reconciling", "done", "dead", "conflict",
    ])]
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
