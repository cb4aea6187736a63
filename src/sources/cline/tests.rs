//! Sessions and tasks, and what is read out of them.

use super::*;
use crate::model::{Meaning, Payer, Quality, Tokens, Usd, Who};
use crate::sources::properties::show;

fn session_of(beside: &str, messages: &[&str]) -> Facts {
    let path = Path::new("s1/s1.messages.json");
    let mut context = Context { claim: CLINE.claim(path).unwrap(), ..Context::default() };
    CLINE.inform(&mut context, path, &[beside.as_bytes().to_vec()]);
    let text = format!(r#"{{"version":1,"agent":"lead","messages":[{}]}}"#, messages.join(","));
    let mut facts = Facts::default();
    assert_eq!(CLINE.decode_document(&mut context, text.as_bytes(), &mut facts), Ok(()));
    facts
}

fn session(messages: &[&str]) -> Facts {
    session_of("", messages)
}

fn answer(provider: &str, metrics: &str) -> String {
    format!(
        r#"{{"id":"msg_a","role":"assistant","content":[],"ts":5000,"modelInfo":{{"id":"m","provider":"{provider}"}},"metrics":{{{metrics}}}}}"#
    )
}

const METRICS: &str =
    r#""inputTokens":100,"outputTokens":7,"cacheReadTokens":60,"cacheWriteTokens":30,"cost":0.25"#;

#[test]
fn a_message_with_counts_is_a_request_in_disjoint_classes() {
    let facts = session(&[&answer("cline", METRICS)]);
    let [look] = &facts.sightings[..] else { panic!("{facts:?}") };
    let tokens = Tokens { input: 10, cache_read: 60, cache_write_5m: 30, output: 7, ..Tokens::default() };
    assert_eq!((look.tokens, look.at.millis(), look.quality), (tokens, 5000, Quality::Exact));
    assert_eq!(facts.names.text(look.session), "s1");
    let charged = look.reported.unwrap();
    assert_eq!((charged.usd, charged.meaning), (Usd(250_000_000_000), Meaning::Charged));
    for bad in
        ["\"inputTokens\":80", "\"inputTokens\":-1", "\"inputTokens\":1e300", "\"inputTokens\":\"100\""]
    {
        let facts = session(&[&answer("cline", &METRICS.replace("\"inputTokens\":100", bad))]);
        let look = &facts.sightings[0];
        assert!(look.terms.bad_usage && look.tokens.is_zero(), "{bad}");
    }
}

#[test]
fn the_provider_tells_whose_list_applies_what_was_charged_and_who_pays() {
    type Case<'a> = (&'a str, Option<&'a str>, Option<Meaning>, Option<Payer>);
    let (charged, listed) = (Some(Meaning::Charged), Some(Meaning::Listed));
    let cases: [Case<'_>; 6] = [
        ("cline", Some("cline"), charged, Some(Payer::Metered)),
        ("openrouter", Some("openrouter"), charged, Some(Payer::Metered)),
        ("anthropic", Some("anthropic"), listed, Some(Payer::Metered)),
        ("openai-native", Some("openai"), listed, Some(Payer::Metered)),
        ("openai-codex", Some("openai-codex"), listed, Some(Payer::Subscription)),
        ("openai-compatible", Some("openai-compatible"), listed, Some(Payer::Metered)),
    ];
    for (provider, platform, meaning, payer) in cases {
        let facts = session(&[&answer(provider, METRICS)]);
        let look = &facts.sightings[0];
        assert_eq!(look.provider.map(|name| facts.names.text(name)), platform);
        assert_eq!(look.reported.map(|reported| reported.meaning), meaning, "{provider}");
        assert_eq!(facts.plans.first().map(|plan| plan.payer), payer, "{provider}");
    }
    let zero = METRICS.replace("0.25", "0");
    assert_eq!(session(&[&answer("cline", &zero)]).sightings[0].reported, None);
    // Claude Code's own log has these.
    let facts = session(&[&answer("claude-code", METRICS)]);
    assert_eq!((facts.sightings.len(), facts.activities.len()), (0, 1));
}

#[test]
fn who_speaks_is_told_by_the_blocks() {
    let user = |more: &str, content: &str| {
        format!(r#"{{"id":"u","role":"user","ts":4000{more},"content":{content}}}"#)
    };
    let text = r#"[{"type":"text","text":"x"}]"#;
    let result = |name: &str| format!(r#"[{{"type":"tool_result","name":"{name}"}}]"#);
    let cases = [
        (user("", text), Some(Who::Prompt)),
        (user("", "\"x\""), Some(Who::Prompt)),
        (user("", &result("run_commands")), Some(Who::Tool)),
        (user("", &result("ask_question")), Some(Who::Prompt)),
        (user(r#","metadata":{"kind":"compaction_summary"}"#, text), None),
        (user("", "[]"), None),
        (user("", text).replace("4000", "\"soon\""), None),
    ];
    for (message, expected) in cases {
        let facts = session(&[&message]);
        assert_eq!(facts.activities.first().map(|act| act.who), expected, "{message}");
    }
    let single = session_of(r#"{"interactive":false}"#, &[&user("", text)]);
    assert_eq!(single.activities[0].who, Who::Script);
}

#[test]
fn what_a_fork_copied_is_known_again() {
    let (mut keys, mut acts) = (Vec::new(), Vec::new());
    for name in ["s1", "s2"] {
        let path = PathBuf::from(format!("{name}/{name}.messages.json"));
        let mut context = Context { claim: CLINE.claim(&path).unwrap(), ..Context::default() };
        let started = if name == "s1" { "2026-01-01T00:00:00Z" } else { "2026-01-02T00:00:00Z" };
        let manifest = format!(
            r#"{{"started_at":"{started}","cwd":"/home/dev","metadata":{{"git":{{"branch":"main"}}}}}}"#
        );
        CLINE.inform(&mut context, &path, &[manifest.into_bytes()]);
        let mut facts = Facts::default();
        let text = format!(r#"{{"messages":[{}]}}"#, answer("anthropic", METRICS));
        CLINE.decode_document(&mut context, text.as_bytes(), &mut facts).unwrap();
        keys.push((facts.sightings[0].key, facts.sightings[0].message));
        acts.push(facts.activities[0].key);
        let named = |sym: Option<_>| sym.map(|sym| facts.names.text(sym));
        let look = &facts.sightings[0];
        assert_eq!((named(look.dir), named(look.branch)), (Some("/home/dev"), Some("main")));
        assert_eq!(facts.births[0].at, crate::model::Instant::parse(started).unwrap());
    }
    assert_eq!((keys[0], acts[0]), (keys[1], acts[1]));
}

#[test]
fn messages_without_ids_are_told_apart() {
    let message = answer("cline", METRICS).replace("\"id\":\"msg_a\",", "");
    let facts = session(&[&message, &message.replace("5000", "6000")]);
    assert_ne!(facts.sightings[0].message, facts.sightings[1].message);
    assert_ne!(facts.activities[0].key, facts.activities[1].key);
}

#[test]
fn what_a_session_took_over_from_a_task_is_the_tasks() {
    let warning = r#"{"role":"user","content":"Warning: this is a legacy conversation, which means tool names may have changed. Please"}"#;
    let later = answer("cline", METRICS).replace("msg_a", "msg_b");
    let facts = session(&[&answer("cline", METRICS), warning, &later]);
    assert_eq!(facts.sightings.len(), 1);
}

const MODEL: &str = r#""modelInfo":{"providerId":"anthropic","modelId":"m"},"#;

fn asked(ts: i64, more: &str, text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(r#"{{"ts":{ts},"type":"say",{more}"say":"api_req_started","text":{text}}}"#)
}

/// With Cline's metadata, mark, history and conversation beside it, or the others' item and conversation.
fn task_of<const N: usize>(source: &Cline, beside: [&str; N], entries: &[String]) -> Facts {
    let path = Path::new("t1/ui_messages.json");
    let mut context = Context { claim: source.claim(path).unwrap(), ..Context::default() };
    source.inform(&mut context, path, &beside.map(|text| text.as_bytes().to_vec()));
    let mut facts = Facts::default();
    let text = format!("[{}]", entries.join(","));
    assert_eq!(source.decode_document(&mut context, text.as_bytes(), &mut facts), Ok(()));
    facts
}

#[test]
fn what_the_prompts_count_holds_differs_by_program_version_and_provider() {
    let provider = |name: &str| format!(r#""modelInfo":{{"providerId":"{name}","modelId":"m"}},"#);
    let protocol = |name: &str| format!(r#""apiProtocol":"{name}","#);
    let (late, before, between) = (1_772_000_000_000, 1_750_000_000_000, 1_762_300_000_000);
    let cases = [
        (&CLINE, late, provider("anthropic"), "", [1000, 600, 100, 0, 9]),
        (&CLINE, late, provider("xai"), "", [400, 600, 0, 0, 9]),
        (&CLINE, late, String::new(), "", [1000, 600, 100, 0, 9]),
        (&ROO, late, String::new(), &*protocol("anthropic"), [300, 600, 100, 0, 9]),
        (&ROO, before, String::new(), &*protocol("anthropic"), [1000, 600, 100, 0, 9]),
        (&ROO, before, String::new(), &*protocol("openai"), [300, 600, 100, 0, 9]),
        (&ROO, late, String::new(), "", [1000, 600, 100, 0, 9]),
        (&ROO, between, String::new(), &*protocol("anthropic"), [300, 600, 100, 0, 9]),
        (&KILO_CODE, between, String::new(), &*protocol("anthropic"), [1000, 600, 100, 0, 9]),
    ];
    for (source, at, info, protocol, expected) in cases {
        let text =
            format!(r#"{{{protocol}"tokensIn":1000,"tokensOut":9,"cacheWrites":100,"cacheReads":600}}"#);
        let facts = task_of(source, [""; 4], &[asked(at, &info, &text)]);
        assert_eq!(facts.sightings[0].tokens.classes(), expected, "{} {at} {info} {protocol}", source.name);
    }
    let little = r#"{"apiProtocol":"anthropic","tokensIn":5,"tokensOut":9,"cacheReads":600}"#;
    let facts = task_of(&ROO, [""; 2], &[asked(late, "", little)]);
    assert_eq!(facts.sightings[0].tokens.classes(), [5, 600, 0, 0, 9], "less than the cached is no whole");
    let cases = [r#""tokensIn":-1"#, r#""tokensOut":1.5"#, r#""cacheReads":99999999999999"#];
    for bad in cases {
        let facts = task_of(&CLINE, [""; 4], &[asked(late, MODEL, &format!("{{{bad}}}"))]);
        assert!(facts.sightings[0].terms.bad_usage, "{bad}");
    }
}

#[test]
fn a_request_keeps_its_key_while_its_entry_is_filled_in() {
    let whole = r#"{"request":"x","tokensIn":10,"tokensOut":9,"cost":0.5}"#;
    let before = task_of(&CLINE, [""; 4], &[asked(5000, MODEL, r#"{"request":"x"}"#)]);
    assert_eq!((before.sightings.len(), before.activities.len()), (0, 1));
    let after = task_of(&CLINE, [""; 4], &[asked(5000, MODEL, whole), asked(6000, MODEL, whole)]);
    assert_eq!(before.activities[0].key, after.activities[0].key);
    assert_ne!(after.sightings[0].key, after.sightings[1].key);
    let cut = whole.replace('}', r#","cancelReason":"streaming_failed"}"#);
    let cut = task_of(&CLINE, [""; 4], &[asked(5000, MODEL, &cut)]);
    assert_eq!(
        (cut.sightings[0].key, cut.sightings[0].quality),
        (after.sightings[0].key, Quality::LowerBound)
    );
    let sum = asked(5000, MODEL, whole).replace("api_req_started", "subagent_usage");
    assert_eq!(task_of(&CLINE, [""; 4], &[sum]).sightings[0].quality, Quality::Estimated);
    let other = whole.replace("x", "[");
    assert!(task_of(&CLINE, [""; 4], &[asked(5000, MODEL, &other[1..])]).sightings.is_empty());
}

#[test]
fn model_and_directory_are_found_beside() {
    let counts = r#"{"tokensIn":10,"tokensOut":9}"#;
    let entries = [asked(5000, "", counts), asked(9000, "", counts)];
    let found = |facts: &Facts| {
        let name = |sym| facts.names.text(sym).to_owned();
        let looks = facts.sightings.iter();
        looks.map(|look| (name(look.model), look.dir.map(name))).collect::<Vec<_>>()
    };
    let is = |model: &str, dir: Option<&str>| (model.to_owned(), dir.map(str::to_owned));
    let used =
        r#"{"model_usage":[{"ts":9001,"model_id":"b","model_provider_id":"x"},{"ts":4999,"model_id":"a"}]}"#;
    let history =
        r#"[7,{"id":"t0","cwdOnTaskInitialization":"/no"},{"id":"t1","cwdOnTaskInitialization":"/home/a"}]"#;
    let facts = task_of(&CLINE, [used, "", history, ""], &entries);
    assert_eq!(found(&facts), [is("a", Some("/home/a")), is("b", Some("/home/a"))]);
    let told = |ts: i64, text: &str| {
        format!(
            r#"{{"role":"user","ts":{ts},"content":[{{"type":"text","text":"<environment_details>\n{text}</environment_details>"}}]}}"#
        )
    };
    let conversation = format!(
        "[{},{}]",
        told(5001, "<model>a</model>\\n# Current Workspace Directory (/home/b) Files\\nx\\n"),
        told(9002, "<model>b</model>")
    );
    let facts = task_of(&ROO, [r#"{"workspace":"/home/c"}"#, &conversation], &entries);
    assert_eq!(found(&facts), [is("a", Some("/home/c")), is("b", Some("/home/b"))]);
    let facts = task_of(&CLINE, ["", "", "", &conversation], &entries);
    assert_eq!(found(&facts), [is("a", Some("/home/b")), is("b", Some("/home/b"))], "an early version");
    let dateless = conversation.replace("\"ts\":", "\"when\":");
    let facts = task_of(&ROO, ["", &dateless], &entries);
    assert_eq!(found(&facts), [is("unknown", Some("/home/b")), is("unknown", Some("/home/b"))]);
    let facts = task_of(&ROO, ["", &dateless.replace("<model>b", "<model>a")], &entries);
    assert_eq!(found(&facts), [is("a", Some("/home/b")), is("a", Some("/home/b"))]);
    assert_eq!(found(&task_of(&ROO, [""; 2], &entries)), [is("unknown", None), is("unknown", None)]);
}

#[test]
fn what_was_told_of_a_conversation_does_not_outlive_it() {
    let counts = r#"{"tokensIn":10,"tokensOut":9}"#;
    let path = Path::new("t1/ui_messages.json");
    let mut context = Context { claim: ROO.claim(path).unwrap(), ..Context::default() };
    let told = r#"[{"role":"user","ts":5001,"content":"<environment_details><model>a</model>"}]"#;
    let beside = |conversation: &str| ["", conversation].map(|text| text.as_bytes().to_vec());
    ROO.inform(&mut context, path, &beside(told));
    // Now it is longer than what is read.
    ROO.inform(&mut context, path, &beside(""));
    let text = format!("[{},{}]", asked(5000, "", counts), asked(9000, "", counts));
    let mut facts = Facts::default();
    ROO.decode_document(&mut context, text.as_bytes(), &mut facts).unwrap();
    let models: Vec<_> = facts.sightings.iter().map(|look| facts.names.text(look.model)).collect();
    assert_eq!(models, ["a", "unknown"]);
}

#[test]
fn the_kind_of_an_entry_tells_who_acts() {
    let say = |name: &str| format!(r#"{{"ts":5000,"type":"say","say":"{name}","text":"x"}}"#);
    let ask = |name: &str| format!(r#"{{"ts":5000,"type":"ask","ask":"{name}"}}"#);
    let first = r#"{"ts":1000,"type":"say","say":"text"}"#.to_owned();
    let cases = [
        (say("user_feedback"), Some(Who::Prompt)),
        (say("text"), Some(Who::Agent)),
        (say("reasoning"), Some(Who::Agent)),
        (ask("followup"), Some(Who::Agent)),
        (ask("command"), Some(Who::Agent)),
        (say("command_output"), Some(Who::Tool)),
        (say("mcp_server_response"), Some(Who::Tool)),
        (ask("resume_task"), None),
        (say("checkpoint_created"), None),
        (say("hook_status"), None),
        (say("later"), None),
    ];
    for (entry, expected) in cases {
        let facts = task_of(&CLINE, [""; 4], &[first.clone(), entry.clone()]);
        let acts: Vec<_> = facts.activities.iter().map(|act| act.who).collect();
        let wanted: Vec<_> = [Who::Prompt].into_iter().chain(expected).collect();
        assert_eq!(acts, wanted, "{entry}");
    }
    let item = r#"{"id":"t1","rootTaskId":"t0"}"#;
    let facts = task_of(&ROO, [item, ""], &[first, say("text")]);
    assert_eq!(facts.activities.len(), 1, "what began it is the model's");
    assert_eq!(facts.names.text(facts.activities[0].session), "t0");
}

#[test]
fn what_a_session_wrote_back_into_a_task_is_the_sessions() {
    let counts = r#"{"tokensIn":10,"tokensOut":9}"#;
    let entries = [asked(5000, MODEL, counts), asked(9000, MODEL, counts)];
    let facts = task_of(&CLINE, ["", r#"{"baseUiMessageCount":1}"#, "", ""], &entries);
    assert_eq!(facts.sightings.len(), 1);
}

#[test]
fn a_document_that_grows_keeps_what_it_held() {
    for (document, folder) in [
        ("cline/extension/tasks/1763719200000/ui_messages.json", "tasks"),
        (
            "recorded/cline/3.0.65/tool-calls/home/.cline/data/sessions/1795225696081_nu59p/1795225696081_nu59p.messages.json",
            "sessions",
        ),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(document);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let messages = json.get("messages").unwrap_or(&json).as_array().unwrap().clone();
        let name = PathBuf::from(document.split_once(&format!("{folder}/")).unwrap().1);
        let mut facts_of = |count: usize| {
            let some = serde_json::Value::from(messages[..count].to_vec());
            match json.get_mut("messages") {
                Some(list) => *list = some,
                None => json = some,
            }
            let mut context = Context { claim: CLINE.claim(&name).unwrap(), ..Context::default() };
            let mut facts = Facts::default();
            CLINE.decode_document(&mut context, json.to_string().as_bytes(), &mut facts).unwrap();
            show(&facts)
        };
        let whole = facts_of(messages.len());
        assert!(whole.len() > 5);
        for count in 0..messages.len() {
            let some = facts_of(count);
            assert!(some.iter().all(|fact| whole.contains(fact)), "{count} of {document}");
        }
        for end in (0..text.trim_end().len()).step_by(97) {
            let cut = &text.as_bytes()[..end];
            let mut context = Context { claim: CLINE.claim(&name).unwrap(), ..Context::default() };
            assert_eq!(
                CLINE.decode_document(&mut context, cut, &mut Facts::default()),
                Err(NotWhole),
                "{end}"
            );
        }
    }
}
