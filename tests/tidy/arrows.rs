//! Which module may name which: the arrows of the map in `src/lib.rs`.

use std::collections::BTreeSet;

use regex::Regex;

use super::breach::{Breach, at, none};
use super::tree::{Source, shipped};

/// Modules that may name these others and no more.
const MAY: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("sources", &["model"]),
    ("prices", &["model"]),
    ("ledger", &["model"]),
    ("coverage", &["model", "ledger"]),
    ("deliver", &["model", "ledger", "coverage"]),
    ("repo", &["model"]),
    ("tail", &["model"]),
    // Where an agent's variables and roots are: its `Environment` is ours.
    ("config", &["model", "sources"]),
    ("mapping", &["model", "config", "repo"]),
    // The outcome of a request is delivery's word.
    ("keito", &["model", "deliver"]),
    // Its read side fills the values of reports and status.
    ("store", &["model", "ledger", "coverage", "sources", "tail", "report", "status"]),
    ("sandbox", &["model"]),
];

/// Modules that may name all others but these.
const MAY_NOT: &[(&str, &[&str])] = &[
    ("report", &["cli", "daemon", "deliver", "keito", "sandbox", "server", "setup"]),
    ("status", &["cli", "daemon", "keito", "sandbox", "server", "setup"]),
    (
        "server",
        &["cli", "coverage", "daemon", "deliver", "keito", "ledger", "mapping", "prices", "store", "tail"],
    ),
    // Of delivery it knows why that pauses, which is an exit code.
    ("cli", &["coverage", "ledger", "mapping", "prices", "tail"]),
    ("daemon", &["cli"]),
];

/// The modules of this crate that a file names, with the byte.
fn named(source: &Source) -> Vec<(usize, &str)> {
    let path = Regex::new(r"\bcrate::(\w+|\{)").unwrap();
    let code = &source.rust.code;
    let mut named = Vec::new();
    for found in path.captures_iter(code) {
        let first = found.get(1).unwrap();
        if first.as_str() == "{" {
            named.extend(group(code, first.end()));
        } else {
            named.push((first.start(), first.as_str()));
        }
    }
    named
}

/// The first words in `{a::{b, c}, d}`, from after its brace.
fn group(code: &str, start: usize) -> Vec<(usize, &str)> {
    let word = Regex::new(r"^\s*(\w+)").unwrap();
    let (mut depth, mut words, mut next) = (1, Vec::new(), true);
    for (at, byte) in code.bytes().enumerate().skip(start) {
        if next && let Some(found) = word.captures(&code[at..]) {
            let found = found.get(1).unwrap();
            words.push((at + found.start(), found.as_str()));
        }
        next = byte == b',' && depth == 1;
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    words
}

fn breaches(module: &str, forbidden: impl Fn(&str) -> bool) -> Vec<Breach> {
    let files = shipped().filter(|source| source.module() == module);
    files
        .flat_map(|source| {
            let bad = named(source).into_iter().filter(|(_, name)| forbidden(name));
            bad.map(|(byte, name)| at(source, byte, &format!("crate::{name}"))).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn arrows_point_one_way() {
    // `crate::Name` of a macro or a re-export is no module.
    let modules: BTreeSet<&str> = shipped().map(Source::module).collect();
    for (module, may) in MAY {
        let rule =
            format!("{module} may name: {}", if may.is_empty() { "nobody".into() } else { may.join(", ") });
        let foreign = |name: &str| modules.contains(name) && name != *module && !may.contains(&name);
        none(&rule, breaches(module, foreign));
    }
    for (module, may_not) in MAY_NOT {
        let rule = format!("{module} may not name: {}", may_not.join(", "));
        none(&rule, breaches(module, |name| may_not.contains(&name)));
    }
}

#[test]
fn agents_do_not_know_each_other() {
    let agent = |source: &Source| {
        let below = source.path.strip_prefix("src/sources/")?;
        below.split_once('/').map(|(agent, _)| agent.to_owned())
    };
    let agents: BTreeSet<String> = shipped().filter_map(agent).collect();
    for source in shipped() {
        let Some(own) = agent(source) else { continue };
        for other in agents.iter().filter(|other| **other != own) {
            let word = Regex::new(&format!(r"\b{other}::")).unwrap();
            none("a source stands alone", super::breach::find(source, &source.rust.code, &word));
        }
    }
}

#[test]
fn groups_of_imports_are_read() {
    let words = |code: &str| group(code, 1).into_iter().map(|(_, word)| word.to_owned()).collect::<Vec<_>>();
    assert_eq!(words("{a, b::{c, d}, e::f};"), ["a", "b", "e"]);
    assert_eq!(words("{\n    a::b,\n    c,\n};"), ["a", "c"]);
}
