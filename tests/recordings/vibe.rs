//! Mistral Vibe: its journal while it lives, and its totals of what was deleted.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::home::{Home, copy, files_below, fixtures};
use crate::keito::Keito;
use crate::others::Agent;
use crate::report;

static RECORDED: Agent = Agent { folder: "vibe/3.0.2", scenarios: 7, logs: ".vibe", model: None, side: true };

const FLUSH: [&str; 4] = ["flush", "--settle", "--expenses", "--json"];

#[test]
fn vibe_3_0_2_is_counted_to_the_token() {
    RECORDED.check();
}

/// Requests, estimated ones, input, cache reads, output.
fn counted(home: &Home) -> [u64; 5] {
    let document = home.json(&report::WORDS);
    let mut sum = [0; 5];
    for row in document["rows"].as_array().unwrap() {
        let number = |value: &Value| value.as_u64().unwrap();
        let row = [
            number(&row["requests"]),
            number(&row["quality"]["estimated"]),
            number(&row["input_tokens"]),
            number(&row["cache_read_tokens"]),
            number(&row["output_tokens"]),
        ];
        for (slot, count) in sum.iter_mut().zip(row) {
            *slot += count;
        }
    }
    sum
}

/// The journal of three answers, as a first run writes it, and a second run's with one more.
struct Runs {
    folder: PathBuf,
    first: Vec<u8>,
    second: Vec<u8>,
}

impl Runs {
    fn new(home: &Home) -> Self {
        let from = fixtures("recorded/vibe/3.0.2/tool-calls/home");
        copy(&from, home.path());
        let journals = files_below(&home.path().join(".vibe"));
        let is_journal = |path: &&PathBuf| path.parent().unwrap().ends_with("journal");
        let journals: Vec<PathBuf> = journals.iter().filter(is_journal).cloned().collect();
        let first = fs::read(&journals[0]).unwrap();
        for path in &journals {
            fs::remove_file(path).unwrap();
        }
        let folder = journals[0].parent().unwrap().to_path_buf();
        let session = folder.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        let total = |input: u64, cached: u64, output: u64| {
            format!(
                r#"{{"payload": {{"delta": [{{"op": "set_envelope", "state": {{"session": {{"createdAt": 1795225471000, "id": "{session}", "parentSessionId": null, "rootSessionId": "{session}", "tokenUsage": {{"inputTokens": {input}, "cachedInputTokens": {cached}, "outputTokens": {output}}}}}}}}}]}}, "type": "projection_delta"}}"#
            )
        };
        let answer = r#"{"payload": {"input": {"command": {"action_id": "later", "type": "completion_succeeded", "result": {"usage": {"cached_input_tokens": 10, "input_tokens": 110, "output_tokens": 7}}}, "determinism": {"time_unix_ms": 1795225600000}}}, "type": "core_input"}"#;
        let second =
            [total(9888, 3066, 175), answer.to_owned(), total(9998, 3076, 182)].join("\n").into_bytes();
        Self { folder, first, second: [second, b"\n".to_vec()].concat() }
    }

    fn write(&self, number: u32, bytes: &[u8]) {
        fs::write(self.folder.join(format!("{number:016}.jsonl")), bytes).unwrap();
    }
}

#[test]
fn what_was_deleted_unread_is_an_estimate_and_what_was_read_is_none() {
    // Which of the two segments are there, and in which order they are seen.
    let cases: [(&[u32], [u64; 5]); 4] = [
        (&[44], [2, 1, 6922, 3076, 182]),
        (&[1, 44], [4, 0, 6922, 3076, 182]),
        (&[44, 1], [4, 0, 6922, 3076, 182]),
        (&[1], [3, 0, 6822, 3066, 175]),
    ];
    for (order, wanted) in cases {
        let keito = Keito::start();
        let home = Home::new(&keito.origin);
        let runs = Runs::new(&home);
        for number in order {
            runs.write(*number, if *number == 1 { &runs.first } else { &runs.second });
            home.until_read(&["run", "--once", "--json"]);
        }
        assert_eq!(counted(&home), wanted, "{order:?}");
        home.until_read(&["run", "--once", "--json"]);
        assert_eq!(counted(&home), wanted, "{order:?}");
    }
}

#[test]
fn a_part_that_was_missed_is_never_counted_with_what_is_known() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let runs = Runs::new(&home);
    let text = String::from_utf8(runs.first.clone()).unwrap();
    // The first answer is read, those after it are gone before they are.
    let end = text.match_indices('\n').nth(6).unwrap().0;
    runs.write(1, &text.as_bytes()[..=end]);
    home.until_read(&["run", "--once", "--json"]);
    fs::remove_file(runs.folder.join("0000000000000001.jsonl")).unwrap();
    runs.write(44, &runs.second);
    home.until_read(&["run", "--once", "--json"]);
    assert_eq!(counted(&home), [2, 0, 2137 + 100, 1011 + 10, 60 + 7]);
}

#[test]
fn older_sessions_count_by_the_steps_of_their_totals() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let logs = home.path().join(".vibe/logs/session");
    copy(&fixtures("vibe"), &logs);
    let service = home.serve();
    home.until_read(&FLUSH);
    assert_eq!(counted(&home)[..2], [0, 0], "the first reading is the baseline");
    let path = logs.join("session_basic/meta.json");
    let meta = fs::read_to_string(&path).unwrap();
    let meta = meta.replace("10:05:00Z", "10:07:00Z").replace("tokens\": 100,", "tokens\": 350,");
    fs::write(&path, meta.replace("completion_tokens\": 50", "completion_tokens\": 90")).unwrap();
    home.until_read(&FLUSH);
    assert_eq!(counted(&home), [1, 1, 250, 0, 40]);
    drop(service);
}
