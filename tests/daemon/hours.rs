//! `overlap`, `entry` and `config set-zone`, from log files to what stands at Keito.

use keitod::sandbox::ids;
use serde_json::Value;

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::Place;

/// Two sessions side by side, 4 min and 5 min long, of which the first 3 min of the second are the first one's too.
fn parallel(place: &Place, dirs: [&str; 2]) {
    let counts = Counts { input: 10, output: 1, ..Counts::default() };
    let (mut one, mut two) = (Talk::new(1, dirs[0]), Talk::new(2, dirs[1]));
    place.append("one", &(one.prompt(0) + &one.answer(240, counts)));
    place.append("two", &(two.prompt(60) + &two.answer(300, counts) + &two.answer(360, counts)));
}

fn rules() -> String {
    let rule = |path: &str, project: &str| {
        format!(
            "[[rule]]\npath = \"{path}/**\"\nproject_id = \"{project}\"\ntask_id = \"{}\"\n",
            ids::DEVELOPMENT
        )
    };
    rule("/work/a", ids::WEBSITE) + &rule("/work/b", ids::BILLING)
}

fn with_time(place: &Place, keys: &str) {
    place.config(&rules());
    let path = place.path("keitod.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text.replace("[time]\n", &format!("[time]\n{keys}\n"))).unwrap();
}

/// Passes until nothing is sent any more.
fn deliver(place: &Place) {
    for _ in 0..10 {
        let (code, out, err) = place.run(&["run", "--once", "--json"]);
        assert_eq!(code, 0, "{err}");
        let pass: Value = serde_json::from_str(&out).unwrap();
        if pass["sent"] == 0 && pass["remaining"] == 0 {
            return;
        }
    }
    panic!("it does not come to rest");
}

/// Seconds of each entry by (project, day), and how many sessions it names.
fn entries(keito: &Keito) -> Vec<(String, String, u64, Option<u64>)> {
    let mut found: Vec<_> = keito
        .entries()
        .iter()
        .map(|entry| {
            let meta = entry.metadata.as_ref().unwrap();
            let number = |key: &str| meta.text(key).and_then(|text| text.parse::<u64>().ok());
            let seconds = number("duration_seconds").unwrap();
            (entry.project.clone(), entry.spent_date.to_string(), seconds, number("sessions"))
        })
        .collect();
    found.sort();
    found
}

fn seconds(keito: &Keito) -> Vec<u64> {
    let mut all: Vec<u64> = entries(keito).into_iter().map(|entry| entry.2).collect();
    all.sort_unstable();
    all
}

#[test]
fn parallel_sessions_share_their_time_as_configured() {
    let (a, b) = ("/work/a/x", "/work/b/x");
    for (keys, dirs, expected) in [
        ("overlap = \"sum\"", [a, a], [240, 300]),
        ("overlap = \"project\"", [a, a], [120, 240]),
        ("overlap = \"project\"", [a, b], [240, 300]),
        ("overlap = \"all\"", [a, b], [120, 240]),
    ] {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        with_time(&place, keys);
        parallel(&place, dirs);
        deliver(&place);
        assert_eq!(seconds(&keito), expected, "{keys} {dirs:?}");
        // A state that is gone finds all of it billed.
        std::fs::remove_dir_all(place.path("state")).unwrap();
        deliver(&place);
        assert_eq!(seconds(&keito), expected, "{keys} {dirs:?}, wiped");
        // A late event in both: only what nobody was billed for.
        let mut two = Talk::new(3, dirs[0]);
        place
            .append("three", &(two.prompt(200) + &two.answer(400, Counts { input: 1, ..Counts::default() })));
        deliver(&place);
        let more = match keys {
            "overlap = \"sum\"" => 200,
            "overlap = \"project\"" if dirs[0] != dirs[1] => 160,
            _ => 40,
        };
        assert_eq!(
            seconds(&keito).iter().sum::<u64>(),
            expected.iter().sum::<u64>() + more,
            "{keys} {dirs:?}"
        );
    }
}

#[test]
fn a_rule_narrows_its_own_links() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    with_time(&place, "");
    let path = place.path("keitod.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let rule = "path = \"/work/a/**\"\noverlap = \"project\"";
    std::fs::write(path, text.replace("path = \"/work/a/**\"", rule)).unwrap();
    parallel(&place, ["/work/a/x", "/work/a/y"]);
    let (mut three, mut four) = (Talk::new(3, "/work/b/x"), Talk::new(4, "/work/b/x"));
    place.append("three", &three.exchange());
    place.append("four", &four.exchange());
    deliver(&place);
    assert_eq!(seconds(&keito), [120, 120, 120, 240]);
}

#[test]
fn a_day_has_one_entry_for_each_link() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    with_time(&place, "entry = \"day\"");
    parallel(&place, ["/work/a/x", "/work/a/y"]);
    let mut other = Talk::new(3, "/work/b/x");
    place.append("three", &other.exchange());
    deliver(&place);
    let day = |project: &str, seconds, sessions| {
        (project.to_owned(), "2026-01-05".to_owned(), seconds, Some(sessions))
    };
    let mut expected = vec![day(ids::WEBSITE, 540, 2), day(ids::BILLING, 120, 1)];
    expected.sort();
    assert_eq!(entries(&keito), expected);
    // A session that comes later grows it, also after a loss of the state.
    std::fs::remove_dir_all(place.path("state")).unwrap();
    let mut late = Talk::new(4, "/work/a/z");
    place.append("four", &(late.prompt(1000) + &late.answer(1100, Counts { input: 1, ..Counts::default() })));
    deliver(&place);
    let mut expected = vec![day(ids::WEBSITE, 640, 3), day(ids::BILLING, 120, 1)];
    expected.sort();
    assert_eq!(entries(&keito), expected);
    std::fs::remove_dir_all(place.path("state")).unwrap();
    deliver(&place);
    assert_eq!(entries(&keito), expected);
}

