//! Events, the ones of the document first, and what is read out of them.

use super::*;
use crate::model::{Meaning, Payer, Quality, RejectReason, Reported, Tokens, Usd, Who};

const DOCUMENT: &str = include_str!("../../../docs/session-format.md");

fn decode(lines: &str) -> (Facts, Option<Agent>) {
    let (mut context, mut facts) = (Context::default(), Facts::default());
    OpenSession.decode(&mut context, Lines::new(lines.as_bytes(), 0), &mut facts);
    (facts, OpenSession.author(&context))
}

fn examples() -> Vec<String> {
    let blocks = DOCUMENT.split("```jsonl\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

fn reasons(facts: &Facts) -> Vec<RejectReason> {
    facts.rejects.iter().map(|reject| reject.reason).collect()
}

#[test]
fn the_documents_examples_say_what_it_says_of_them() {
    let examples = examples();
    assert_eq!(examples.len(), 2);
    let (facts, agent) = decode(&examples[0]);
    assert_eq!((reasons(&facts), agent), (Vec::new(), Some(Agent::new("my-agent"))));
    let tokens: Vec<Tokens> = facts.sightings.iter().map(|request| request.tokens).collect();
    let first = Tokens { input: 1200, cache_read: 8000, output: 300, ..Tokens::default() };
    let second = Tokens { input: 90, cache_write_5m: 400, output: 120, reasoning: 60, ..Tokens::default() };
    assert_eq!(tokens, [first, second]);
    let who: Vec<Who> = facts.activities.iter().map(|activity| activity.who).collect();
    assert_eq!(who, [Who::Prompt, Who::Tool, Who::Agent, Who::Tool, Who::Agent]);
    let instants: Vec<i64> = facts.activities.iter().map(|activity| activity.at.seconds()).collect();
    assert_eq!(instants[4] - instants[0], 160);
    assert_eq!(facts.activities[3].proven_ms, 80_000);
    assert!(
        facts.activities.iter().all(|activity| facts.names.text(activity.dir.unwrap()) == "/home/dev/shop")
    );
    assert_eq!(facts.names.text(facts.sightings[1].branch.unwrap()), "main");

    let (facts, _) = decode(&examples[1]);
    assert_eq!(reasons(&facts), []);
    let name = |sym| facts.names.text(sym);
    let requests: Vec<_> = facts
        .sightings
        .iter()
        .map(|request| (name(request.session), name(request.dir.unwrap()), request.reported.unwrap()))
        .collect();
    let charged = |pico| Reported { usd: Usd(pico), meaning: Meaning::Charged };
    let expected = [
        ("c2a1", "/home/dev/shop/api", charged(1_025_000_000)),
        ("c2a1", "/home/dev/shop", charged(1_775_000_000)),
    ];
    assert_eq!(requests, expected);
    assert_ne!(facts.sightings[0].key, facts.sightings[1].key, "ids are unique in a session alone");
    assert_eq!(facts.plans.iter().map(|plan| plan.payer).collect::<Vec<_>>(), [Payer::Metered]);
}

const START: &str =
    r#"{"type":"start","v":1,"at":"2026-05-05T10:00:00Z","agent":"my-agent","session":"s","dir":"/a"}"#;

fn after_start(event: &str) -> Facts {
    decode(&format!("{START}\n{event}\n")).0
}

#[test]
fn what_an_event_lacks_is_told() {
    let at = r#""at":"2026-05-05T10:00:05Z""#;
    let cases = [
        (format!(r#"{{{at},"type":"activity","who":"agent"}}"#), None),
        (format!(r#"{{{at},"type":"new-in-version-2"}}"#), None),
        (format!(r#"{{{at}}}"#), Some(RejectReason::Shape)),
        (format!(r#"{{{at},"type":"activity","who":"me"}}"#), Some(RejectReason::Shape)),
        (r#"{"type":"activity","who":"agent"}"#.to_owned(), Some(RejectReason::NoInstant)),
        (format!(r#"{{{at},"type":"activity","who":"agent","session":"x"}}"#), Some(RejectReason::Shape)),
        (format!(r#"{{{at},"type":"usage","model":"m","output":1}}"#), Some(RejectReason::Shape)),
        (
            format!(r#"{{{at},"type":"usage","id":"1","output":1,"charged_usd":0.1}}"#),
            Some(RejectReason::Shape),
        ),
        (START.replace("\"v\":1", "\"v\":2"), Some(RejectReason::Shape)),
        (START.replace("my-agent", "other"), Some(RejectReason::Shape)),
        (START.replace("my-agent", "claude-code"), Some(RejectReason::Shape)),
    ];
    for (event, expected) in cases {
        assert_eq!(reasons(&after_start(&event)), Vec::from_iter(expected), "{event}");
    }
    let (facts, agent) = decode(&format!("{}\n", START.replace("my-agent", "claude-code")));
    assert_eq!((reasons(&facts), agent), (vec![RejectReason::Shape], None), "that agent has its own log");
    let ended = format!(r#"{{"type":"end",{at}}}"#);
    let late = format!("{ended}\n{{{at},\"type\":\"activity\",\"who\":\"agent\",\"session\":\"s\"}}");
    assert_eq!(reasons(&after_start(&late)), [RejectReason::Shape]);
}

#[test]
fn counts_and_qualities_are_as_said() {
    let usage = |more: &str| {
        let event = format!(
            r#"{{"type":"usage","at":"2026-05-05T10:00:05Z","id":"1","model":"m","input":5,"output":7,{more}"x":1}}"#
        );
        after_start(&event).sightings.remove(0)
    };
    assert_eq!(usage("").quality, Quality::Exact);
    assert_eq!(usage(r#""quality":"lower_bound","#).quality, Quality::LowerBound);
    assert_eq!(usage(r#""quality":"guess","#).quality, Quality::Estimated);
    for bad in [r#""cache_read":-1,"#, r#""cache_read":1.5,"#, r#""cache_read":"7","#, r#""reasoning":8,"#] {
        let request = usage(bad);
        assert!(request.terms.bad_usage && request.tokens.is_zero(), "{bad}");
    }
    assert_eq!(usage("").key, usage(r#""cache_read":9,"#).key, "the same request, told again");
}
