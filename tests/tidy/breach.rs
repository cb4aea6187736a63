//! Finding what breaks a rule and telling it.

use regex::Regex;

use super::tree::Source;

/// Where a rule is broken: file, line, what stands there.
#[derive(Debug)]
pub struct Breach(String);

/// Each place of `pattern` in a text of `source`, which has the file's own lines.
pub fn find(source: &Source, text: &str, pattern: &Regex) -> Vec<Breach> {
    pattern.find_iter(text).map(|found| at(source, found.start(), found.as_str())).collect()
}

/// Something at a byte of a file.
pub fn at(source: &Source, byte: usize, what: &str) -> Breach {
    let line = 1 + source.text.as_bytes()[..byte].iter().filter(|byte| **byte == b'\n').count();
    Breach(format!("{}:{line}: `{}`", source.path, what.trim()))
}

/// Something about a whole file.
pub fn of(path: &str, what: impl std::fmt::Display) -> Breach {
    Breach(format!("{path}: {what}"))
}

/// Fails with the rule and every breach of it.
#[track_caller]
pub fn none(rule: &str, breaches: impl IntoIterator<Item = Breach>) {
    let told: Vec<String> = breaches.into_iter().map(|breach| format!("  {}", breach.0)).collect();
    assert!(told.is_empty(), "{rule}\n{}\n", told.join("\n"));
}

/// Whether a path is one of the places: a file, or a folder that ends with `/`.
pub fn among(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| if place.ends_with('/') { path.starts_with(place) } else { path == *place })
}
