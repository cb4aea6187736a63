//! `keitod explain`: every number of a record, a session or a day, from log files to the picture.

mod asking;
mod logs;
mod picture;
mod reasons;
mod records;
mod stands;

use keitod::sandbox::ids;
use serde_json::Value;

use crate::lines::Counts;
use crate::place::Place;

/// 1000 tokens in, 100 out: 0.0075 USD.
const COUNTS: Counts = Counts { input: 1000, cache_read: 0, write_5m: 0, write_1h: 0, output: 100 };

fn link() -> String {
    format!("[default]\nproject_id = \"{}\"\ntask_id = \"{}\"\n", ids::WEBSITE, ids::DEVELOPMENT)
}

/// Passes until nothing is sent any more.
#[track_caller]
fn deliver(place: &Place) {
    for _ in 0..10 {
        let (code, out, err) = place.run(&["run", "--once", "--json"]);
        assert_eq!(code, 0, "{out}{err}");
        if serde_json::from_str::<Value>(&out).unwrap()["sent"] == 0 {
            return;
        }
    }
    panic!("it does not come to rest");
}

#[track_caller]
fn json(place: &Place, words: &[&str]) -> Value {
    let (code, out, err) = place.run(words);
    assert_eq!(code, 0, "{words:?}: {err}");
    serde_json::from_str(&out).unwrap()
}

#[track_caller]
fn explained(place: &Place, id: &str) -> Value {
    json(place, &["explain", id, "--json"])
}

fn list<'a>(of: &'a Value, key: &str) -> &'a Vec<Value> {
    of[key].as_array().unwrap_or_else(|| panic!("no list {key} in {of}"))
}

fn sum(list: &[Value], key: &str) -> u64 {
    list.iter().map(|item| item[key].as_u64().unwrap()).sum()
}
