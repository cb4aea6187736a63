//! Is what runs what is installed?

use super::{Daemon, Finding, Room};

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let ours = env!("CARGO_PKG_VERSION");
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    vec![match &room.daemon {
        Daemon::Runs(status) if status.version != ours => {
            let seen = format!("this is keitod {ours}, and {} runs", status.version);
            Finding::warn(seen, "keitod service restart")
        }
        Daemon::Runs(_) => Finding::ok(format!("keitod {ours}, and so is what runs; {system}")),
        _ => Finding::ok(format!("keitod {ours}; {system}")),
    }]
}
