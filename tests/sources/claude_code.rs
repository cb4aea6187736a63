//! Claude Code: recorded sessions against the truth of the mock that served them, and logs of other projects' tests.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use keitod::model::{Facts, Instant, MessageKey, Quality, RejectReason, RequestKey, Sighting, Tokens, Who};
use keitod::sources::{self, Context, Lines, Source};
use serde_json::Value;

const AGENT: &str = "claude-code";

fn source() -> &'static dyn Source {
    *sources::all().iter().find(|source| source.agent().as_str() == AGENT).expect("a source of Claude Code")
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn files_below(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

/// Decodes one file under the claim that its path below `root` gives; `None` if it is not claimed.
fn decode(root: &Path, path: &Path) -> Option<Facts> {
    let claim = source().claim(path.strip_prefix(root).unwrap())?;
    let mut facts = Facts::default();
    let mut context = Context { claim, ..Context::default() };
    source().decode(&mut context, Lines::new(&fs::read(path).unwrap(), 0), &mut facts);
    Some(facts)
}

/// Every claimed file below `root`.
fn decode_all(root: &Path) -> Vec<Facts> {
    let mut files = Vec::new();
    files_below(root, &mut files);
    files.iter().filter_map(|path| decode(root, path)).collect()
}

/// A request as the copies of its message tell it together.
#[derive(Debug)]
struct Seen {
    best: Sighting,
    model: String,
    sessions: HashSet<String>,
    is_lower_bound: bool,
}

/// Copies of a message meet under its key; the one with the largest output counts, marks make it a lower bound.
fn requests(all: &[Facts]) -> BTreeMap<MessageKey, Seen> {
    let mut found: BTreeMap<MessageKey, Seen> = BTreeMap::new();
    for facts in all {
        for sighting in &facts.sightings {
            let owner = facts.names.text(sighting.origin.unwrap_or(sighting.session)).to_owned();
            let model = facts.names.text(sighting.model).to_owned();
            let rank = |seen: &Sighting| (seen.tokens.output, seen.quality == Quality::Exact);
            let entry = found.entry(sighting.message).or_insert_with(|| Seen {
                best: sighting.clone(),
                model: model.clone(),
                sessions: HashSet::new(),
                is_lower_bound: false,
            });
            if rank(sighting) > rank(&entry.best) {
                (entry.best, entry.model) = (sighting.clone(), model);
            }
            entry.sessions.insert(owner);
        }
    }
    let marked: HashSet<MessageKey> =
        all.iter().flat_map(|facts| &facts.marks).map(|mark| mark.message).collect();
    for (message, seen) in &mut found {
        seen.is_lower_bound = seen.best.quality == Quality::LowerBound || marked.contains(message);
    }
    found
}

fn sum(found: &BTreeMap<MessageKey, Seen>) -> Tokens {
    let mut sum = Tokens::default();
    found.values().for_each(|seen| sum.add(&seen.best.tokens));
    sum
}

fn true_tokens(usage: &Value) -> Tokens {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    Tokens {
        input: number(&usage["input_tokens"]),
        cache_read: number(&usage["cache_read_input_tokens"]),
        cache_write_5m: number(&usage["cache_creation"]["ephemeral_5m_input_tokens"]),
        cache_write_1h: number(&usage["cache_creation"]["ephemeral_1h_input_tokens"]),
        output: number(&usage["output_tokens"]),
        reasoning: number(&usage["output_tokens_details"]["thinking_tokens"]),
    }
}

/// Each recorded scenario, `(version/name, its folder)`.
fn scenarios() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for version in ["2.1.29", "2.1.329"] {
        for entry in fs::read_dir(fixtures().join("recorded/claude-code").join(version)).unwrap() {
            let entry = entry.unwrap();
            found.push((format!("{version}/{}", entry.file_name().display()), entry.path()));
        }
    }
    found.sort();
    assert_eq!(found.len(), 17);
    found
}

fn projects(scenario: &Path) -> PathBuf {
    scenario.join("home/.claude/projects")
}

