//! `keitod backfill`.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use super::act::done;
use super::print::{is_empty_backfill, print_backfill};
use super::{Call, Exit, Failure, print_json};
use crate::server::{Act, Backfill};

const EXAMPLES: &str = "\
Examples:
  keitod backfill --from 2026-05-01 --dry-run                  what would be sent of all before the cut-off
  keitod backfill --from 2026-05-01 --to 2026-05-15 --yes
  keitod backfill --from 2026-05-01 --agent codex --project cm0000project
  keitod backfill --from 2026-05-01 --dry-run --json | jq '.backfill.totals.hours'

Both days are included. What stands at Keito already is looked at first and is not sent again. The decision is kept in
decisions.jsonl: it also holds for logs of these days that are found later, and for a state that is lost.";

/// Has work before the cut-off sent; shows it first, by day and project, and asks
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// First day
    #[arg(long, value_name = "DAY")]
    from: String,
    /// Last day; without it up to the cut-off
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// Only this agent's
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Only what goes to this project
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// Only show it
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// The document instead of the table
    #[arg(long)]
    pub json: bool,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let document = self.ask(call, self.yes)?;
        if self.yes || self.dry_run || is_empty_backfill(&document) {
            return Ok(Exit::Ok);
        }
        let asks = io::stdin().is_terminal() && io::stderr().is_terminal() && !self.json;
        if !asks {
            let message = "nothing is sent yet: the same with --yes does it, with --dry-run it only shows it";
            return Err(Failure::new(Exit::InvalidInput, message));
        }
        call.out.flush()?;
        if !agrees()? {
            writeln!(call.out, "nothing is sent")?;
            return Ok(Exit::Ok);
        }
        self.ask(call, true).map(|_| Exit::Ok)
    }

    fn ask(&self, call: &mut Call<'_>, sure: bool) -> Result<Vec<u8>, Failure> {
        let Self { from, to, agent, project, .. } = self;
        let (from, to) = (from.clone(), to.clone());
        let wanted = Backfill { from, to, agent: agent.clone(), project: project.clone(), sure };
        let document = done(call, &Act::Backfill(wanted))?;
        if self.json {
            print_json(&document, call.out)?;
        } else {
            print_backfill(&document, call.look, call.out)?;
        }
        Ok(document)
    }
}

fn agrees() -> Result<bool, Failure> {
    let mut answer = String::new();
    write!(io::stderr(), "send this? [y/N] ")?;
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
