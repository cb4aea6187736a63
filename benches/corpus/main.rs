//! Writes the benches' session logs and what they hold.
//!
//! `cargo bench --bench corpus -- --home DIR --mb 1000 --seed 2` writes `DIR/.claude`, `DIR/.codex` and `DIR/truth.json`;
//! `--sessions 10000` asks for so many. Without `--home` nothing is written but a line that says so.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark ends where it must")]

#[path = "mod.rs"]
mod corpus;

use std::path::PathBuf;

fn main() {
    let mut home: Option<PathBuf> = None;
    let mut order = corpus::Order { bytes: 100 << 20, sessions: 0, seed: 1 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok()).unwrap();
        match word.as_str() {
            "--home" => home = words.next().map(PathBuf::from),
            "--mb" => order.bytes = number() * 1_000_000,
            "--sessions" => order.sessions = number(),
            "--seed" => order.seed = number(),
            // Cargo's own.
            _ => {}
        }
    }
    let Some(home) = home else {
        return println!("corpus: say where with `-- --home DIR [--mb N] [--sessions N] [--seed N]`");
    };
    let truth = corpus::write(&home, order).unwrap();
    std::fs::write(home.join("truth.json"), serde_json::to_vec_pretty(&truth.json()).unwrap()).unwrap();
    println!("{} files, {} lines, {} bytes below {}", truth.files, truth.lines, truth.bytes, home.display());
}
