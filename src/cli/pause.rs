//! `keitod pause`.

use clap::Args;

use super::act::act;
use super::{Call, Exit, Failure};
use crate::server::Act;

const EXAMPLES: &str = "\
Examples:
  keitod pause     nothing is sent any more, also after a restart
  keitod resume    it goes on where it stopped

Logs are read on and records sealed; nothing is lost.";

/// Sends nothing to Keito until `keitod resume`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// The document instead of a line
    #[arg(long)]
    pub json: bool,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        act(call, &Act::Pause, self.json)
    }
}
