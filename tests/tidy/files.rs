//! Files: how long, what they say of themselves, what they must not hold.

use regex::Regex;

use super::breach::{find, none, of};
use super::tree::{SOURCES, files, is_folder, names, read, shipped};

/// Lines that a file below `src` may have.
const LONG: usize = 500;

/// Files that are longer, with the lines they had when they came onto this list. They may only shrink.
const LONGER: &[(&str, usize)] = &[("src/store/outbox.rs", 660)];

#[test]
fn files_are_short() {
    let lines = |text: &str| text.lines().count();
    let limit = |path: &str| LONGER.iter().find(|(name, _)| *name == path).map_or(LONG, |(_, lines)| *lines);
    let long = SOURCES.iter().filter(|source| lines(&source.text) > limit(&source.path));
    none(
        "divide the file: one thing, one file",
        long.map(|source| {
            of(&source.path, format!("{} lines, may have {}", lines(&source.text), limit(&source.path)))
        }),
    );
    // Some room, so that a small change need not touch this list; more would let a file grow again.
    let slack = LONGER.iter().filter_map(|(path, limit)| {
        let now = SOURCES.iter().find(|source| source.path == *path).map_or(0, |source| lines(&source.text));
        (now <= LONG || now + 60 < *limit).then(|| of(path, format!("{now} lines now, listed with {limit}")))
    });
    none("bring the list LONGER in tests/tidy/files.rs up to date", slack);
}

#[test]
fn modules_say_what_they_are_for() {
    let mute = shipped().filter(|source| !source.text.starts_with("//! "));
    none(
        "begin the file with a sentence: //! …",
        mute.map(|source| of(&source.path, "has no module documentation")),
    );
}

#[test]
fn the_map_names_every_module() {
    let map = read("src/lib.rs");
    let table: String = map.lines().filter(|line| line.starts_with("//! |")).collect();
    let declared = Regex::new(r"(?m)^pub mod (\w+);").unwrap();
    let missing = declared.captures_iter(&map).filter(|found| !table.contains(&format!("[`{}`]", &found[1])));
    none(
        "give the module a row in the table of src/lib.rs",
        missing.map(|found| of("src/lib.rs", &found[1])),
    );
}

#[test]
fn no_path_of_one_machine() {
    let rule = "take the path from the environment or the configuration";
    let path = r"/(?:home|Users|root|tmp|work|mnt|srv|workspace)/\w[^\s\x22\x27`]*";
    let literal = Regex::new(&format!(r#""{path}"#)).unwrap();
    none(rule, shipped().flat_map(|source| find(source, &source.rust.with_strings, &literal)));
    // In texts a path below the home directory is an example.
    let bare = Regex::new(&format!(r"(?m)(?:^|[\s\x22\x27`=(]){path}")).unwrap();
    let texts =
        ["README.md", "CHANGELOG.md", "Cargo.toml", ".ci/run", ".cargo/deny.toml", "config/default.toml"];
    let texts = texts.into_iter().map(str::to_owned).chain(files("systemd"));
    none(
        rule,
        texts.flat_map(|path| {
            let text = read(&path);
            bare.find_iter(&text).map(|found| of(&path, found.as_str().trim())).collect::<Vec<_>>()
        }),
    );
}

#[test]
fn every_fixture_has_its_source_and_licence() {
    let readme = read("tests/fixtures/README.md");
    let mut expected = Vec::new();
    for name in names("tests/fixtures") {
        let path = format!("tests/fixtures/{name}");
        if name == "README.md" {
            continue;
        }
        if name.contains('.') {
            expected.push((path, format!("`{name}`")));
            continue;
        }
        // Each folder of others' logs has a row; one heading says all of what was recorded, or is a file of our own.
        if name != "recorded" {
            let folders = names(&path).into_iter().filter(|inner| is_folder(&format!("{path}/{inner}")));
            expected.extend(folders.map(|inner| (format!("{path}/{inner}"), format!("`{inner}"))));
        }
        expected.push((path, format!("`{name}/`")));
    }
    let silent = expected.into_iter().filter(|(_, mark)| !readme.contains(mark));
    none(
        "name it in tests/fixtures/README.md, with source and licence",
        silent.map(|(path, mark)| of(&path, format!("no {mark}"))),
    );
}
