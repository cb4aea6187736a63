//! Is a listing whole? (design section 7: a listing counts as a reading only if …)

use std::collections::BTreeSet;
use std::time::Duration;

use crate::coverage::Listed;
use crate::model::{Day, Instant};

/// A paged listing as it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// All rows of all pages, in the order they came.
    pub rows: Vec<Listed>,
    /// `total_entries` of each page.
    pub totals: Vec<u64>,
    /// Rows that had no id.
    pub unreadable: u64,
}

/// What a paged listing is good for.
#[derive(Debug, Clone, PartialEq)]
pub enum Judged {
    /// The rows, each id once: every page names the same total, the distinct rows are as many, and all are inside the
    /// asked range.
    Whole(Vec<Listed>),
    /// The server did not keep to the range that was asked for. Asked for all that it showed, it may be whole.
    Beyond(Day, Day),
    /// It proves nothing.
    Nothing,
}

/// Judges a listing of a range of dates.
#[must_use]
pub fn judge(reading: &Reading, from: Day, to: Day) -> Judged {
    let mut seen = BTreeSet::new();
    let rows: Vec<Listed> = reading.rows.iter().filter(|row| seen.insert(row.id.clone())).cloned().collect();
    let Some(total) = reading.totals.first() else { return Judged::Nothing };
    let all = reading.unreadable == 0
        && reading.totals.iter().all(|other| other == total)
        && rows.len() as u64 == *total;
    if !all {
        return Judged::Nothing;
    }
    let (first, last) =
        rows.iter().fold((from, to), |(first, last), row| (first.min(row.day), last.max(row.day)));
    if (first, last) == (from, to) { Judged::Whole(rows) } else { Judged::Beyond(first, last) }
}

/// A record that is known to have been at Keito, and whether a whole listing of its range and kind shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// When it was answered 2xx, or adopted.
    pub answered_at: Instant,
    /// An earlier listing showed it.
    pub listed_before: bool,
    /// The first whole listing that lacked it began then.
    pub missing_since: Option<Instant>,
    /// This listing shows it.
    pub shown: bool,
}

/// Whether a whole listing that began at `began` counts as a reading: it must show the youngest record that was
/// answered `grace` ago and listed before, else it may be older than what it should tell of.
#[must_use]
pub fn counts(known: &[Known], began: Instant, grace: Duration) -> bool {
    let settled = known.iter().filter(|of| of.listed_before && of.answered_at.plus(grace) <= began);
    settled.max_by_key(|of| of.answered_at).is_none_or(|youngest| youngest.shown)
}

/// Whether a person deleted a record that this whole listing lacks. `others`: the listing shows at least one other
/// row. `user_at`: when `/users/me` was answered last, which is what an empty listing must be vouched for by.
#[must_use]
pub fn deleted(
    known: &Known,
    began: Instant,
    grace: Duration,
    others: bool,
    user_at: Option<Instant>,
) -> bool {
    let Some(since) = known.missing_since.filter(|_| !known.shown) else { return false };
    since.plus(grace) <= began && (others || user_at.is_some_and(|at| at >= since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, RemoteId};

    const GRACE: Duration = Duration::from_secs(120);

    fn at(seconds: i64) -> Instant {
        Instant::from_seconds(seconds)
    }

    fn row(id: &str, day: &str) -> Listed {
        Listed {
            kind: Kind::Entry,
            id: RemoteId::new(id),
            user: None,
            day: day.parse().unwrap(),
            project: String::new(),
            task: String::new(),
            hours: None,
            amount: None,
            notes: None,
            frozen: false,
            posted: None,
            skill_session: None,
        }
    }

    #[test]
    fn a_listing_is_whole_or_proves_nothing() {
        let (from, to) = ("2026-05-04".parse().unwrap(), "2026-05-06".parse().unwrap());
        let of = |days: &[&str], totals: &[u64], unreadable| {
            let rows = days.iter().enumerate().map(|(id, day)| row(&id.to_string(), day)).collect();
            judge(&Reading { rows, totals: totals.to_vec(), unreadable }, from, to)
        };
        let whole = |judged| matches!(judged, Judged::Whole(_));
        assert!(whole(of(&[], &[0], 0)) && whole(of(&["2026-05-04", "2026-05-06"], &[2, 2], 0)));
        for (totals, unreadable) in [(&[][..], 0), (&[3], 0), (&[1], 0), (&[2, 3], 0), (&[2], 1)] {
            assert_eq!(of(&["2026-05-04", "2026-05-05"], totals, unreadable), Judged::Nothing, "{totals:?}");
        }
        let beyond = of(&["2026-05-05", "2026-03-01"], &[2], 0);
        assert_eq!(beyond, Judged::Beyond("2026-03-01".parse().unwrap(), to));
        let twice = vec![row("1", "2026-05-05"), row("1", "2026-05-05")];
        let twice = Reading { rows: twice, totals: vec![2], unreadable: 0 };
        assert_eq!(judge(&twice, from, to), Judged::Nothing, "shifted pages");
    }

    #[test]
    fn a_reading_shows_the_youngest_settled_record() {
        let known = |answered: i64, listed_before, shown| Known {
            answered_at: at(answered),
            listed_before,
            missing_since: None,
            shown,
        };
        let table = [
            (vec![], true),
            (vec![known(0, true, true), known(100, true, false)], false),
            (vec![known(0, true, false), known(100, true, true)], true),
            (vec![known(0, true, true), known(100, false, false)], true),
            (vec![known(0, true, true), known(900, true, false)], true),
            (vec![known(0, true, false)], false),
        ];
        for (records, want) in table {
            assert_eq!(counts(&records, at(1000), GRACE), want, "{records:?}");
        }
    }

    #[test]
    fn two_listings_a_grace_time_apart_without_a_record_mean_that_it_was_deleted() {
        let of = |missing: Option<i64>, shown| Known {
            answered_at: at(0),
            listed_before: true,
            missing_since: missing.map(at),
            shown,
        };
        let table = [
            (of(None, false), true, None, false),
            (of(Some(900), false), true, None, false),
            (of(Some(880), false), true, None, true),
            (of(Some(880), true), true, None, false),
            (of(Some(880), false), false, None, false),
            (of(Some(880), false), false, Some(879), false),
            (of(Some(880), false), false, Some(881), true),
        ];
        for (known, others, user_at, want) in table {
            let got = deleted(&known, at(1000), GRACE, others, user_at.map(at));
            assert_eq!(got, want, "{known:?} {others} {user_at:?}");
        }
    }
}
