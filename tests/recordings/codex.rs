//! Codex: every recorded scenario at once and followed, packed rollouts, and logs that other projects measured.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::home::{Home, copy, files_below, fixtures};
use crate::keito::Keito;
use crate::report::{Count, Counts, counts_where};
use crate::scenario::canaries_below;
use crate::{pool, records, rewrite, silence};

const FLUSH: [&str; 4] = ["flush", "--settle", "--expenses", "--json"];
const ONCE: [&str; 3] = ["run", "--once", "--json"];

struct Scenario {
    folder: PathBuf,
    name: String,
}

fn scenarios() -> Vec<Scenario> {
    let mut found = Vec::new();
    for version in ["0.98.0", "0.140.0", "0.169.0"] {
        for entry in fs::read_dir(fixtures("recorded/codex").join(version)).unwrap() {
            let folder = entry.unwrap().path();
            let name = format!("{version}/{}", folder.file_name().unwrap().display());
            found.push(Scenario { folder, name });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(found.len(), 18);
    found
}

/// The report; models of the mock that no table has are of no interest here.
fn counts(home: &Home) -> Counts {
    counts_where(home, |_| true)
}

impl Scenario {
    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.folder.join(name)).unwrap()).unwrap()
    }

    /// Responses that the log holds, by the session that the program named to the API.
    fn truth(&self) -> Counts {
        let mut counts = Counts::new();
        for response in self.json("truth.json")["responses"].as_array().unwrap() {
            if response["logged"] != "exact" {
                continue;
            }
            let usage = &response["usage"];
            let number = |value: &Value| value.as_u64().unwrap_or(0);
            let cache_read = number(&usage["input_tokens_details"]["cached_tokens"]);
            let cache_write_5m = number(&usage["input_tokens_details"]["cache_write_tokens"]);
            let count = Count {
                requests: 1,
                lower_bounds: 0,
                input: number(&usage["input_tokens"]) - cache_read - cache_write_5m,
                cache_read,
                cache_write_5m,
                cache_write_1h: 0,
                output: number(&usage["output_tokens"]),
            };
            let text = |name: &str| response[name].as_str().unwrap().to_owned();
            counts.entry((text("session_id"), text("model"))).or_default().add(&count);
        }
        assert!(!counts.is_empty(), "{}", self.name);
        counts
    }

    fn agrees(&self, home: &Home, keito: &Keito) {
        let mut found = counts(home);
        assert_eq!(found, self.truth(), "{}", self.name);
        // A model that no table has: what has no price is never sent.
        found.retain(|(_, model), _| model != "gpt-5.5-mini");
        records::agree(&keito.state, &found, &self.name);
        records::well_formed(&keito.state, &home.path().display().to_string());
        let canaries = canaries_below(&self.folder.join("home"));
        silence::answers(home, &canaries, &self.name);
        silence::traces_but(home, &keito.state, &canaries, &self.name, ".codex");
    }

    /// Lines of the log at `below`, as it was before it was replaced or as it is in the end.
    fn lines(&self, below: &Path, is_replaced: bool) -> Vec<Vec<u8>> {
        let homes = if is_replaced { ["home", "home"] } else { ["home-resumed", "home"] };
        let name = below.file_name().unwrap();
        let files = homes.iter().map(|home| self.folder.join(home)).filter(|home| home.exists());
        let path =
            files.flat_map(|home| files_below(&home)).find(|path| path.file_name() == Some(name)).unwrap();
        let bytes = fs::read(path).unwrap();
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    /// Writes the logs step by step: appended, moved to the archive and back, replaced by a migrated one.
    fn grow(&self, home: &Path, halfway: impl Fn()) {
        let steps = self.json("writes.json");
        let steps = steps.as_array().unwrap();
        let mut known: BTreeMap<PathBuf, (PathBuf, usize, bool)> = BTreeMap::new();
        for (number, step) in steps.iter().enumerate() {
            let below = Path::new(step[1].as_str().unwrap());
            if below.extension().is_none_or(|extension| extension != "jsonl") || !below.starts_with(".codex")
            {
                continue;
            }
            let name = PathBuf::from(below.file_name().unwrap());
            let path = home.join(below);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let (before, written, is_replaced) =
                known.entry(name).or_insert_with(|| (path.clone(), 0, false));
            if *before != path {
                fs::rename(&*before, &path).unwrap();
                before.clone_from(&path);
            }
            let wanted = usize::try_from(step[2].as_u64().unwrap()).unwrap();
            if step[3][0].as_str().is_some_and(|what| what.starts_with("REPLACED")) {
                (*written, *is_replaced) = (0, true);
                continue;
            }
            if wanted <= *written || below.file_name().is_some_and(|name| name == "history.jsonl") {
                continue;
            }
            let lines = self.lines(below, *is_replaced);
            let more = lines[*written..wanted].concat();
            if *is_replaced && *written == 0 {
                let temporary = path.with_extension("tmp");
                fs::write(&temporary, &more).unwrap();
                fs::rename(&temporary, &path).unwrap();
            } else {
                let mut log = File::options().create(true).append(true).open(&path).unwrap();
                let (begun, rest) = more.split_at(more.len() - more.len() / 7);
                log.write_all(begun).unwrap();
                log.write_all(rest).unwrap();
            }
            *written = wanted;
            if number == steps.len() / 2 {
                halfway();
            }
        }
    }
}

