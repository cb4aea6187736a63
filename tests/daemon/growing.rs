//! A session that grows has one entry that grows with it.

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::Place;

#[test]
fn a_growing_session_is_one_entry_and_its_cost_is_exact() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    let counts = Counts { input: 1003, cache_read: 20_011, write_5m: 707, write_1h: 309, output: 501 };
    place.append("live", &(talk.prompt(0) + &talk.answer(200, counts)));
    let service = place.start();
    service.settle();
    for step in 2..=4 {
        place.append("live", &talk.answer(200 * step, counts));
        service.settle();
    }
    let posts = keito.asked("POST", "/api/v2/time_entries");
    let patches = keito.asked("PATCH", "/api/v2/time_entries/");
    assert_eq!((posts.len(), patches.len()), (1, 3), "{posts:?} {patches:?}");
    let entries = keito.entries();
    assert_eq!(entries.len(), 1);
    // 800 s are 0.2222 h.
    assert_eq!(entries[0].hours.to_string(), "0.22");
    assert_eq!(entries[0].metadata.as_ref().unwrap().text("duration_seconds").unwrap(), "800");
    // One request: (1003 × 5 + 20011 × 0.5 + 707 × 6.25 + 309 × 10 + 501 × 25) / 10⁶ = 0.03505425 USD; four of them:
    // 0.140217, sent as 0.0351 first and then as what is missing of the sum rounded to four decimals.
    let sum: rust_decimal::Decimal = keito.expenses().iter().map(|expense| expense.total_cost.value()).sum();
    assert_eq!(sum.to_string(), "0.1402", "{:?}", keito.expenses());
    assert_eq!(keito.expenses()[0].total_cost.to_string(), "0.0351");
}

const COUNTS: Counts = Counts { input: 1000, cache_read: 0, write_5m: 0, write_1h: 0, output: 100 };

/// Seconds of each entry, in the order of their making.
fn seconds(keito: &Keito) -> Vec<u64> {
    let of = |entry: keitod::sandbox::Entry| {
        entry.metadata.as_ref().unwrap().text("duration_seconds").unwrap().parse().unwrap()
    };
    keito.entries().into_iter().map(of).collect()
}

/// Entries that a person edited are in `acts.rs`; those of another user, and moved ones, in
/// `tests/sandbox/delivery/people.rs`.
#[test]
fn what_comes_after_an_entry_was_locked_approved_or_billed_is_a_part_of_its_own() {
    type Close = fn(&Keito, &str);
    let ways: [(&str, Close); 3] = [
        ("locked", |keito, id| keito.lock(id).unwrap()),
        ("approved", |keito, id| keito.approve(id).unwrap()),
        ("billed", |keito, id| keito.bill(id).unwrap()),
    ];
    for (way, close) in ways {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        let mut talk = Talk::new(1, "/home/dev/work");
        place.append("one", &(talk.prompt(0) + &talk.answer(200, COUNTS)));
        let service = place.start();
        service.settle();
        let before = keito.entries().remove(0);
        close(&keito, &before.id);
        for step in 2..=4 {
            place.append("one", &talk.answer(200 * step, COUNTS));
            service.settle();
        }
        let after = keito.entries();
        assert_eq!(seconds(&keito), [200, 600], "{way}: {after:?}");
        assert_eq!((&after[0].hours, &after[0].metadata), (&before.hours, &before.metadata), "{way}");
        assert_eq!(after[1].metadata.as_ref().unwrap().text("part").unwrap(), "2", "{way}");
        assert_eq!(service.stop(), 0);
        // A state that is lost finds both, and what comes then goes onto the second.
        std::fs::remove_dir_all(place.path("state")).unwrap();
        keito.forget_requests();
        let service = place.start();
        service.settle();
        assert_eq!(keito.asked("POST", "/").len() + keito.asked("PATCH", "/").len(), 0, "{way}");
        place.append("one", &talk.answer(1000, COUNTS));
        service.settle();
        assert_eq!(seconds(&keito), [200, 800], "{way}");
    }
}

#[test]
fn an_entry_is_never_lowered_though_less_is_counted_now() {
    // Another rule of time, or a log that was rewritten shorter after the state was lost.
    for rewritten in [false, true] {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        let mut talk = Talk::new(1, "/home/dev/work");
        let lines =
            [talk.prompt(0), talk.answer(20, COUNTS), talk.answer(220, COUNTS), talk.answer(420, COUNTS)];
        place.append("one", &lines.concat());
        let service = place.start();
        service.settle();
        assert_eq!(seconds(&keito), [420]);
        assert_eq!(service.stop(), 0);
        keito.forget_requests();
        if rewritten {
            std::fs::write(place.log_of("one"), lines[..2].concat()).unwrap();
            std::fs::remove_dir_all(place.path("state")).unwrap();
        } else {
            let path = place.path("keitod.toml");
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, text.replace("[time]\n", "[time]\nidle_gap = \"60s\"\n")).unwrap();
            // Its time is computed anew: a line that comes late.
            place.append("one", &talk.prompt(421));
        }
        let service = place.start();
        service.settle();
        let report = service.get("/v1/report");
        assert_eq!(report["totals"]["agent_seconds"], 20, "{rewritten}");
        assert_eq!((seconds(&keito), keito.asked("PATCH", "/").len()), (vec![420], 0), "{rewritten}");
        // What comes after all that it holds is due.
        place.append("one", &(talk.prompt(600) + &talk.answer(650, COUNTS)));
        service.settle();
        assert_eq!(seconds(&keito), [470], "{rewritten}");
    }
}
