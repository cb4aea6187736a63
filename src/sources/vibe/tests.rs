//! Lines, and what is read out of them.

use super::*;
use crate::model::{Quality, RejectReason, Tokens, Who};

fn line(kind: &str, payload: &str) -> String {
    format!(r#"{{"payload": {{{payload}}}, "sequence": 1, "type": "{kind}"}}"#)
}

fn answer(action: &str, at: u64, counts: [i64; 3]) -> String {
    let [input, cached, output] = counts;
    let usage = format!(
        r#""usage": {{"cached_input_tokens": {cached}, "input_tokens": {input}, "output_tokens": {output}}}"#
    );
    let result = format!(
        r#""command": {{"action_id": "{action}", "type": "completion_succeeded", "result": {{"parts": [], {usage}}}}}"#
    );
    line("core_input", &format!(r#""input": {{{result}, "determinism": {{"time_unix_ms": {at}}}}}"#))
}

fn envelope(total: Option<[u64; 3]>, entries: &str) -> String {
    envelope_of(total, entries, "null", "s")
}

fn envelope_of(total: Option<[u64; 3]>, entries: &str, parent: &str, root: &str) -> String {
    let total = total.map_or("null".to_owned(), |[input, cached, output]| {
        format!(r#"{{"inputTokens": {input}, "cachedInputTokens": {cached}, "outputTokens": {output}}}"#)
    });
    let session = format!(
        r#"{{"createdAt": 1000, "parentSessionId": {parent}, "rootSessionId": "{root}", "tokenUsage": {total}, "updatedAt": 2000}}"#
    );
    let state = format!(r#"{{"op": "set_envelope", "state": {{"session": {session}}}}}"#);
    line("projection_delta", &format!(r#""delta": [{entries}{state}]"#))
}

fn entry(op: &str, kind: &str, more: &str) -> String {
    format!(
        r#"{{"op": "{op}", "entry": {{"id": "e", "type": "{kind}", "createdAt": 5000, "updatedAt": 9000{more}}}}}, "#
    )
}

const META: &[u8] = br#"{"environment": {"working_directory": "/w"}, "git_branch": "b", "config": {"active_model": "demo", "model_name": "m"}}"#;

fn decode(lines: &[String]) -> Facts {
    let path = Path::new("unified/s/journal/0000000000000001.jsonl");
    let mut context = Context { claim: Vibe.claim(path).unwrap(), ..Context::default() };
    Vibe.inform(&mut context, path, &[META.to_vec()]);
    Vibe.inform(&mut context, path, &[Vec::new()]);
    let mut facts = Facts::default();
    Vibe.decode(&mut context, Lines::new((lines.join("\n") + "\n").as_bytes(), 0), &mut facts);
    facts
}

/// At, input, cache reads, output, quality.
fn requests(facts: &Facts) -> Vec<(i64, u64, u64, u64, Quality)> {
    let of = |s: &crate::model::Sighting| {
        (s.at.millis(), s.tokens.input, s.tokens.cache_read, s.tokens.output, s.quality)
    };
    facts.sightings.iter().map(of).collect()
}

#[test]
fn an_answer_is_a_request_of_the_model_and_directory_beside_it() {
    let facts =
        decode(&[envelope(None, ""), answer("a", 7000, [100, 40, 9]), envelope(Some([100, 40, 9]), "")]);
    assert_eq!(requests(&facts), [(7000, 60, 40, 9, Quality::Exact)]);
    let request = &facts.sightings[0];
    let names = [request.session, request.model, request.dir.unwrap(), request.branch.unwrap()];
    assert_eq!(names.map(|name| facts.names.text(name)), ["s", "m", "/w", "b"]);
}

#[test]
fn what_a_segment_begins_with_is_the_last_answer_of_the_one_before() {
    let first =
        decode(&[envelope(None, ""), answer("a", 7000, [100, 40, 9]), answer("b", 8000, [200, 50, 5])]);
    let second = decode(&[envelope(Some([300, 90, 14]), ""), answer("c", 9000, [10, 0, 1])]);
    let expected = [(1000, 210, 90, 14, Quality::Estimated), (9000, 10, 0, 1, Quality::Exact)];
    assert_eq!(requests(&second), expected);
    assert!(second.sightings[0].is_remainder() && !first.sightings[1].is_remainder());
    assert_eq!(first.sightings[1].message, second.sightings[0].message);
    assert_ne!(first.sightings[0].message, second.sightings[0].message);
    // The same where the total comes after the answer.
    let late = decode(&[answer("c", 9000, [10, 0, 1]), envelope(Some([310, 90, 15]), "")]);
    assert_eq!(requests(&late), expected);
    let keys = |facts: &Facts| facts.sightings.iter().map(|s| (s.message, s.key)).collect::<Vec<_>>();
    assert_eq!(keys(&late), keys(&second));
}

#[test]
fn entries_tell_who_acts() {
    let bypass = r#", "state": {"approvalSource": "bypass"}"#;
    let cases = [
        (entry("append_entry", "message", r#", "role": "user""#), Some((Who::Prompt, 5000, 0))),
        (entry("append_entry", "message", r#", "role": "assistant""#), Some((Who::Agent, 9000, 0))),
        (entry("append_entry", "reasoning", ""), Some((Who::Agent, 9000, 0))),
        (entry("append_entry", "effect", bypass), Some((Who::Agent, 5000, 0))),
        (entry("replace_entry", "effect", bypass), Some((Who::Tool, 9000, 4000))),
        (
            entry("replace_entry", "effect", r#", "state": {"approvalSource": "user"}"#),
            Some((Who::Tool, 9000, 0)),
        ),
        (entry("append_entry", "notice", ""), None),
    ];
    for (entry, expected) in cases {
        let facts = decode(&[envelope(None, &entry)]);
        let found = facts.activities.first().map(|a| (a.who, a.at.millis(), a.proven_ms));
        assert_eq!(found, expected, "{entry}");
    }
}

#[test]
fn a_child_belongs_to_the_session_that_started_it_and_its_prompt_is_no_persons() {
    let prompt = entry("append_entry", "message", r#", "role": "user""#);
    let facts = decode(&[envelope_of(None, &prompt, "\"p\"", "root"), answer("a", 7000, [1, 0, 1])]);
    assert_eq!(facts.names.text(facts.sightings[0].session), "root");
    assert_eq!(facts.activities[0].who, Who::Script);
}

#[test]
fn what_cannot_be_true_is_bad_usage_and_lines_that_cannot_be_read_are_told() {
    let facts = decode(&[envelope(None, ""), answer("a", 7000, [10, 40, 9])]);
    assert!(facts.sightings[0].terms.bad_usage);
    let nowhen = answer("a", 7000, [10, 4, 9]).replace("7000", "\"soon\"");
    let cases = [
        (nowhen, RejectReason::NoInstant),
        (answer("", 7000, [1, 0, 1]), RejectReason::Shape),
        ("{".to_owned(), RejectReason::NotJson),
        ("7".to_owned(), RejectReason::Shape),
    ];
    for (line, reason) in cases {
        let facts = decode(std::slice::from_ref(&line));
        assert_eq!(facts.rejects.iter().map(|r| r.reason).collect::<Vec<_>>(), [reason], "{line}");
    }
    let tool = line(
        "core_input",
        r#""input": {"command": {"type": "tool_succeeded", "result": {"type": "success"}}}"#,
    );
    assert!(decode(&[tool]).rejects.is_empty());
}

#[test]
fn an_older_session_counts_by_steps_of_its_totals() {
    let meta = |input: i64, output: u64, minute: u64| {
        format!(
            r#"{{"session_id": "s", "end_time": "2026-06-13T10:0{minute}:00Z", "model": "m", "environment": {{"working_directory": "/w"}}, "stats": {{"session_prompt_tokens": {input}, "session_completion_tokens": {output}}}}}"#
        )
    };
    let mut context = Context::default();
    let mut read = |text: String| {
        let mut facts = Facts::default();
        Vibe.decode_document(&mut context, text.as_bytes(), &mut facts).map(|()| facts)
    };
    let first = read(meta(100, 50, 1)).unwrap();
    assert!(first.sightings.is_empty() && first.activities.len() == 1, "the baseline");
    assert_eq!(read("{\"session".to_owned()).unwrap_err(), NotWhole);
    let facts = read(meta(300, 60, 2)).unwrap();
    assert_eq!(facts.sightings[0].tokens, Tokens { input: 200, output: 10, ..Tokens::default() });
    assert_eq!(facts.sightings[0].quality, Quality::Estimated);
    assert_eq!(facts.names.text(facts.sightings[0].model), "m");
    assert!(read(meta(-1, 60, 3)).unwrap().sightings[0].terms.bad_usage);
}
