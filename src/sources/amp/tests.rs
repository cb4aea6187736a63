//! A thread, and what is read out of it.

use super::*;
use crate::model::{Quality, Tokens, Who};

const THREAD: &str =
    include_str!("../../../tests/fixtures/amp/threads/T-5b1f0c2e-0000-4000-8000-000000000001.json");

fn decode(text: &str) -> Facts {
    let mut context = Context { claim: Amp.claim(Path::new("T-1.json")).unwrap(), ..Context::default() };
    let mut facts = Facts::default();
    Amp.decode_document(&mut context, text.as_bytes(), &mut facts).unwrap();
    facts
}

#[test]
fn an_answer_is_counted_once_and_what_only_the_ledger_has_too() {
    let facts = decode(THREAD);
    let found: Vec<_> = facts.sightings.iter().map(|s| (s.tokens, facts.names.text(s.model))).collect();
    let first = Tokens { input: 12, cache_read: 4000, cache_write_5m: 800, output: 150, ..Tokens::default() };
    let second = Tokens { input: 9, cache_read: 4800, cache_write_5m: 120, output: 60, ..Tokens::default() };
    let title = Tokens { input: 300, output: 8, ..Tokens::default() };
    let expected = [(first, "claude-opus-4-5"), (second, "claude-opus-4-5"), (title, "claude-haiku-4-5")];
    assert_eq!(found, expected);
    assert!(facts.sightings.iter().all(|s| s.quality == Quality::LowerBound));
    let request = &facts.sightings[0];
    assert_eq!(facts.names.text(request.session), "T-5b1f0c2e-0000-4000-8000-000000000001");
    assert_eq!(facts.names.text(request.dir.unwrap()), "/home/dev/src/demo shop");
    assert_eq!(facts.names.text(request.branch.unwrap()), "main");
    let who: Vec<Who> = facts.activities.iter().map(|activity| activity.who).collect();
    assert_eq!(who, [Who::Prompt, Who::Agent, Who::Tool, Who::Agent, Who::Agent]);
}

#[test]
fn an_older_answer_is_dated_by_what_came_before_it() {
    let facts = decode(
        r#"{"id": "T-1", "created": 1000, "messages": [{"role": "user", "messageId": 0, "content": [], "meta": {"sentAt": 5000}}, {"role": "assistant", "messageId": 1, "content": [], "usage": {"inputTokens": 3, "outputTokens": 4}}]}"#,
    );
    assert_eq!((facts.sightings[0].at.millis(), facts.activities.len()), (5000, 1));
    assert_eq!(facts.names.text(facts.sightings[0].model), "unknown");
}

#[test]
fn what_cannot_be_true_is_bad_usage_and_half_a_document_is_none() {
    let facts = decode(&THREAD.replace("\"inputTokens\": 12", "\"inputTokens\": -12"));
    assert!(facts.sightings[0].terms.bad_usage);
    let mut facts = Facts::default();
    assert_eq!(Amp.decode_document(&mut Context::default(), b"{\"id\"", &mut facts), Err(NotWhole));
    let nowhen = decode(r#"{"messages": [{"role": "assistant", "usage": {"inputTokens": 3}}]}"#);
    assert_eq!(nowhen.rejects.len(), 1);
    assert!(Amp.claim(Path::new("T-1.json.tmp")).is_none() && Amp.claim(Path::new("x.json")).is_none());
}
