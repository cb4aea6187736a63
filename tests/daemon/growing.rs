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
