//! Two machines with the same logs on one account. A duplicate is there only if each listed before the other's POST was
//! visible, and then the audit names it.

use std::collections::BTreeSet;

use keitod::coverage::audit::Finding;
use keitod::coverage::{Listed, Posted};
use keitod::model::{Instant, Kind, RemoteId};

use super::history::History;
use super::oracle;

/// Both daemons; one of them holds the server.
struct Two<'h> {
    at_work: &'h mut History,
    other: &'h mut History,
}

impl Two<'_> {
    /// The other one's turn.
    fn swap(&mut self) {
        std::mem::swap(&mut self.at_work.server, &mut self.other.server);
        self.other.now = self.at_work.now;
        // What is on its way arrives whoever is at work.
        self.other.stray.append(&mut self.at_work.stray);
        std::mem::swap(&mut self.at_work, &mut self.other);
        self.at_work.wake();
    }
}

pub fn run(first: &mut History, seed: u64) {
    let mut second = History::new(seed);
    let store = second.stop();
    second.settings.machine = "m2".to_owned();
    second.start(store);
    second.rng = fastrand::Rng::with_seed(!seed);
    // What the line loses may arrive after both listed: that race is wider than the promise, and told by it.
    (first.alone, second.alone, first.server.twins) = (false, false, true);
    let mut two = Two { at_work: first, other: &mut second };
    for _ in 0..two.at_work.rng.usize(40..240) {
        two.at_work.plain_step();
        if two.at_work.rng.u32(0..3) == 0 {
            two.swap();
        }
    }
    for _ in 0..4 {
        two.at_work.settle();
        two.swap();
    }
    let Two { at_work, other } = two;
    check(at_work, other);
    at_work.posts += other.posts;
    at_work.writes += other.writes;
    second.end();
}

fn check(one: &mut History, other: &History) {
    let twins = raced(one, other);
    let since = one.settings.since;
    if twins.is_empty() {
        oracle::never_more(&one.server, &oracle::tokens(&one.world, one.now, since));
        oracle::never_more_time(&one.server, &one.world, one.now, since, false);
        return;
    }
    let clerk = one.clerk.as_ref().unwrap();
    let asked = clerk.ask_audit(None, None, one.now).unwrap().unwrap();
    let rows: Vec<Listed> = one.server.rows().cloned().collect();
    let (found, _) = clerk.audit(&asked, &rows).unwrap();
    for (a, b) in twins {
        let named = found.iter().any(|found| {
            found.finding == Finding::Duplicate && found.remotes.contains(&a) && found.remotes.contains(&b)
        });
        assert!(named, "the audit does not name {a} and {b}: {found:#?}");
    }
}

/// Pairs of records of two machines that bill the same work. Each was posted after a listing that could not show the
/// other, or not what it grew to.
fn raced(one: &History, other: &History) -> BTreeSet<(RemoteId, RemoteId)> {
    let posted: Vec<(&Listed, &Posted)> =
        one.server.rows().filter_map(|row| Some((row, row.posted.as_ref()?))).collect();
    // A record shows the machine that wrote it last; it was made by the other one then.
    let listed = |posted: &Posted| -> Instant {
        let by = if posted.machine == one.settings.machine { [one, other] } else { [other, one] };
        by.iter().find_map(|by| by.listed_for.get(posted.keitod_id.as_str())).copied().unwrap()
    };
    let mut pairs = BTreeSet::new();
    for (row, a) in &posted {
        for (twin, b) in posted.iter().filter(|(twin, b)| twin.kind == row.kind && a.machine <= b.machine) {
            if a.machine == b.machine {
                // One machine writes to what the other made: then both show it. Who made which is not told any more.
                if a.keitod_id == b.keitod_id && row.id < twin.id {
                    let made =
                        [one, other].map(|by| by.listed_for.get(a.keitod_id.as_str()).copied().unwrap());
                    let visible = [row, twin].map(|row| one.server.visible_from(&row.id).unwrap());
                    assert!(made.iter().max() <= visible.iter().min(), "{made:?} {visible:?}");
                    pairs.insert((row.id.clone(), twin.id.clone()));
                }
                continue;
            }
            if !same_work(one, row.kind, a, b) {
                continue;
            }
            let visible = |row: &Listed| one.server.visible_from(&row.id).unwrap();
            assert!(
                listed(a) <= visible(twin) && listed(b) <= visible(row),
                "{} was listed for at {} and visible from {}, {} {} and {}",
                row.id,
                listed(a),
                visible(row),
                twin.id,
                listed(b),
                visible(twin)
            );
            pairs.insert((row.id.clone(), twin.id.clone()));
        }
    }
    pairs
}

fn same_work(one: &History, kind: Kind, a: &Posted, b: &Posted) -> bool {
    if a.keitod_id == b.keitod_id {
        return true;
    }
    match kind {
        Kind::Expense => {
            let (Some(keys), Some(others)) = (&a.keys, &b.keys) else { return false };
            a.excess == b.excess && keys.iter().any(|key| others.contains(key))
        }
        Kind::Entry => {
            let meet = a.session == b.session && a.first_at < b.last_at && b.first_at < a.last_at;
            meet && a.seconds + b.seconds > counted(one, a, b)
        }
    }
}

/// Seconds of their session in the range of both.
fn counted(one: &History, a: &Posted, b: &Posted) -> u64 {
    let view = one.clerk.as_ref().unwrap().store().view();
    let (first, last) = (a.first_at.min(b.first_at).seconds(), a.last_at.max(b.last_at).seconds() + 1);
    let time = view.counted_of(&a.agent, &a.session).unwrap();
    time.iter().map(|(start, end)| (end.min(&last) - start.max(&first)).max(0).unsigned_abs()).sum()
}
