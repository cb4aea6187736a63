//! Notes: each field of the template, from log files to what stands at Keito, and what never is in one.

use std::fs;

use keitod::sandbox::ids;

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::Place;

const ALL: &str = "{agent}|{model}|{repo}|{branch}|{day}|{session}|{requests}|{duration}|{input_k}|{output_k}|{client}|{project}|{task}";

/// A repository with a `.keito/config.yml`; `tracking` are lines below `agent_tracking`.
fn linked(place: &Place, name: &str, tracking: &str) -> String {
    let dir = place.path(name);
    fs::create_dir_all(dir.join(".git")).unwrap();
    fs::create_dir_all(dir.join(".keito")).unwrap();
    fs::write(dir.join(".git/HEAD"), "ref: refs/heads/feature/login\n").unwrap();
    fs::write(dir.join(".git/config"), "[core]\n\tbare = false\n").unwrap();
    let tracking = if tracking.is_empty() { String::new() } else { format!("agent_tracking:\n{tracking}") };
    let file = format!(
        "version: 1\nclient_name: Acme\nproject_id: {}\nproject_name: Website\ntask_id: {}\ntask_name: Dev\n{tracking}",
        ids::WEBSITE,
        ids::DEVELOPMENT
    );
    fs::write(dir.join(".keito/config.yml"), file).unwrap();
    dir.canonicalize().unwrap().display().to_string()
}

/// Notes of entries and of expenses after one pass.
#[track_caller]
fn notes(keito: &Keito, place: &Place) -> [Vec<String>; 2] {
    let (code, out, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 0, "{out}{err}");
    let mut entries: Vec<String> =
        keito.entries().iter().map(|row| row.notes.clone().unwrap_or_default()).collect();
    let mut expenses: Vec<String> =
        keito.expenses().iter().map(|row| row.notes.clone().unwrap_or_default()).collect();
    entries.sort();
    expenses.sort();
    [entries, expenses]
}

fn link() -> String {
    format!("[default]\nproject_id = \"{}\"\ntask_id = \"{}\"\n", ids::WEBSITE, ids::DEVELOPMENT)
}

fn section(text: &str) -> String {
    format!("[notes]\nentry = \"{text}\"\nexpense = \"{text}\"\n")
}

#[test]
fn each_field_is_filled() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.config(&section(ALL));
    let dir = linked(&place, "api", "");
    let mut talk = Talk::new(1, &dir);
    let counts = Counts { input: 1500, cache_read: 20_000, output: 1240, ..Counts::default() };
    let lines =
        talk.prompt(0) + &talk.answer(100, counts) + &talk.answer(200, counts) + &talk.answer(310, counts);
    // The day after: its tokens are those of another entry.
    let next =
        talk.prompt(86_400) + &talk.answer(86_460, Counts { input: 10, output: 1, ..Counts::default() });
    place.append("one", &(lines + &next));
    let id = &talk.id;
    let [entries, expenses] = notes(&keito, &place);
    let entry = |day: &str, rest: &str| {
        format!("claude-code|claude-opus-4-6|api|feature/login|{day}|{id}|{rest}|Acme|Website|Dev")
    };
    assert_eq!(entries, [entry("2026-01-05", "3|0:05|65|3.7"), entry("2026-01-06", "1|0:01|0|0")]);
    assert_eq!(expenses, [entry("2026-01-05", "3||65|3.7"), entry("2026-01-06", "1||0|0")]);
}

#[test]
fn what_privacy_keeps_is_in_no_note() {
    let cases = [
        ("", "claude-code in api (feature/login)"),
        ("[privacy]\nsend_branch = false\n", "claude-code in api"),
        ("[privacy]\nsend_repo = false\n", "claude-code in (feature/login)"),
    ];
    for (privacy, expected) in cases {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        place.config(&(section("{agent} in {repo} ({branch})") + privacy));
        let dir = linked(&place, "api", "");
        place.append("one", &Talk::new(1, &dir).exchange());
        let [entries, expenses] = notes(&keito, &place);
        assert_eq!((entries, expenses), (vec![expected.to_owned()], vec![expected.to_owned()]), "{privacy}");
    }
}

