//! `keitod status`.

use clap::Args;

use super::ask::ask;
use super::{Call, Exit, Failure, print_json, print_status};
use crate::server::Question;

const EXAMPLES: &str = "\
Examples:
  keitod status
  keitod status --json | jq .queue";

/// What keitod does now: state and reasons, today's time and cost, logs, queue, Keito
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// The document instead of the table
    #[arg(long)]
    pub json: bool,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let document = ask(call, &Question::Status)?;
        if self.json {
            print_json(&document, call.out)?;
        } else {
            print_status(&document, call.look, call.out)?;
        }
        Ok(Exit::Ok)
    }
}
