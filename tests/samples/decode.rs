//! The files as the source reads them, append by append.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use keitod::ledger::spans::{Event, Gaps, SpanKind, spans};
use keitod::model::{Facts, Instant, Quality};
use keitod::setup::samples::{ExpectedSession, HAIKU, expected, script};
use keitod::sources::{self, Context, Lines};

const GAPS: Gaps = Gaps { idle_ms: 300_000, tool_ms: 3_600_000 };

/// Reads whole lines after each append, as the daemon does.
fn decode(now: Instant, seed: u64) -> Facts {
    let home = Path::new("/home/sam");
    let source = sources::all().iter().find(|source| source.agent().as_str() == "claude-code").unwrap();
    let mut facts = Facts::default();
    let mut files: HashMap<PathBuf, (Vec<u8>, Context)> = HashMap::new();
    for append in script(now, home, seed) {
        let path = append.file.strip_prefix(home.join(".claude/projects")).unwrap().to_owned();
        let Some(claim) = source.claim(&path) else {
            assert!(path.to_str().unwrap().ends_with(".meta.json"), "{}", path.display());
            continue;
        };
        let (bytes, context) =
            files.entry(path).or_insert_with(|| (Vec::new(), Context { claim, state: Vec::new() }));
        bytes.extend(append.bytes);
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = bytes.drain(..whole).collect();
        source.decode(context, Lines::new(&lines, 0), &mut facts);
    }
    assert!(files.values().all(|(rest, _)| rest.is_empty()));
    facts
}

/// The requests of a session by what they say, sorted.
fn said(session: &ExpectedSession) -> Vec<(Instant, &str, [u64; 5])> {
    session.requests.iter().map(|request| (request.at, request.model, request.tokens.classes())).collect()
}

#[test]
fn the_source_reads_what_the_story_tells() {
    for seed in 0..20 {
        let facts = decode(super::noon(), seed);
        let truth = expected(super::noon(), seed);
        assert_eq!(facts.rejects, []);
        assert!(facts.turns.is_empty() && facts.marks.is_empty());

        let mut first: BTreeMap<u128, (String, Instant, &str, [u64; 5])> = BTreeMap::new();
        for look in &facts.sightings {
            assert_eq!(look.quality, Quality::Exact);
            let owner = facts.names.text(look.origin.unwrap_or(look.session)).to_owned();
            let known = first.entry(look.key.0).or_insert((
                owner.clone(),
                look.at,
                facts.names.text(look.model),
                look.tokens.classes(),
            ));
            assert_eq!((&known.0, known.3), (&owner, look.tokens.classes()));
            known.1 = known.1.min(look.at);
        }
        for session in &truth.sessions {
            let mut found: Vec<_> = first.values().filter(|of| of.0 == session.id).collect();
            found.sort();
            let found: Vec<_> = found.into_iter().map(|of| (of.1, of.2, of.3)).collect();
            assert_eq!(found, said(session), "{}", session.id);
        }
        assert_eq!(first.len(), truth.sessions.iter().map(|session| session.requests.len()).sum::<usize>());
    }
}

#[test]
fn the_rule_for_time_finds_the_stretches_that_the_story_tells() {
    let facts = decode(super::noon(), 3);
    let mut seen = BTreeSet::new();
    let mut events: BTreeMap<&str, Vec<Event>> = BTreeMap::new();
    // The copies stand in the file that was read later.
    for activity in &facts.activities {
        if seen.insert(activity.key.0) {
            let (at, key, who, proven_ms) = (activity.at, activity.key.0, activity.who, activity.proven_ms);
            let event = Event { at, key, who, dir: None, branch: None, proven_ms };
            events.entry(facts.names.text(activity.session)).or_default().push(event);
        }
    }
    assert!(seen.len() < facts.activities.len(), "nothing was copied");
    let truth = expected(super::noon(), 3);
    for session in &truth.sessions {
        let spans = spans(events.remove(session.id.as_str()).unwrap(), &[], GAPS, super::noon());
        let agent = spans.iter().filter(|span| span.kind == SpanKind::Agent);
        let agent: Vec<_> = agent.map(|span| (span.start, span.end)).collect();
        assert_eq!(agent, session.agent, "{}", session.id);
        assert!(session.seconds() > 60);
        assert!(spans.iter().all(|span| span.kind != SpanKind::Dropped), "{}", session.id);
    }
    assert!(events.is_empty());
}

#[test]
fn the_sums_are_those_worked_out_by_hand() {
    let truth = expected(super::noon(), 1);
    let (requests, tokens) = truth.sessions[0].tokens_of(HAIKU);
    assert_eq!((requests, tokens.classes()), (3, [21, 14_280, 11_231, 0, 1_470]));
    let seconds: Vec<u64> = truth.sessions.iter().map(ExpectedSession::seconds).collect();
    assert_eq!(seconds, [451, 121, 395, 412, 106]);
}
