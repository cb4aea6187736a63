//! Chats and journals, and what is read out of them.

use super::*;
use crate::model::Who;

const CHAT: &str = r#"{"version":3,"sessionId":"own","requests":[{"requestId":"r1","timestamp":1777975200000,"message":{"text":"x"},"result":{"timings":{"firstProgress":900,"totalElapsed":12500}},"modelId":"copilot/gpt-5"},{"requestId":"r2","timestamp":1777975300000},{"requestId":"r3"}]}"#;

fn journal() -> String {
    let lines = [
        r#"{"kind":0,"v":{"version":3,"sessionId":"own","requests":[]}}"#,
        r#"{"kind":2,"k":["requests"],"v":[{"requestId":"r1","timestamp":1777975200000}]}"#,
        r#"{"kind":2,"k":["requests",0,"response"],"v":[{"value":"x"}]}"#,
        r#"{"kind":1,"k":["requests",0,"result"],"v":{"timings":{"totalElapsed":12500}}}"#,
        r#"{"kind":2,"k":["requests"],"v":[{"requestId":"r2","timestamp":1777975300000}]}"#,
        r#"{"kind":1,"k":["requests",9,"result"],"v":{"timings":{"totalElapsed":1}}}"#,
        r#"{"kind":1,"k":["customTitle"],"v":"x"}"#,
    ];
    lines.join("\n") + "\n"
}

const WORKSPACE: &[u8] = br#"{"folder":"file:///home/dev/my%20shop"}"#;

fn read(path: &str, bytes: &str) -> Facts {
    let path = Path::new(path);
    let mut context = Context { claim: CopilotVsCode.claim(path).unwrap(), ..Context::default() };
    let mut facts = Facts::default();
    if !CopilotVsCode.beside(path).is_empty() {
        CopilotVsCode.inform(&mut context, path, &[WORKSPACE.to_vec()]);
    }
    match CopilotVsCode.shape(path) {
        Shape::Document => CopilotVsCode.decode_document(&mut context, bytes.as_bytes(), &mut facts).unwrap(),
        _ => CopilotVsCode.decode(&mut context, Lines::new(bytes.as_bytes(), 0), &mut facts),
    }
    facts
}

#[test]
fn a_chat_and_its_journal_say_the_same() {
    let chat = read("0af/chatSessions/own.json", CHAT);
    let lines = read("0af/chatSessions/own.jsonl", &journal());
    assert_eq!((chat.rejects.len(), lines.rejects.len()), (0, 0));
    let acts = |facts: &Facts| {
        let acts = facts.activities.iter().map(|act| (act.at.millis() - 1_777_975_200_000, act.who, act.key));
        acts.collect::<Vec<_>>()
    };
    assert_eq!(acts(&chat), acts(&lines));
    let who: Vec<_> = acts(&chat).into_iter().map(|(at, who, _)| (at, who)).collect();
    assert_eq!(who, [(0, Who::Prompt), (12_500, Who::Agent), (100_000, Who::Prompt)]);
    assert!(chat.sightings.is_empty() && lines.sightings.is_empty());
    assert_eq!(chat.names.text(chat.activities[0].dir.unwrap()), "/home/dev/my shop");
    assert_eq!(read("own.json", CHAT).activities[0].dir, None, "no folder is open");
}

#[test]
fn chats_are_claimed_and_folders_of_other_machines_are_none() {
    for (path, session) in [
        ("0af/chatSessions/own.json", Some("own")),
        ("own.jsonl", Some("own")),
        ("0af/chatSessions/own.txt", None),
        ("0af/state.vscdb", None),
        ("0af/other/own.json", None),
        ("../own.json", None),
    ] {
        let claim = CopilotVsCode.claim(Path::new(path)).map(|claim| claim.session);
        assert_eq!(claim, session.map(|session| Some(session.to_owned())), "{path}");
    }
    for (folder, expected) in [
        ("file:///a/b", Some("/a/b")),
        ("vscode-remote://ssh-remote%2Bx/a", None),
        ("file:///a%zz", None),
        ("file:///a%2", None),
        ("", None),
    ] {
        let bytes = format!(r#"{{"folder":"{folder}"}}"#);
        assert_eq!(place::folder(bytes.as_bytes()).as_deref(), expected, "{folder}");
    }
}
