//! Every decoder over broken copies of its fixtures: the short form of `fuzz/`, the same each time.
//!
//! `KEITOD_FUZZ_COUNT` (per source) and `KEITOD_FUZZ_SEED` make it longer or another.

#[path = "../../fuzz/holds.rs"]
mod holds;
#[path = "../../fuzz/inputs.rs"]
mod inputs;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fastrand::Rng;
use keitod::sources::all;

/// Larger ones cost more than they show.
const LARGEST: usize = 48 << 10;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Numbers and words that programs stumble over.
const PIECES: &[&[u8]] = &[
    b"-1",
    b"0",
    b"1.5",
    b"1e300",
    b"99999999999999999999",
    b"1099511627776",
    b"null",
    b"\"\"",
    b"{}",
    b"[]",
    b"\0",
    b"\xff",
    b"\"\\ud800\"",
    b"true",
    b"\"2026-13-45T99:00:00Z\"",
    b"9223372036854775807",
    b"\n",
    b"\r\n",
    b"}\n{",
];

/// One to four small things done to an input.
fn broken(random: &mut Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..random.usize(1..=4) {
        let at = random.usize(0..=bytes.len());
        let end = (at + random.usize(0..40)).min(bytes.len());
        match random.u8(0..8) {
            0 if at < bytes.len() => bytes[at] = random.u8(..),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.truncate(at),
            3 => {
                drop(bytes.splice(
                    at..end,
                    random.choice(PIECES).into_iter().flat_map(|piece| piece.iter().copied()),
                ))
            }
            4 | 5 => value(random, &mut bytes, at),
            6 => moved(random, &mut bytes),
            _ => {
                let from = random.usize(0..=other.len());
                let until = (from + random.usize(0..2000)).min(other.len());
                drop(bytes.splice(at..at, other[from..until].iter().copied()));
            }
        }
    }
    bytes
}

/// Replaces the next JSON value behind a colon.
fn value(random: &mut Rng, bytes: &mut Vec<u8>, at: usize) {
    let Some(colon) = bytes[at..].iter().position(|byte| *byte == b':').map(|found| at + found + 1) else {
        return;
    };
    let length = bytes[colon..].iter().position(|byte| matches!(byte, b',' | b'}' | b'\n')).unwrap_or(0);
    let piece = random.choice(PIECES).copied().unwrap_or_default();
    drop(bytes.splice(colon..colon + length, piece.iter().copied()));
}

/// Copies a line to another place, or moves it there.
fn moved(random: &mut Rng, bytes: &mut Vec<u8>) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.len() < 3 {
        return;
    }
    let (from, to) = (random.usize(1..lines.len()), random.usize(1..lines.len()));
    let line = if random.bool() { lines.remove(from) } else { lines[from].clone() };
    lines.insert(to.min(lines.len()), line);
    *bytes = lines.concat();
}

#[test]
fn broken_logs_of_every_agent_are_read_as_they_should_be() {
    let (count, seed) = (number("KEITOD_FUZZ_COUNT", 150), number("KEITOD_FUZZ_SEED", 1));
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for source in all() {
        let agent = source.agent();
        let mut inputs = inputs::of(*source, &fixtures);
        inputs.retain(|input| input.len() <= LARGEST);
        assert!(!inputs.is_empty(), "{agent} has fixtures");
        inputs.iter().for_each(|input| holds::holds(*source, input));
        for number in 0..count {
            let mut random = Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(number));
            let (one, other) = (random.usize(0..inputs.len()), random.usize(0..inputs.len()));
            let input = broken(&mut random, &inputs[one], &inputs[other]);
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| holds::holds(*source, &input))) {
                let path = std::env::temp_dir().join(format!("keitod-{agent}-{seed}-{number}"));
                std::fs::write(&path, &input).unwrap();
                let said = panic.downcast_ref::<String>().map_or("", String::as_str);
                panic!("{agent}: seed {seed}, number {number}, kept as {}: {said}", path.display());
            }
        }
    }
}

#[test]
fn what_fuzzing_has_found_stays_mended() {
    let queued =
        |at: &str| format!("{{\"type\":\"queue-operation\",\"timestamp\":\"{at}\",\"sessionId\":\"s\"}}\n");
    let births_out_of_order =
        format!("p/s.jsonl\n{}{}", queued("2026-11-21T01:48:48Z"), queued("2026-11-21T01:47:22Z"));
    let source = all().iter().find(|source| source.agent().as_str() == "claude-code").unwrap();
    holds::holds(*source, births_out_of_order.as_bytes());
}

#[test]
fn every_source_has_its_fuzz_target() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml");
    let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
    let targets =
        manifest["bin"].as_array().unwrap().iter().filter(|bin| bin["path"].as_str() == Some("decoder.rs"));
    let mut targets: Vec<&str> = targets.map(|bin| bin["name"].as_str().unwrap()).collect();
    targets.sort_unstable();
    let agents: Vec<_> = all().iter().map(|source| source.agent()).collect();
    let mut agents: Vec<&str> = agents.iter().map(|agent| agent.as_str()).collect();
    agents.sort_unstable();
    assert_eq!(targets, agents, "a `[[bin]]` in fuzz/Cargo.toml for each source");
}
