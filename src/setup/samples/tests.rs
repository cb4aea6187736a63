use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::model::Instant;

fn now() -> Instant {
    Instant::parse("2025-11-20T12:00:00Z").unwrap()
}

fn files(script: &[Append]) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    for append in script {
        files.entry(append.file.clone()).or_default().extend(&append.bytes);
    }
    files
}

#[test]
fn a_script_is_a_function_of_its_arguments() {
    let of = |seed| script(now(), Path::new("/home/sam"), seed);
    assert_eq!(of(1), of(1));
    assert_ne!(files(&of(1)), files(&of(2)));
}

#[test]
fn it_takes_its_time_and_cuts_lines() {
    for seed in 0..50 {
        let script = script(now(), Path::new("/home/sam"), seed);
        assert!(script.windows(2).all(|pair| pair[0].after <= pair[1].after));
        let end = script.last().unwrap().after;
        assert!(end <= LENGTH && end > LENGTH - Duration::from_millis(200), "{end:?}");
        assert!(script.iter().all(|append| !append.bytes.is_empty()));
        let halves = script.iter().filter(|append| append.bytes.last() != Some(&b'\n')).count();
        assert!(halves > 10, "{halves} of {}", script.len());
    }
}

#[test]
fn lines_are_whole_in_the_end_and_lie_in_the_span_before_now() {
    for seed in 0..50 {
        let files = files(&script(now(), Path::new("/home/sam"), seed));
        assert_eq!(files.len(), 7);
        for (path, bytes) in files {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.ends_with('\n'), "{}", path.display());
            for line in text.lines() {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                if let Some(at) = line["timestamp"].as_str() {
                    let at = Instant::parse(at).unwrap();
                    assert!(at >= now().minus(SPAN) && at < now(), "{at}");
                }
            }
        }
    }
}

/// [`expected`] counts every gap that no person closed.
#[test]
fn only_a_call_that_nobody_had_to_allow_stays_open_for_longer_than_an_idle_gap() {
    let mut long = 0;
    for session in story::SESSIONS {
        for beats in session.threads() {
            for pair in beats.windows(2) {
                let silent = pair[1].lines().next().unwrap() - pair[0].lines().last().unwrap();
                match pair[1].what {
                    plan::What::Prompt(_) => {}
                    plan::What::Result(_) => long += u32::from(silent > 300_000),
                    _ => assert!(silent <= 300_000, "{} at {}", session.name, pair[1].at),
                }
            }
        }
    }
    assert_eq!(long, 1);
}

#[tokio::test]
async fn live_and_at_once_write_the_same() {
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut scripts = homes.each_ref().map(|home| script(now(), home.path(), 7));
    for append in &mut scripts[0] {
        append.after /= 100;
    }
    write_live(&scripts[0], tokio::time::Instant::now()).await.unwrap();
    write_all(&scripts[1]).unwrap();
    for script in &scripts {
        for (path, bytes) in files(script) {
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
    }
    assert!(write_all(&[Append { after: LENGTH, file: homes[0].path().join("."), bytes: vec![0] }]).is_err());
}
