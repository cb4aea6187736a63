//! `keitod service`.

use clap::{Args, Subcommand, ValueEnum};

use super::print::{print_service_report, print_service_state};
use super::{Call, Exit, Failure, print_json};
use crate::setup::service::{Logs, Report, Service, Supervisor};

const EXAMPLES: &str = "\
Examples:
  keitod service install      start at login, and now
  keitod service status
  keitod service logs --follow

On Linux a systemd user unit (~/.config/systemd/user/keitod.service), on macOS a launchd agent
(~/Library/LaunchAgents/com.keito.keitod.plist).";

const INSTALL_EXAMPLES: &str = "\
Examples:
  keitod service install              also after an upgrade, or when directories or the key file moved
  keitod service install --no-start

Variables of this shell that move directories (CLAUDE_CONFIG_DIR, KEITOD_STATE_DIR, …) are passed on to the service. The
key never is: name its file in [keito] api_key_file, which systemd hands over as a credential.";

const UNINSTALL_EXAMPLES: &str = "\
Examples:
  keitod service uninstall            state and config stay: what was read and sent is not forgotten";

const START_EXAMPLES: &str = "\
Examples:
  keitod service start";

const STOP_EXAMPLES: &str = "\
Examples:
  keitod service stop                 until the next login; `uninstall` for good";

const RESTART_EXAMPLES: &str = "\
Examples:
  keitod service restart              with the binary and the config of now";

const STATUS_EXAMPLES: &str = "\
Examples:
  keitod service status
  keitod service status --json | jq .running

Ends with 0 if it runs, with 7 if it does not, with 4 if it is not installed.";

const LOGS_EXAMPLES: &str = "\
Examples:
  keitod service logs
  keitod service logs --lines 500 --follow
  keitod service logs --json | jq -r .MESSAGE";

/// keitod as a service that starts at login: install it, look at it, stop it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Command {
    /// Another service manager than this system's
    #[arg(long, global = true, value_enum, value_name = "NAME")]
    manager: Option<Name>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// `systemctl --user`
    Systemd,
    /// `launchctl`
    Launchd,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write the unit or agent for this program, enable it and start it; what is there is brought up to date
    #[command(after_help = INSTALL_EXAMPLES)]
    Install(Install),
    /// Stop it and remove its files
    #[command(after_help = UNINSTALL_EXAMPLES)]
    Uninstall(Form),
    /// Start it
    #[command(after_help = START_EXAMPLES)]
    Start(Form),
    /// Stop it
    #[command(after_help = STOP_EXAMPLES)]
    Stop(Form),
    /// Stop it if it runs, and start it
    #[command(after_help = RESTART_EXAMPLES)]
    Restart(Form),
    /// Whether it is installed, up to date, enabled and running
    #[command(after_help = STATUS_EXAMPLES)]
    Status(Form),
    /// Its log
    #[command(after_help = LOGS_EXAMPLES)]
    Logs(Log),
}

#[derive(Debug, Args)]
struct Install {
    /// Only install it; it starts at the next login
    #[arg(long)]
    no_start: bool,
    /// As a document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Form {
    /// As a document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Log {
    /// So many of the newest lines
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    lines: u32,
    /// And those to come
    #[arg(long, short)]
    follow: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Command {
    pub(super) const fn json(&self) -> bool {
        match &self.what {
            What::Install(install) => install.json,
            What::Logs(log) => log.json,
            What::Uninstall(form)
            | What::Start(form)
            | What::Stop(form)
            | What::Restart(form)
            | What::Status(form) => form.json,
        }
    }

    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let env = call.place.env.clone();
        let manager = self.manager.map(|name| match name {
            Name::Systemd => Supervisor::Systemd,
            Name::Launchd => Supervisor::Launchd,
        });
        let service = Service::new(&env, manager);
        match &self.what {
            What::Install(install) => {
                // A service with a config that nobody can read would only fail again and again.
                let config = call.place.config()?;
                told(call, &service.install(&config, !install.no_start)?, install.json)
            }
            What::Uninstall(form) => told(call, &service.uninstall()?, form.json),
            What::Start(form) => told(call, &service.start()?, form.json),
            What::Stop(form) => told(call, &service.stop()?, form.json),
            What::Restart(form) => told(call, &service.restart()?, form.json),
            What::Status(form) => status(call, &service, form.json),
            What::Logs(log) => {
                call.out.flush()?;
                let what = Logs { lines: log.lines, follow: log.follow, json: log.json };
                service.logs(&what, call.out)?;
                Ok(Exit::Ok)
            }
        }
    }
}

fn told(call: &mut Call<'_>, report: &Report, json: bool) -> Result<Exit, Failure> {
    let document = document(report)?;
    if json {
        print_json(&document, call.out)?;
    } else {
        print_service_report(&document, call.look, call.out)?;
    }
    Ok(Exit::Ok)
}

fn status(call: &mut Call<'_>, service: &Service<'_>, json: bool) -> Result<Exit, Failure> {
    let state = service.state()?;
    let document = document(&state)?;
    if json {
        print_json(&document, call.out)?;
    } else {
        print_service_state(&document, call.look, call.out)?;
    }
    Ok(match (state.installed, state.running) {
        (_, true) => Exit::Ok,
        (true, false) => Exit::Network,
        (false, false) => Exit::NotFound,
    })
}

fn document(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|error| Failure::new(Exit::Config, format!("cannot print: {error}")))
}
