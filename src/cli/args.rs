//! The words of the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::{Call, Exit, Failure};
use super::{
    assign, audit, backfill, completions, config, demo, doctor, explain, flush, init, link, man, pause,
    prices, queue, report, resume, run, sandbox, service, sessions, status, statusline,
};

const EXAMPLES: &str = "\
Examples:
  keitod demo                     see it work: no account, no agents
  keitod init                     set it up
  keitod run                      the service in the foreground
  keitod status                   what it does now
  keitod report --by day,project  time, tokens and cost

Exit codes:
  0 ok, 1 auth, 2 invalid input, 3 conflict, 4 not found, 5 rate limited, 6 server, 7 network,
  8 config, 9 another keitod holds the state, 10 the state is from a newer keitod";

/// Turns the session logs of AI coding agents into time entries and LLM-cost expenses at Keito.
#[derive(Debug, Parser)]
#[command(name = "keitod", version, after_help = EXAMPLES, max_term_width = 100, disable_help_subcommand = true)]
pub struct Args {
    /// What stands before or after any subcommand.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What stands before or after any subcommand.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Another config file than the usual one; KEITOD_CONFIG says the same
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// No colours; NO_COLOR says the same
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
#[allow(missing_docs, reason = "each is described at its type, which is also its help")]
pub enum Command {
    Init(Box<init::Command>),
    Link(link::Command),
    Run(run::Command),
    Demo(demo::Command),
    Status(status::Command),
    Report(report::Command),
    Sessions(sessions::Command),
    Explain(explain::Command),
    Flush(flush::Command),
    Queue(queue::Command),
    Assign(assign::Command),
    Pause(pause::Command),
    Resume(resume::Command),
    Audit(audit::Command),
    Backfill(backfill::Command),
    Prices(prices::Command),
    Statusline(statusline::Command),
    Config(config::Command),
    Doctor(doctor::Command),
    Service(service::Command),
    Sandbox(sandbox::Command),
    Completions(completions::Command),
    Man(man::Command),
}

impl Command {
    /// Whether documents, and errors, are asked for as JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::Init(command) => command.json,
            Self::Link(command) => command.json,
            Self::Run(command) => command.json,
            Self::Demo(command) => command.json,
            Self::Status(command) => command.json,
            Self::Report(command) => command.json,
            Self::Sessions(command) => command.json,
            Self::Explain(command) => command.json,
            Self::Flush(command) => command.json,
            Self::Queue(command) => command.json(),
            Self::Assign(command) => command.json,
            Self::Pause(command) => command.json,
            Self::Resume(command) => command.json,
            Self::Audit(command) => command.json,
            Self::Backfill(command) => command.json,
            Self::Prices(command) => command.json(),
            Self::Config(command) => command.json(),
            Self::Doctor(command) => command.json,
            Self::Service(command) => command.json(),
            Self::Sandbox(command) => command.json,
            Self::Statusline(_) | Self::Completions(_) | Self::Man(_) => false,
        }
    }

    /// Whether it runs until it is told to end, or for as long as reading takes.
    pub(super) const fn lives_long(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Demo(_) | Self::Sandbox(_))
    }

    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Init(command) => command.call(call),
            Self::Link(command) => command.call(call),
            Self::Run(command) => command.call(call),
            Self::Demo(command) => command.call(call),
            Self::Status(command) => command.call(call),
            Self::Report(command) => command.call(call),
            Self::Sessions(command) => command.call(call),
            Self::Explain(command) => command.call(call),
            Self::Flush(command) => command.call(call),
            Self::Queue(command) => command.call(call),
            Self::Assign(command) => command.call(call),
            Self::Pause(command) => command.call(call),
            Self::Resume(command) => command.call(call),
            Self::Audit(command) => command.call(call),
            Self::Backfill(command) => command.call(call),
            Self::Prices(command) => command.call(call),
            Self::Statusline(command) => command.call(call),
            Self::Config(command) => command.call(call),
            Self::Doctor(command) => command.call(call),
            Self::Service(command) => command.call(call),
            Self::Sandbox(command) => command.call(call),
            Self::Completions(command) => command.call(call.out),
            Self::Man(command) => command.call(call.out),
        }
    }
}
