//! The mutants of tests/mutants: code that moves away under one of them would leave its safeguard unwatched.

use std::path::Path;
use std::process::Command;

use regex::Regex;

use super::breach::{none, of};
use super::tree::{names, read};

fn git(words: &[&str]) -> Option<(bool, String)> {
    let done = Command::new("git").current_dir(env!("CARGO_MANIFEST_DIR")).args(words).output().ok()?;
    let text = if done.status.success() { done.stdout } else { done.stderr };
    Some((done.status.success(), String::from_utf8_lossy(&text).trim().to_owned()))
}

fn mutants() -> Vec<String> {
    let patches = names("tests/mutants").into_iter().filter(|name| name.ends_with(".patch"));
    patches.map(|name| format!("tests/mutants/{name}")).collect()
}

#[test]
#[allow(clippy::print_stdout, reason = "who skips says so")]
fn every_mutant_applies() {
    let top = git(&["rev-parse", "--show-toplevel"]).filter(|(found, _)| *found).map(|(_, top)| top);
    // Below another work tree git would pass over paths that are not in it, and call that success.
    let ours = |top: &String| {
        Path::new(top).canonicalize().ok() == Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().ok()
    };
    if !top.as_ref().is_some_and(ours) {
        return println!("skipped: this is no git work tree");
    }
    let stale = mutants().into_iter().filter_map(|path| {
        let (applies, said) = git(&["apply", "--check", &path])?;
        (!applies).then(|| of(&path, said))
    });
    none("make the mutant anew for the code as it is, then tests/mutants/run it", stale);
}

#[test]
fn every_mutant_says_what_is_missing_and_who_notices() {
    let head = Regex::new(r"\AWithout: .+\.\n\$ (\w+=\S+ )*cargo test \S.*\n\n--- a/src/").unwrap();
    let mute = mutants().into_iter().filter(|path| !head.is_match(&read(path)));
    none(
        "begin it with `Without: …` and `$ … cargo test …`, then a diff of src/",
        mute.map(|path| of(&path, "another head")),
    );
    let elsewhere = mutants().into_iter().filter(|path| read(path).contains("\n+++ b/tests/"));
    none("a mutant changes what ships, not its tests", elsewhere.map(|path| of(&path, "changes tests/")));
}
