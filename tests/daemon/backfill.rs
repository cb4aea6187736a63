//! `keitod backfill`: what it promises is what arrives, once, and nothing before the cut-off is sent without it.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use keitod::sandbox::ids;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::{Place, until};

const COUNTS: Counts = Counts { input: 1000, cache_read: 0, write_5m: 0, write_1h: 0, output: 100 };
/// Days after 2026-01-05.
const DAY: i64 = 86_400;
/// 2026-02-01, in days after 2026-01-05.
const CUT_OFF: i64 = 27;

/// A place with this cut-off, all of whose sessions go to one project.
fn cut(keito: &Keito, since: &str) -> Place {
    let place = Place::new(&keito.origin);
    edit(&place, "2020-01-01T00:00:00Z", since);
    place
}

fn edit(place: &Place, from: &str, to: &str) {
    let path = place.path("keitod.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn rule(dir: &str, project: &str) -> String {
    format!("[[rule]]\npath = \"{dir}/**\"\nproject_id = \"{project}\"\ntask_id = \"{}\"\n", ids::DEVELOPMENT)
}

/// A prompt, and an answer some seconds later.
fn work(place: &Place, seed: u64, dir: &str, start: i64, seconds: i64) {
    let mut talk = Talk::new(seed, dir);
    place.append(&seed.to_string(), &(talk.prompt(start) + &talk.answer(start + seconds, COUNTS)));
}

fn document(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[track_caller]
fn backfill(place: &Place, words: &[&str]) -> Value {
    let (code, out, err) = place.run(&[&["backfill", "--json"], words].concat());
    assert_eq!(code, 0, "{err}{out}");
    document(&out)["backfill"].clone()
}

#[track_caller]
fn deliver(place: &Place) {
    for _ in 0..10 {
        let (code, out, err) = place.run(&["run", "--once", "--json"]);
        assert_eq!(code, 0, "{err}");
        if document(&out)["sent"] == 0 && document(&out)["remaining"] == 0 {
            return;
        }
    }
    panic!("it does not come to rest");
}

/// By day and project: hours and money.
type Sums = Vec<(String, String, Decimal, Decimal)>;

/// All that stands at Keito.
fn stands(keito: &Keito) -> Sums {
    let mut sums = BTreeMap::<(String, String), (Decimal, Decimal)>::new();
    for entry in keito.entries() {
        sums.entry((entry.spent_date.to_string(), entry.project)).or_default().0 += entry.hours.value();
    }
    for expense in keito.expenses() {
        let key = (expense.spent_date.to_string(), expense.project);
        sums.entry(key).or_default().1 += expense.total_cost.value();
    }
    sums.into_iter().map(|((day, project), (hours, cost))| (day, project, hours, cost)).collect()
}

/// The same of a preview.
fn promised(document: &Value) -> Sums {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let number = |row: &Value, key: &str| text(row, key).parse::<Decimal>().unwrap();
    let rows = document["rows"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["entries"] != 0 || row["expenses"] != 0);
    rows.map(|row| (text(row, "day"), text(row, "project"), number(row, "hours"), number(row, "amount")))
        .collect()
}

/// What came to Keito since.
fn added(before: &Sums, after: Sums) -> Sums {
    let rest = |(day, project, hours, cost): (String, String, Decimal, Decimal)| {
        let known = before.iter().find(|known| known.0 == day && known.1 == project);
        let (h, c) = known.map_or_else(Default::default, |known| (known.2, known.3));
        (day, project, hours - h, cost - c)
    };
    after.into_iter().map(rest).filter(|row| !row.2.is_zero() || !row.3.is_zero()).collect()
}

fn decided(place: &Place) -> Vec<Value> {
    let text = fs::read_to_string(place.path(".local/share/keitod/decisions.jsonl")).unwrap_or_default();
    text.lines().map(document).filter(|line| line["kind"] == "backfill").collect()
}

fn wipe(place: &Place) {
    fs::remove_dir_all(place.path("state")).unwrap();
}

#[test]
fn nothing_before_the_cut_off_is_sent_until_it_is_asked_for_and_then_once() {
    let keito = Keito::start();
    let place = cut(&keito, "2026-02-01T00:00:00Z");
    work(&place, 1, "/w/a", 0, 200);
    work(&place, 2, "/w/a", 3600, 100);
    work(&place, 3, "/w/a", 2 * DAY, 250);
    work(&place, 4, "/w/a", CUT_OFF * DAY, 120);
    let service = place.start();
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len(), service.requests()), (1, 1, 4));
    let before = stands(&keito);

    keito.forget_requests();
    let seen = backfill(&place, &["--from", "2026-01-01", "--dry-run"]);
    assert_eq!(keito.asked("POST", "/").len() + keito.asked("PATCH", "/").len(), 0);
    assert_eq!(
        (&seen["from"], &seen["to"], &seen["timezone"]),
        (&json!("2026-01-01"), &json!("2026-01-31"), &json!("UTC"))
    );
    assert_eq!(seen["keito"], json!({"listed": true, "records": 2, "why": null}));
    let total = &seen["totals"];
    assert_eq!(
        (&total["entries"], &total["expenses"], &total["seconds"]),
        (&json!(3), &json!(3), &json!(550))
    );
    assert_eq!(
        (&total["hours"], &total["sessions"], &total["held"]),
        (&json!("0.16"), &json!(3), &json!([]))
    );
    assert_eq!(seen["rows"][0]["day"], "2026-01-05");
    assert_eq!((&seen["rows"][0]["entries"], &seen["rows"][0]["requests"]), (&json!(2), &json!(2)));
    service.settle();
    assert_eq!((stands(&keito), decided(&place).len()), (before.clone(), 0), "a preview changes nothing");

    // Neither a terminal nor --yes.
    let (code, out, err) = place.run(&["backfill", "--from", "2026-01-01"]);
    assert_eq!(code, 2, "{err}");
    assert!(out.contains("2026-01-07") && err.contains("--yes"), "{out}{err}");
    assert_eq!(decided(&place).len(), 0);

    let done = backfill(&place, &["--from", "2026-01-01", "--to", "2026-01-05", "--yes"]);
    assert_eq!(promised(&done).len(), 1);
    service.settle();
    assert_eq!(added(&before, stands(&keito)), promised(&done));
    let (code, out, err) = place.run(&["backfill", "--from", "2026-01-01", "--yes"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("2026-01-07") && !out.contains("2026-01-05") && out.contains("admitted"), "{out}");
    service.settle();
    assert_eq!(added(&before, stands(&keito)), promised(&seen));
    assert_eq!((keito.entries().len(), keito.expenses().len()), (4, 4));
    let (code, out, _) = place.run(&["backfill", "--from", "2026-01-01"]);
    assert_eq!((code, out.contains("nothing from 2026-01-01 to 2026-01-31")), (0, true), "{out}");
    assert_eq!(service.stop(), 0);

    let ranges: Vec<Value> = decided(&place).iter().map(|line| line["range"].clone()).collect();
    let range = |until: &str| json!({"from": "2026-01-01T00:00:00.000Z", "until": until});
    assert_eq!(ranges, [range("2026-01-06T00:00:00.000Z"), range("2026-02-01T00:00:00.000Z")]);
    // A state that is lost keeps what was decided, and bills nothing again: what comes late is sent, too.
    wipe(&place);
    keito.forget_requests();
    let service = place.start();
    service.settle();
    assert_eq!(keito.asked("POST", "/").len() + keito.asked("PATCH", "/").len(), 0, "{:?}", keito.requests());
    work(&place, 5, "/w/a", 9 * DAY, 180);
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (5, 5));
}

