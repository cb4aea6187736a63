//! Hours of a panel, also where the clock is set.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::axis::ticks;
use super::lanes::Panel;

fn labels(zone: &str, day: &str, from: &str, to: &str) -> Vec<String> {
    let second = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
    let zone = TimeZone::get(zone).unwrap();
    let panel = Panel { day: day.parse().unwrap(), range: (second(from), second(to)), lanes: Vec::new() };
    let found = ticks(&panel, &zone);
    assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0), "{found:?}");
    assert!(found.iter().all(|(at, _)| (panel.range.0..=panel.range.1).contains(at)), "{found:?}");
    found.into_iter().map(|(_, label)| label).collect()
}

#[test]
fn ticks_lie_on_whole_local_times() {
    let berlin = labels("Europe/Berlin", "2026-05-05", "2026-05-05T06:59:00Z", "2026-05-05T09:33:00Z");
    assert_eq!((berlin.first().unwrap().as_str(), berlin.len()), ("09:00", 11), "{berlin:?}");
    let kathmandu = labels("Asia/Kathmandu", "2026-05-05", "2026-05-05T03:10:00Z", "2026-05-05T09:33:00Z");
    assert!(kathmandu.iter().all(|label| label.ends_with(":00") || label.ends_with(":30")), "{kathmandu:?}");
    let seconds = labels("UTC", "2026-05-05", "2026-05-05T10:00:01Z", "2026-05-05T10:00:40Z");
    assert_eq!(seconds[0], "10:00:05");
    // The hour from two to three is not there, and that of the autumn comes twice.
    let spring = labels("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T04:00:00Z");
    assert!(spring.contains(&"01:30".to_owned()) && !spring.contains(&"02:30".to_owned()), "{spring:?}");
    let autumn = labels("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T03:00:00Z");
    assert_eq!(autumn.iter().filter(|label| *label == "02:00").count(), 2, "{autumn:?}");
}