#[test]
fn recorded_sessions_agree_with_the_truth_to_the_token() {
    for (name, folder) in scenarios() {
        let truth: Value = serde_json::from_slice(&fs::read(folder.join("truth.json")).unwrap()).unwrap();
        let mut found = requests(&decode_all(&projects(&folder)));
        let (mut exact, mut partial) = (Tokens::default(), 0);
        for response in truth["responses"].as_array().unwrap() {
            // A refused request has no message and must not be seen at all: it would be left over in `found`.
            let Some(id) = response["id"].as_str() else { continue };
            let seen = found.remove(&MessageKey::new(AGENT, id));
            let place = format!("{name} response {}", response["n"]);
            if response["logged"] == "none" {
                assert!(seen.is_none(), "{place}: {seen:?}");
                continue;
            }
            let seen = seen.unwrap_or_else(|| panic!("{place} is not seen"));
            let truth = true_tokens(&response["usage"]);
            let request = response["request_id"].as_str().unwrap();
            assert_eq!(seen.best.key, RequestKey::with_request_id(AGENT, id, request), "{place}");
            assert!(seen.sessions.contains(response["session_id"].as_str().unwrap()), "{place}: {seen:?}");
            assert_eq!(seen.model, response["model"].as_str().unwrap(), "{place}");
            match response["logged"].as_str().unwrap() {
                "exact" => {
                    assert_eq!((seen.best.tokens, seen.is_lower_bound), (truth, false), "{place}");
                    exact.add(&seen.best.tokens);
                }
                "partial" => {
                    assert!(seen.is_lower_bound && truth.at_least(&seen.best.tokens), "{place}: {seen:?}");
                    partial += 1;
                }
                other => panic!("{place}: {other}"),
            }
        }
        assert!(found.is_empty(), "{name}: seen and never served: {found:?}");
        let known = &truth["summary"]["served_and_logged_exactly"];
        let totals = [exact.input, exact.cache_write(), exact.cache_read, exact.output];
        let keys = ["input_uncached", "cache_write", "cache_read", "output"];
        assert_eq!(totals.map(Some), keys.map(|key| known[key].as_u64()), "{name}");
        let all_partial = name.starts_with("2.1.29/");
        assert_eq!(
            partial > 0,
            all_partial || name.ends_with("errors") || name.ends_with("interactive"),
            "{name}"
        );
    }
}

#[test]
fn recorded_sessions_hold_no_line_that_cannot_be_read() {
    for (name, folder) in scenarios() {
        for facts in decode_all(&projects(&folder)) {
            assert!(facts.rejects.is_empty() && facts.lines > 0, "{name}: {:?}", facts.rejects);
        }
    }
}

#[test]
fn a_fork_names_the_session_that_made_the_request() {
    let folder = fixtures().join("recorded/claude-code/2.1.29/claude-fork");
    let found = requests(&decode_all(&projects(&folder)));
    // This version copies without a pointer back: the copies are told by the ledger, from the ids alone.
    assert!(found.values().any(|seen| seen.sessions.len() == 3));
    assert_eq!(found.len(), 6);
}

#[test]
fn nothing_of_what_was_said_is_in_the_facts() {
    let mut files = Vec::new();
    files_below(&fixtures().join("recorded/claude-code"), &mut files);
    let said = files.iter().filter(|path| path.extension().is_some_and(|ext| ext == "jsonl"));
    assert!(said.clone().any(|path| fs::read_to_string(path).unwrap().contains("_CANARY_")));
    for (name, folder) in scenarios() {
        for facts in decode_all(&projects(&folder)) {
            let shown = format!("{facts:?}");
            assert!(!shown.contains("CANARY") && !shown.contains("vendor text"), "{name}");
        }
    }
}

/// Who acted, in the order of the log, as `(millisecond of the minute, who)`.
fn who(facts: &Facts) -> Vec<(i64, Who)> {
    facts.activities.iter().map(|activity| (activity.at.millis() % 60_000, activity.who)).collect()
}

