//! Cut, torn and random files.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

/// All Claude logs among the fixtures.
fn fixture_logs() -> Vec<Vec<u8>> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "jsonl") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut paths = Vec::new();
    walk(&root.join("claude"), &mut paths);
    walk(&root.join("recorded/claude-code"), &mut paths);
    paths.sort();
    assert!(paths.len() > 40, "fixtures are there");
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn claimed() -> Context {
    Context { claim: Claim { session: Some("file".into()) }, ..Context::default() }
}

/// Decodes `bytes` cut after the newlines for which `cut` says so, the context going through its stored form.
fn in_chunks(bytes: &[u8], mut cut: impl FnMut() -> bool) -> Vec<String> {
    let mut context = claimed();
    let mut shown = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes).map(|at| at + 1) {
        if cut() {
            shown.extend(show(&decode_in(&mut context, &bytes[start..end], start as u64)));
            start = end;
        }
    }
    shown.extend(show(&decode_in(&mut context, &bytes[start..], start as u64)));
    shown.sort();
    shown
}

#[test]
fn any_cut_of_a_file_gives_the_same_facts() {
    for (index, bytes) in fixture_logs().iter().enumerate() {
        let whole = in_chunks(bytes, || false);
        assert_eq!(in_chunks(bytes, || true), whole, "line by line");
        let mut random = fastrand::Rng::with_seed(index as u64);
        for _ in 0..8 {
            assert_eq!(in_chunks(bytes, || random.u8(..) < 60), whole);
        }
    }
}

#[test]
fn a_prefix_holds_nothing_that_the_whole_does_not() {
    for bytes in fixture_logs() {
        let whole = in_chunks(&bytes, || false);
        let ends: Vec<usize> = memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1).collect();
        for end in ends {
            let mut rest = whole.iter();
            for fact in in_chunks(&bytes[..end], || false) {
                assert!(rest.any(|known| *known == fact), "{fact}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), state in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut context = Context { state, ..claimed() };
        decode_in(&mut context, &bytes, u64::MAX / 2);
    }

    #[test]
    fn lines_made_of_json_pieces_read_the_same_however_cut(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60), cuts in any::<u64>()) {
        let text = pieces.concat() + "\n";
        let whole = in_chunks(text.as_bytes(), || false);
        let mut random = fastrand::Rng::with_seed(cuts);
        prop_assert_eq!(in_chunks(text.as_bytes(), || random.bool()), whole);
    }

    #[test]
    fn broken_real_lines_are_read_or_rejected(at in any::<prop::sample::Index>(), line in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let logs = fixture_logs();
        let lines: Vec<&[u8]> = logs.iter().flat_map(|log| log.split(|byte| *byte == b'\n')).filter(|line| !line.is_empty()).collect();
        let mut bytes = line.get(&lines).to_vec();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at); } else { bytes[at] = byte; }
        bytes.push(b'\n');
        let facts = decode_in(&mut claimed(), &bytes, 0);
        prop_assert!(facts.sightings.len() + facts.rejects.len() <= 3);
    }
}

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\n",
    "null",
    "true",
    "-1",
    "1.5",
    "1e400",
    "\\ud800",
    "\u{feff}",
    "\0",
    "\"type\":",
    "\"assistant\"",
    "\"user\"",
    "\"system\"",
    "\"progress\"",
    "\"message\":",
    "\"usage\":",
    "\"content\":",
    "\"data\":",
    "\"sessionId\":\"s\"",
    "\"timestamp\":\"2026-11-21T10:00:00Z\"",
    "\"uuid\":\"u\"",
    "\"id\":\"t\"",
    "\"output_tokens\":",
    "\"iterations\":",
    "\"tool_use\"",
    "\"tool_result\"",
    "\"tool_use_id\":\"t\"",
    "\"toolUseResult\":",
    "\"durationMs\":",
    "\"permissionMode\":\"dontAsk\"",
    "\"subtype\":\"turn_duration\"",
    "{\"type\":\"assistant\",\"sessionId\":\"s\",\"timestamp\":\"2026-11-21T10:00:00Z\",\"message\":{\"id\":\"m\",\"usage\":{\"output_tokens\":7}}}\n",
    "{\"type\":\"user\",\"sessionId\":\"s\",\"timestamp\":\"2026-11-21T10:00:00Z\",\"permissionMode\":\"dontAsk\",\"message\":{\"content\":\"go\"}}\n",
    "{\"type\":\"assistant\",\"sessionId\":\"s\",\"timestamp\":\"2026-11-21T10:00:00Z\",\"message\":{\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"Bash\"}]}}\n",
    "{\"type\":\"user\",\"sessionId\":\"s\",\"timestamp\":\"2026-11-21T10:09:00Z\",\"message\":{\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t\"}]}}\n",
    "{\"type\":\"system\",\"subtype\":\"turn_duration\",\"durationMs\":9,\"sessionId\":\"s\",\"timestamp\":\"2026-11-21T10:09:00Z\"}\n",
];
