//! `keitod init`.

use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::daemon::runtime;
use super::print::{Ink, paint, plain};
use super::{Call, Exit, Failure, print_json};
use crate::config::{CostBasis, EntryPer, Origin};
use crate::setup::init::{Category, CostWish, Done, KeyKind, Terminal, Told, Tone, Wish, Words, init};
use crate::setup::{self, Error, NoSuch};

const EXAMPLES: &str = "\
Examples:
  keitod init                               ask everything
  keitod init --cost list --project \"Website relaunch\" --task Development
  keitod init --cost off --no-link --no-default --json
  pass keito | keitod init --api-key-stdin --account-id co_… --cost metered --no-link

Nothing is written before everything is checked. A config that is there stays; --force keeps it beside the new one.
Without a terminal nothing is asked: an answer that is missing ends with exit code 2 and the name of its flag.";

/// Set keitod up: find the key, choose projects, write the config, link this repository
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// The workspace, as Keito's settings show it beside the key
    #[arg(long, value_name = "ID", help_heading = "Key")]
    account_id: Option<String>,
    /// Another server than app.keito.ai
    #[arg(long, value_name = "URL", help_heading = "Key")]
    url: Option<String>,
    /// A file that holds the key and nothing else, mode 0600
    #[arg(long, value_name = "FILE", help_heading = "Key", conflicts_with_all = ["api_key_stdin", "api_key_command"])]
    api_key_file: Option<String>,
    /// Read the key from standard input and keep it in a file beside the config, mode 0600
    #[arg(long, help_heading = "Key", conflicts_with = "api_key_command")]
    api_key_stdin: bool,
    /// A program that prints the key; its words are split at blanks
    #[arg(long, value_name = "WORDS", help_heading = "Key")]
    api_key_command: Option<String>,
    /// Keep a key that only this shell's KEITO_API_KEY has in such a file
    #[arg(long, help_heading = "Key", conflicts_with = "no_store_key")]
    store_key: bool,
    /// Leave it in the environment
    #[arg(long, help_heading = "Key")]
    no_store_key: bool,
    /// Link this repository to a project, by id or name
    #[arg(long, value_name = "PROJECT", help_heading = "Projects", requires = "task")]
    project: Option<String>,
    /// The task of that project, by id or name
    #[arg(long, value_name = "TASK", help_heading = "Projects", requires = "project")]
    task: Option<String>,
    /// Do not link this repository
    #[arg(long, help_heading = "Projects", conflicts_with = "project")]
    no_link: bool,
    /// A project for sessions that nothing else maps; without it they are held
    #[arg(long, value_name = "PROJECT", help_heading = "Projects", requires = "default_task")]
    default_project: Option<String>,
    /// The task of that project
    #[arg(long, value_name = "TASK", help_heading = "Projects", requires = "default_project")]
    default_task: Option<String>,
    /// No such project
    #[arg(long, help_heading = "Projects", conflicts_with = "default_project")]
    no_default: bool,
    /// What becomes of usage that a subscription paid for
    #[arg(long, help_heading = "Billing")]
    cost: Option<Cost>,
    /// One entry a session and day, or one a day, project and agent
    #[arg(long, help_heading = "Billing")]
    entry: Option<Entry>,
    /// Workspace currency per USD from today on
    #[arg(long, value_name = "RATE", help_heading = "Billing")]
    usd_rate: Option<Decimal>,
    /// The expense category, where Keito does not show it
    #[arg(long, value_name = "ID", help_heading = "Billing")]
    expense_category_id: Option<String>,
    /// Install and start the service
    #[arg(long, conflicts_with = "no_service")]
    service: bool,
    /// Do not install it
    #[arg(long)]
    no_service: bool,
    /// Do not compute what would be sent today
    #[arg(long)]
    no_preview: bool,
    /// Write a new config, keeping the old one beside it, and a new link
    #[arg(long)]
    force: bool,
    /// As a document; nothing is asked
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Cost {
    /// Billed at the vendor's list price
    List,
    /// Billed as far as a log proves that it was charged
    Metered,
    /// No cost is billed, of nothing
    Off,
    /// Held until the config says
    Later,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Entry {
    /// One a session and day
    Session,
    /// One a day, project and agent
    Day,
}

/// What is on standard input at most: a key, or the wrong thing.
const KEY_LIMIT: u64 = 64 * 1024;

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let wish = self.wish(call)?;
        // The key took the place of the answers.
        let asked = if self.json || self.api_key_stdin { None } else { Terminal::here() };
        let mut ask_service =
            if self.service || self.no_service || asked.is_none() { None } else { Terminal::here() };
        let now = crate::daemon::time::now();
        let today = now.timestamp().to_zoned(jiff::tz::TimeZone::system()).date();
        let (look, json) = (call.look, self.json);
        let out = &mut *call.out;
        let mut tell = |told: Told| {
            if json {
                return Ok(());
            }
            let (ink, mark) = match told.tone {
                Tone::Good => (Ink::Good, "✓"),
                Tone::Warn => (Ink::Warn, "!"),
                Tone::Plain => (Ink::Bold, "·"),
            };
            writeln!(out, "{} {}", paint(look, ink, mark), plain(&told.text))
                .and_then(|()| out.flush())
                .map_err(Error::Output)
        };
        let done = runtime()?.block_on(init(&call.place.env, &wish, today, asked, &mut tell))?;
        let today =
            if self.no_preview { None } else { Some(super::preview::preview(call, &done.workspace, json)?) };
        let (service, exit) = super::preview::service(call, self.service, ask_service.as_mut(), json)?;
        if self.json {
            let mut document = document(&done);
            document["today"] = today.unwrap_or_default();
            document["service"] = service;
            print_json(document.to_string().as_bytes(), call.out)?;
        }
        Ok(exit)
    }

    fn wish(&self, call: &Call<'_>) -> Result<Wish, Failure> {
        let env = &call.place.env;
        let pair = |project: &Option<String>, task: &Option<String>, none: bool| match (project, task) {
            (Some(project), Some(task)) => Some(Some(Words { project: project.clone(), task: task.clone() })),
            _ => none.then_some(None),
        };
        let url = self.url.as_deref().map(Origin::parse).transpose().map_err(Error::Url)?;
        let command: Option<Vec<String>> = self
            .api_key_command
            .as_deref()
            .map(|words| words.split_whitespace().map(str::to_owned).collect());
        if command.as_ref().is_some_and(Vec::is_empty) {
            return Err(flag("--api-key-command", "names no program"));
        }
        if self.usd_rate.is_some_and(|rate| rate <= Decimal::ZERO) {
            return Err(flag("--usd-rate", "must be above 0"));
        }
        let file: Option<PathBuf> = self.api_key_file.as_deref().map(|path| env.typed(path));
        Ok(Wish {
            account_id: self.account_id.clone(),
            url,
            api_key_file: file,
            key: if self.api_key_stdin { Some(key_of_stdin()?) } else { None },
            api_key_command: command,
            store_key: if self.store_key { Some(true) } else { self.no_store_key.then_some(false) },
            link: pair(&self.project, &self.task, self.no_link),
            default: pair(&self.default_project, &self.default_task, self.no_default),
            cost: self.cost.map(|cost| match cost {
                Cost::List => CostWish::Basis(CostBasis::List),
                Cost::Metered => CostWish::Basis(CostBasis::Metered),
                Cost::Off => CostWish::Basis(CostBasis::Off),
                Cost::Later => CostWish::Later,
            }),
            entry: self.entry.map(|entry| match entry {
                Entry::Session => EntryPer::Session,
                Entry::Day => EntryPer::Day,
            }),
            usd_rate: self.usd_rate,
            category: self.expense_category_id.clone(),
            force: self.force,
        })
    }
}

