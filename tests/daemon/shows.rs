//! Without an account: a pass over one's own logs into the embedded Keito, and the demo.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lines::Talk;
use crate::place::{Place, told};

#[test]
fn a_pass_into_the_embedded_keito() {
    let mut place = Place::new("http://127.0.0.1:9");
    place.key = None;
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let (code, out, err) = place.run(&["run", "--sandbox", "--once", "--json"]);
    assert_eq!(code, 0, "{err}");
    let pass: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&pass["sent"], &pass["failed"], &pass["remaining"]), (&2.into(), &0.into(), &0.into()));
    assert!(!place.path("state").exists(), "the real state was touched");
}

/// A zone in which it is three minutes after midnight now.
fn just_after_midnight() -> String {
    let now = keitod::daemon::time::now().seconds().rem_euclid(86_400);
    let ahead = (180 - now).rem_euclid(86_400);
    // POSIX counts west as positive; offsets up to 24 h.
    format!("XXX-{:02}:{:02}:{:02}", ahead / 3600, ahead / 60 % 60, ahead % 60)
}

#[test]
fn the_demo_shows_every_sample() {
    let place = Place::new("http://127.0.0.1:9");
    for zone in ["UTC".to_owned(), just_after_midnight()] {
        let begun = Instant::now();
        let output = place.command(&["demo", "--json"]).env("TZ", &zone).output().unwrap();
        let (code, out, err) = told(&output);
        assert_eq!(code, 0, "{zone}: {err}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{zone}: {:?}", begun.elapsed());
        for word in ["unpriced", "unmapped"] {
            assert!(out.contains(word), "{zone}: no {word} in {out}");
        }
        let document: Value = serde_json::from_str(&out).unwrap();
        assert!(document["schema_version"].is_u64(), "{zone}: {out}");
    }
}
