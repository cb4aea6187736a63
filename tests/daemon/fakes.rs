//! Service managers that do nothing but write down what they were asked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::place::Place;

/// Programs on the `PATH` of a place, and nothing else on it.
pub struct Fakes;

impl Fakes {
    /// No manager at all.
    pub fn none(place: &mut Place) {
        let bin = place.path("bin");
        fs::create_dir_all(&bin).unwrap();
        place.more.push(("PATH", bin.display().to_string()));
    }

    /// systemd with an active service, and a user who does not linger.
    pub fn systemd(place: &mut Place) {
        Self::none(place);
        Self::put(place, "systemctl", ACTIVE);
        Self::put(place, "loginctl", "echo no");
        Self::put(place, "systemd-run", ":");
        Self::put(place, "journalctl", "echo 'a line of the journal'");
    }

    /// launchd with nothing loaded.
    pub fn launchd(place: &mut Place) {
        Self::none(place);
        Self::put(place, "launchctl", "case \"$1\" in print|bootout) exit 113;; esac");
    }

    /// A program that writes down its words and then does what a shell script says.
    pub fn put(place: &Place, name: &str, script: &str) {
        let (path, calls) = (place.path("bin").join(name), place.path("calls"));
        let text = format!("#!/bin/sh\necho \"{name} $*\" >>'{}'\n{script}\n", calls.display());
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What they were asked since the last time.
    pub fn calls(place: &Place) -> Vec<String> {
        let text = fs::read_to_string(place.path("calls")).unwrap_or_default();
        let _ = fs::remove_file(place.path("calls"));
        text.lines().map(str::to_owned).collect()
    }
}

/// systemctl(1) of a service that runs.
pub const ACTIVE: &str = "case \"$*\" in *\" show \"*) echo 'LoadState=loaded
ActiveState=active
SubState=running
MainPID=4711
NRestarts=2
StatusText=watching the logs
UnitFileState=enabled
NeedDaemonReload=no';; esac";

/// And of one that was never installed.
pub const UNKNOWN: &str = "case \"$*\" in *\" show \"*) echo 'LoadState=not-found
ActiveState=inactive
SubState=dead
MainPID=0
UnitFileState=';; esac";
