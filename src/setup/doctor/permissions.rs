//! Are our files ours alone?

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{Blame, Finding, Room};

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(paths) = room.paths() else { return Vec::new() };
    let mut found = vec![alone(&paths.state_dir, 0o700), alone(&paths.data_dir, 0o700)];
    found.extend(paths.socket.parent().filter(|dir| *dir != paths.state_dir).map(|dir| alone(dir, 0o700)));
    let database = paths.state_dir.join("keitod.db");
    if database.exists() {
        found.push(alone(&database, 0o600));
    }
    found
}

/// Whether only we can use a directory or file.
fn alone(path: &Path, wanted: u32) -> Finding {
    let shown = path.display().to_string();
    let finding = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::ok("not there yet: it is made at the start")
        }
        Err(error) => {
            Finding::fail(Blame::Config, format!("cannot be looked at: {error}"), "correct its permissions")
        }
        Ok(meta) if meta.is_symlink() => Finding::fail(
            Blame::Config,
            "is a symbolic link",
            "name the directory itself in KEITOD_STATE_DIR",
        ),
        Ok(meta) => {
            let (mode, owner) = (meta.mode() & 0o777, meta.uid());
            if owner != rustix::process::geteuid().as_raw() {
                let seen = format!("belongs to user {owner}, not to you");
                Finding::fail(Blame::Config, seen, format!("chown \"$(id -u)\" {shown}"))
            } else if mode & 0o077 != 0 {
                let seen = format!("others may enter or read it: mode {mode:04o}");
                Finding::fail(Blame::Config, seen, format!("chmod {wanted:o} {shown}"))
            } else if rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_err() {
                Finding::fail(Blame::Config, "cannot be written to", format!("chmod {wanted:o} {shown}"))
            } else {
                Finding::ok(format!("yours alone: mode {mode:04o}"))
            }
        }
    };
    finding.of(shown)
}
