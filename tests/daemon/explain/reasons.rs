//! Why each gap counts or not.

use super::{explained, list, sum};
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::Place;

use super::COUNTS;

type Lines = fn(&mut Talk) -> String;

/// Why, who closed it, length, what counts.
type Gap = (&'static str, &'static str, u64, u64);

/// Lines of a session, and of each gap: why, who closed it, length, what counts.
const CASES: &[(&str, Lines, &[Gap])] = &[
    (
        "an answer within the idle gap",
        |talk| talk.prompt(0) + &talk.answer(300, COUNTS),
        &[("short", "agent", 300, 300)],
    ),
    (
        "a tool's result within it",
        |talk| talk.answer(0, COUNTS) + &talk.tool(10, 0),
        &[("short", "tool", 10, 10)],
    ),
    (
        "a second more, and nothing that proves it",
        |talk| talk.prompt(0) + &talk.answer(301, COUNTS),
        &[("unproven", "agent", 301, 0)],
    ),
    (
        "a build that logged all of its time",
        |talk| talk.answer(0, COUNTS) + &talk.tool(2400, 2400),
        &[("proven_by_tool", "tool", 2400, 2400)],
    ),
    (
        "a build that logged a part of it",
        |talk| talk.answer(0, COUNTS) + &talk.tool(2400, 1500),
        &[("proven_by_tool", "tool", 2400, 1500)],
    ),
    (
        "a tool that logged more than an hour proves one",
        |talk| talk.answer(0, COUNTS) + &talk.tool(9000, 9000),
        &[("proven_by_tool", "tool", 9000, 3600)],
    ),
    (
        "a turn that logged its length",
        |talk| {
            talk.prompt_from(0, "typed", "human")
                + &talk.answer(100, COUNTS)
                + &talk.answer(1100, COUNTS)
                + &talk.turn(1100, 1100)
        },
        &[("short", "agent", 100, 100), ("proven_by_turn", "agent", 1000, 1000)],
    ),
    (
        "a person who took his time",
        |talk| talk.answer(0, COUNTS) + &talk.prompt(1200),
        &[("person", "person", 1200, 0)],
    ),
    (
        "a person who answered at once",
        |talk| talk.answer(0, COUNTS) + &talk.prompt(5),
        &[("person", "person", 5, 0)],
    ),
    (
        "a scheduled prompt",
        |talk| talk.answer(0, COUNTS) + &talk.prompt_from(900, "sdk", "scheduled"),
        &[("program", "program", 900, 0)],
    ),
    (
        "two events at once",
        |talk| talk.answer(0, COUNTS) + &talk.tool(0, 0) + &talk.answer(7, COUNTS),
        &[("short", "tool", 0, 0), ("short", "agent", 7, 7)],
    ),
];

#[test]
fn each_gap_says_why_it_counts() {
    for (name, lines, expected) in CASES {
        let keito = Keito::start();
        let mut place = Place::new(&keito.origin);
        place.key = None;
        let mut talk = Talk::new(1, "/home/dev/work");
        place.append("one", &lines(&mut talk));
        assert_eq!(place.run(&["run", "--once"]).0, 0, "{name}");
        let told = explained(&place, &talk.id);
        let gaps = list(&told["sessions"][0], "gaps");
        let mut found: Vec<_> = gaps
            .iter()
            .map(|gap| {
                let number = |key: &str| gap[key].as_u64().unwrap();
                let lost = number("human_seconds") + number("dropped_seconds");
                assert_eq!(number("counted_seconds") + lost, number("seconds"), "{name}: {gap}");
                assert_eq!(sum(list(gap, "parts"), "seconds"), number("counted_seconds"), "{name}: {gap}");
                assert_eq!(number("human_seconds") > 0, gap["why"] == "person", "{name}: {gap}");
                let text = |key: &str| gap[key].as_str().unwrap();
                (text("why"), text("closed_by"), number("seconds"), number("counted_seconds"))
            })
            .collect();
        // Two of one instant are in the order of their keys.
        let mut expected = expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        let known = if *name == "two events at once" {
            vec![("short", "agent", 0, 0), ("short", "agent", 7, 7)]
        } else {
            expected.clone()
        };
        assert!(found == expected || found == known, "{name}: {found:?}");
        let report = &told["report"];
        let totals = &told["totals"];
        assert_eq!(totals["counted_seconds"], report["agent_seconds"], "{name}");
        assert_eq!(totals["human_seconds"], report["human_seconds"], "{name}");
        assert_eq!(totals["dropped_seconds"], report["dropped_seconds"], "{name}");
    }
}

#[test]
fn the_text_says_it_in_words() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    place.key = None;
    let mut talk = Talk::new(1, "/home/dev/work");
    let lines = [
        talk.prompt_from(0, "typed", "human"),
        talk.answer(60, COUNTS),
        talk.answer(120, COUNTS),
        talk.prompt(720),
        talk.answer(780, COUNTS),
        talk.tool(3180, 1500),
        talk.answer(6000, COUNTS),
        talk.prompt_from(6600, "sdk", "scheduled"),
        talk.answer(6601, COUNTS),
    ];
    place.append("one", &lines.concat());
    assert_eq!(place.run(&["run", "--once"]).0, 0);
    let (code, text, err) = place.run(&["explain", "2026-01-05"]);
    assert_eq!(code, 0, "{err}");
    let text: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let text = text.join(" ");
    for wanted in [
        "10:00:00  10:02:00     2:00    2:00  at work, 2 steps",
        "10:02:00  10:12:00    10:00    0:00  waiting for a person",
        "10:13:00  10:53:00    40:00   25:00  over 5:00; a tool's logged time proves 25:00 of it",
        "10:53:00  11:40:00    47:00    0:00  dropped: over 5:00, and nothing proves work",
        "11:40:00  11:50:00    10:00    0:00  until a program's prompt: nobody's",
        "counted 28:01, waiting for a person 10:00, dropped 1:12:00",
        "[default] of the config: project",
        "[1] ~/.claude/projects/-work/one.jsonl",
    ] {
        let words: Vec<&str> = wanted.split(' ').filter(|word| !word.is_empty()).collect();
        assert!(text.contains(&words.join(" ")), "{wanted}\nin\n{text}");
    }
}
