//! Days in every zone of the tz database.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use super::Calendar;

const DAY: i64 = 86_400;

/// The days of a stretch, from the offsets alone: one second after the other where anything can change.
fn partitions(zone: &TimeZone, calendar: &Calendar, from: i64, to: i64, name: &str) -> Vec<(Date, i64, i64)> {
    let pieces = calendar.split(from, to);
    let local = |second: i64| zone.to_datetime(Timestamp::from_second(second).unwrap()).date();
    let mut at = from;
    for (day, start, end) in &pieces {
        assert_eq!(*start, at, "{name}: without gap or overlap");
        assert!(start < end, "{name}");
        for second in [*start, start + 1, start.midpoint(*end), end - 1] {
            let second = second.min(end - 1);
            assert_eq!((calendar.day(second), local(second)), (*day, *day), "{name} {second}");
        }
        at = *end;
    }
    assert_eq!(at, to, "{name}: all of it");
    let differ = |pair: &[(Date, i64, i64)]| pair[0].0 != pair[1].0;
    assert!(pieces.windows(2).all(differ), "{name}: {pieces:?}");
    pieces
}

/// What is strange about a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strange {
    /// Its midnight does not exist.
    NoMidnight,
    /// Its midnight comes twice.
    TwoMidnights,
    /// It begins, ends, and begins again.
    Resumed,
    /// It has other than 24 hours.
    Length,
    /// It never was.
    Skipped,
}

fn check(zone: &TimeZone, name: &str, around: i64, found: &mut BTreeSet<Strange>) {
    let calendar = Calendar::new(zone.clone());
    let (from, to) = (around - 2 * DAY, around + 2 * DAY);
    let pieces = partitions(zone, &calendar, from, to, name);
    // Days that are whole inside.
    let mut day = pieces[0].0.tomorrow().unwrap();
    let last = pieces[pieces.len() - 1].0;
    while day < last {
        let own: Vec<_> = pieces.iter().filter(|(of, ..)| *of == day).collect();
        let start = calendar.end_of(day.yesterday().unwrap());
        let Some((_, first, _)) = own.first() else {
            found.insert(Strange::Skipped);
            assert_eq!(start, calendar.end_of(day), "{name} {day}: a day that never was ends as it begins");
            day = day.tomorrow().unwrap();
            continue;
        };
        assert_eq!(calendar.day(start), day, "{name}: the start of a day is of that day");
        let begins = day.to_zoned(zone.clone()).unwrap();
        assert_eq!(start, begins.timestamp().as_second(), "{name} {day}");
        if own.len() == 1 {
            assert_eq!((*first, own[0].2), (start, calendar.end_of(day)), "{name} {day}");
        } else {
            found.insert(Strange::Resumed);
        }
        let midnight = zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0));
        if matches!(midnight.offset(), AmbiguousOffset::Fold { .. }) {
            found.insert(Strange::TwoMidnights);
        }
        if begins.time() != jiff::civil::Time::midnight() {
            found.insert(Strange::NoMidnight);
        }
        if own.iter().map(|(_, start, end)| end - start).sum::<i64>() != DAY {
            found.insert(Strange::Length);
        }
        day = day.tomorrow().unwrap();
    }
}

#[test]
fn days_partition_the_time_in_every_zone() {
    let database = TimeZoneDatabase::bundled();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let (from, until) = (at("2024-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
    let (mut zones, mut changes, mut found) = (0, 0, BTreeSet::new());
    for name in database.available() {
        let zone = database.get(name.as_str()).unwrap();
        check(&zone, name.as_str(), from.as_second(), &mut found);
        for change in zone.following(from).take_while(|change| change.timestamp() < until) {
            check(&zone, name.as_str(), change.timestamp().as_second(), &mut found);
            changes += 1;
        }
        // A stretch over all of it, as a session that never ends.
        let calendar = Calendar::new(zone.clone());
        let days = partitions(&zone, &calendar, from.as_second(), until.as_second(), name.as_str());
        assert!((1461..1464).contains(&days.len()), "{name}: {}", days.len());
        zones += 1;
    }
    assert!(zones > 590 && changes > 1000, "{zones} zones, {changes} changes");
    let expected = [Strange::NoMidnight, Strange::TwoMidnights, Strange::Length];
    assert!(expected.iter().all(|strange| found.contains(strange)), "{found:?}");
}

#[test]
fn days_partition_the_time_through_all_of_history() {
    let database = TimeZoneDatabase::bundled();
    let mut found = BTreeSet::new();
    for name in [
        "Africa/Cairo",
        "America/Goose_Bay",
        "America/Havana",
        "America/New_York",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Asia/Manila",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Kwajalein",
    ] {
        let zone = database.get(name).unwrap();
        let from = "1900-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
        let until = "2040-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
        for change in zone.following(from).take_while(|change| change.timestamp() < until) {
            check(&zone, name, change.timestamp().as_second(), &mut found);
        }
    }
    assert_eq!(found.len(), 5, "{found:?}");
}
