//! What an agent says of itself on standard input. Claude Code 2.1 writes one JSON object with `session_id`, `cwd`,
//! `workspace.current_dir`, `model.display_name` and `cost.total_cost_usd`, and closes its end; others may write nothing
//! and never close theirs, and a shell's standard input is a terminal.

use std::io::IsTerminal as _;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

/// What is longer than this is not an agent's word of itself; bytes.
const LIMIT: usize = 256 * 1024;
/// Longest id and path that are taken over; bytes.
const LONG: usize = 4096;

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) session: Option<String>,
    pub(super) dir: Option<String>,
    pub(super) model: Option<String>,
    /// What the agent says the session has cost so far, as a decimal in USD.
    pub(super) cost: Option<String>,
}

impl Given {
    /// Reads until the object is whole, standard input ends, or it is time.
    pub(super) fn read(end: Instant) -> Self {
        if std::io::stdin().is_terminal() {
            return Self::default();
        }
        let mut bytes = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        let input = rustix::stdio::stdin();
        while bytes.len() < LIMIT {
            let left = end.saturating_duration_since(Instant::now());
            let wait = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
            let mut ready = [PollFd::new(&input, PollFlags::IN)];
            // It is asked for once even when the time is over: what is there already costs nothing.
            if !matches!(poll(&mut ready, Some(&wait)), Ok(1..)) {
                break;
            }
            match rustix::io::read(input, &mut chunk[..]) {
                Ok(0) | Err(_) => break,
                Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            }
            // Whoever leaves its end open has said all when the object is whole.
            if bytes.trim_ascii_end().ends_with(b"}")
                && let Ok(said) = serde_json::from_slice(&bytes)
            {
                return Self::of(&said);
            }
            if left.is_zero() {
                break;
            }
        }
        Self::default()
    }

    fn of(said: &Value) -> Self {
        let text = |pointers: &[&str]| {
            let found = pointers.iter().filter_map(|at| said.pointer(at)?.as_str());
            found.map(str::to_owned).find(|text| !text.is_empty() && text.len() <= LONG)
        };
        let cost = said.pointer("/cost/total_cost_usd").filter(|cost| cost.is_number());
        Self {
            session: text(&["/session_id", "/sessionId", "/session/id"]),
            dir: text(&["/workspace/current_dir", "/cwd", "/workspace/project_dir"]),
            model: text(&["/model/display_name", "/model/id", "/model"]),
            cost: cost.map(Value::to_string),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_agents_say_is_found_and_nothing_else_is_believed() {
        let given = |text: &str| Given::of(&serde_json::from_str(text).unwrap());
        let whole = given(
            r#"{"hook_event_name":"Status","session_id":"s1","cwd":"/a","model":{"id":"claude-opus-4-6","display_name":"Opus"},
                "workspace":{"current_dir":"/a/b","project_dir":"/a"},"cost":{"total_cost_usd":0.01234,"total_duration_ms":45000}}"#,
        );
        let text = |word: &str| Some(word.to_owned());
        let expected =
            Given { session: text("s1"), dir: text("/a/b"), model: text("Opus"), cost: text("0.01234") };
        assert_eq!(whole, expected);
        assert_eq!(
            given(r#"{"model":"m","cwd":"/c"}"#),
            Given { model: text("m"), dir: text("/c"), ..Given::default() }
        );
        let long = format!(r#"{{"session_id":"{}"}}"#, "x".repeat(LONG + 1));
        for nothing in
            ["{}", "[1]", "7", r#"{"session_id":7,"cwd":null,"cost":{"total_cost_usd":"1"}}"#, &long]
        {
            assert_eq!(given(nothing), Given::default(), "{nothing:.40}");
        }
    }
}
