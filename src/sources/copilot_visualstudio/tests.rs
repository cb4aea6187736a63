//! Public samples, and requests as readers of newer versions found them.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::model::{Payer, Quality, Tokens, Who};

fn decoded(bytes: &[u8]) -> Facts {
    let mut facts = Facts::default();
    CopilotVisualStudio.decode(&mut Context::default(), Lines::new(bytes, 0), &mut facts);
    facts
}

#[test]
fn a_public_sample_has_turns_and_tools_of_two_conversations() {
    let bytes = include_bytes!(
        "../../../tests/fixtures/copilot-visualstudio/agentsview/VSGitHubCopilotLogs/traces/sample-4_VSGitHubCopilot_traces.jsonl"
    );
    let facts = decoded(bytes);
    assert_eq!((facts.rejects.len(), facts.sightings.len()), (0, 0));
    let acts: Vec<_> = facts
        .activities
        .iter()
        .map(|act| (facts.names.text(act.session), act.at.seconds() - 1_781_296_600, act.who))
        .collect();
    let (one, two) = ("4a8f63f6-7626-4416-a874-fc7bd2c3f005", "c0aca2e3-d1f2-4d28-bd5e-5dab29e2be28");
    let expected = [
        (one, 0, Who::Prompt),
        (one, 10, Who::Agent),
        (one, 2, Who::Tool),
        (one, 4, Who::Tool),
        (two, 100, Who::Prompt),
        (two, 110, Who::Agent),
        (two, 102, Who::Tool),
    ];
    assert_eq!(acts, expected);
}

/// A request of 18.10, with these further attributes.
fn request(more: &[(&str, Value)]) -> String {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let count = |key: &str, value: &str| json!({"key": key, "value": {"intValue": value}});
    let mut attributes = vec![
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.conversation.id", "conversation"),
        text("gen_ai.request.model", "gpt-5.3-codex"),
        text("gen_ai.input.messages", "what was asked"),
        count("gen_ai.usage.input_tokens", "8697"),
        count("gen_ai.usage.output_tokens", "81"),
        count("gen_ai.usage.cache_read.input_tokens", "4608"),
    ];
    for (key, value) in more {
        attributes.retain(|attribute| attribute["key"] != *key);
        attributes.push(json!({"key": key, "value": value}));
    }
    let span = json!({"traceId": "t", "spanId": "s", "parentSpanId": "p", "name": "chat gpt-5.3-codex", "kind": 3,
        "startTimeUnixNano": "1781293600000000000", "endTimeUnixNano": 1_781_293_610_500_000_000_i64, "attributes": attributes});
    format!("{}\n", json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}))
}

#[test]
fn a_request_counts_what_was_cached_as_a_part_of_its_input() {
    let facts = decoded(request(&[]).as_bytes());
    let [found] = facts.sightings.as_slice() else { panic!("{:?}", facts.sightings) };
    assert_eq!(found.tokens, Tokens { input: 4089, cache_read: 4608, output: 81, ..Tokens::default() });
    assert_eq!((found.at.millis(), found.quality), (1_781_293_610_500, Quality::Exact));
    assert_eq!(facts.names.text(found.model), "gpt-5.3-codex");
    assert_eq!(found.provider.map(|name| facts.names.text(name)), Some("github-copilot"));
    assert_eq!(facts.plans.iter().map(|plan| plan.payer).collect::<Vec<_>>(), [Payer::Subscription]);
    let [act] = facts.activities.as_slice() else { panic!("{:?}", facts.activities) };
    assert_eq!((act.who, act.proven_ms), (Who::Agent, 10_500));
    // What another file repeats is the same.
    let again = decoded(format!("\n{}", request(&[])).as_bytes());
    assert_eq!((again.sightings[0].key, again.activities[0].key), (found.key, act.key));
}

#[test]
fn what_a_request_says_besides_is_heeded() {
    let more = [
        ("gen_ai.response.model", json!({"stringValue": "gpt-5.5-2026-03-05"})),
        ("gen_ai.usage.cache_creation.input_tokens", json!({"intValue": 89})),
        ("gen_ai.usage.reasoning.output_tokens", json!({"intValue": "30"})),
        ("server.address", json!({"stringValue": "models.example.com"})),
    ];
    let facts = decoded(request(&more).as_bytes());
    let found = &facts.sightings[0];
    let tokens = Tokens {
        input: 4000,
        cache_read: 4608,
        cache_write_5m: 89,
        output: 81,
        reasoning: 30,
        ..Tokens::default()
    };
    assert_eq!((found.tokens, found.provider), (tokens, None));
    assert_eq!(facts.names.text(found.model), "gpt-5.5-2026-03-05");
    assert_eq!(facts.plans[0].payer, Payer::Metered);
}

#[test]
fn a_failure_is_no_request_and_odd_counts_are_held() {
    let without = |key| (key, Value::Null);
    let failed = decoded(
        request(&[
            without("gen_ai.usage.input_tokens"),
            without("gen_ai.usage.output_tokens"),
            without("gen_ai.usage.cache_read.input_tokens"),
        ])
        .as_bytes(),
    );
    assert_eq!((failed.sightings.len(), failed.plans.len(), failed.activities.len()), (0, 0, 1));
    for odd in ["-1", "4607.5", "many"] {
        let facts = decoded(request(&[("gen_ai.usage.input_tokens", json!({"intValue": odd}))]).as_bytes());
        assert!(facts.sightings[0].terms.bad_usage, "{odd}");
    }
    // More cached than asked.
    let facts = decoded(request(&[("gen_ai.usage.input_tokens", json!({"intValue": "4607"}))]).as_bytes());
    assert!(facts.sightings[0].terms.bad_usage);
    // Without a conversation nothing says whose it is; without an end, when.
    let none = request(&[("gen_ai.conversation.id", Value::Null)]);
    assert_eq!(decoded(none.as_bytes()).rejects.len(), 1);
    let none = request(&[]).replace("endTimeUnixNano", "end");
    assert_eq!(decoded(none.as_bytes()).rejects.len(), 1);
}

#[test]
fn files_are_known_by_their_names() {
    let claim = |path: &str| CopilotVisualStudio.claim(Path::new(path)).is_some();
    assert!(claim("20260612T194439_257709a3_VSGitHubCopilot_traces.jsonl"));
    assert!(!claim("deep/20260612T194439_257709a3_VSGitHubCopilot_traces.jsonl"));
    assert!(!claim("other.jsonl"));
    let home = Path::new("/mnt/c/Users/dev/AppData/Local/Temp");
    let below = CopilotVisualStudio.below(&[home.to_owned()]);
    assert_eq!(below, [home.join("VSGitHubCopilotLogs/traces")]);
}
