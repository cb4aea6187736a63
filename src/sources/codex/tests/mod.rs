//! Lines, and what is read out of them.

mod activity;
mod requests;
mod trees;

use super::*;

/// A thread whose id tells when it was made.
fn id(ms: u64) -> String {
    let ms = 0x0001_9a00_0000_u64.wrapping_add(0x0190_0000_0000) + ms;
    format!("{:08x}-{:04x}-7000-8000-000000000000", ms >> 16, ms & 0xffff)
}

/// A line at so many milliseconds.
fn line(ms: u64, kind: &str, payload: &str) -> String {
    let (secs, ms) = (ms / 1000, ms % 1000);
    let (hours, minutes, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
    let (day, hours) = (1 + hours / 24, hours % 24);
    format!(
        r#"{{"timestamp":"2026-06-{day:02}T{hours:02}:{minutes:02}:{secs:02}.{ms:03}Z","type":"{kind}","payload":{{{payload}}}}}"#
    )
}

fn event(ms: u64, kind: &str, rest: &str) -> String {
    line(ms, "event_msg", &format!(r#""type":"{kind}"{rest}"#))
}

fn meta(ms: u64, thread: &str, rest: &str) -> String {
    line(ms, "session_meta", &format!(r#""id":"{thread}","cwd":"/home/dev/a","source":"cli"{rest}"#))
}

/// Input and output as a usage object; a fifth of the input is cached.
fn usage((input, output): (u64, u64)) -> String {
    let cached = input / 5;
    format!(r#"{{"input_tokens":{input},"cached_input_tokens":{cached},"output_tokens":{output}}}"#)
}

fn count(ms: u64, total: (u64, u64), last: (u64, u64)) -> String {
    let info =
        format!(r#","info":{{"total_token_usage":{},"last_token_usage":{}}}"#, usage(total), usage(last));
    event(ms, "token_count", &info)
}

fn decode(lines: &[String]) -> Facts {
    let mut facts = Facts::default();
    let claim = Codex.claim(Path::new("2026/06/01/rollout-2026-06-01T00-00-00-claimed.jsonl")).unwrap();
    let mut context = Context { claim, ..Context::default() };
    Codex.decode(&mut context, Lines::new((lines.join("\n") + "\n").as_bytes(), 0), &mut facts);
    facts
}
