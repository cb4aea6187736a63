//! `keitod resume`.

use clap::Args;

use super::act::act;
use super::{Call, Exit, Failure};
use crate::server::Act;

const EXAMPLES: &str = "\
Examples:
  keitod resume
  keitod resume --json | jq -r .was    which pause it ended

A pause whose cause is still there comes back with the next request.";

/// Ends a pause: one of `keitod pause`, and one that waits for a person
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// The document instead of a line
    #[arg(long)]
    pub json: bool,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        act(call, &Act::Resume, self.json)
    }
}
