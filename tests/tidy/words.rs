//! Words that belong to some files only.

use regex::Regex;

use super::breach::{among, find, none};
use super::tree::shipped;

/// Holds that a pattern stands in code only at these places.
#[track_caller]
fn only_in(rule: &str, pattern: &str, places: &[&str]) {
    let pattern = Regex::new(pattern).unwrap();
    let elsewhere = shipped().filter(|source| !among(&source.path, places));
    none(rule, elsewhere.flat_map(|source| find(source, &source.rust.code, &pattern)));
}

/// Holds that a pattern stands in code nowhere at these places.
#[track_caller]
fn never_in(rule: &str, pattern: &str, places: &[&str]) {
    let pattern = Regex::new(pattern).unwrap();
    let there = shipped().filter(|source| among(&source.path, places));
    none(rule, there.flat_map(|source| find(source, &source.rust.code, &pattern)));
}

/// Modules whose rules are pure: values come in, values go out.
const PURE: &[&str] = &[
    "src/coverage/",
    "src/deliver/",
    "src/ledger/",
    "src/mapping/",
    "src/model/",
    "src/prices/",
    "src/sources/",
];

#[test]
fn each_library_has_one_owner() {
    let owners: &[(&str, &[&str])] = &[
        ("rusqlite", &["src/store/", "src/tail/database.rs", "src/tail/database_tests.rs"]),
        ("reqwest", &["src/keito/"]),
        ("axum|hyper|hyper_util", &["src/server/", "src/sandbox/"]),
        ("clap", &["src/cli/", "src/main.rs"]),
        ("anyhow", &["src/cli/", "src/main.rs"]),
        ("notify", &["src/tail/files.rs", "src/tail/watch.rs"]),
        ("sd_notify", &["src/daemon/", "src/cli/"]),
    ];
    for (library, places) in owners {
        let rule = format!("{library} belongs to {}", places.join(", "));
        only_in(&rule, &format!(r"\b(?:{library})::|\buse (?:{library})\b"), places);
    }
}

#[test]
fn the_core_knows_no_serde() {
    let rule = "serde stays outside the core: the shapes of the wire and the disk are not the field's words";
    let core = &["src/model/", "src/ledger/", "src/coverage/", "src/deliver/"];
    never_in(rule, r"\bserde(?:_json)?\b", core);
}

#[test]
fn the_core_does_nothing() {
    let rule = "no I/O, no threads, no chance in a pure module: the daemon does, these decide";
    let acts =
        r"\b(?:std::(?:fs|net|process|thread|io::std\w+)|File::(?:open|create)|tokio|fastrand|rustix)\b";
    never_in(rule, acts, PURE);
}

#[test]
fn clocks_are_read_where_time_enters() {
    let places = &[
        "src/daemon/time.rs",
        // Times of the file system's events and scans, which no rule sees.
        "src/tail/watch.rs",
        // Deadlines of a program, a connection, a request, a bar on the screen, the demo.
        "src/config/credentials/command.rs",
        "src/server/",
        "src/keito/",
        "src/cli/progress.rs",
        "src/cli/show.rs",
        // A server of its own.
        "src/sandbox/clock.rs",
    ];
    let rule = "take `now` as an argument: only the daemon reads clocks";
    only_in(rule, r"\b(?:SystemTime|Instant|Timestamp|Zoned|Date|DateTime)::now\b", places);
}

#[test]
fn chance_enters_with_time() {
    let rule = "take a seed or a number as an argument";
    only_in(rule, r"\bfastrand\b", &["src/daemon/time.rs", "src/sandbox/"]);
}

#[test]
fn the_environment_is_read_once() {
    let rule = "ask config::Env: a test, the demo and the sandbox have an environment of their own";
    let reads = r"\benv::(?:var|vars|var_os|vars_os|set_var|remove_var|current_dir|home_dir|temp_dir)\b";
    only_in(rule, reads, &["src/config/env.rs"]);
}

#[test]
fn only_main_and_a_second_signal_end_the_process() {
    let places = &["src/main.rs", "src/cli/daemon.rs"];
    only_in("return an exit code instead", r"\bprocess::(?:exit|abort)\b", places);
}

#[test]
fn money_and_tokens_are_no_floats() {
    // Decoders meet them in foreign text and refuse or pass them on as digits; a bar has a share.
    let places = &["src/sources/", "src/mapping/keito_file.rs", "src/cli/progress.rs"];
    only_in("count in integers", r"\bf(?:32|64)\b", places);
}

#[test]
fn nothing_panics() {
    let rule = "return an error: a panic loses the reading of a file or the answer of a request";
    let panics =
        r"\.unwrap\(\)|\.expect\(|\b(?:panic|unreachable|todo|unimplemented|assert)!|\bunwrap_unchecked\b";
    only_in(rule, panics, &[]);
}

#[test]
fn names_are_the_fields() {
    let rule = "name the thing: a manager, helper or utility can be anything";
    only_in(rule, r"\b(?:struct|enum|trait|mod|type) \w*(?:[Mm]anager|[Hh]elpers?|[Uu]tils?)\b", &[]);
}

#[test]
fn lints_are_set_aside_with_a_reason() {
    // May only get shorter.
    const WITHOUT: &[&str] = &["src/daemon/clerk/bodies.rs"];
    let attribute = Regex::new(r"#!?\[(?:allow|expect)\([^\]]*\]").unwrap();
    let never =
        Regex::new(r"clippy::(?:unwrap_used|expect_used|panic|todo|unimplemented)|unsafe_code").unwrap();
    let mut bare = Vec::new();
    let mut forbidden = Vec::new();
    for source in shipped() {
        for found in attribute.find_iter(&source.rust.with_strings) {
            let breach = || super::breach::at(source, found.start(), found.as_str());
            // Fields that repeat the keys of a documented document need no second text.
            let documented = found.as_str().contains("missing_docs");
            if !found.as_str().contains("reason = ")
                && !documented
                && !WITHOUT.contains(&source.path.as_str())
            {
                bare.push(breach());
            }
            if never.is_match(found.as_str()) {
                forbidden.push(breach());
            }
        }
    }
    none("say why: #[expect(lint, reason = \"…\")]", bare);
    none("these lints hold everywhere outside tests", forbidden);
}
