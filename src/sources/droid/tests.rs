//! Lines and settings, and what is read out of them.

use super::*;
use crate::model::{Quality, Tokens, Who};

const START: &str = r#"{"type":"session_start","id":"own","title":"t","cwd":"/home/dev/shop"}"#;

fn message(second: u32, role: &str, content: &str) -> String {
    format!(
        r#"{{"type":"message","id":"m{second}","timestamp":"2026-05-05T10:00:{second:02}.000Z","message":{{"role":"{role}","content":[{content}]}}}}"#
    )
}

fn settings(input: &str, thinking: u64) -> String {
    format!(
        r#"{{"model":"claude-sonnet-4-5-20250929","tokenUsage":{{"inputTokens":{input},"outputTokens":20,"cacheCreationTokens":5,"cacheReadTokens":40,"thinkingTokens":{thinking},"factoryCredits":9}},"inclusiveTokenUsage":{{"inputTokens":99999}}}}"#
    )
}

/// The settings as they change, the log beside them as it stands then.
fn read(states: &[(&str, &str)]) -> Facts {
    let path = Path::new("-home-dev-shop/own.settings.json");
    let mut context = Context { claim: Droid.claim(path).unwrap(), ..Context::default() };
    let mut facts = Facts::default();
    for (log, settings) in states {
        Droid.inform(&mut context, path, &[log.as_bytes().to_vec()]);
        Droid.decode_document(&mut context, settings.as_bytes(), &mut facts).unwrap();
    }
    facts
}

#[test]
fn a_growth_of_the_total_is_an_estimate_at_the_logs_latest_instant() {
    assert_eq!(Droid.beside(Path::new("a/own.settings.json")), [PathBuf::from("a/own.jsonl")]);
    let log = format!("{START}\n{}\n", message(1, "user", ""));
    let later = format!("{log}{}\n", message(9, "assistant", ""));
    let facts =
        read(&[(&log, &settings("100", 0)), (&later, &settings("100", 0)), (&later, &settings("160", 3))]);
    assert_eq!(facts.sightings.len(), 1, "the first reading is the baseline");
    let step = &facts.sightings[0];
    let expected = Tokens { input: 60, output: 3, reasoning: 3, ..Tokens::default() };
    assert_eq!((step.tokens, step.quality), (expected, Quality::Estimated));
    assert_eq!(step.at.millis(), 1_777_975_209_000);
    assert_eq!(facts.names.text(step.model), "claude-sonnet-4-5-20250929");
    assert_eq!(facts.names.text(step.dir.unwrap()), "/home/dev/shop");
}

#[test]
fn without_an_instant_nothing_is_taken_and_nothing_lost() {
    let log = format!("{START}\n{}\n", message(1, "user", ""));
    let facts = read(&[("", &settings("0", 0)), (&log, &settings("100", 0)), (&log, &settings("150", 0))]);
    assert_eq!(facts.sightings.iter().map(|step| step.tokens.input).collect::<Vec<_>>(), [50]);
    let bad = read(&[(&log, &settings("-1", 0))]);
    assert!(bad.sightings[0].terms.bad_usage);
    let path = Path::new("own.settings.json");
    let mut context = Context { claim: Droid.claim(path).unwrap(), ..Context::default() };
    assert!(Droid.decode_document(&mut context, b"{\"tokenUsage\":", &mut Facts::default()).is_err());
}

#[test]
fn lines_tell_who_acts_and_a_subagents_belong_to_its_caller() {
    let lines = [
        START.to_owned(),
        message(
            1,
            "user",
            r#"{"type":"text","text":"<system-reminder>x</system-reminder>"},{"type":"text","text":"go"}"#,
        ),
        message(2, "assistant", r#"{"type":"tool_use"}"#),
        message(3, "user", r#"{"type":"tool_result"}"#),
        message(4, "user", r#"{"type":"text","text":"<system-reminder>x</system-reminder>"}"#),
        r#"{"type":"todo_state","id":"x"}"#.to_owned(),
    ];
    let decode = |lines: &[String]| {
        let claim = Droid.claim(Path::new("d/own.jsonl")).unwrap();
        let mut context = Context { claim, ..Context::default() };
        let mut facts = Facts::default();
        Droid.decode(&mut context, Lines::new((lines.join("\n") + "\n").as_bytes(), 0), &mut facts);
        facts
    };
    let facts = decode(&lines);
    let who: Vec<_> = facts.activities.iter().map(|activity| activity.who).collect();
    assert_eq!(who, [Who::Prompt, Who::Agent, Who::Tool]);
    assert_eq!(facts.names.text(facts.activities[0].session), "own");
    let start = START.replace("\"title\"", "\"callingSessionId\":\"root\",\"title\"");
    let child = decode(&[&[start], &lines[1..]].concat());
    let who: Vec<_> = child.activities.iter().map(|activity| activity.who).collect();
    assert_eq!(who, [Who::Agent, Who::Tool], "its prompt is its caller's");
    assert_eq!(child.names.text(child.activities[0].session), "root");
}

#[test]
fn logs_and_settings_are_claimed() {
    for (path, session) in [
        ("-home-dev/0a.jsonl", Some("0a")),
        ("-home-dev/0a.settings.json", Some("0a")),
        ("0a.jsonl", Some("0a")),
        ("-home-dev/sub/0a.jsonl", None),
        ("-home-dev/0a.json", None),
        ("../0a.jsonl", None),
        (".jsonl", None),
    ] {
        let claim = Droid.claim(Path::new(path)).map(|claim| claim.session);
        assert_eq!(claim, session.map(|session| Some(session.to_owned())), "{path}");
    }
}
