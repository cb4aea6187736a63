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
        let finished = call.engine.demo(&call.place, self.keep)?;
        match &finished.document {
            Some(document) if self.json => print_json(document, call.out)?,
            Some(document) => print_demo(document, call.look, call.out)?,
            None => {}
        }
        Ok(finished.exit)
    }
}
