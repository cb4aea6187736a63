//! Is there a key, and where?

use super::{Blame, Daemon, Finding, Room};
use crate::config::CredentialError;

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let finding = match &room.credentials {
        None => return Vec::new(),
        Some(Ok(found)) => {
            let whose = match &found.account {
                Some(account) => format!("account {}", account.as_str()),
                None => "a token that names its account itself".to_owned(),
            };
            Finding::ok(format!("a key from {}, {whose}, for {}", found.from, found.origin.as_str()))
        }
        Some(Err(error @ CredentialError::Missing)) => {
            let remedy = "keitod init; until then everything stays queued";
            Finding::fail(Blame::Auth, error.to_string(), remedy)
        }
        Some(Err(error @ (CredentialError::NoAccount { .. } | CredentialError::NotAKey { .. }))) => {
            Finding::fail(Blame::Auth, error.to_string(), "keitod init")
        }
        // The message says what to do about the file or the program.
        Some(Err(error)) => Finding::fail(Blame::Config, error.to_string(), "correct it, or `keitod init`"),
    };
    let mut found = vec![finding];
    // Its environment is another one than that of who asks here.
    if matches!(room.credentials, Some(Ok(_)))
        && let Daemon::Runs(status) = &room.daemon
        && let Some(reason) = status.reasons.iter().find(|reason| reason.code == "no_credentials")
    {
        let seen = format!("what runs does not have this key: {}", reason.message);
        let remedy =
            "put it in a file (chmod 600) and name that in [keito] api_key_file; then keitod service restart";
        found.push(Finding::fail(Blame::Auth, seen, remedy).of("daemon"));
    }
    found
}
