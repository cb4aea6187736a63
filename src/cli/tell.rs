//! Failures on standard error: a sentence and a way out, or JSON in the shape of the Keito CLI.

use std::ffi::OsString;
use std::io::{self, Write};

use serde_json::json;

use super::print::{Ink, paint, plain};
use super::{Exit, Failure, Look};
use crate::config::Env;

/// Tells a failure and returns how the program ends. Nothing more can be done where standard error is gone, too.
pub(super) fn failure(failure: &Failure, json: bool, no_color: bool) -> Exit {
    let mut err = io::stderr().lock();
    let _ = match failure {
        Failure::Told { exit, message, suggestion } if json => {
            document(*exit, message, suggestion.as_deref(), &mut err)
        }
        Failure::Told { message, suggestion, .. } => {
            let env = Env::from_process().ok();
            sentence(
                message,
                suggestion.as_deref(),
                Look::of(&io::stderr(), no_color, env.as_ref()),
                &mut err,
            )
        }
        Failure::Output(error) if failure.exit() != Exit::Ok => {
            writeln!(err, "keitod: cannot write the output: {error}")
        }
        Failure::Output(_) => Ok(()),
    };
    failure.exit()
}

fn document(exit: Exit, message: &str, suggestion: Option<&str>, err: &mut dyn Write) -> io::Result<()> {
    let mut document = json!({"error": true, "code": exit.word(), "message": message});
    if let (Some(suggestion), Some(fields)) = (suggestion, document.as_object_mut()) {
        fields.insert("suggestion".to_owned(), suggestion.into());
    }
    writeln!(err, "{document}")
}

fn sentence(message: &str, suggestion: Option<&str>, look: Look, err: &mut dyn Write) -> io::Result<()> {
    write!(err, "{} ", paint(look, Ink::Bad, "keitod:"))?;
    for line in message.lines() {
        writeln!(err, "{}", plain(line))?;
    }
    suggestion.map_or(Ok(()), |way| writeln!(err, "  → {}", plain(way)))
}

/// A command line that was not understood, a question for help, or for the version. A program that asked for JSON gets
/// its usage errors as JSON, too.
pub(super) fn usage(error: &clap::Error, words: &[OsString]) -> Exit {
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Ok;
    }
    if words.iter().any(|word| word == "--json") {
        let text = error.to_string();
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let message = lines.next().map_or("", |line| line.trim_start_matches("error: "));
        let _ = document(
            Exit::InvalidInput,
            &plain(message),
            Some("see keitod --help"),
            &mut io::stderr().lock(),
        );
    } else {
        // It quotes a word that may come from anywhere; such a one costs the colours.
        let text = error.to_string();
        let shown: Vec<String> = text.lines().map(plain).collect();
        let _ = if text.lines().eq(&shown) {
            error.print()
        } else {
            writeln!(io::stderr().lock(), "{}", shown.join("\n"))
        };
    }
    Exit::InvalidInput
}
