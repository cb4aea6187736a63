//! Logs of real programs through the real binary: files in a home, `keitod run`, the report, the records at Keito.
//!
//! Sessions recorded from Claude Code against a mock that knows what it served (`fixtures/recorded`), at once and as
//! they were written, and logs that other projects measured (`fixtures/claude`). Generated corpora of any size, with
//! their truth, are compared by hand with the same report: `keitod report --by day,model,session --json`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panic; their helpers are not seen as tests"
)]

mod aider;
mod any_agent;
mod cline;
mod codex;
mod copilot;
mod database;
mod explained;
mod gemini;
mod goose;
mod home;
mod keito;
mod kimi;
mod known;
mod live;
mod opencode;
mod others;
mod pi;
mod pool;
mod qwen;
mod records;
mod replay;
mod report;
mod rewrite;
mod scenario;
mod shaped;
mod silence;
mod time_alone;
mod totals;
mod vibe;
mod whole;
