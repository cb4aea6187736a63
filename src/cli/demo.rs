//! `keitod demo`.

use clap::Args;

use super::{Call, Exit, Failure, print_demo, print_json};

const EXAMPLES: &str = "\
Examples:
  keitod demo
  keitod demo --keep     and keep its home, to look around";

/// Shows the whole way without an account and without agents: sample sessions, an embedded Keito, the records
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Keep the temporary home and say where it is
    #[arg(long)]
    pub keep: bool,
    /// The records as a document
    #[arg(long)]
    pub json: bool,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let Call { engine, place, look, out } = call;
        engine.demo(place, self.keep, &mut |document| {
            if self.json { Ok(print_json(document, out)?) } else { print_demo(document, *look, out) }
        })?;
        Ok(Exit::Ok)
    }
}
