//! Lines, and what pointers find in them.

use super::*;
use crate::model::{RejectReason, Tokens};

fn declared(change: impl Fn(&mut Pointers)) -> Declared {
    let pointer = |text: &str| Some(text.to_owned());
    let mut pointers = Pointers {
        session: pointer("/session_id"),
        at: "/timestamp".to_owned(),
        who: pointer("/role"),
        request: pointer("/response/id"),
        model: pointer("/response/model"),
        cwd: pointer("/cwd"),
        input: pointer("/usage/in"),
        input_includes_cached: false,
        output_includes_reasoning: true,
        cache_read: pointer("/usage/cached"),
        cache_write: pointer("/usage/written"),
        reasoning: pointer("/usage/thought"),
        output: pointer("/usage/out"),
    };
    change(&mut pointers);
    let holds = |ending: &'static str| -> Box<dyn Fn(&Path) -> bool + Send + Sync> {
        Box::new(move |path: &Path| path.to_str().is_some_and(|path| path.ends_with(ending)))
    };
    Declared {
        agent: Agent::new("my-agent"),
        files: vec![
            Files { root: "/a".into(), holds: holds(".jsonl") },
            Files { root: "/b".into(), holds: holds(".log") },
        ],
        pointers,
        who: [("user", Who::Prompt), ("assistant", Who::Agent), ("1", Who::Tool)]
            .map(|(value, who)| (value.to_owned(), who))
            .into(),
    }
}

fn decode(source: &Declared, lines: &[&str]) -> Facts {
    let claim = source.claim_below(Path::new("/a"), Path::new("x/own.jsonl")).unwrap();
    let (mut context, mut facts) = (Context { claim, state: Vec::new() }, Facts::default());
    for line in lines {
        source.decode(&mut context, Lines::new(format!("{line}\n").as_bytes(), 0), &mut facts);
    }
    facts
}

const ANSWER: &str = r#"{"timestamp":1777975205.25,"role":"assistant","response":{"id":7,"model":"gpt-5"},"usage":{"in":100,"cached":40,"written":5,"thought":6,"out":20}}"#;

#[test]
fn a_line_is_read_by_its_pointers() {
    let source = declared(|_| {});
    let header = r#"{"session_id":"own-id","cwd":"/home/dev/shop"}"#;
    let prompt = r#"{"timestamp":"2026-05-05T10:00:00Z","role":"user"}"#;
    let facts =
        decode(&source, &[header, prompt, ANSWER, r#"{"role":"system"}"#, r#"{"timestamp":1,"role":1}"#]);
    assert_eq!(facts.rejects, []);
    let who: Vec<_> = facts.activities.iter().map(|activity| (activity.at.millis(), activity.who)).collect();
    let expected = [(1_777_975_200_000, Who::Prompt), (1_777_975_205_250, Who::Agent), (1000, Who::Tool)];
    assert_eq!(who, expected);
    let request = &facts.sightings[0];
    assert_eq!(request.tokens.classes(), [100, 40, 5, 0, 20]);
    let name = |sym| facts.names.text(sym);
    assert_eq!((name(request.session), name(request.model)), ("own-id", "gpt-5"));
    assert_eq!(name(request.dir.unwrap()), "/home/dev/shop");
    let again = decode(&source, &[header, &ANSWER.replace(r#""out":20"#, r#""out":25"#)]);
    assert_eq!(again.sightings[0].key, request.key, "the request's id says that it is the same");
}

#[test]
fn classes_are_made_disjoint_as_the_configuration_says() {
    let tokens = |change: fn(&mut Pointers), line: &str| {
        let request = decode(&declared(change), &[line]).sightings.remove(0);
        assert_eq!(request.terms.bad_usage, request.tokens.is_zero());
        request.tokens
    };
    let both = |pointers: &mut Pointers| {
        pointers.input_includes_cached = true;
        pointers.output_includes_reasoning = false;
    };
    assert_eq!(tokens(both, ANSWER).classes(), [55, 40, 5, 0, 26]);
    let more_cached = ANSWER.replace(r#""cached":40"#, r#""cached":400"#);
    assert_eq!(tokens(both, &more_cached), Tokens::default());
    for bad in ["-1", "1.5", "\"9\"", "[]"] {
        assert_eq!(
            tokens(|_| {}, &ANSWER.replace(r#""in":100"#, &format!(r#""in":{bad}"#))),
            Tokens::default()
        );
    }
}

#[test]
fn what_is_not_given_has_a_meaning_of_its_own() {
    let bare = declared(|pointers| (pointers.session, pointers.who, pointers.request) = (None, None, None));
    let facts = decode(&bare, &[ANSWER, ANSWER, &ANSWER.replace("05.25", "06.25"), r#"{"x":1}"#]);
    assert_eq!(facts.names.text(facts.sightings[0].session), "own", "the file's name");
    assert_eq!(facts.activities.len(), 3, "a line with counts is the model's");
    let keys: Vec<_> = facts.sightings.iter().map(|request| request.key).collect();
    assert_eq!(keys[0], keys[1], "an equal line is the same request");
    assert_ne!(keys[0], keys[2]);
    let reasons =
        |line| decode(&declared(|_| {}), &[line]).rejects.iter().map(|r| r.reason).collect::<Vec<_>>();
    assert_eq!(reasons(r#"{"role":"user"}"#), [RejectReason::NoInstant]);
    assert_eq!(reasons("[1]"), [RejectReason::Shape]);
    assert_eq!(reasons("{"), [RejectReason::NotJson]);
}

#[test]
fn a_glob_claims_below_its_own_root_alone() {
    let source = declared(|_| {});
    for (root, path, claimed) in
        [("/a", "x/y.jsonl", true), ("/a", "y.log", false), ("/b", "y.log", true), ("/b", "y.jsonl", false)]
    {
        assert_eq!(source.claim_below(Path::new(root), Path::new(path)).is_some(), claimed, "{root} {path}");
    }
}
