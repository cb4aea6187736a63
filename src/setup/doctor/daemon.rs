//! Does keitod run, and does it keep up?

use super::{Blame, Daemon, Finding, Room};

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(config) = room.config() else { return Vec::new() };
    vec![match &room.daemon {
        Daemon::Runs(status) => {
            let pid = status.pid.map_or_else(String::new, |pid| format!(" as process {pid}"));
            let lag: u64 = status.sources.iter().map(|source| source.lag_bytes).sum();
            let since = status.started_at.as_deref().map_or_else(String::new, |at| format!(" since {at}"));
            let behind =
                if lag > 0 { format!("; {} KiB of logs to read", lag.div_ceil(1024)) } else { String::new() };
            Finding::ok(format!("runs{pid}{since}{behind}"))
        }
        Daemon::Mute(why) => {
            Finding::fail(Blame::Network, why.clone(), "keitod service restart; keitod service logs")
        }
        Daemon::Stopped(_) | Daemon::Never if !config.socket.enabled => {
            Finding::ok("the socket is disabled: whether it runs cannot be asked")
        }
        Daemon::Stopped(status) => {
            let seen = match status.queue.pending + status.queue.open {
                0 => "does not run".to_owned(),
                waiting => format!("does not run; {waiting} records wait"),
            };
            Finding::warn(seen, "keitod service start, or `keitod run`")
        }
        Daemon::Never => Finding::warn("has never run here", "keitod service install, or `keitod run`"),
    }]
}