#[test]
fn a_typed_session_is_told_event_by_event() {
    let root = projects(&fixtures().join("recorded/claude-code/2.1.329/claude-interactive"));
    let all = decode_all(&root);
    use Who::{Agent, Prompt, Tool};
    let first = all.iter().find(|facts| facts.activities.len() > 3).unwrap();
    // The prompt that was queued while a tool ran (48.6), Esc (53.9) and the commands' own records are not there.
    assert_eq!(
        who(first),
        [
            (47_201, Prompt),
            (47_396, Agent),
            (47_429, Agent),
            (50_631, Tool),
            (50_751, Agent),
            (53_221, Prompt),
            (53_356, Agent),
            (55_763, Prompt),
            (55_865, Tool),
            (55_963, Agent),
        ]
    );
    // Nobody was asked for the one call, by a rule; the mode (acceptEdits) may ask, so turns prove nothing.
    assert_eq!(first.activities[3].proven_ms, 3_202);
    assert!(all.iter().all(|facts| facts.turns.is_empty()));
    let cleared = all.iter().find(|facts| facts.activities.len() <= 3).unwrap();
    assert_eq!(who(cleared), [(59_695, Prompt), (59_860, Agent)]);
    assert_eq!(cleared.names.text(cleared.activities[1].session), "d08488e9-169d-4d0d-aba5-9802de5ee486");
}

#[test]
fn a_scripted_session_has_no_person_and_its_notifications_are_tools() {
    let root = projects(&fixtures().join("recorded/claude-code/2.1.329/claude-background-agents"));
    let all = decode_all(&root);
    let of = |wanted: Who| all.iter().flat_map(|facts| &facts.activities).filter(|a| a.who == wanted).count();
    assert_eq!((of(Who::Script), of(Who::Prompt)), (1, 0));
    let sessions: HashSet<&str> =
        all.iter().flat_map(|facts| facts.activities.iter().map(|a| facts.names.text(a.session))).collect();
    assert_eq!(sessions.len(), 1, "subagents belong to the session that started them");
    let parent = all.iter().find(|facts| facts.activities.iter().any(|a| a.who == Who::Script)).unwrap();
    let tools = parent.activities.iter().filter(|activity| activity.who == Who::Tool);
    // Three results and two task notifications; nobody was asked, so each result proves its call's length.
    assert_eq!(tools.map(|activity| u32::from(activity.proven_ms > 0)).collect::<Vec<_>>(), [1, 1, 1, 0, 0]);
}

#[test]
fn a_killed_session_has_no_activity_at_the_filler_of_its_resume() {
    let root = projects(&fixtures().join("recorded/claude-code/2.1.329/claude-killed"));
    let filler = Instant::parse("2026-11-21T01:47:22.220Z").unwrap();
    let all = decode_all(&root);
    assert!(all.iter().all(|facts| facts.activities.iter().all(|activity| activity.at != filler)));
    assert!(all[0].activities.iter().any(|activity| activity.at > filler));
}

#[test]
fn the_directory_is_that_of_the_record() {
    let root = projects(&fixtures().join("recorded/claude-code/2.1.329/claude-directories"));
    let dirs: HashSet<String> = decode_all(&root)
        .iter()
        .flat_map(|facts| {
            facts
                .sightings
                .iter()
                .filter_map(|s| Some(facts.names.text(s.dir?).to_owned()))
                .collect::<Vec<_>>()
        })
        .collect();
    for dir in ["/home/dev/work/alpha", "/home/dev/work/beta", "/home/dev/work/alpha/sub"] {
        assert!(dirs.contains(dir), "{dirs:?}");
    }
    assert!(dirs.iter().any(|dir| dir.contains("/.claude/worktrees/agent-")), "{dirs:?}");
}