#[test]
fn a_day_has_one_entry_in_which_a_second_of_parallel_sessions_is_once() {
    for (overlap, dirs, expected) in [
        ("project", ["/work/a/x", "/work/a/y"], vec![360]),
        ("all", ["/work/a/x", "/work/b/y"], vec![120, 240]),
        ("project", ["/work/a/x", "/work/b/y"], vec![240, 300]),
    ] {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        with_time(&place, &format!("entry = \"day\"\noverlap = \"{overlap}\""));
        parallel(&place, dirs);
        deliver(&place);
        assert_eq!(seconds(&keito), expected, "{overlap} {dirs:?}");
        // Neither a loss of the state nor what comes then bills a second anew.
        std::fs::remove_dir_all(place.path("state")).unwrap();
        let mut late = Talk::new(4, dirs[1]);
        let counts = Counts { input: 1, ..Counts::default() };
        place.append("four", &(late.prompt(300) + &late.answer(400, counts)));
        deliver(&place);
        let sum = |list: &[u64]| list.iter().sum::<u64>();
        assert_eq!(sum(&seconds(&keito)), sum(&expected) + 40, "{overlap} {dirs:?}");
    }
}

#[test]
fn a_shared_day_whose_logs_are_gone_with_the_state_waits_for_a_person() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    with_time(&place, "entry = \"day\"\noverlap = \"all\"");
    parallel(&place, ["/work/a/x", "/work/a/y"]);
    deliver(&place);
    assert_eq!(seconds(&keito), [360]);
    std::fs::remove_dir_all(place.path("state")).unwrap();
    std::fs::remove_file(place.log_of("one")).unwrap();
    let mut late = Talk::new(4, "/work/a/z");
    let counts = Counts { input: 1, ..Counts::default() };
    place.append("four", &(late.prompt(1000) + &late.answer(1100, counts)));
    deliver_held(&place);
    assert_eq!(seconds(&keito), [360], "which of the day's seconds the entry holds is not known");
    let (_, out, err) = place.run(&["queue", "list", "--state", "held", "--json"]);
    let queue: Value = serde_json::from_str(&out).unwrap();
    let rows = queue["items"].as_array().unwrap_or_else(|| panic!("{out}{err}"));
    let held: Vec<_> = rows.iter().filter(|row| row["reason"] == "unproven").collect();
    assert_eq!((held.len(), &held[0]["seconds"]), (1, &100.into()), "{queue}");
    let id = held[0]["id"].as_str().unwrap();
    let (code, _, err) = place.run(&["queue", "approve", id]);
    assert_eq!(code, 0, "{err}");
    deliver(&place);
    assert_eq!(seconds(&keito).iter().sum::<u64>(), 460);
}

#[test]
fn the_zone_changes_from_an_instant_on() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    deliver(&place);
    let set = |more: &[&str]| {
        let words = ["config", "set-zone", "Pacific/Auckland", "--from", "2026-01-05T11:00:00Z", "--json"];
        let (code, out, err) = place.run(&[&words[..], more].concat());
        assert_eq!(code, 0, "{err}");
        serde_json::from_str::<Value>(&out).unwrap()
    };
    // 120 s at 11:30 UTC, when it is after midnight in Auckland already, and not sent yet.
    let counts = Counts { input: 1, output: 1, ..Counts::default() };
    let mut two = Talk::new(2, "/home/dev/work");
    place.append("two", &(two.prompt(5400) + &two.answer(5520, counts)));
    let text = std::fs::read_to_string(place.path("keitod.toml")).unwrap();
    std::fs::write(place.path("keitod.toml"), text.replace("[delivery]\n", "[delivery]\nreview = true\n"))
        .unwrap();
    deliver_held(&place);
    let preview = set(&[]);
    assert_eq!(preview["state"], "preview", "{preview}");
    let days = &preview["zone"]["days"];
    assert_eq!((&days[0]["day"], &days[0]["seconds_before"]), (&"2026-01-05".into(), &120.into()), "{days}");
    assert_eq!((&days[1]["day"], &days[1]["seconds_after"]), (&"2026-01-06".into(), &120.into()), "{days}");
    let by_day = || {
        let (_, out, _) = place.run(&["report", "--json", "--by", "day"]);
        let report: Value = serde_json::from_str(&out).unwrap();
        let rows = report["rows"].as_array().unwrap().clone();
        rows.iter().map(|row| (row["day"].clone(), row["agent_seconds"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(by_day(), [("2026-01-05".into(), 240.into())], "a preview changes nothing");
    assert_eq!(set(&["--yes"])["state"], "set");
    let changed = [("2026-01-05".into(), 120.into()), ("2026-01-06".into(), 120.into())];
    assert_eq!(by_day(), changed);
    let (code, _, err) = place.run(&["config", "set-zone", "Atlantis/Capital", "--yes"]);
    assert_eq!(code, 2, "{err}");
    std::fs::write(place.path("keitod.toml"), text).unwrap();
    deliver(&place);
    let days: Vec<String> = entries(&keito).into_iter().map(|entry| entry.1).collect();
    assert_eq!(days, ["2026-01-05", "2026-01-06"]);
    // The decision outlives the state.
    std::fs::remove_dir_all(place.path("state")).unwrap();
    deliver(&place);
    assert_eq!((by_day(), entries(&keito).len()), (changed.to_vec(), 2));
}

/// A pass whose work stays held.
fn deliver_held(place: &Place) {
    let (code, _, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 0, "{err}");
}
