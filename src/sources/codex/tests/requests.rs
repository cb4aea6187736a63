//! Requests: records, running totals, terms, and who pays.

use super::*;
use crate::model::{Payer, Quality, Tier, Tokens};

const CONTEXT: &str = r#""cwd":"/home/dev/b","approval_policy":"never","model":"gpt-5.2""#;

fn record(ms: u64, thread: &str, response: &str, counts: (u64, u64)) -> String {
    let rest = format!(
        r#""thread_id":"{thread}","response_id":"{response}","usage":{},"turn_token_usage":{},"thread_token_usage":{}"#,
        usage(counts),
        usage((900, 90)),
        usage((9_000, 900)),
    );
    line(ms, "token_usage_record", &rest)
}

fn shown(facts: &Facts) -> Vec<(u64, u64, Quality)> {
    facts.sightings.iter().map(|look| (look.tokens.prompt(), look.tokens.output, look.quality)).collect()
}

#[test]
fn a_record_counts_and_its_twin_does_not() {
    let facts = decode(&[
        meta(0, "own", r#","model_provider":"openrouter","git":{"branch":"main"}"#),
        line(1, "turn_context", CONTEXT),
        record(2, "own", "r1", (100, 10)),
        count(3, (100, 10), (100, 10)),
        record(4, "other", "r2", (70, 7)),
        record(5, "own", "r3", (200, 20)),
        line(6, "compacted", r#""latest_token_usage_record":{"thread_id":"own","response_id":"r4"}"#),
    ]);
    assert_eq!(shown(&facts), [(100, 10, Quality::Exact), (200, 20, Quality::Exact)]);
    let look = &facts.sightings[0];
    let expected = Tokens { input: 80, cache_read: 20, output: 10, ..Tokens::default() };
    assert_eq!(look.tokens, expected);
    let text = |sym| facts.names.text(sym);
    assert_eq!((text(look.session), text(look.model)), ("own", "gpt-5.2"));
    assert_eq!(look.dir.map(text), Some("/home/dev/b"));
    assert_eq!((look.branch.map(text), look.provider.map(text)), (Some("main"), Some("openrouter")));
}

#[test]
fn counts_go_before_the_first_record_of_a_file() {
    let facts = decode(&[
        meta(0, "own", ""),
        count(1, (100, 10), (100, 10)),
        count(2, (250, 30), (150, 20)),
        record(3, "own", "r1", (60, 6)),
        count(4, (310, 36), (60, 6)),
    ]);
    let exact = [(100, 10), (150, 20), (60, 6)].map(|(a, b)| (a, b, Quality::Exact));
    assert_eq!(shown(&facts), exact);
}

#[test]
fn a_fork_without_any_sign_has_the_keys_of_its_parent_until_a_long_pause() {
    let parent = [meta(0, "parent", ""), count(1_000, (100, 10), (100, 10))];
    let fork = [
        meta(5_000, "fork", r#","forked_from_id":"parent""#),
        count(6_000, (100, 10), (100, 10)),
        count(7_000, (170, 17), (70, 7)),
        count(90_000, (230, 23), (60, 6)),
    ];
    let (parent, fork) = (decode(&parent), decode(&fork));
    let unsure = Quality::Estimated;
    assert_eq!(shown(&fork), [(100, 10, unsure), (70, 7, unsure), (60, 6, Quality::Exact)]);
    assert_eq!(fork.sightings[0].line, parent.sightings[0].line);
    assert_eq!(fork.sightings[0].message, parent.sightings[0].message);
}

#[test]
fn a_fork_by_reference_may_begin_with_its_parents_count() {
    let facts = decode(&[
        meta(0, "own", r#","forked_from_id":"parent","history_base":{"thread_id":"parent"}"#),
        count(1, (900, 90), (100, 10)),
        line(2, "response_item", r#""type":"reasoning""#),
        count(3, (960, 96), (60, 6)),
    ]);
    assert_eq!(shown(&facts), [(60, 6, Quality::Exact)]);
}

#[test]
fn a_count_without_a_total_is_an_estimate() {
    let lines = [meta(0, "own", ""), count(1, (1, 1), (100, 10)).replace("total_token_usage", "x")];
    assert_eq!(shown(&decode(&lines)), [(100, 10, Quality::Estimated)]);
}

#[test]
fn migration_adds_to_lines_and_not_to_keys() {
    let lines = [meta(0, "own", ""), count(1, (100, 10), (100, 10)), count(2, (250, 30), (150, 20))];
    let keys = |lines: &[String]| decode(lines).sightings.iter().map(|look| look.key).collect::<Vec<_>>();
    let migrated = lines.each_ref().map(|line| {
        let more = r#""cache_write_input_tokens":0,"output_tokens""#;
        line.replace(r#","type""#, r#","ordinal":7,"type""#).replace(r#""output_tokens""#, more)
    });
    assert_ne!(lines, migrated);
    assert_eq!(keys(&migrated), keys(&lines));
    // Old lines are cut away: what is left has the keys that it had.
    assert_eq!(keys(&[lines[0].clone(), lines[2].clone()]), keys(&lines)[1..]);
}

#[test]
fn subagents_belong_to_the_session_that_started_them() {
    let spawned = r#"{"subagent":{"thread_spawn":{"parent_thread_id":"parent","depth":1}}}"#;
    let old = meta(0, "own", "").replace(r#""cli""#, spawned);
    let cases = [
        (meta(0, "own", ""), "own"),
        (meta(0, "own", r#","session_id":"own""#), "own"),
        (meta(0, "own", r#","session_id":"root","parent_thread_id":"parent""#), "root"),
        (old.replace(r#""id""#, r#""parent_thread_id":"parent","id""#), "parent"),
        (old, "own"),
        (meta(0, "", r#","session_id":"root""#), "root"),
        (event(0, "context_compacted", ""), "claimed"),
    ];
    for (meta, expected) in cases {
        let facts = decode(&[meta.clone(), count(1, (100, 10), (100, 10))]);
        assert_eq!(facts.names.text(facts.sightings[0].session), expected, "{meta}");
    }
}

#[test]
fn the_tier_is_that_of_the_settings_in_force() {
    let settings = |tier: &str| {
        event(1, "thread_settings_applied", &format!(r#","thread_id":"own","thread_settings":{{{tier}}}"#))
    };
    let cases = [
        ("", Tier::Standard),
        (r#""service_tier":null"#, Tier::Standard),
        (r#""service_tier":"default""#, Tier::Standard),
        (r#""service_tier":"priority""#, Tier::Priority),
        (r#""service_tier":"fast""#, Tier::Priority),
        (r#""service_tier":"flex""#, Tier::Flex),
        (r#""service_tier":"gold""#, Tier::Other),
    ];
    for (tier, expected) in cases {
        let lines = [meta(0, "own", ""), settings(tier), record(2, "own", "r1", (10, 1))];
        assert_eq!(decode(&lines).sightings[0].terms.tier, expected, "{tier}");
    }
    let fast = settings(r#""service_tier":"priority""#);
    let lines = [meta(0, "own", ""), fast, settings(""), record(2, "own", "r1", (10, 1))];
    assert_eq!(decode(&lines).sightings[0].terms.tier, Tier::Standard, "settings are told whole");
}

#[test]
fn limits_tell_who_pays() {
    let limits = |rest: &str| event(1, "token_count", &format!(r#","info":null,"rate_limits":{{{rest}}}"#));
    let credits = r#","credits":{"has_credits":true,"unlimited":false}"#;
    let cases = [
        (r#""plan_type":"pro""#.to_owned(), Some(Payer::Subscription)),
        (format!(r#""plan_type":"plus"{credits}"#), Some(Payer::Subscription)),
        (format!(r#""plan_type":"plus","rate_limit_reached_type":"primary"{credits}"#), Some(Payer::Metered)),
        (r#""plan_type":"enterprise_cbp_usage_based""#.to_owned(), Some(Payer::Metered)),
        (r#""plan_type":null"#.to_owned(), None),
        (r#""plan_type":"unknown""#.to_owned(), None),
    ];
    for (rest, expected) in cases {
        let facts = decode(&[meta(0, "own", ""), limits(&rest), limits(&rest)]);
        let found: Vec<Payer> = facts.plans.iter().map(|plan| plan.payer).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{rest}");
    }
}

#[test]
fn numbers_that_cannot_be_are_held() {
    for number in ["-1", "1.5", "99999999999999", "\"7\""] {
        let broken =
            |line: String| line.replace(r#""output_tokens":10"#, &format!(r#""output_tokens":{number}"#));
        for line in [count(1, (100, 10), (100, 10)), record(1, "own", "r1", (100, 10))] {
            let facts = decode(&[meta(0, "own", ""), broken(line)]);
            let [look] = facts.sightings.as_slice() else { panic!("{number}") };
            assert!(look.terms.bad_usage && look.tokens.is_zero(), "{number}");
        }
    }
    let more = record(1, "own", "r1", (100, 10))
        .replace(r#""cached_input_tokens":20"#, r#""cached_input_tokens":101"#);
    assert!(decode(&[meta(0, "own", ""), more]).sightings[0].terms.bad_usage);
}

#[test]
fn packed_bytes_that_are_not_whole_give_nothing() {
    let lines =
        [meta(0, "own", ""), count(1, (100, 10), (100, 10)), count(2, (250, 30), (150, 20))].join("\n");
    let packed =
        ruzstd::encoding::compress_to_vec(lines.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let read = |bytes: &[u8]| {
        let mut facts = Facts::default();
        let result = Codex.decode_document(&mut Context::default(), bytes, &mut facts);
        (result, facts.sightings.len())
    };
    assert_eq!(read(&packed), (Ok(()), 2), "a last line without its newline is one");
    assert_eq!(read(&[packed.as_slice(), &packed].concat()).0, Ok(()), "two frames");
    for end in 1..packed.len() {
        assert_eq!(read(&packed[..end]), (Err(NotWhole), 0), "{end} of {}", packed.len());
    }
    assert_eq!(read(b"no zstd"), (Err(NotWhole), 0));
}