#[test]
fn codex_is_counted_to_the_token_and_reading_again_changes_nothing() {
    pool::each(scenarios(), |scenario| {
        let keito = Keito::start();
        let home = Home::new(&keito.origin);
        copy(&scenario.folder.join("home"), home.path());
        home.until_delivered(&ONCE);
        scenario.agrees(&home, &keito);
        let known = || (home.says(&crate::report::WORDS), rewrite::facts(&home.database()));
        let (before, read) = (known(), rewrite::generations(&home.database()));
        rewrite::replace_below(&home.path().join(".codex/sessions"));
        home.says(&["run", "--once"]);
        assert!(rewrite::generations(&home.database()) > read, "{}: not read again", scenario.name);
        assert_eq!(known(), before, "{}", scenario.name);
    });
}

#[test]
fn codex_is_followed_through_archives_and_migrations() {
    pool::each(scenarios(), |scenario| {
        let keito = Keito::start();
        let home = Home::new(&keito.origin);
        let service = home.serve();
        scenario.grow(home.path(), || home.until_delivered(&FLUSH));
        home.until_delivered(&FLUSH);
        scenario.agrees(&home, &keito);
        drop(service);
    });
}

#[test]
fn a_packed_rollout_is_the_plain_one() {
    pool::each(scenarios(), |scenario| {
        let keito = Keito::start();
        let home = Home::new(&keito.origin);
        copy(&scenario.folder.join("home"), home.path());
        home.until_delivered(&ONCE);
        let facts = rewrite::facts(&home.database());
        for path in files_below(&home.path().join(".codex")) {
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                let packed = ruzstd::encoding::compress_to_vec(
                    fs::read(&path).unwrap().as_slice(),
                    ruzstd::encoding::CompressionLevel::Fastest,
                );
                fs::write(path.with_extension("jsonl.zst"), packed).unwrap();
                fs::remove_file(path).unwrap();
            }
        }
        home.until_delivered(&ONCE);
        assert_eq!(rewrite::facts(&home.database()), facts, "{}", scenario.name);
        let fresh = Home::new(&keito.origin);
        copy(&home.path().join(".codex"), &fresh.path().join(".codex"));
        // Resumed, it is unpacked again, and for a moment both are there.
        copy(&scenario.folder.join("home"), home.path());
        home.until_delivered(&ONCE);
        assert_eq!(rewrite::facts(&home.database()), facts, "{}: both", scenario.name);
        fresh.says(&["run", "--once"]);
        assert_eq!(counts(&fresh), scenario.truth(), "{}: packed alone", scenario.name);
    });
}

/// Rows of a report, whatever their quality: session, model, requests, of them estimated, and tokens of all classes.
fn rows(home: &Home) -> Vec<(String, String, u64, u64, u64)> {
    let report = home.json(&crate::report::WORDS);
    let rows = report["rows"].as_array().unwrap().iter().filter(|row| row["model"].is_string());
    rows.map(|row| {
        let number = |name: &str| row[name].as_u64().unwrap();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        let prompt = ["input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"];
        let all = prompt.iter().map(|name| number(name)).sum::<u64>() + number("output_tokens");
        let estimated = row["quality"]["estimated"].as_u64().unwrap();
        (text("session"), text("model"), number("requests"), estimated, all)
    })
    .collect()
}