fn flag(flag: &'static str, why: &str) -> Failure {
    Error::Flag { flag, why: why.to_owned() }.into()
}

fn key_of_stdin() -> Result<SecretString, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(KEY_LIMIT).read_to_string(&mut text);
    read.map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => flag("--api-key-stdin", "got bytes that are no text (UTF-8)"),
        _ => Error::Input(error).into(),
    })?;
    match text.trim() {
        "" => Err(flag("--api-key-stdin", "got nothing on standard input")),
        key => Ok(SecretString::from(key.to_owned())),
    }
}

fn document(done: &Done) -> Value {
    let workspace = &done.workspace;
    let (kind, ends) = match workspace.key {
        KeyKind::Full => ("full", None),
        KeyKind::Jwt(end) => ("jwt", end.map(|end| end.to_string())),
    };
    let id = match &done.category {
        Category::Found(id) => Some(id.as_str()),
        Category::Unseen | Category::Unasked => None,
    };
    let may = &workspace.may;
    json!({
        "schema_version": 1,
        "config": {"file": done.config, "written": done.written, "kept": done.aside},
        "key": {"kind": kind, "from": done.key_from, "file": done.key_file, "ends": ends},
        "workspace": {
            "url": done.origin.as_str(), "id": workspace.account.as_ref().map(|id| id.as_str()),
            "name": workspace.name, "timezone": workspace.zone, "currency": workspace.currency,
            "time_rounding": workspace.rounding,
            "capabilities": {
                "can_track_time": may.can_track_time, "can_track_expenses": may.can_track_expenses,
                "can_edit_time_billability": may.can_edit_time_billability,
                "can_view_team_time": may.can_view_team_time,
            },
        },
        "expense_category_id": id,
        "projects": done.projects,
        "link": done.link.as_ref().map(|(linked, to)| super::link::document(linked, to)),
        "default": done.default,
        "agents": done.agents.iter().map(|found| json!({
            "agent": found.agent, "title": found.title, "costs": found.costs, "roots": found.roots,
        })).collect::<Vec<_>>(),
        "warnings": done.warnings,
    })
}

