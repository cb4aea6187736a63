//! A rehearsal prints what would leave, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::Place;

fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn a_rehearsal_is_what_is_sent_later() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    assert_eq!(place.run(&["run", "--once"]).0, 0);
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    keito.forget_requests();
    let before = files(&place.path("state"));
    let (code, out, err) = place.run(&["run", "--dry-run", "--json"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(keito.requests().len(), 0, "{:?}", keito.requests());
    assert!(before == files(&place.path("state")), "the state was touched");

    let (code, _, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 0, "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    let body = |request: &Value| (request["path"].as_str().unwrap().to_owned(), request["body"].to_string());
    let mut told: Vec<_> = document["requests"].as_array().unwrap().iter().map(body).collect();
    let sent = keito.asked("POST", "/api/v2/");
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap().to_string();
    let mut sent: Vec<_> =
        sent.iter().map(|request| (request.path.replace("/api/v2", ""), json(request.text()))).collect();
    told.sort();
    sent.sort();
    assert_eq!(told.len(), 2);
    assert_eq!(told, sent);
}
