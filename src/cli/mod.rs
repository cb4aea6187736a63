//! The command line: one small file a subcommand with its arguments, its call and its examples.
//!
//! Commands that ask for a document ask the daemon on its socket, else the database (`ask`); what they need beyond
//! that stands in [`Engine`]. Documents are printed by `print`, failures by `tell`.

mod act;
mod args;
mod ask;
mod assign;
mod audit;
mod backfill;
mod completions;
mod config;
mod daemon;
mod demo;
mod doctor;
mod engine;
mod exit;
mod explain;
mod failure;
mod flush;
mod init;
mod link;
mod look;
mod man;
mod many;
mod pause;
mod place;
mod preview;
mod prices;
mod print;
mod queue;
mod report;
mod resume;
mod run;
mod sandbox;
mod service;
mod sessions;
mod show;
mod status;
mod statusline;
mod tell;

pub mod log;
pub mod progress;

pub use args::{Args, Command, Global};
pub use daemon::InProcess;
pub use engine::{Detached, Engine, Finished, Mode, Run};
pub use exit::Exit;
pub use failure::Failure;
pub use look::Look;
pub use place::Place;
pub use print::{
    print_act, print_csv, print_demo, print_flush, print_json, print_queue, print_record, print_report,
    print_requests, print_sessions, print_status,
};

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};

use clap::Parser as _;

/// What every command is given.
pub(crate) struct Call<'a> {
    engine: &'a dyn Engine,
    place: Place,
    look: Look,
    out: &'a mut dyn Write,
}

/// Reads the command line, does what it says, prints, and says how the program ends.
pub fn main(engine: &dyn Engine, words: impl IntoIterator<Item = OsString>) -> Exit {
    let words: Vec<OsString> = words.into_iter().collect();
    if let Some(exit) = statusline::at_once(&words) {
        return exit;
    }
    let args = match Args::try_parse_from(&words) {
        Ok(args) => args,
        Err(error) => return tell::usage(&error, &words),
    };
    if args.command.lives_long() {
        engine.settle_in(&words);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let ended = call(engine, &args, &mut out).and_then(|exit| {
        out.flush()?;
        Ok(exit)
    });
    ended.unwrap_or_else(|failure| {
        // What was printed before the failure belongs before it.
        let _ = out.flush();
        tell::failure(&failure, args.command.json(), args.global.no_color)
    })
}

fn call(engine: &dyn Engine, args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    // These two work without a home directory: packagers build pages and completions in bare rooms.
    match &args.command {
        Command::Completions(command) => return command.call(out),
        Command::Man(command) => return command.call(out),
        _ => {}
    }
    let place = Place::from_process(args.global.config.as_deref())?;
    let look = Look::of(&io::stdout(), args.global.no_color, Some(&place.env));
    args.command.call(&mut Call { engine, place, look, out })
}