#[test]
fn a_rule_and_a_repository_have_notes_of_their_own() {
    let expense = "claude-opus-4-6: 1k input + 0.1k output tokens";
    let rule = format!(
        "[[rule]]\nbranch = '^(?P<ticket>[A-Z]+-[0-9]+)'\nproject_id = \"{}\"\ntask_id = \"{}\"\nnotes = \"{{ticket}}: {{agent}}\"\n",
        ids::WEBSITE,
        ids::DEVELOPMENT
    );
    let cases = [
        // The repository's file, the branch, the entry's note, the expense's.
        (Some(""), "main", "claude-code in api (feature/login)", expense),
        (Some("  notes: \"{task} for {client}\"\n"), "main", "Dev for Acme", expense),
        (Some("  redact_notes: true\n  notes: \"{task}\"\n"), "main", "[redacted]", "[redacted]"),
        (None, "ACME-17-login", "ACME-17: claude-code", expense),
        (None, "main", "claude-code in nowhere (main)", expense),
    ];
    for (file, branch, entry, expense) in cases {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        place.config(&(link() + &rule));
        let dir = file.map_or_else(|| "/home/dev/nowhere".to_owned(), |file| linked(&place, "api", file));
        let named = format!("\"gitBranch\":\"{branch}\"");
        place.append("one", &Talk::new(1, &dir).exchange().replace("\"gitBranch\":\"main\"", &named));
        let [entries, expenses] = notes(&keito, &place);
        assert_eq!(
            (entries, expenses),
            (vec![entry.to_owned()], vec![expense.to_owned()]),
            "{file:?} {branch}"
        );
    }
}

#[test]
fn names_from_outside_are_one_line_and_short() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.config(&(link() + &section("<{branch}>{repo}")));
    let long = "ä".repeat(100);
    let branch = format!("a\\n\\u001b[31mb\\u202ec{long}");
    let named = format!("\"gitBranch\":\"{branch}\"");
    let lines = Talk::new(1, "/home/dev/no\\u0007where").exchange();
    place.append("one", &lines.replace("\"gitBranch\":\"main\"", &named));
    let [entries, expenses] = notes(&keito, &place);
    let expected = format!("<a [31mbc{}>nowhere", "ä".repeat(56));
    assert_eq!((entries, expenses), (vec![expected.clone()], vec![expected]));
}

#[test]
fn no_text_of_the_conversation_is_in_a_note() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.config(&(link() + &section(ALL)));
    let lines = Talk::new(1, "/home/dev/work").exchange();
    place.append("one", &lines.replace("go on", "CANARY_PROMPT").replace("\"done\"", "\"CANARY_ANSWER\""));
    let [entries, expenses] = notes(&keito, &place);
    assert_eq!((entries.len(), expenses.len()), (1, 1));
    for request in keito.requests() {
        assert!(!request.text().contains("CANARY"), "{}", request.text());
    }
    for words in [
        &["explain", "2026-01-05"][..],
        &["explain", "2026-01-05", "--json"],
        &["explain", "2026-01-05", "--timeline", "-"],
    ] {
        let (code, out, err) = place.run(words);
        assert_eq!(code, 0, "{err}");
        assert!(!out.contains("CANARY"), "{out}");
    }
}

#[test]
fn a_field_that_does_not_exist_is_an_error_with_what_was_meant() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    for (field, meant) in [
        ("agnt", "did you mean {agent}?"),
        ("outputk", "did you mean {output_k}?"),
        ("zzz", "there are agent, model"),
    ] {
        place.config(&(link() + &section(&format!("{{{field}}}"))));
        let (code, _, err) = place.run(&["run", "--once"]);
        assert_eq!(code, 8, "{err}");
        assert!(err.contains(&format!("has no field {{{field}}}")) && err.contains(meant), "{err}");
    }
    // In a repository's file it holds what maps there, and says so.
    place.config("");
    let dir = linked(&place, "api", "  notes: \"{agnt}\"\n");
    place.append("one", &Talk::new(1, &dir).exchange());
    let [entries, expenses] = notes(&keito, &place);
    assert!(entries.is_empty() && expenses.is_empty());
    let (_, text, _) = place.run(&["explain", "2026-01-05"]);
    assert!(text.contains("held, mapping_error (agent_tracking.notes is no template"), "{text}");
}