fn read(from: &[(&str, &str)]) -> Vec<(String, String, u64, u64, u64)> {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    for (fixture, below) in from {
        copy(&fixtures("codex").join(fixture), &home.path().join(".codex").join(below));
    }
    home.says(&["run", "--once"]);
    rows(&home)
}

type Row<'a> = (&'a str, &'a str, u64, u64, u64);

fn assert_rows(found: &[(String, String, u64, u64, u64)], expected: &[Row<'_>]) {
    let found: Vec<Row<'_>> =
        found.iter().map(|(a, b, c, d, e)| (a.as_str(), b.as_str(), *c, *d, *e)).collect();
    assert_eq!(found, expected);
}

#[test]
fn records_are_the_ledger_with_and_without_the_parent() {
    let dir = "urollup/token-usage-records/sessions";
    let (parent, fork) = ("019f0000-0000-7000-8000-000500000001", "019f0000-0000-7000-8000-000500000002");
    let (own, forks) = ((parent, "gpt-5.2-codex", 3, 0, 46_400), (fork, "gpt-5.2-codex", 1, 0, 26_800));
    assert_rows(&read(&[(dir, "sessions")]), &[own, forks]);
    let file = format!("2026/09/04/rollout-2026-09-04T09-30-00-{fork}.jsonl");
    let alone = read(&[(&format!("{dir}/{file}"), &format!("sessions/{file}"))]);
    assert_rows(&alone, &[forks]);
    let root = "019f0000-0000-7000-8000-000700000001";
    let child = read(&[("urollup/paginated-subagent-child/sessions", "sessions")]);
    assert_rows(&child, &[(root, "gpt-5.2-codex", 1, 0, 5_300)]);
}

#[test]
fn what_a_fork_copied_is_known_again_by_its_state() {
    let dir = "codexbar/archived-fork-33ce-3869/codex-home";
    let both = read(&[(dir, "")]);
    let parent = ("parent-session", "fixture-model", 133, 0, 13_398_113);
    assert_rows(&both, &[("child-session", "fixture-model", 22, 0, 1_911_065), parent]);
    // The parent's own counter at its end, by prompts and answers.
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    copy(&fixtures("codex").join(dir), &home.path().join(".codex"));
    home.says(&["run", "--once"]);
    let counts = counts_where(&home, |_| true);
    let own = counts[&("parent-session".to_owned(), "fixture-model".to_owned())];
    assert_eq!((own.input + own.cache_read, own.output), (13_359_699, 38_414));
    let below = "archived_sessions/child.jsonl";
    let alone = read(&[(&format!("{dir}/{below}"), below)]);
    // Without the parent only what came the day after is its own for sure; the rest is held.
    assert_rows(&alone, &[("child-session", "fixture-model", 155, 133, 15_309_178)]);
    // Nothing in this file tells where its own lines begin: what the parent lacks is held.
    let smoke = read(&[("codexbar/harness-smoke/codex-home", "")]);
    let model = "openai/gpt-5.5";
    assert_rows(&smoke, &[("child-session", model, 1, 1, 6), ("parent-session", model, 1, 0, 11)]);
}

#[test]
fn small_logs_of_other_shapes() {
    let ccusage = read(&[("ccusage/sessions", "sessions")]);
    let session = "session-alpha";
    assert_rows(
        &ccusage,
        &[(session, "gpt-5.2-codex", 1, 0, 1_125), (session, "gpt-5.3-codex", 1, 0, 2_800)],
    );
    let toktrack = read(&[("toktrack", "sessions")]);
    assert_rows(&toktrack, &[("session-001", "gpt-4.1", 1, 0, 475), ("session-001", "o4-mini", 1, 0, 225)]);
    let lantern = read(&[("lantern", "")]);
    assert_rows(&lantern, &[("0199a1c4-9e2f-7bd1-a4c6-1f5b2d8e3a70", "gpt-5-codex", 1, 0, 5_360)]);
    assert_rows(&read(&[("agentsview", "sessions")]), &[]);
}
