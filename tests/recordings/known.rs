//! Logs that other projects measured.

use std::path::Path;

use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;
use crate::report::{Count, Counts, WORDS, counts};
use crate::{records, rewrite};

fn count(requests: u64, lower_bounds: u64, tokens: [u64; 5]) -> Count {
    let [input, cache_read, cache_write_5m, cache_write_1h, output] = tokens;
    Count { requests, lower_bounds, input, cache_read, cache_write_5m, cache_write_1h, output }
}

fn table(rows: &[(&str, &str, Count)]) -> Counts {
    rows.iter()
        .map(|(session, model, count)| (((*session).to_owned(), (*model).to_owned()), *count))
        .collect()
}

/// Reads `fixture` as `~/.claude/projects/…`, compares, delivers, and reads it again.
fn check(fixture: &str, below: &str, wanted: &Counts, entries: usize) {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    copy(&fixtures("claude").join(fixture), &home.path().join(".claude/projects").join(below));
    home.says(&["run", "--once"]);
    assert_eq!(counts(&home), *wanted);
    home.until_delivered(&["run", "--once", "--json"]);
    assert_eq!(counts(&home), *wanted);
    records::agree(&keito.state, wanted, fixture);
    let (entries_written, expenses) = records::well_formed(&keito.state, &home.path().display().to_string());
    assert_eq!((entries_written, expenses), (entries, wanted.len()), "{fixture}");
    reading_again_changes_nothing(&home, &keito);
}

fn reading_again_changes_nothing(home: &Home, keito: &Keito) {
    let known = || (home.says(&WORDS), rewrite::facts(&home.database()), written(keito));
    let before = known();
    home.says(&["run", "--once"]);
    assert_eq!(known(), before);
    let read = rewrite::generations(&home.database());
    rewrite::replace_all(home);
    home.says(&["run", "--once"]);
    assert!(rewrite::generations(&home.database()) > read, "the files were not read again");
    assert_eq!(known(), before);
}

/// Writes that arrived, as text.
fn written(keito: &Keito) -> Vec<String> {
    keito
        .state
        .requests()
        .iter()
        .filter(|request| request.method != "GET")
        .map(|r| format!("{r:?}"))
        .collect()
}

#[test]
fn a_session_of_1_0_98_counts_each_message_once() {
    let file = "1af7fc5e-8455-4414-9ccd-011d40f70b2a.jsonl";
    let wanted = count(7, 3, [93, 103_219, 12_698, 0, 953]);
    let session = file.trim_end_matches(".jsonl");
    let below = Path::new("-home-demo-todo-app").join(file);
    let model = "claude-sonnet-4-20250514";
    check(&format!("lantern/{file}"), below.to_str().unwrap(), &table(&[(session, model, wanted)]), 1);
}

#[test]
fn a_message_in_block_lines_and_its_subagent_are_one_session() {
    let session = "00000000-0000-4000-8000-000000000001";
    // Both asked the same model: one row of two requests.
    let (own, sub) = ([2, 900_721, 0, 51, 4_218], [2, 36_199, 13_471, 0, 183]);
    let both = std::array::from_fn(|class| own[class] + sub[class]);
    let wanted = table(&[(session, "claude-opus-5", count(2, 0, both))]);
    check("urollup/derived-block-records-subagent/projects", "", &wanted, 1);
}

#[test]
fn an_advisor_is_a_request_of_its_own() {
    let session = "00000000-0000-4000-8000-000600000001";
    let own = count(2, 0, [2 + 3, 240_000 + 8_100, 8_100, 0, 530 + 40]);
    let advisor = count(1, 0, [150_000, 0, 0, 0, 7_200]);
    let wanted = table(&[(session, "claude-sonnet-4-5", own), (session, "claude-opus-4-5", advisor)]);
    check("urollup/advisor-iterations/projects", "", &wanted, 1);
}
