//! `keitod queue`.

use clap::{Args, Subcommand};

use super::act::act;
use super::ask::ask;
use super::{Call, Exit, Failure, print_json, print_queue, print_record};
use crate::server::{Act, Question, QueueQuery};
use crate::status::QueueState;

const EXAMPLES: &str = "\
Examples:
  keitod queue list --state held
  keitod queue show h0c5d1e8a2b47
  keitod queue discard h0c5d1e8a2b47 --reason \"training, not for the client\"
  keitod queue retry k1c9b7…";

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
    Retry(Retry),
    Discard(Discard),
    Approve(Approve),
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

const RETRY_EXAMPLES: &str = "\
Examples:
  keitod queue retry k1c9b7…             the same bytes again, after a listing of what stands at Keito
  keitod queue retry k1c9b7… --reseal    made anew: after a change of project, price or notes

A record in conflict is not sent again: it may stand at Keito already.";

const DISCARD_EXAMPLES: &str = "\
Examples:
  keitod queue discard k1c9b7… --reason \"logged by hand\"
  keitod queue discard h0c5d1e8a2b47 --reason \"training, not for the client\"

What is discarded counts as billed for ever; decisions.jsonl remembers it without the database.";

const APPROVE_EXAMPLES: &str = "\
Examples:
  keitod queue approve h0c5d1e8a2b47
  keitod queue list --json | jq -r '.items[] | select(.reason == \"review\").id' | xargs -n1 keitod queue approve
  keitod queue approve --agent codex     stopped by a format alarm: its logs are as they should be";

/// Sends a refused record again, or one that nothing proves to have arrived
#[derive(Debug, Args)]
#[command(after_help = RETRY_EXAMPLES)]
struct Retry {
    /// As `queue list` shows it
    id: String,
    /// Dissolve it and seal what is due anew; only what Keito definitely refused
    #[arg(long)]
    reseal: bool,
    /// The document instead of a line
    #[arg(long)]
    json: bool,
}

/// Gives a record or held work up: it counts as billed and is never sent
#[derive(Debug, Args)]
#[command(after_help = DISCARD_EXAMPLES)]
struct Discard {
    /// As `queue list` shows it
    id: String,
    /// Why; it is kept
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The document instead of a line
    #[arg(long)]
    json: bool,
}

/// Lets work go that is held for review
#[derive(Debug, Args)]
#[command(after_help = APPROVE_EXAMPLES)]
struct Approve {
    /// As `queue list` shows it
    #[arg(required_unless_present = "agent")]
    id: Option<String>,
    /// Let this agent go on although a format alarm stopped it
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    agent: Option<String>,
    /// The document instead of a line
    #[arg(long)]
    json: bool,
}

impl Command {
    pub(super) const fn json(&self) -> bool {
        match &self.what {
            What::List(list) => list.json,
            What::Show(show) => show.json,
            What::Retry(retry) => retry.json,
            What::Discard(discard) => discard.json,
            What::Approve(approve) => approve.json,
        }
    }

    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let question = match &self.what {
            What::List(list) => Question::Queue(QueueQuery { state: list.state.clone(), limit: list.limit }),
            What::Show(show) => Question::Record(show.id.clone()),
            What::Retry(retry) => {
                return act(call, &Act::Retry { id: retry.id.clone(), reseal: retry.reseal }, retry.json);
            }
            What::Discard(of) => {
                let what = Act::Discard { id: of.id.clone(), reason: of.reason.clone() };
                return act(call, &what, of.json);
            }
            What::Approve(Approve { id: Some(id), json, .. }) => {
                return act(call, &Act::Approve { id: id.clone() }, *json);
            }
            What::Approve(Approve { agent, json, .. }) => {
                let agent = agent.clone().unwrap_or_default();
                return act(call, &Act::ApproveAgent { agent }, *json);
            }
        };
        let document = ask(call, &question)?;
        match &self.what {
            _ if self.json() => print_json(&document, call.out)?,
            What::Show(_) => print_record(&document, call.look, call.out)?,
            _ => print_queue(&document, call.look, call.out)?,
        }
        Ok(Exit::Ok)
    }
}
