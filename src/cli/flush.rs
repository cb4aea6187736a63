//! `keitod flush`.

use clap::Args;

use super::print::failed;
use super::{Call, Exit, Failure, print_flush, print_json};
use crate::server::{Client, Flush};

const EXAMPLES: &str = "\
Examples:
  keitod flush                       read to the end, send what is due
  keitod flush --settle --expenses   and what would wait for its session to be quiet

Nothing sets aside the grace time, the cut-off, holds or the limiter.";

/// Has the running keitod scan, read to the end and attempt all that is due; returns when that is done
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Treat time as settled
    #[arg(long)]
    pub settle: bool,
    /// Treat expenses as settled
    #[arg(long)]
    pub expenses: bool,
    /// The document instead of a line
    #[arg(long)]
    pub json: bool,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let config = call.place.config()?;
        if !config.socket.enabled {
            return Err(Failure::new(
                Exit::Config,
                "the socket is disabled: set `enabled = true` in [socket]",
            ));
        }
        let client = Client::new(&config.paths(&call.place.env).socket);
        let document = client.flush(Flush { settle: self.settle, expenses: self.expenses })?;
        if self.json {
            print_json(&document, call.out)?;
        } else {
            print_flush(&document, call.look, call.out)?;
        }
        Ok(if failed(&document) > 0 { Exit::Server } else { Exit::Ok })
    }
}
