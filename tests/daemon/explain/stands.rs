//! On which record each second and each request is, or why on none.

use std::collections::BTreeMap;

use keitod::sandbox::ids;

use super::{COUNTS, deliver, explained, link, list};
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::Place;

/// Seconds and requests by status and reason.
type Stands = BTreeMap<String, (u64, u64)>;

fn stands(place: &Place, id: &str) -> Stands {
    let told = explained(place, id);
    let mut found = Stands::new();
    for stand in list(&told["totals"], "stands") {
        let reason = stand["reason"].as_str().map_or(String::new(), |reason| format!(" {reason}"));
        let sum = found.entry(format!("{}{reason}", stand["status"].as_str().unwrap())).or_default();
        sum.0 += stand["seconds"].as_u64().unwrap();
        sum.1 += stand["requests"].as_u64().unwrap();
    }
    found
}

/// `billed 120 1, open 0 1`.
fn parsed(text: &str) -> Stands {
    let stand = |part: &str| {
        let words: Vec<&str> = part.split(' ').collect();
        let (names, numbers) = words.split_at(words.len() - 2);
        (names.join(" "), (numbers[0].parse().unwrap(), numbers[1].parse().unwrap()))
    };
    text.split(", ").map(stand).collect()
}

#[test]
fn each_way_not_to_be_billed_has_its_word() {
    let review = "[delivery]\nreview = true\n";
    let exclude = "[[rule]]\npath = \"/home/dev/**\"\nexclude = true\n";
    // Config after the common part, where keys of tables that it has already are given as `table.key`.
    type Change = (&'static str, &'static str);
    let cases: &[(&str, &[Change], String, &str)] = &[
        ("delivered", &[], link(), "billed 120 1"),
        ("no link", &[], String::new(), "held unmapped 120 1"),
        ("excluded", &[], format!("{}{exclude}", link()), "excluded 120 1"),
        (
            "below the minimum",
            &[("min_seconds = 1", "min_seconds = 600")],
            link(),
            "below_min 120 0, billed 0 1",
        ),
        ("over the cap", &[("[time]", "[time]\nmax_seconds = 50")], link(), "billed 50 1, capped 70 0"),
        (
            "before the cut-off",
            &[("since = \"2020-01-01T00:00:00Z\"", "since = \"2026-01-05T10:01:00Z\"")],
            link(),
            "before_cutoff 60 0, billed 60 1",
        ),
        (
            "all of it before",
            &[("since = \"2020-01-01T00:00:00Z\"", "since = \"2026-02-01T00:00:00Z\"")],
            link(),
            "before_cutoff 120 1",
        ),
        ("no cost", &[], format!("{}[money]\ncost = \"off\"\n", link()), "billed 120 0, not_billed 0 1"),
        ("for review", &[("[delivery]\n", review)], link(), "held review 120 1"),
        (
            "no rate",
            &[],
            format!("{}[[money.rate]]\nfrom = \"2026-03-01\"\ncurrency = \"USD\"\nper_usd = \"1\"\n", link()),
            "billed 120 1",
        ),
    ];
    for (name, changes, more, expected) in cases {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        place.config(more);
        let path = place.path("keitod.toml");
        let mut text = std::fs::read_to_string(&path).unwrap();
        for (from, to) in *changes {
            assert!(text.contains(from), "{name}");
            text = text.replacen(from, to, 1);
        }
        std::fs::write(&path, text).unwrap();
        let mut talk = Talk::new(1, "/home/dev/work");
        place.append("one", &talk.exchange());
        deliver(&place);
        assert_eq!(stands(&place, &talk.id), parsed(expected), "{name}");
        assert_eq!(stands(&place, "2026-01-05"), parsed(expected), "{name}, by day");
    }
}

#[test]
fn work_without_an_account_is_due() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    place.key = None;
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("one", &(talk.exchange() + &talk.answer(130, COUNTS).replace("opus-4-6", "mystery-9")));
    deliver(&place);
    assert_eq!(stands(&place, &talk.id), parsed("held unpriced 0 1, open 130 1"));
    let told = explained(&place, &talk.id);
    let requests = list(&told["sessions"][0], "requests");
    assert_eq!(requests[0]["price"]["usd"], "0.0075");
    assert_eq!((&requests[1]["price"]["priced"], &requests[1]["cost_usd"]), (&false.into(), &().into()));
}

