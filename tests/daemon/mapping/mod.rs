//! Where sessions go, from log files and repositories to what stands at Keito.
//!
//! Elsewhere: worktrees, submodules and bare repositories file by file (`src/repo/tests.rs`); precedence of rules
//! (`src/mapping/tests.rs`); cost, markup and overlap of rules and repositories (`money.rs`, `overrides.rs`,
//! `hours.rs`); an archived project (`tests/sandbox/delivery/refusals.rs`); another mapping after a lost state
//! (`wiped.rs`).

mod branches;
mod file;
mod off;
mod places;
mod rules;

use std::fs;
use std::path::Path;
use std::process::Command;

use keitod::sandbox::{self, ids};
use serde_json::Value;

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::Place;

const COUNTS: Counts = Counts { input: 1000, cache_read: 0, write_5m: 0, write_1h: 0, output: 100 };

/// The text of a link file.
fn link(project: &str) -> String {
    let (account, task) = (sandbox::ACCOUNT, ids::DEVELOPMENT);
    format!("version: 1\nworkspace_id: {account}\nproject_id: {project}\ntask_id: {task}\n")
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn link_at(dir: &Path, project: &str) {
    write(&dir.join(".keito/config.yml"), &link(project));
}

#[track_caller]
fn git(dir: &Path, words: &[&str]) {
    fs::create_dir_all(dir).unwrap();
    let mut command = Command::new("git");
    command.current_dir(dir).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let set = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"];
    let out = command.args(set).args(words).output().unwrap();
    assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// A repository with one commit on `main`.
fn repository(dir: &Path) {
    git(dir, &["init", "-q", "-b", "main"]);
    git(dir, &["commit", "-q", "--allow-empty", "-m", "first"]);
}

/// A rule of the config.
fn rule(when: &str, project: &str, more: &str) -> String {
    let task = ids::DEVELOPMENT;
    format!("[[rule]]\n{when}\nproject_id = \"{project}\"\ntask_id = \"{task}\"\n{more}\n")
}

fn default(project: &str) -> String {
    format!("[default]\nproject_id = \"{project}\"\ntask_id = \"{}\"\n", ids::DEVELOPMENT)
}

/// A session of 200 s with one request, in one directory.
fn session(place: &Place, seed: u64, dir: &Path) -> Talk {
    let mut talk = Talk::new(seed, dir.to_str().unwrap());
    place.append(&seed.to_string(), &(talk.prompt(0) + &talk.answer(200, COUNTS)));
    talk
}

/// Passes until nothing is sent any more.
#[track_caller]
fn deliver(place: &Place) {
    for _ in 0..10 {
        let (code, out, err) = place.run(&["run", "--once", "--json"]);
        assert_eq!(code, 0, "{err}");
        let pass: Value = serde_json::from_str(&out).unwrap();
        if pass["sent"] == 0 && pass["remaining"] == 0 {
            return;
        }
    }
    panic!("it does not come to rest");
}

fn short(project: &str) -> &'static str {
    match project {
        ids::WEBSITE => "website",
        ids::BILLING => "billing",
        ids::PIPELINE => "pipeline",
        _ => "other",
    }
}

/// Project and seconds of each entry, sorted.
fn time(keito: &Keito) -> Vec<(&'static str, u64)> {
    let of = |entry: keitod::sandbox::Entry| {
        let seconds = entry.metadata.as_ref().and_then(|all| all.text("duration_seconds")).unwrap();
        (short(&entry.project), seconds.parse().unwrap())
    };
    let mut all: Vec<_> = keito.entries().into_iter().map(of).collect();
    all.sort_unstable();
    all
}

/// Project and requests of each expense, sorted.
fn cost(keito: &Keito) -> Vec<(&'static str, u64)> {
    let of = |expense: keitod::sandbox::Expense| {
        let requests = expense.metadata.as_ref().and_then(|all| all.text("requests")).unwrap();
        (short(&expense.project), requests.parse().unwrap())
    };
    let mut all: Vec<_> = keito.expenses().into_iter().map(of).collect();
    all.sort_unstable();
    all
}

/// State and reason of all that the queue has beside what is done.
#[track_caller]
fn queue(place: &Place) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for state in ["held", "excluded", "open", "dead", "pending"] {
        let (code, out, err) = place.run(&["queue", "list", "--json", "--state", state]);
        assert_eq!(code, 0, "{err}");
        let queue: Value = serde_json::from_str(&out).unwrap();
        let reason = |item: &Value| item["reason"].as_str().unwrap_or_default().to_owned();
        all.extend(queue["items"].as_array().unwrap().iter().map(|item| (state.to_owned(), reason(item))));
    }
    all.sort();
    all
}

/// Both kinds, held for this reason.
fn held(reason: &str) -> Vec<(String, String)> {
    vec![("held".to_owned(), reason.to_owned()); 2]
}
