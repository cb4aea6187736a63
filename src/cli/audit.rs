//! `keitod audit`.

use clap::Args;

use super::ask::ask;
use super::print::{is_clean, print_audit};
use super::{Call, Exit, Failure, print_json};
use crate::model::Day;
use crate::server::{AuditQuery, Question};

const EXAMPLES: &str = "\
Examples:
  keitod audit                                       the last 30 days
  keitod audit --from 2026-05-01 --to 2026-05-31     what an invoice will be made from
  keitod audit --json | jq '.findings[] | select(.finding == \"duplicate\")'

Ends with 0 if both sides agree, with 3 if records are missing, extra, twice there, other than sent or unproven.";

/// Compares what Keito lists with what was sent; changes nothing
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// First day
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub from: Option<Day>,
    /// Last day
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub to: Option<Day>,
    /// The document instead of the table
    #[arg(long)]
    pub json: bool,
}

fn day(word: &str) -> Result<Day, &'static str> {
    word.parse().map_err(|_| "write a day as 2026-05-31")
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let query = AuditQuery::new(self.from, self.to)?;
        let document = ask(call, &Question::Audit(query))?;
        if self.json {
            print_json(&document, call.out)?;
        } else {
            print_audit(&document, call.look, call.out)?;
        }
        Ok(if is_clean(&document) { Exit::Ok } else { Exit::Conflict })
    }
}
