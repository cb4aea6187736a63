//! `keitod explain`.

use std::path::PathBuf;

use clap::Args;

use super::ask::ask;
use super::progress::Waiting;
use super::{Call, Exit, Failure, print};
use crate::server::Question;
use crate::sources::Environment as _;

const EXAMPLES: &str = "\
Examples:
  keitod explain k1c9b7                     a record, by the beginning of its id in `queue list`
  keitod explain h0c5d1e8a2b47              work that waits, by its id there
  keitod explain claude-code/5e551011       a session; the agent need not be named
  keitod explain 2026-05-05                 a day
  keitod explain 2026-05-05 --timeline day.svg
  keitod explain k1c9b7 --json | jq '.sessions[].gaps[] | select(.dropped_seconds > 0)'

The logs are read again for the lines; one that is gone is said to be. No text of a conversation is shown.";

/// Where each number of a record, a session or a day came from
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// A record or held work as `queue list` shows it, a session as `sessions` does, or a day as 2026-05-31
    id: String,
    /// The document instead of the text
    #[arg(long)]
    pub json: bool,
    /// A picture of the time instead of the text, as SVG; `-`: to standard output
    #[arg(long, value_name = "FILE")]
    timeline: Option<PathBuf>,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let to_output = self.timeline.as_ref().is_some_and(|path| path.as_os_str() == "-");
        if self.json && to_output {
            let message =
                "--json and --timeline - cannot both have standard output: name a file for the picture";
            return Err(Failure::new(Exit::InvalidInput, message));
        }
        let waiting = Waiting::on("reading the logs again");
        let asked = ask(call, &Question::Explain(self.id.clone()));
        drop(waiting);
        let document = asked?;
        if let Some(path) = &self.timeline {
            let picture = print::draw_timeline(&document)?;
            if to_output {
                call.out.write_all(picture.as_bytes())?;
                return Ok(Exit::Ok);
            }
            let failed =
                |error| Failure::new(Exit::Config, format!("cannot write {}: {error}", path.display()));
            std::fs::write(path, picture).map_err(failed)?;
            if !self.json {
                writeln!(call.out, "{}", print::plain(&path.display().to_string()))?;
                return Ok(Exit::Ok);
            }
        }
        if self.json {
            print::print_json(&document, call.out)?;
        } else {
            print::print_explanation(&document, call.place.env.home(), call.look, call.out)?;
        }
        Ok(Exit::Ok)
    }
}
