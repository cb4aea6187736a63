//! Does the database fit together?

use super::{Blame, Finding, Room};
use crate::store::{self, Error};

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(paths) = room.paths() else { return Vec::new() };
    let path = paths.state_dir.join("keitod.db");
    let Ok(meta) = std::fs::metadata(&path) else {
        return vec![Finding::ok("not there yet: it is made at the first start")];
    };
    let mut found = vec![match store::check(&path) {
        Ok(()) => {
            let seen = format!("whole, {} MiB, schema {}", meta.len().div_ceil(1 << 20), store::VERSION);
            Finding::ok(seen).with(serde_json::json!({"bytes": meta.len(), "schema": store::VERSION}))
        }
        Err(error @ Error::Newer { .. }) => {
            Finding::fail(Blame::NewerState, error.to_string(), "install the newer keitod again")
        }
        Err(error @ Error::Corrupt(_)) => {
            let remedy = "start keitod anew: it sets the file aside and takes the newest good backup";
            Finding::fail(Blame::Config, error.to_string(), remedy)
        }
        Err(error) => Finding::fail(Blame::Config, error.to_string(), "see the log: keitod service logs"),
    }];
    let aside = std::fs::read_dir(&paths.state_dir).into_iter().flatten().filter_map(Result::ok);
    for name in aside.filter_map(|entry| entry.file_name().into_string().ok()) {
        if name.starts_with("corrupt-") {
            let seen = format!("a damaged database was set aside: {name}");
            found.push(Finding::warn(seen, "`keitod audit`; once that is clean, remove it").of(name));
        }
    }
    found
}
