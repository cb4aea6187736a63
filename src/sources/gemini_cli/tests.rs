//! Lines and documents, and what is read out of them.

use super::*;
use crate::model::{Tokens, Who};

const HEADER: &str =
    r#"{"sessionId":"own","projectHash":"x","startTime":"2026-11-21T10:00:00.000Z","kind":"main"}"#;

fn decode_in(context: &mut Context, lines: &[&str]) -> Facts {
    let mut facts = Facts::default();
    GeminiCli.decode(context, Lines::new((lines.join("\n") + "\n").as_bytes(), 0), &mut facts);
    facts
}

fn decode(lines: &[&str]) -> Facts {
    decode_in(&mut Context::default(), &[&[HEADER], lines].concat())
}

fn message(id: &str, role: &str, second: u32, rest: &str) -> String {
    format!(r#"{{"id":"{id}","timestamp":"2026-11-21T10:00:{second:02}.000Z","type":"{role}"{rest}}}"#)
}

fn tokens(fields: &str) -> (Tokens, bool) {
    let line = message("a", "gemini", 1, &format!(r#","tokens":{{{fields}}},"model":"gemini-2.5-pro""#));
    let facts = decode(&[&line]);
    assert_eq!(facts.sightings.len(), 1, "{fields}");
    (facts.sightings[0].tokens, facts.sightings[0].terms.bad_usage)
}

#[test]
fn the_classes_are_told_apart() {
    let cases = [
        (r#""input":100,"output":7,"cached":40,"thoughts":5,"tool":0,"total":112"#, (60, 40, 12, 5)),
        (r#""input":100,"output":7,"cached":0,"thoughts":0,"tool":30,"total":137"#, (130, 0, 7, 0)),
        (r#""input":100,"output":7,"cached":0,"thoughts":0,"tool":30,"total":107"#, (100, 0, 7, 0)),
        (r#""input":100,"output":7,"cached":100"#, (0, 100, 7, 0)),
        (r#""input":null,"output":7"#, (0, 0, 7, 0)),
    ];
    for (fields, (input, cache_read, output, reasoning)) in cases {
        let expected = Tokens { input, cache_read, output, reasoning, ..Tokens::default() };
        assert_eq!(tokens(fields), (expected, false), "{fields}");
    }
}

#[test]
fn what_cannot_be_true_is_bad_usage_with_zero_tokens() {
    for value in ["-1", "1.5", "\"12\"", "1e300", "1099511627777", "true"] {
        for class in ["input", "output", "cached", "thoughts", "tool"] {
            let fields = format!(r#""{class}":{value},"total":3"#);
            assert_eq!(tokens(&fields), (Tokens::default(), true), "{fields}");
        }
    }
    assert_eq!(tokens(r#""input":1,"cached":2,"output":3"#), (Tokens::default(), true));
}

#[test]
fn a_message_that_is_appended_again_keeps_its_key() {
    let plain = message("a", "gemini", 1, "");
    let usage = r#","tokens":{"input":3,"output":4},"model":"m""#;
    let counted = message("a", "gemini", 1, usage);
    let called = message(
        "a",
        "gemini",
        1,
        &format!(r#"{usage},"toolCalls":[{{"id":"c","timestamp":"2026-11-21T10:00:09.000Z"}}]"#),
    );
    let again = format!(r#"{{"$set":{{"messages":[{counted}]}}}}"#);
    let facts = decode(&[&plain, &counted, &called, r#"{"$rewindTo":"a"}"#, &again]);
    assert_eq!(facts.sightings.len(), 3);
    assert!(facts.sightings.iter().all(|look| look.key == facts.sightings[0].key));
    let by = |who| facts.activities.iter().filter(move |activity| activity.who == who);
    assert_eq!(
        by(Who::Agent).map(|activity| activity.key).collect::<std::collections::HashSet<_>>().len(),
        1
    );
    assert_eq!(by(Who::Tool).map(|activity| activity.at.millis() % 60_000).collect::<Vec<_>>(), [9000]);
    assert_eq!(facts.rejects, []);
}

#[test]
fn a_message_that_cannot_be_read_costs_none_of_the_others() {
    let usage = r#","tokens":{"input":3,"output":4}"#;
    let odd = message("a", "gemini", 1, usage).replace("2026", "later");
    let again = format!(r#"{{"$set":{{"messages":[7,{odd},{}]}}}}"#, message("b", "gemini", 1, usage));
    let facts = decode(&[&again]);
    assert_eq!((facts.sightings.len(), facts.rejects.len()), (1, 1));
}

#[test]
fn a_failed_attempt_is_no_request() {
    let facts = decode(&[&message("a", "gemini", 1, r#","tokens":{"input":0,"output":0},"model":"m""#)]);
    assert!(facts.sightings.is_empty());
}

#[test]
fn only_a_persons_words_are_a_prompt() {
    let words = r#","content":[{"text":"fix it"}]"#;
    let cases = [
        (words, Some(Who::Prompt)),
        (r#","content":"fix it""#, Some(Who::Prompt)),
        (r#","content":[{"inlineData":{}}]"#, Some(Who::Prompt)),
        (r#","content":[{"text":"<session_context>\nThis"}]"#, None),
        (r#","content":[{"functionResponse":{"id":"c"}}]"#, Some(Who::Tool)),
        (r#","content":"""#, None),
        (r#","content":7"#, None),
        ("", None),
    ];
    for (content, expected) in cases {
        let facts = decode(&[&message("u", "user", 1, content)]);
        assert_eq!(facts.activities.first().map(|activity| activity.who), expected, "{content}");
    }
    for role in ["info", "error", "warning", "later"] {
        assert!(decode(&[&message("u", role, 1, words)]).activities.is_empty(), "{role}");
    }
    let again = format!(r#"{{"$set":{{"messages":[{}]}}}}"#, message("u", "user", 1, words));
    assert!(decode(&[&again]).activities.is_empty(), "rewritten history has instants of its own");
}

#[test]
fn a_subagent_belongs_to_the_session_that_started_it() {
    let mut context = Context { claim: Claim { session: Some("parent".into()) }, ..Context::default() };
    let header = HEADER.replace("main", "subagent").replace('}', r#","directories":["/home/dev/a"]}"#);
    let usage = message("a", "gemini", 2, r#","tokens":{"input":3,"output":4},"model":"m""#);
    let prompt = message("u", "user", 1, r#","content":"look""#);
    let facts = decode_in(&mut context, &[&header, &prompt, &usage]);
    let look = &facts.sightings[0];
    assert_eq!(facts.names.text(look.session), "parent");
    assert_eq!(look.dir.map(|dir| facts.names.text(dir)), Some("/home/dev/a"));
    assert_eq!(facts.activities.iter().map(|activity| activity.who).collect::<Vec<_>>(), [Who::Agent]);
}

#[test]
fn the_registry_names_the_directory() {
    let mut context = Context::default();
    GeminiCli.inform(
        &mut context,
        Path::new("shop/chats/s.jsonl"),
        &[b"/home/dev/shop".to_vec(), Vec::new()],
    );
    let usage = message("a", "gemini", 2, r#","tokens":{"input":3,"output":4}"#);
    let facts = decode_in(&mut context, &[HEADER, &usage]);
    let look = &facts.sightings[0];
    assert_eq!(look.dir.map(|dir| facts.names.text(dir)), Some("/home/dev/shop"));
    assert_eq!(facts.names.text(look.model), "unknown");
}

#[test]
fn lines_that_cannot_be_read_are_told() {
    use crate::model::RejectReason::{NoInstant, NotJson, Shape};
    let usage = r#""type":"gemini","tokens":{"input":3}"#;
    let facts = decode(&["{", "[]", "", &format!(r#"{{"id":"a",{usage}}}"#), r#"{"id":"x","type":"user"}"#]);
    let reasons: Vec<_> = facts.rejects.iter().map(|reject| reject.reason).collect();
    assert_eq!(reasons, [NotJson, Shape, NoInstant]);
    let headless =
        decode_in(&mut Context::default(), &[&message("a", "gemini", 1, r#","tokens":{"input":3}"#)]);
    assert_eq!(headless.rejects[0].reason, Shape);
}

#[test]
fn a_document_is_read_as_its_lines_would_be() {
    let usage = message("a", "gemini", 2, r#","tokens":{"input":3,"output":4}"#);
    let document = format!(r#"{{"sessionId":"own","model":"m","messages":[{usage},7]}}"#);
    let mut facts = Facts::default();
    let read = GeminiCli.decode_document(&mut Context::default(), document.as_bytes(), &mut facts);
    assert_eq!(read, Ok(()));
    assert_eq!(facts.sightings[0].key, decode(&[&usage]).sightings[0].key);
    assert_eq!(facts.names.text(facts.sightings[0].model), "m");
    for end in 0..document.len() {
        let cut = &document.as_bytes()[..end];
        assert_eq!(GeminiCli.decode_document(&mut Context::default(), cut, &mut facts), Err(NotWhole));
    }
}
