//! Is keitod a service that starts at login?

use super::{Blame, Daemon, Finding, Room};
use crate::setup::service::{Error, Service, State, Supervisor};

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let service = Service::new(room.env, None);
    let runs = matches!(room.daemon, Daemon::Runs(_));
    match service.state() {
        Ok(state) => of_state(&state, runs, room),
        Err(Error::NoManager { program }) => {
            let seen = format!("{program} is not here: who starts keitod at login cannot be told");
            vec![Finding::warn(seen, "have `keitod run` started by what starts services on this system")]
        }
        Err(error) => {
            let installed = if service.file().exists() { "installed" } else { "not installed" };
            let seen = format!("{installed}; {error}");
            vec![Finding::warn(seen, "log in to a session of your own, and ask again")]
        }
    }
}

fn of_state(state: &State, runs: bool, room: &Room<'_>) -> Vec<Finding> {
    if !state.installed && !state.running {
        let seen = if runs { "not installed; keitod runs by hand" } else { "not installed" };
        return vec![Finding::warn(seen, "keitod service install")];
    }
    let mut found = Vec::new();
    found.push(if !state.running {
        let seen = format!("installed and not running: {}", state.word);
        if state.word.starts_with("failed") {
            Finding::fail(Blame::Config, seen, "keitod service logs; then `keitod service start`")
        } else if runs {
            Finding::warn(
                format!("{seen}; another keitod runs by hand"),
                "stop that, then `keitod service start`",
            )
        } else {
            Finding::warn(seen, "keitod service start")
        }
    } else if state.enabled {
        Finding::ok(format!("installed, starts at login, {}", state.word))
    } else {
        Finding::warn(format!("{} and not started at login", state.word), "keitod service install")
    });
    let notes = state.notes.iter().filter(|note| note.remedy.is_some());
    found.extend(notes.map(|note| {
        Finding::warn(note.message.clone(), note.remedy.clone().unwrap_or_default()).of(note.code)
    }));
    // The service starts without this shell's variables.
    let key_from_shell = room
        .credentials
        .as_ref()
        .and_then(|found| found.as_ref().ok())
        .is_some_and(|found| found.from == "KEITO_API_KEY");
    if key_from_shell && Supervisor::of_system() == Supervisor::Systemd {
        let seen = "the key is in this shell's KEITO_API_KEY, which the service does not see";
        found.push(
            Finding::warn(seen, "put it in a file (chmod 600), name it in [keito] api_key_file").of("key"),
        );
    }
    found
}
