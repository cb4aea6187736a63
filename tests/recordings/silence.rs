//! Nothing of what was said is kept, logged, answered or sent.

use std::fs;
use std::path::Path;

use keitod::sandbox::State;

use crate::home::{Home, files_below};

/// Documents that the socket, or the file behind it, answers.
const DOCUMENTS: [&[&str]; 5] = [
    &["status", "--json"],
    &["sessions", "--json"],
    &["queue", "list", "--json"],
    &["report", "--by", "day,project,agent,model,session", "--json"],
    &["report", "--by", "session", "--csv"],
];

/// Looks for the planted texts wherever keitod writes. Ask while the service runs, so that the socket answers.
pub fn answers(home: &Home, canaries: &[String], name: &str) {
    for words in DOCUMENTS {
        let said = home.says(words);
        assert!(!said.is_empty(), "{name}: {words:?}");
        silent(&said, canaries, &format!("{name}: {words:?}"));
    }
    for said in crate::explained::agrees(home, name) {
        silent(&said, canaries, &format!("{name}: explain"));
    }
}

/// The state with its write-ahead log, the log at its most talkative, and what arrived at Keito.
pub fn traces(home: &Home, state: &State, canaries: &[String], name: &str) {
    traces_but(home, state, canaries, name, ".claude");
}

/// The same, for an agent that keeps its logs in this folder.
pub fn traces_but(home: &Home, state: &State, canaries: &[String], name: &str, logs: &str) {
    // The agent's own logs are where the texts come from.
    traces_in(home, state, canaries, name, |below| !below.starts_with(logs));
}

/// The same, in these of the home's files.
pub fn traces_in(
    home: &Home,
    state: &State,
    canaries: &[String],
    name: &str,
    is_ours: impl Fn(&Path) -> bool,
) {
    let log = fs::read_to_string(home.log()).unwrap();
    assert!(log.contains("TRACE"), "{name}: the log is not at its most talkative");
    let mut looked = Vec::new();
    for path in files_below(home.path()) {
        let below = path.strip_prefix(home.path()).unwrap();
        if path.is_file() && is_ours(below) {
            looked.push(below.to_path_buf());
            silent(&fs::read(&path).unwrap(), canaries, &format!("{name}: {}", below.display()));
        }
    }
    for wanted in ["state/keitod.db", "log"] {
        assert!(looked.iter().any(|path| path == Path::new(wanted)), "{name}: {looked:?}");
    }
    for request in state.requests() {
        let shown = format!("{request:?} {:?}", request.headers);
        silent(shown.as_bytes(), canaries, name);
    }
}

fn silent(bytes: &[u8], canaries: &[String], place: &str) {
    for canary in canaries {
        assert!(memchr::memmem::find(bytes, canary.as_bytes()).is_none(), "{canary} in {place}");
    }
}
