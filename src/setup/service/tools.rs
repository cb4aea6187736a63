//! The programs of the service managers, found on `PATH`.

use std::io;
use std::process::{Command, Output, Stdio};

use super::Error;

/// What a program said.
pub(super) struct Said {
    /// Whether it ended well.
    pub ok: bool,
    /// Its standard output.
    pub out: String,
    /// Its standard error, else its standard output.
    pub trouble: String,
    /// The command line, for people.
    pub command: String,
}

impl Said {
    /// Its standard output, if it ended well.
    pub(super) fn done(self) -> Result<String, Error> {
        if self.ok {
            return Ok(self.out);
        }
        // systemctl(1) says so in these words where no manager of the user runs.
        if ["Failed to connect to bus", "Failed to connect to user scope bus"]
            .iter()
            .any(|words| self.trouble.contains(words))
        {
            return Err(Error::NoSession { said: self.trouble });
        }
        Err(Error::Refused { command: self.command, said: self.trouble })
    }
}

/// Runs a program to its end.
pub(super) fn run(program: &'static str, words: &[&str]) -> Result<Said, Error> {
    let command = format!("{program} {}", words.join(" "));
    let output = Command::new(program).args(words).stdin(Stdio::null()).output();
    let Output { status, stdout, stderr } = output.map_err(|error| missing(program, error))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let (out, mut trouble) = (text(&stdout), text(&stderr));
    if trouble.is_empty() {
        trouble = if out.is_empty() { status.to_string() } else { out.clone() };
    }
    Ok(Said { ok: status.success(), out, trouble, command })
}

/// Runs a program that writes to our own standard output.
pub(super) fn show(program: &'static str, words: &[&str]) -> Result<(), Error> {
    let status =
        Command::new(program).args(words).stdin(Stdio::null()).status().map_err(|e| missing(program, e))?;
    // Whoever reads its output may have seen enough: then a signal ends it.
    if status.success() || status.code().is_none() {
        return Ok(());
    }
    Err(Error::Refused { command: format!("{program} {}", words.join(" ")), said: status.to_string() })
}

fn missing(program: &'static str, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::NoManager { program },
        _ => Error::Refused { command: program.to_owned(), said: error.to_string() },
    }
}
