//! `keitod statusline`: one line for a prompt or an agent's status bar, within 50 ms whatever happens.

mod given;
mod line;
mod template;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::{Call, Exit, Failure, Place, tell};
use crate::config::{Env, socket_of};
use crate::server::{CallError, Client, Deadline, Question, StatuslineQuery};
use crate::status::Glance;
use given::Given;
use line::Line;
use template::Template;

/// All that we take of our caller's 50 ms; the rest is for the start of a process and the kernel's coarse timeouts.
const TIME: Duration = Duration::from_millis(30);
/// As long as an agent may take to say what it says.
const HEARD: Duration = Duration::from_millis(12);

const EXAMPLES: &str = "\
Examples:
  keitod statusline
  keitod statusline --format '{time} {cost} {project}'

In Claude Code's settings.json:
  \"statusLine\": {\"type\": \"command\", \"command\": \"keitod statusline\"}

Words in the template: {time}, {cost} and {human} of today; {session_time}, {session_cost}; {project}; {trouble};
{unfinished}, {held}, {dead}; {state}; {model} and {dir} as the agent names them. {{ and }} are braces. What is not
known is empty.";

/// One line on today, this session and its project, for a prompt or an agent's status bar
///
/// It reads what the agent passes on standard input (session_id, cwd, model, cost), asks the daemon, and prints what it
/// knows within 50 ms, the daemon running or not.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Another line, with words in braces
    #[arg(long, value_name = "TEMPLATE")]
    pub format: Option<String>,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let template = template(self.format.as_deref())?;
        let text = said(&call.place.env, template.as_ref(), Deadline::after(TIME));
        writeln!(call.out, "{text}")?;
        Ok(Exit::Ok)
    }
}

/// Does it at once if the words are that plain: building the whole command line takes longer than the answer.
/// `None`: the command line shall read them, and tell what is wrong with them.
pub(super) fn at_once(words: &[OsString]) -> Option<Exit> {
    let end = Deadline::after(TIME);
    let [_, name, rest @ ..] = words else { return None };
    if name != "statusline" {
        return None;
    }
    let (mut format, mut config) = (None, None);
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        let word = word.to_str()?;
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None if word == "--no-color" => continue,
            None => (word, rest.next()?.to_str()?.to_owned()),
        };
        let place = match name {
            "--format" => &mut format,
            "--config" => &mut config,
            _ => return None,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    let ended = plain(format.as_deref(), config.as_deref(), end);
    Some(ended.unwrap_or_else(|failure| tell::failure(&failure, false, true)))
}

fn plain(format: Option<&str>, config: Option<&str>, end: Deadline) -> Result<Exit, Failure> {
    let template = template(format)?;
    let place = Place::from_process(config.map(Path::new))?;
    let text = said(&place.env, template.as_ref(), end);
    writeln!(io::stdout(), "{text}")?;
    Ok(Exit::Ok)
}

fn template(format: Option<&str>) -> Result<Option<Template<'_>>, Failure> {
    let parsed = format.map(Template::parse).transpose();
    parsed.map_err(|error| Failure::new(Exit::InvalidInput, error.to_string()))
}

fn said(env: &Env, template: Option<&Template<'_>>, end: Deadline) -> String {
    let given = Given::read(Deadline::after(HEARD));
    let line = Line::new(ask(env, &given, end), given);
    match template {
        Some(template) => template.fill(|word| line.word(word)),
        None => line.text(),
    }
}

/// Why there is no answer, in a word or two.
fn ask(env: &Env, given: &Given, end: Deadline) -> Result<Glance, &'static str> {
    let socket = socket_of(env).ok_or("keitod has no socket")?;
    let query = StatuslineQuery { session: given.session.clone(), dir: given.dir.clone() };
    match Client::new(&socket).ask_until(&Question::Statusline(query), end) {
        Ok(document) => serde_json::from_slice(&document).map_err(|_| "keitod is of another version"),
        Err(CallError::NotRunning { .. }) => Err("keitod is not running"),
        Err(CallError::Foreign { .. }) => Err("the socket is another user's"),
        Err(CallError::Broken(_)) => Err("keitod does not answer"),
        Err(CallError::Refused { status: 404 | 405, .. }) => Err("keitod is of another version"),
        Err(CallError::Refused { .. }) => Err("keitod is busy"),
        Err(CallError::Unreachable { .. }) => Err("keitod cannot be reached"),
        Err(CallError::Unintelligible(_)) => Err("keitod did not answer"),
    }
}
