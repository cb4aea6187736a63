//! README, changelog, licences and the unit files against what they speak of.

use std::collections::BTreeSet;

use regex::Regex;

use super::breach::{none, of};
use super::tree::read;

/// What stands under a heading of second level, up to the next.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let start = text.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let body = &text[start + 1..];
    body.find("\n## ").map_or(body, |end| &body[..end])
}

/// The lines of the `sh` blocks of a text.
fn commands(text: &str) -> BTreeSet<String> {
    let block = Regex::new(r"(?s)```sh\n(.*?)```").unwrap();
    let lines = block.captures_iter(text).flat_map(|found| found.extract::<1>().1[0].lines());
    lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[test]
fn the_tests_of_the_readme_are_those_of_ci() {
    let readme = read("README.md");
    let mut told = commands(section(&readme, "Test"));
    assert!(told.remove(".ci/run"), "the section Test names .ci/run, which runs the rest");
    let script = read(".ci/run");
    let run: BTreeSet<String> =
        script.lines().filter_map(|line| line.trim_start().strip_prefix("run ")).map(str::to_owned).collect();
    assert_eq!(told, run, "left: README.md, right: .ci/run");
}

#[test]
fn the_changelog_begins_with_this_version() {
    let changelog = read("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## ")).unwrap_or_default();
    let version = newest.split_whitespace().next().unwrap_or_default();
    assert_eq!(version, env!("CARGO_PKG_VERSION"), "CHANGELOG.md: the newest entry is of another version");
}

#[test]
fn both_licences_are_there() {
    for (file, words) in [
        ("LICENSE-MIT", "Permission is hereby granted, free of charge"),
        ("LICENSE-APACHE", "Apache License"),
    ] {
        assert!(read(file).contains(words), "{file} has another text");
    }
}

#[test]
fn keys_in_the_readme_exist() {
    // In the README's examples of our own file; those of other files are YAML.
    let readme = read("README.md");
    let defaults = read("config/default.toml");
    let block = Regex::new(r"(?s)```toml\n(.*?)```").unwrap();
    let key = Regex::new(r"(?m)^(?:# )?(\[{1,2}[\w.-]+\]{1,2}|\w+ =)").unwrap();
    let known: BTreeSet<&str> = key.captures_iter(&defaults).map(|found| found.extract::<1>().1[0]).collect();
    let told: Vec<&str> = block.captures_iter(&readme).map(|found| found.extract::<1>().1[0]).collect();
    assert!(!told.is_empty(), "README.md shows no configuration");
    let named = told.into_iter().flat_map(|block| key.captures_iter(block));
    let unknown = named.map(|found| found.extract::<1>().1[0]).filter(|key| !known.contains(key));
    none("the key is not in config/default.toml", unknown.map(|key| of("README.md", key)));
}
