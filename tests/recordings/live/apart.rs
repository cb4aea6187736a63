//! Without outside network: the same test again, where there is only loopback.

use std::fs;
use std::process::{Command, Stdio};

/// Set where the test runs apart: how.
const APART: &str = "KEITOD_LIVE_APART";

/// In a network namespace of its own: as root, else as the root of a user namespace.
const WAYS: [&[&str]; 2] = [&["--net"], &["--user", "--map-root-user", "--net"]];
/// `$@` after loopback is up.
const LOOPBACK: &str = "ip link set lo up && exec \"$@\"";

/// How this process is apart, if it is.
pub fn how() -> Option<String> {
    std::env::var(APART).ok()
}

/// Runs this test again, apart; its success.
pub fn again(test: &str) -> bool {
    let program = std::env::current_exe().unwrap();
    let words = ["--exact", test, "--ignored", "--nocapture"];
    for way in WAYS {
        let apart =
            |then: &mut Command| then.stdin(Stdio::null()).status().is_ok_and(|status| status.success());
        let mut unshare = Command::new("unshare");
        unshare.args(way).args(["sh", "-c", LOOPBACK, "sh"]);
        if apart(Command::new("unshare").args(way).args(["sh", "-c", LOOPBACK, "sh", "true"])) {
            let named = format!("a network namespace (unshare {})", way.join(" "));
            return apart(unshare.arg(program).args(words).env(APART, named));
        }
    }
    let mut here = Command::new(program);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        // The discard port, where nobody listens.
        here.env(name, "http://127.0.0.1:9");
    }
    here.env("NO_PROXY", "127.0.0.1,localhost").env("no_proxy", "127.0.0.1,localhost");
    here.args(words).env(APART, "proxies that lead nowhere (no namespace could be made)");
    here.status().is_ok_and(|status| status.success())
}

/// Asserts that a namespace has loopback alone.
pub fn is_apart(how: &str) {
    if !how.contains("namespace (") {
        return;
    }
    let devices = fs::read_to_string("/proc/self/net/dev").unwrap();
    let names: Vec<&str> =
        devices.lines().skip(2).filter_map(|line| line.split(':').next()).map(str::trim).collect();
    assert_eq!(names, ["lo"]);
}
