//! Are our files ours alone?

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{Blame, Finding, Room};

/// Nobody else may enter.
const PRIVATE: u32 = 0o077;
/// Nobody else may write.
const OWN: u32 = 0o022;

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(paths) = room.paths() else { return Vec::new() };
    let mut found = vec![alone(&paths.state_dir, PRIVATE), alone(&paths.data_dir, OWN)];
    let socket = paths.socket.parent().filter(|dir| *dir != paths.state_dir);
    found.extend(socket.map(|dir| alone(dir, PRIVATE)));
    // The directory keeps others out; a database that was moved here may still be somebody else's.
    let database = paths.state_dir.join("keitod.db");
    if database.exists() {
        found.push(alone(&database, OWN));
    }
    found
}

/// Whether a directory or file is ours, with none of these rights for others.
fn alone(path: &Path, none: u32) -> Finding {
    let shown = path.display().to_string();
    let rights = if none == PRIVATE { "go-rwx" } else { "go-w" };
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
            } else if mode & none != 0 {
                let seen = format!("others may use it: mode {mode:04o}");
                Finding::fail(Blame::Config, seen, format!("chmod {rights} {shown}"))
            } else if rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_err() {
                Finding::fail(Blame::Config, "cannot be written to", format!("chmod u+w {shown}"))
            } else {
                Finding::ok(format!("yours: mode {mode:04o}"))
            }
        }
    };
    finding.of(shown)
}