impl From<setup::Error> for Failure {
    fn from(error: setup::Error) -> Self {
        let error = match error {
            Error::Output(error) => return Self::Output(error),
            other => other,
        };
        let exit = match &error {
            Error::Unanswered(_)
            | Error::Flag { .. }
            | Error::Stopped
            | Error::Url(_)
            | Error::NoRepository(_)
            | Error::NoPlace(_) => Exit::InvalidInput,
            Error::Refused { .. } | Error::ReadOnly { .. } | Error::NoWorkspace { .. } => Exit::Auth,
            Error::Credentials(error) => match error {
                crate::config::CredentialError::Missing
                | crate::config::CredentialError::NoAccount { .. } => Exit::Auth,
                _ => Exit::Config,
            },
            Error::Unreachable { .. } => Exit::Network,
            Error::RateLimited { .. } => Exit::RateLimited,
            Error::Server { .. } => Exit::Server,
            Error::NoSuch(NoSuch::Projects { .. } | NoSuch::Tasks { .. }) => Exit::InvalidInput,
            Error::NoProjects | Error::NoTasks { .. } | Error::NoSuch(_) | Error::NoDirectory(_) => {
                Exit::NotFound
            }
            Error::Linked { .. } | Error::SwitchedOff(_) | Error::Taken { .. } => Exit::Conflict,
            Error::Input(_)
            | Error::Client(_)
            | Error::Config(_)
            | Error::NotKeito { .. }
            | Error::BadLink { .. }
            | Error::Unreadable { .. }
            | Error::Write { .. }
            | Error::Output(_) => Exit::Config,
        };
        let failure = Self::new(exit, error.to_string());
        match error.way_out() {
            Some(way) => failure.suggest(way),
            None => failure,
        }
    }
}
