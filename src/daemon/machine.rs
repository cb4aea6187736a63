//! Which machine this is, as a hash: the host's name never leaves it.

use std::path::Path;

use crate::model::hash64;

/// Twelve hex digits from the system's machine id, else from the host name.
#[must_use]
pub fn machine() -> String {
    let read =
        |path: &str| std::fs::read_to_string(Path::new(path)).ok().filter(|text| !text.trim().is_empty());
    let id = read("/etc/machine-id")
        .or_else(|| read("/var/lib/dbus/machine-id"))
        .unwrap_or_else(|| rustix::system::uname().nodename().to_string_lossy().into_owned());
    format!("{:012x}", hash64(&[b"machine", id.trim().as_bytes()]) >> 16)
}
