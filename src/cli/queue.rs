//! `keitod queue`.

use clap::{Args, Subcommand};

use super::act::act;
use super::ask::ask;
use super::many::{self, Which};
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
  keitod queue discard h0c5d1e8a2b47 h77aa10c2d3e4 --reason \"training, not for the client\"
  keitod queue discard --session 5e551011 --reason \"an experiment\" --yes

What is discarded counts as billed for ever; decisions.jsonl remembers it without the database.";

const APPROVE_EXAMPLES: &str = "\
Examples:
  keitod queue approve h0c5d1e8a2b47
  keitod queue approve --day 2026-05-04  all that waits for review of that day
  keitod queue approve --session 5e551011
  keitod queue approve --all
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
    #[command(flatten)]
    which: Which,
    /// Why; it is kept
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Do it; without it --all, --session and --day only show what is held or refused there
    #[arg(long)]
    yes: bool,
    /// The document instead of a line
    #[arg(long)]
    json: bool,
}

/// Lets work go that is held for review
#[derive(Debug, Args)]
#[command(after_help = APPROVE_EXAMPLES)]
struct Approve {
    #[command(flatten)]
    which: Which,
    /// Let this agent go on although a format alarm stopped it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["ids", "all", "session", "day"])]
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
            What::Discard(of) => return of.call(call),
            What::Approve(of) => return of.call(call),
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

/// Nothing is named that could be meant.
fn nothing() -> Failure {
    Failure::new(
        Exit::InvalidInput,
        "say which: ids as `keitod queue list` shows them, --session, --day or --all",
    )
}

impl Discard {
    fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let act_on = |id| Act::Discard { id, reason: self.reason.clone() };
        if let Some(id) = self.which.only() {
            return act(call, &act_on(id.clone()), self.json);
        }
        if self.which.is_empty() {
            return Err(nothing());
        }
        let ids = if self.which.ids.is_empty() {
            let items = self.which.items(call, &["held", "dead", "conflict"], None)?;
            if !self.yes {
                return many::show(call, &items, self.json);
            }
            many::ids(&items)
        } else {
            self.which.ids.clone()
        };
        many::each(call, ids, act_on, self.json)
    }
}

impl Approve {
    fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        if let Some(agent) = &self.agent {
            return act(call, &Act::ApproveAgent { agent: agent.clone() }, self.json);
        }
        if let Some(id) = self.which.only() {
            return act(call, &Act::Approve { id: id.clone() }, self.json);
        }
        if self.which.is_empty() {
            return Err(nothing());
        }
        let ids = if self.which.ids.is_empty() {
            many::ids(&self.which.items(call, &["held"], Some("review"))?)
        } else {
            self.which.ids.clone()
        };
        many::each(call, ids, |id| Act::Approve { id }, self.json)
    }
}
