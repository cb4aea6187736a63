//! Random trees of forks and subagents, as each generation of the program writes them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::Quality;

/// How a fork is written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    /// Copies with their `session_meta`, turns without ids (0.98).
    Pause,
    /// Copies, turns with ids that tell their time (0.140).
    Turns,
    /// Copies, and settings and records that name their thread (0.153).
    Named,
    /// By reference (0.169).
    Base,
}

/// One request: its counts, how often the total is repeated, and whether an estimate follows.
#[derive(Debug, Clone)]
struct Asked {
    counts: (u64, u64),
    repeats: usize,
    estimate: bool,
    begins_turn: bool,
}

/// A thread: its parent among those before, how many of that one's lines it took over, and what it asked itself.
#[derive(Debug, Clone)]
struct Thread {
    parent: prop::sample::Index,
    taken: prop::sample::Index,
    asked: Vec<Asked>,
}

fn asked() -> impl Strategy<Value = Asked> {
    ((5..40u64, 1..5u64), 0..3usize, prop::bool::weighted(0.2), any::<bool>()).prop_map(
        |((input, output), repeats, estimate, begins_turn)| Asked {
            counts: (input * 5, output),
            repeats,
            estimate,
            begins_turn,
        },
    )
}

fn thread() -> impl Strategy<Value = Thread> {
    let parts =
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::collection::vec(asked(), 1..6));
    parts.prop_map(|(parent, taken, asked)| Thread { parent, taken, asked })
}

/// A rollout, and the running total after each of its lines.
struct Written {
    thread: String,
    lines: Vec<(String, (u64, u64))>,
    own: (u64, u64),
}

/// The line at another instant: the timestamp is of fixed width and comes first.
fn again(ms: u64, line: &str) -> String {
    let stamp = self::line(ms, "", "");
    let end = stamp.find("\",\"type\"").unwrap();
    format!("{}{}", &stamp[..end], &line[end..])
}

/// Writes a tree; the threads come in the order of their birth.
fn write(style: Style, threads: &[Thread]) -> Vec<Written> {
    let mut now = 1_000;
    let mut done: Vec<Written> = Vec::new();
    for (number, thread) in threads.iter().enumerate() {
        now += 60_000;
        let own = id(now);
        let mut lines = Vec::new();
        let mut total = (0, 0);
        if number == 0 {
            lines.push((meta(now, &own, ""), total));
        } else {
            let parent = &done[thread.parent.index(done.len())];
            let taken = 1 + thread.taken.index(parent.lines.len());
            let base = if style == Style::Base { r#","history_base":{"thread_id":"x"}"# } else { "" };
            lines.push((meta(now, &own, &format!(r#","forked_from_id":"{}"{base}"#, parent.thread)), total));
            total = parent.lines[taken - 1].1;
            if style != Style::Base {
                lines
                    .extend(parent.lines[..taken].iter().map(|(line, total)| (again(now + 3, line), *total)));
            }
        }
        let mut used = (0, 0);
        for (index, asked) in thread.asked.iter().enumerate() {
            if asked.begins_turn || index == 0 {
                now += 5_000;
                lines.extend(turn(style, now, &own).into_iter().map(|line| (line, total)));
                let repeated = count(now, total, (5, 1));
                lines.extend((index > 0).then_some((repeated, total)));
            }
            now += 900;
            used = (used.0 + asked.counts.0, used.1 + asked.counts.1);
            let said = r#""type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]"#;
            lines.push((line(now, "response_item", said), total));
            if matches!(style, Style::Named | Style::Base) {
                let record = format!(
                    r#""thread_id":"{own}","response_id":"resp_{number}_{index}","usage":{}"#,
                    usage(asked.counts)
                );
                lines.push((line(now, "token_usage_record", &record), total));
            }
            // Who forks in between goes on from the total that was told.
            total = (total.0 + asked.counts.0, total.1 + asked.counts.1);
            for _ in 0..=asked.repeats {
                lines.push((count(now + 1, total, asked.counts), total));
            }
            if asked.estimate {
                lines.push((count(now + 2, total, (0, 0)), total));
            }
        }
        done.push(Written { thread: own, lines, own: used });
    }
    done
}

fn turn(style: Style, now: u64, thread: &str) -> Vec<String> {
    let context = r#""cwd":"/home/dev/a","approval_policy":"never","model":"gpt-5.2""#;
    match style {
        Style::Pause => vec![line(now, "turn_context", context)],
        Style::Turns => {
            let turn = format!(r#","turn_id":"{}""#, id(now));
            vec![event(now, "task_started", &turn), line(now, "turn_context", &format!("{context}{turn}"))]
        }
        Style::Named | Style::Base => vec![
            event(
                now,
                "thread_settings_applied",
                &format!(r#","thread_id":"{thread}","thread_settings":{{}}"#),
            ),
            line(now, "turn_context", context),
        ],
    }
}

proptest! {
    /// Files are decoded one by one, so this holds with the parents and without them.
    #[test]
    fn each_thread_has_what_it_asked_itself(
        style in prop::sample::select(vec![Style::Pause, Style::Turns, Style::Named, Style::Base]),
        threads in prop::collection::vec(thread(), 1..7),
    ) {
        let mut keys = BTreeMap::new();
        let written = write(style, &threads);
        for file in &written {
            let lines: Vec<String> = file.lines.iter().map(|(line, _)| line.clone()).collect();
            let facts = decode(&lines);
            prop_assert_eq!(&facts.rejects, &[]);
            let mut sum = (0, 0);
            for look in &facts.sightings {
                prop_assert_eq!(look.quality, Quality::Exact);
                prop_assert_eq!(facts.names.text(look.session), file.thread.as_str());
                prop_assert!(keys.insert(look.key, &file.thread).is_none(), "one request, one key");
                sum = (sum.0 + look.tokens.prompt(), sum.1 + look.tokens.output);
            }
            prop_assert_eq!(sum, file.own, "{:?} {}", style, file.thread);
        }
    }
}
