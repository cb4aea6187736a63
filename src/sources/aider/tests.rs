//! Lines, and what is read out of them.

use super::*;
use crate::model::{Meaning, Quality, RejectReason, Tokens, Usd, Who};

fn line(event: &str, properties: &str, time: &str) -> String {
    format!(r#"{{"event": "{event}", "properties": {{{properties}}}, "user_id": "u", "time": {time}}}"#)
}

const SENT: &str = r#""main_model": "openai/m", "weak_model": "w", "prompt_tokens": 779, "completion_tokens": 66, "total_tokens": 845, "cost": 0.002218, "total_cost": 0.1"#;

fn decode(lines: &[String]) -> Facts {
    let mut facts = Facts::default();
    let text = lines.join("\n") + "\n";
    Aider.decode(&mut Context::default(), Lines::new(text.as_bytes(), 0), &mut facts);
    facts
}

#[test]
fn an_answer_is_an_estimated_request_of_its_start() {
    let facts = decode(&[
        line("launched", "", "1795225603"),
        line("message_send_starting", "", "1795225608"),
        line("message_send", SENT, "1795225609"),
        line("exit", r#""reason": "Completed --message""#, "1795225609"),
        line("launched", "", "1795225700"),
        line("message_send", SENT, "1795225709"),
    ]);
    let [first, second] = facts.sightings.as_slice() else { panic!("{facts:?}") };
    assert_eq!(first.tokens, Tokens { input: 779, output: 66, ..Tokens::default() });
    assert_eq!((first.at.millis(), first.quality), (1_795_225_609_000, Quality::Estimated));
    let reported = first.reported.unwrap();
    assert_eq!((reported.usd, reported.meaning), (Usd(2_218_000_000), Meaning::Listed));
    assert_eq!(facts.names.text(first.model), "openai/m");
    assert_ne!(facts.names.text(first.session), facts.names.text(second.session));
    assert_ne!(first.key, second.key);
    assert!(!facts.names.text(first.session).contains('u'), "the installation's id is hashed");
    let who: Vec<Who> = facts.activities.iter().map(|activity| activity.who).collect();
    assert_eq!(who, [Who::Prompt, Who::Agent, Who::Agent]);
}

#[test]
fn equal_lines_of_a_second_are_two_messages_and_a_log_read_again_is_the_same() {
    let twice = vec![line("message_send", SENT, "1795225609"), line("message_send", SENT, "1795225609")];
    let (facts, again) = (decode(&twice), decode(&twice));
    assert_ne!(facts.sightings[0].key, facts.sightings[1].key);
    assert_ne!(facts.sightings[0].message, facts.sightings[1].message);
    assert_eq!(facts.sightings[1].key, again.sightings[1].key);
}

#[test]
fn counts_that_are_none_and_lines_that_cannot_be_read_are_told() {
    let negative = SENT.replace("779", "-779");
    assert!(decode(&[line("message_send", &negative, "1795225609")]).sightings[0].terms.bad_usage);
    let cases = [
        (line("message_send", SENT, "\"soon\""), RejectReason::NoInstant),
        ("{".to_owned(), RejectReason::NotJson),
        ("[]".to_owned(), RejectReason::Shape),
    ];
    for (line, reason) in cases {
        let facts = decode(std::slice::from_ref(&line));
        assert_eq!(facts.rejects.iter().map(|r| r.reason).collect::<Vec<_>>(), [reason], "{line}");
    }
    let other = decode(&["{\"type\": \"user\"}".to_owned()]);
    assert!(other.rejects.is_empty() && other.sightings.is_empty(), "another program's line");
}

#[test]
fn logs_are_known_by_their_names() {
    let cases = [
        ("analytics.jsonl", true),
        (".aider.analytics.jsonl", true),
        ("aider-log.jsonl", true),
        ("notes.jsonl", false),
        ("analytics.json", false),
        ("src/analytics.jsonl", false),
    ];
    for (path, is_log) in cases {
        assert_eq!(Aider.claim(Path::new(path)).is_some(), is_log, "{path}");
    }
}
