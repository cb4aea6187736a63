//! The picture: well-formed, alone, and with the seconds of the document.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::{COUNTS, deliver, explained};
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::Place;

fn drawn(place: &Place, id: &str) -> String {
    let (code, picture, err) = place.run(&["explain", id, "--timeline", "-"]);
    assert_eq!(code, 0, "{err}");
    picture
}

/// Seconds by fill, as the rectangles say them.
fn seconds(picture: &Document<'_>) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for rect in picture.descendants().filter(|node| node.has_attribute("data-seconds")) {
        let seconds: u64 = rect.attribute("data-seconds").unwrap().parse().unwrap();
        *found.entry(rect.attribute("class").unwrap().to_owned()).or_default() += seconds;
    }
    found
}

/// Nothing that runs, nothing from elsewhere.
#[track_caller]
fn stands_alone(picture: &Document<'_>) {
    let root = picture.root_element();
    assert_eq!(root.tag_name().namespace(), Some("http://www.w3.org/2000/svg"));
    let known = ["svg", "title", "style", "defs", "pattern", "rect", "circle", "text", "line", "path"];
    for node in picture.descendants().filter(Node::is_element) {
        assert!(known.contains(&node.tag_name().name()), "{:?}", node.tag_name());
        for attribute in node.attributes() {
            assert!(attribute.namespace().is_none() && !attribute.name().starts_with("on"), "{attribute:?}");
            assert!(!attribute.name().contains("href"), "{attribute:?}");
        }
    }
    let style = picture.descendants().find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "style")));
    let style = style.unwrap().text().unwrap();
    assert!(!style.contains("@import") && !style.replace("url(#", "").contains("url("), "{style}");
}

/// Where rectangles of time begin and end lie inside the picture, in the order of their time.
#[track_caller]
fn fits(picture: &Document<'_>) {
    for rect in picture.descendants().filter(|node| node.has_attribute("data-seconds")) {
        let tenths = |name: &str| {
            let text = rect.attribute(name).unwrap();
            let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
            whole.parse::<i64>().unwrap() * 10 + part.parse::<i64>().unwrap()
        };
        let (x, width) = (tenths("x"), tenths("width"));
        assert!(x >= 2500 && width > 0 && x + width <= 11_770, "{x} {width}");
    }
}

#[test]
fn a_day_with_everything_in_it() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut one = Talk::new(1, "/home/dev/<b>&\\\"a'\u{202e}b");
    let lines = [
        one.prompt(0),
        one.answer(120, COUNTS),
        one.prompt(1320),
        one.answer(1400, COUNTS),
        one.tool(3800, 2400),
        one.answer(6000, COUNTS),
        one.answer(6001, COUNTS),
    ];
    place.append(&one.id, &lines.concat());
    let sub = one.answer(60, COUNTS).replace("\"isSidechain\":false", "\"isSidechain\":true");
    let dir = place.path(".claude/projects/-work").join(&one.id).join("subagents");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("agent-<a&1>.jsonl"), sub).unwrap();
    let mut two = Talk::new(2, "/home/dev/work");
    place.append("two", &two.exchange());
    deliver(&place);
    let picture = drawn(&place, "2026-01-05");
    let parsed = Document::parse(&picture).unwrap();
    stands_alone(&parsed);
    fits(&parsed);
    let totals = &explained(&place, "2026-01-05")["totals"];
    let expected: BTreeMap<String, u64> =
        [("billed", 120 + 80 + 2400 + 1 + 120), ("human", 1200), ("dropped", 2200)]
            .map(|(fill, seconds)| (fill.to_owned(), seconds))
            .into();
    assert_eq!(seconds(&parsed), expected);
    assert_eq!(totals["counted_seconds"], expected["billed"]);
    let text: String = parsed.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect();
    for wanted in [
        "Monday, 2026-01-05",
        "10:00",
        "11:30",
        "agent-<a&1>",
        "at work, on a record 45:21",
        "not counted 36:40",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains('\u{202e}'));
    let (code, out, err) =
        place.run(&["explain", "2026-01-05", "--timeline", place.path("day.svg").to_str().unwrap()]);
    assert_eq!((code, out.trim_end()), (0, place.path("day.svg").to_str().unwrap()), "{err}");
    assert_eq!(std::fs::read_to_string(place.path("day.svg")).unwrap(), picture);
    let (code, _, err) = place.run(&["explain", "2026-01-05", "--timeline", "/nowhere/day.svg"]);
    assert_eq!(code, 8, "{err}");
}

#[test]
fn a_session_over_midnight_has_two_days() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    place.key = None;
    let mut talk = Talk::new(1, "/home/dev/work");
    let midnight = 14 * 3600;
    let lines = [
        talk.prompt(midnight - 200),
        talk.answer(midnight + 50, COUNTS),
        talk.prompt(midnight + 3 * 86_400),
        talk.answer(midnight + 3 * 86_400 + 60, COUNTS),
    ];
    place.append("one", &lines.concat());
    deliver(&place);
    let picture = drawn(&place, &talk.id);
    let parsed = Document::parse(&picture).unwrap();
    stands_alone(&parsed);
    fits(&parsed);
    let days = parsed.descendants().filter(|node| node.attribute("class") == Some("day"));
    let days: Vec<&str> = days.filter_map(|node| node.text()).collect();
    // The days in the middle of the wait show nothing.
    assert_eq!(days, ["Monday, 2026-01-05", "Tuesday, 2026-01-06", "Friday, 2026-01-09"]);
    assert_eq!(seconds(&parsed)["waits"], 310);
}

#[test]
fn an_expense_is_a_picture_of_its_requests() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    deliver(&place);
    let id = keito.expenses()[0].metadata.as_ref().unwrap().text("keitod_id").unwrap();
    let picture = drawn(&place, &id);
    let parsed = Document::parse(&picture).unwrap();
    stands_alone(&parsed);
    assert!(seconds(&parsed).is_empty());
    assert!(parsed.descendants().any(|node| node.attribute("class") == Some("request")), "{picture}");
}
