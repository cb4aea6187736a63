//! File and line of each fact.

use std::fs;

use serde_json::Value;

use super::{COUNTS, deliver, explained, list};
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::Place;

/// File name, line.
fn at(told: &Value, of: &Value) -> Option<(String, u64)> {
    let file = usize::try_from(of["source"]["file"].as_u64()?).unwrap();
    let path = told["files"][file]["path"].as_str().unwrap();
    Some((path.rsplit('/').next().unwrap().to_owned(), of["source"]["line"].as_u64()?))
}

/// A session of its own log, with a subagent's and a line that is none.
fn written(place: &Place) -> Talk {
    let mut talk = Talk::new(1, "/home/dev/work");
    let sub = talk.answer(90, COUNTS).replace("\"isSidechain\":false", "\"isSidechain\":true");
    let lines = [
        talk.prompt(0),
        "{\"type\":\"summary\",\"summary\":\"CANARY_SUMMARY\",\"leafUuid\":\"x\"}\n".to_owned(),
        "no json\n".to_owned(),
        talk.answer(60, COUNTS),
        talk.tool(61, 0),
        talk.answer(120, COUNTS),
    ];
    place.append(&talk.id, &lines.concat());
    let dir = place.path(".claude/projects/-work").join(&talk.id).join("subagents");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("agent-a1.jsonl"), sub).unwrap();
    talk
}

#[test]
fn each_fact_has_its_line() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let talk = written(&place);
    deliver(&place);
    let told = explained(&place, &talk.id);
    let own = |line| Some((format!("{}.jsonl", talk.id), line));
    let sub = |line| Some(("agent-a1.jsonl".to_owned(), line));
    let session = &told["sessions"][0];
    assert_eq!(at(&told, &session["first"]), own(1));
    let gaps: Vec<_> = list(session, "gaps").iter().map(|gap| at(&told, gap)).collect();
    assert_eq!(gaps, [own(4), own(5), sub(1), own(6)]);
    let requests: Vec<_> = list(session, "requests").iter().map(|request| at(&told, request)).collect();
    assert_eq!(requests, [own(4), sub(1), own(6)]);
    let (_, text, _) = place.run(&["explain", &talk.id]);
    assert!(text.contains("[1]:4-6 [2]:1") || text.contains("[1]:4-6"), "{text}");
}

#[test]
fn a_log_that_is_gone_is_said_to_be() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let talk = written(&place);
    deliver(&place);
    fs::remove_file(place.log_of(&talk.id)).unwrap();
    let told = explained(&place, &talk.id);
    let states: Vec<&str> = list(&told, "files").iter().map(|file| file["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["gone", "read"]);
    let session = &told["sessions"][0];
    let lines: Vec<bool> = list(session, "requests").iter().map(|of| of["source"].is_null()).collect();
    assert_eq!(lines, [true, false, true]);
    assert_eq!(told["totals"]["counted_seconds"], 120);
    let (_, text, _) = place.run(&["explain", &talk.id]);
    assert!(text.contains("gone: its lines cannot be shown"), "{text}");
}

/// A resumed session whose log begins with a copy of the first one's.
#[test]
fn a_copied_line_is_told_where_its_owner_wrote_it() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut one = Talk::new(1, "/home/dev/work");
    let first = one.exchange();
    place.append(&one.id, &first);
    let mut two = Talk::new(2, "/home/dev/work");
    let copied = first.replace(&one.id, &two.id);
    let own = two.prompt(600) + &two.answer(660, COUNTS);
    place.append(&two.id, &(copied + &own));
    deliver(&place);
    let told = explained(&place, &one.id);
    let requests: Vec<_> = list(&told["sessions"][0], "requests").iter().map(|of| at(&told, of)).collect();
    assert_eq!(requests, [Some((format!("{}.jsonl", one.id), 2))]);
    let told = explained(&place, &two.id);
    let requests: Vec<_> = list(&told["sessions"][0], "requests").iter().map(|of| at(&told, of)).collect();
    assert_eq!(requests, [Some((format!("{}.jsonl", two.id), 4))]);
}