#[test]
fn a_second_of_two_sessions_is_one_ones() {
    for (account, expected) in [
        (true, ["billed 240 1", "billed 120 2, other_session 180 0"]),
        (false, ["open 240 1", "open 120 2, other_session 180 0"]),
    ] {
        let keito = Keito::start();
        let mut place = Place::new(&keito.origin);
        let path = place.path("keitod.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("[time]\n", "[time]\noverlap = \"all\"\n")).unwrap();
        if !account {
            place.key = None;
        }
        let (mut one, mut two) = (Talk::new(1, "/home/dev/work"), Talk::new(2, "/home/dev/work"));
        place.append("one", &(one.prompt(0) + &one.answer(240, COUNTS)));
        place.append("two", &(two.prompt(60) + &two.answer(300, COUNTS) + &two.answer(360, COUNTS)));
        deliver(&place);
        assert_eq!(stands(&place, &one.id), parsed(expected[0]));
        assert_eq!(stands(&place, &two.id), parsed(expected[1]));
    }
}

/// Directories of a home: a linked repository, one by a rule, one switched off, one broken, and none.
#[test]
fn each_place_says_what_led_there() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let dir = |name: &str, config: Option<(&str, String)>| {
        let dir = place.path(name);
        std::fs::create_dir_all(dir.join(".git")).unwrap();
        if let Some((file, text)) = config {
            std::fs::create_dir_all(dir.join(".keito")).unwrap();
            std::fs::write(dir.join(".keito").join(file), text).unwrap();
        }
        dir.canonicalize().unwrap().display().to_string()
    };
    let (project, task) = (ids::WEBSITE, ids::DEVELOPMENT);
    let file = format!(
        "version: 1\nclient_name: Acme\nproject_id: {project}\nproject_name: Website\ntask_id: {task}\ntask_name: Dev\nagent_tracking:\n  min_duration_seconds: 2\n"
    );
    let linked = dir("linked", Some(("config.yml", file.clone())));
    let ruled = dir("ruled", None);
    let off = dir("off", Some(("config.yml", format!("{file}  enabled: false\n"))));
    let renamed = dir("renamed", Some(("config.yml.disabled", file)));
    let broken = dir("broken", Some(("config.yml", "version: 1\n".to_owned())));
    let excluded = dir("excluded", None);
    place.config(&format!(
        "[[rule]]\npath = \"{excluded}\"\nexclude = true\n[[rule]]\npath = \"{ruled}\"\nproject_id = \"{}\"\ntask_id = \"{task}\"\n",
        ids::BILLING
    ));
    let cases = [
        (1, linked.as_str(), "directory keito_file", Some(project)),
        (2, &ruled, "directory rule 2", Some(ids::BILLING)),
        (3, &off, "directory keito_file_switched_off", None),
        (4, &renamed, "directory keito_file_disabled", None),
        (5, &broken, "directory mapping_error", None),
        (6, &excluded, "directory excluded_by_rule 1", None),
        (7, "/nowhere", "nothing nothing", None),
    ];
    let talks: Vec<Talk> = cases.iter().map(|(seed, dir, ..)| Talk::new(*seed, dir)).collect();
    for mut talk in talks {
        let id = talk.id.clone();
        place.append(&id, &talk.exchange());
    }
    // Work that goes on elsewhere, and a session that begins there.
    let mut moving = Talk::new(8, &linked).exchange();
    moving += &Talk::new(8, "/nowhere").answer(200, COUNTS).replace("800001", "80000f");
    place.append("moving", &moving);
    deliver(&place);
    for (seed, dir, expected, project) in cases {
        let id = Talk::new(seed, dir).id;
        let told = explained(&place, &id);
        let [found] = list(&told["sessions"][0], "places").as_slice() else { panic!("{told}") };
        let rule = found["rule"].as_u64().map_or(String::new(), |rule| format!(" {rule}"));
        let text = |key: &str| found[key].as_str().unwrap();
        assert_eq!(format!("{} {}{rule}", text("way"), text("by")), expected, "{found}");
        assert_eq!((found["directory"].as_str(), found["project"].as_str()), (Some(dir), project));
        let (_, said, _) = place.run(&["explain", &id]);
        assert!(said.contains("\nplaces\n1 "), "{said}");
    }
    let told = explained(&place, &Talk::new(8, "").id);
    let places = list(&told["sessions"][0], "places");
    let ways: Vec<_> = places.iter().map(|place| (&place["way"], &place["project"])).collect();
    assert_eq!(ways, [(&"directory".into(), &project.into()), (&"session_last".into(), &project.into())]);
    assert_eq!((&places[0]["project_name"], &places[0]["client_name"]), (&"Website".into(), &"Acme".into()));
    assert!(places[1]["file"].as_str().unwrap().ends_with("linked/.keito/config.yml"), "{}", places[1]);
}