fn decode_loose(path: &str) -> Facts {
    let mut facts = Facts::default();
    let mut context = Context::default();
    context.claim.session = Some("by-path".into());
    let bytes = fs::read(fixtures().join("claude").join(path)).unwrap();
    source().decode(&mut context, Lines::new(&bytes, 0), &mut facts);
    facts
}

#[test]
fn a_real_session_of_1_0_98_counts_each_message_once() {
    let facts = decode_loose("lantern/1af7fc5e-8455-4414-9ccd-011d40f70b2a.jsonl");
    assert_eq!(facts.sightings.len(), 15);
    let found = requests(&[facts]);
    let total = sum(&found);
    let classes = (total.input, total.cache_write_5m, total.cache_read, total.output);
    assert_eq!((found.len(), classes), (7, (93, 12_698, 103_219, 953)));
    // Final though the stop reason is null: 322 and 285 grew from a placeholder. 41, 86 and 1 may be placeholders.
    let mut outputs: Vec<_> =
        found.values().map(|seen| (seen.best.tokens.output, seen.is_lower_bound)).collect();
    outputs.sort_unstable();
    assert_eq!(
        outputs,
        [(1, true), (41, true), (72, false), (86, true), (146, false), (285, false), (322, false)]
    );
}

#[test]
fn blocks_subagents_and_advisors_are_counted_as_their_projects_measured() {
    let all = decode_all(&fixtures().join("claude/urollup/derived-block-records-subagent/projects"));
    assert_eq!(all.len(), 2);
    let found = requests(&all);
    let mut counts: Vec<_> = found.values().map(|seen| (seen.best.tokens.output, seen.best.tokens)).collect();
    counts.sort_unstable_by_key(|count| count.0);
    let [(183, sub), (4_218, main)] = counts[..] else { panic!("{counts:?}") };
    assert_eq!((sub.input, sub.cache_write_5m, sub.cache_write_1h, sub.cache_read), (2, 13_471, 0, 36_199));
    assert_eq!((main.input, main.cache_write_5m, main.cache_write_1h, main.cache_read), (2, 0, 51, 900_721));
    assert!(found.values().all(|seen| !seen.is_lower_bound));

    let found = requests(&decode_all(&fixtures().join("claude/urollup/advisor-iterations/projects")));
    let advisor = found.values().find(|seen| seen.model == "claude-opus-4-5").unwrap();
    assert_eq!((advisor.best.tokens.input, advisor.best.tokens.output), (150_000, 7_200));
    let own = found.values().find(|seen| seen.best.tokens.output == 530).unwrap().best.tokens;
    assert_eq!((own.input, own.cache_write_5m, own.cache_read), (2, 8_100, 240_000));
    assert_eq!(found.len(), 3);
}

#[test]
fn small_logs_of_other_tests_are_read_or_rejected() {
    // (file, requests, activities, rejects)
    let cases: [(&str, usize, usize, &[RejectReason]); 9] = [
        ("agentsview/valid_session.jsonl", 2, 4, &[]),
        ("agentsview/tool_call_pending.jsonl", 1, 2, &[]),
        ("agentsview/truncated.jsonl", 1, 2, &[RejectReason::NotJson]),
        ("agentsview/queued_system_messages.jsonl", 0, 1, &[]),
        ("ccusage/projects/project-alpha/session-alpha/chat.jsonl", 3, 3, &[]),
        ("ccusage/projects/project-beta/session-beta/chat.jsonl", 2, 2, &[]),
        ("tokscale/projects/test-project/conversation.jsonl", 0, 3, &[]),
        ("toktrack/claude-sample.jsonl", 3, 4, &[RejectReason::NotJson]),
        ("toktrack/file1.jsonl", 1, 1, &[]),
    ];
    for (path, wanted, activities, rejects) in cases {
        let facts = decode_loose(path);
        let reasons: Vec<_> = facts.rejects.iter().map(|reject| reject.reason).collect();
        assert_eq!((facts.activities.len(), &reasons[..]), (activities, rejects), "{path}");
        assert_eq!(requests(&[facts]).len(), wanted, "{path}");
    }
}
