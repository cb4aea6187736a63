//! `keitod run`.

use clap::Args;

use super::{Call, Exit, Failure, Mode, Run, print_flush, print_json, print_requests};

const EXAMPLES: &str = "\
Examples:
  keitod run                  the service; Ctrl-C stops it
  keitod run --once           one pass, for cron
  keitod run --dry-run        the exact requests, without sending them
  keitod run --sandbox        the service against an embedded Keito";

/// Watches the logs and delivers: the service, in the foreground
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Read everything, send what is due, print what is left, end
    #[arg(long, conflicts_with = "dry_run")]
    pub once: bool,
    /// Print the exact requests instead of sending them
    #[arg(long)]
    pub dry_run: bool,
    /// Deliver to an embedded Keito on loopback, with a state in a temporary directory
    #[arg(long)]
    pub sandbox: bool,
    /// Documents, and errors, as JSON
    #[arg(long)]
    pub json: bool,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let mode = match (self.once, self.dry_run) {
            (_, true) => Mode::DryRun,
            (true, false) => Mode::Once,
            (false, false) => Mode::Service,
        };
        let finished = call.engine.run(&call.place, Run { mode, sandbox: self.sandbox })?;
        match (&finished.document, mode) {
            (None, _) => {}
            (Some(document), _) if self.json => print_json(document, call.out)?,
            (Some(document), Mode::DryRun) => print_requests(document, call.out)?,
            (Some(document), Mode::Once | Mode::Service) => print_flush(document, call.look, call.out)?,
        }
        Ok(finished.exit)
    }
}