#[test]
fn without_the_daemon_it_is_the_same() {
    let keito = Keito::start();
    let place = cut(&keito, "2026-02-01T00:00:00Z");
    work(&place, 1, "/w/a", 0, 200);
    // Nothing was ever read: there is nothing to ask.
    assert_eq!(place.run(&["backfill", "--from", "2026-01-01"]).0, 4);
    deliver(&place);
    // Read for the preview, too.
    work(&place, 2, "/w/a", DAY, 100);
    let seen = backfill(&place, &["--from", "2026-01-01", "--dry-run"]);
    assert_eq!((promised(&seen).len(), keito.entries().len(), decided(&place).len()), (2, 0, 0));
    let done = backfill(&place, &["--from", "2026-01-01", "--yes"]);
    assert_eq!((&done["rows"], decided(&place).len()), (&seen["rows"], 1));
    deliver(&place);
    assert_eq!(stands(&keito), promised(&seen));
    // No way to Keito: it is said so, and the decision stands.
    let lonely = Place::new("http://127.0.0.1:9");
    edit(&lonely, "2020-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    work(&lonely, 1, "/w/a", 0, 200);
    lonely.run(&["run", "--once"]);
    let seen = backfill(&lonely, &["--from", "2026-01-01", "--yes"]);
    assert_eq!((&seen["keito"]["listed"], seen["rows"].as_array().unwrap().len()), (&json!(false), 1));
    assert_eq!(decided(&lonely).len(), 1);
    let (_, out, _) = lonely.run(&["backfill", "--from", "2026-01-01", "--dry-run"]);
    assert!(out.contains("was not looked at"), "{out}");
}

#[test]
fn what_an_earlier_keitod_sent_is_not_sent_again_though_its_state_is_lost() {
    for entry in ["session", "day"] {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        edit(&place, "[time]\n", &format!("[time]\nentry = \"{entry}\"\n"));
        work(&place, 1, "/w/a", 0, 200);
        work(&place, 2, "/w/a", 2 * DAY, 100);
        deliver(&place);
        let before = stands(&keito);
        wipe(&place);
        fs::remove_dir_all(place.path(".local/share/keitod")).unwrap();
        edit(&place, "2020-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let service = place.start();
        service.settle();
        let seen = backfill(&place, &["--from", "2026-01-01", "--yes"]);
        assert_eq!((&seen["rows"], &seen["keito"]["records"]), (&json!([]), &json!(4)), "{entry}");
        assert_eq!(decided(&place).len(), 0, "nothing is decided where there is nothing");
        // One of its sessions went on, and another is new.
        let mut talk = Talk::new(1, "/w/a");
        let lines = [talk.prompt(0), talk.answer(200, COUNTS), talk.answer(300, COUNTS)];
        place.append("1", &lines[2]);
        work(&place, 3, "/w/a", 3 * DAY, 250);
        service.settle();
        let seen = backfill(&place, &["--from", "2026-01-01", "--yes"]);
        assert_eq!(seen["totals"]["seconds"], 350, "{entry}: {seen}");
        service.settle();
        assert_eq!(added(&before, stands(&keito)), promised(&seen), "{entry}");
        assert_eq!(service.stop(), 0);
        wipe(&place);
        keito.forget_requests();
        deliver(&place);
        assert_eq!(
            keito.asked("POST", "/").len() + keito.asked("PATCH", "/").len(),
            0,
            "{:?}",
            keito.requests()
        );
    }
}

#[test]
fn an_agent_or_a_project_alone() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.config(&(rule("/w/a", ids::WEBSITE) + &rule("/w/b", ids::BILLING)));
    edit(&place, "2020-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    work(&place, 1, "/w/a/x", 0, 200);
    work(&place, 2, "/w/b/x", 0, 100);
    work(&place, 3, "/w/c", 0, 150);
    let service = place.start();
    service.settle();
    let none = backfill(&place, &["--from", "2026-01-01", "--agent", "codex", "--yes"]);
    assert_eq!(none["rows"], json!([]));
    let all = backfill(&place, &["--from", "2026-01-01", "--agent", "claude-code", "--dry-run"]);
    assert_eq!((all["rows"].as_array().unwrap().len(), promised(&all).len()), (3, 2));
    let held = &all["totals"]["held"];
    assert_eq!(held.as_array().unwrap().len(), 1);
    assert_eq!(
        (&held[0]["reason"], &held[0]["seconds"], &held[0]["requests"]),
        (&json!("unmapped"), &json!(150), &json!(1))
    );
    assert!(held[0]["remedy"].as_str().unwrap().contains("[[rule]]") && held[0]["cost_usd"] == "0.0075");
    let only = backfill(&place, &["--from", "2026-01-01", "--project", ids::BILLING, "--yes"]);
    assert_eq!((promised(&only).len(), &only["totals"]["held"]), (1, &json!([])));
    service.settle();
    assert_eq!(stands(&keito), promised(&only));
    assert!(keito.entries().iter().all(|entry| entry.project == ids::BILLING));
    assert_eq!(service.get("/v1/queue?state=held")["items"], json!([]), "what goes nowhere is of no project");
    assert_eq!(service.stop(), 0);
    wipe(&place);
    deliver(&place);
    assert_eq!(stands(&keito), promised(&only));
    let (_, out, _) = place.run(&["backfill", "--from", "2026-01-01", "--dry-run"]);
    assert!(out.contains("unmapped 0.04 h USD 0.0075") || out.contains("unmapped"), "{out}");
}

#[test]
fn a_range_that_is_none_is_refused_in_words() {
    let keito = Keito::start();
    let place = cut(&keito, "2026-02-01T12:00:00Z");
    work(&place, 1, "/w/a", 0, 200);
    deliver(&place);
    for (words, says) in [
        (&["--from", "yesterday"][..], "`yesterday` is no day"),
        (&["--from", "2026-02-30"], "`2026-02-30` is no day"),
        (&["--from", "9990-01-01"], "is in the future"),
        (&["--from", "2026-01-01", "--to", "9990-01-01"], "is in the future"),
        (&["--from", "2026-02-02"], "2026-02-02 is not before the cut-off (2026-02-01T12:00:00.000Z)"),
        (&["--from", "2026-01-01", "--to", "2026-02-02"], "is not before the cut-off"),
        (&["--from", "2026-01-09", "--to", "2026-01-05"], "2026-01-09 is after 2026-01-05"),
        (
            &["--from", "2026-01-01", "--agent", "claud"],
            "`claud` is no agent that keitod reads: use claude-code,",
        ),
        (&["--from", "2026-01-01", "--yes", "--dry-run"], "cannot be used with"),
        (&[], "--from <DAY>"),
    ] {
        let (code, _, err) = place.run(&[&["backfill"], words].concat());
        assert_eq!((code, err.contains(says)), (2, true), "{words:?}: {err}");
    }
    // The cut-off's own day is admitted up to it.
    let seen = backfill(&place, &["--from", "2026-02-01", "--to", "2026-02-01", "--dry-run"]);
    assert_eq!(seen["until"], "2026-02-01T12:00:00.000Z");
    assert_eq!(decided(&place).len(), 0);
}

#[test]
fn over_the_socket_with_a_preview() {
    let keito = Keito::start();
    let place = cut(&keito, "2026-02-01T00:00:00Z");
    work(&place, 1, "/w/a", 0, 200);
    let service = place.start();
    service.settle();
    let (body, status) = service.raw("POST", "/v1/backfill", r#"{"from":"2026-01-01"}"#);
    assert_eq!((status.as_str(), &document(&body)["state"]), ("200", &json!("preview")), "{body}");
    assert_eq!(service.raw("POST", "/v1/backfill", r#"{"from":"2026-01-01","surely":true}"#).1, "400");
    assert_eq!(service.raw("POST", "/v1/backfill", r#"{"from":"x"}"#).1, "400");
    assert_eq!(service.raw("POST", "/v1/backfill", "").1, "400");
    assert_eq!(decided(&place).len(), 0);
    let (body, status) = service.raw("POST", "/v1/backfill", r#"{"from":"2026-01-01","sure":true}"#);
    assert_eq!((status.as_str(), &document(&body)["state"]), ("200", &json!("admitted")), "{body}");
    service.settle();
    assert_eq!(stands(&keito), promised(&document(&body)["backfill"]));
}

#[test]
fn the_shortest_session_is_measured_over_all_its_days() {
    let keito = Keito::start();
    let place = cut(&keito, "2026-02-01T00:00:00Z");
    edit(&place, "min_seconds = 1\n", "min_seconds = 60\n");
    // 50 s before the cut-off and 20 s after it: enough together.
    let mut talk = Talk::new(1, "/w/a");
    let end = CUT_OFF * DAY - 10 * 3600;
    place.append(
        "1",
        &[talk.prompt(end - 50), talk.answer(end, COUNTS), talk.answer(end + 20, COUNTS)].concat(),
    );
    // 59 s before it: too short, whenever.
    work(&place, 2, "/w/a", DAY, 59);
    let service = place.start();
    service.settle();
    let entries: Vec<String> = keito.entries().iter().map(|entry| entry.hours.to_string()).collect();
    assert_eq!(entries, ["0.01"], "20 s of a session of 70 s");
    let seen = backfill(&place, &["--from", "2026-01-01", "--yes"]);
    let total = &seen["totals"];
    assert_eq!(
        (&total["seconds"], &total["below_min_seconds"], &total["entries"]),
        (&json!(50), &json!(59), &json!(1))
    );
    service.settle();
    assert_eq!(keito.entries().len(), 2);
    let days: Vec<String> = keito.entries().iter().map(|entry| entry.spent_date.to_string()).collect();
    assert_eq!(days, ["2026-02-01", "2026-01-31"]);
}

#[test]
fn a_cut_off_within_a_day_lets_its_entry_grow_and_a_lost_state_finds_all_of_it() {
    for keys in ["", "entry = \"day\"", "overlap = \"project\""] {
        let keito = Keito::start();
        // Of two sessions side by side from 10:00 to 10:08 and 10:09.
        let place = cut(&keito, "2026-01-05T10:04:10Z");
        edit(&place, "[time]\n", &format!("[time]\n{keys}\n"));
        let counts = COUNTS;
        for seed in [1, 2] {
            let mut talk = Talk::new(seed, "/w/a");
            let lines = [60, 200, 400, 480 + 60 * (i64::try_from(seed).unwrap() - 1)]
                .map(|at| talk.answer(at, counts));
            place.append(&seed.to_string(), &(talk.prompt(0) + &lines.concat()));
        }
        let service = place.start();
        service.settle();
        let before = stands(&keito);
        let seen = backfill(&place, &["--from", "2026-01-05", "--yes"]);
        let expected = if keys.is_empty() || keys.contains("day") { 500 } else { 250 };
        assert_eq!(seen["totals"]["seconds"], expected, "{keys}: {seen}");
        service.settle();
        assert_eq!(added(&before, stands(&keito)), promised(&seen), "{keys}");
        assert_eq!(service.stop(), 0);
        let after = stands(&keito);
        wipe(&place);
        deliver(&place);
        assert_eq!(stands(&keito), after, "{keys}");
    }
}

#[test]
fn on_a_terminal_it_asks() {
    let keito = Keito::start();
    let place = cut(&keito, "2026-02-01T00:00:00Z");
    work(&place, 1, "/w/a", 0, 200);
    deliver(&place);
    if !std::path::Path::new("/usr/bin/script").exists() {
        println!("skipped: there is no script(1) to make a terminal");
        return;
    }
    let program = env!("CARGO_BIN_EXE_keitod");
    for (answer, decisions) in [("n\n", 0), ("\n", 0), ("y\n", 1)] {
        let words = format!("{program} backfill --from 2026-01-01");
        let plain = place.command(&[]);
        let mut command = Command::new("/usr/bin/script");
        command.env_clear().args(["-qec", &words, "/dev/null"]);
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut stdin, answer.as_bytes()).unwrap();
        until("it ends", || child.try_wait().unwrap());
        drop(stdin);
        let out = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(text.contains("send this? [y/N]"), "{text}");
        assert_eq!(decided(&place).len(), decisions, "{answer:?}: {text}");
    }
}
