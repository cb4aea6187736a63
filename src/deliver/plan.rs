//! What to do next for one kind of record: list, send, or wait.

use std::collections::HashSet;
use std::time::Duration;

use crate::model::{Day, Instant, SessionRef, WriteRef};

/// A listing is good for a POST this long.
pub const LISTING_LIFE: Duration = Duration::from_secs(60);

/// An unfinished write, as planning sees it.
#[derive(Debug, Clone)]
pub struct Need {
    /// Its row.
    pub write: WriteRef,
    /// Its session: writes of one session leave in order.
    pub session: Option<SessionRef>,
    /// Its date.
    pub day: Day,
    /// Further days on which a record of its facts may stand: the first and the last.
    pub own: Option<(Day, Day)>,
    /// When its bytes were fixed.
    pub sealed_at: Instant,
    /// Not before.
    pub next_at: Instant,
    /// Its last attempt may have been applied; it ended then.
    pub unknown_since: Option<Instant>,
    /// A reading already lacked it.
    pub absent_once: bool,
    /// Its bytes are on their way.
    pub sending: bool,
    /// It is held until `next_at`: later writes of its session do not wait for it.
    pub held: bool,
}

impl Need {
    /// Days that a listing must show before it leaves.
    fn days(&self) -> impl Iterator<Item = Day> {
        let own = self.own.map(|(first, last)| [first, last]);
        std::iter::once(self.day).chain(own.into_iter().flatten())
    }
}

/// The last whole listing of the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// First date.
    pub from: Day,
    /// Last date.
    pub to: Day,
    /// When its first page was asked for.
    pub began: Instant,
    /// When its last page was asked for. What it shows is no younger, however late the answer came: a machine may have
    /// slept over it.
    pub asked: Instant,
}

/// What holds for the kind.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// Now.
    pub now: Instant,
    /// The last whole listing.
    pub listing: Option<Freshness>,
    /// A listing is on its way.
    pub listing_now: bool,
    /// No listing before this instant (the last ones showed nothing new).
    pub next_listing: Instant,
    /// A record came back as it was sent.
    pub proved: bool,
    /// Dates of records that were answered 2xx and not listed since; only while not proved.
    pub unlisted: &'a [Day],
    /// At most this many may be on their way.
    pub in_flight: usize,
    /// Between the end of an ambiguous request and the second look.
    pub grace: Duration,
    /// No POST before a whole listing that began then.
    pub second_listing_at: Option<Instant>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// List this range of dates.
    pub list: Option<(Day, Day)>,
    /// Send these, in this order.
    pub send: Vec<WriteRef>,
    /// Otherwise look again then.
    pub wake: Option<Instant>,
}

/// Plans for one kind. `needs` are its unfinished writes, oldest first.
#[must_use]
pub fn plan(needs: &[Need], line: &Line<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut days: Vec<Day> = Vec::new();
    let mut looks = Looks::default();
    let mut sessions: HashSet<SessionRef> = HashSet::new();
    let sending = needs.iter().filter(|need| need.sending).count();
    let mut room = line.in_flight.saturating_sub(sending);
    // Until one record came back, each is a probe: alone, and settled before the next. One that two readings lacked is
    // not among the needs any more.
    let probing = !line.proved;
    let open_probe = probing
        && (sending > 0
            || !line.unlisted.is_empty()
            || needs.iter().any(|need| need.unknown_since.is_some()));
    if probing {
        room = room.min(1);
        days.extend(line.unlisted);
    }
    for need in needs {
        if need.held && need.next_at > line.now && need.unknown_since.is_none() {
            wake(&mut plan, need.next_at);
            continue;
        }
        let first_of_session = need.session.is_none_or(|session| sessions.insert(session));
        if need.sending {
            continue;
        }
        if let Some(ended) = need.unknown_since {
            if need.absent_once {
                looks.second.push((ended.plus(line.grace), need.day));
            } else {
                looks.first.push(need.day);
            }
            continue;
        }
        if !first_of_session {
            continue;
        }
        if need.next_at > line.now {
            wake(&mut plan, need.next_at);
            continue;
        }
        if !fresh(need, line) {
            for day in need.days() {
                look_at(&mut plan, &mut days, day, line.second_listing_at.unwrap_or(line.now), line.now);
            }
        } else if room > 0 && !open_probe {
            plan.send.push(need.write);
            room -= 1;
        }
    }
    let busy = sending > 0 || !plan.send.is_empty();
    looks.join(&mut days, busy, line.now).into_iter().for_each(|at| wake(&mut plan, at));
    if line.listing_now || days.is_empty() {
        return plan;
    }
    if line.next_listing > line.now {
        wake(&mut plan, line.next_listing);
        return plan;
    }
    // A day on both sides: the workspace's dates need not be ours.
    let first = days.iter().min().copied().map(|day| day.yesterday().unwrap_or(day));
    let last = days.iter().max().copied().map(|day| day.tomorrow().unwrap_or(day));
    plan.list = first.zip(last);
    plan
}

/// Looks for writes whose last attempt may have been applied.
#[derive(Default)]
struct Looks {
    first: Vec<Day>,
    /// Not before this instant.
    second: Vec<(Instant, Day)>,
}

impl Looks {
    /// Adds the days to look at now. A listing that is made anyway serves all whose time has come; one that is made for
    /// them alone waits for those that will want it soon, for each would ask for another. Returns when to come again.
    ///
    /// `busy`: writes are on their way, and what becomes of them may have to be looked for too.
    fn join(&self, days: &mut Vec<Day>, busy: bool, now: Instant) -> Option<Instant> {
        let first = self.second.iter().map(|(at, _)| *at).min();
        let soon = first.map(|first| first.plus(LISTING_LIFE));
        let last = self.second.iter().map(|(at, _)| *at).filter(|at| Some(*at) <= soon).max();
        let alone = last.is_some_and(|last| last <= now) || !self.first.is_empty() && !busy;
        if days.is_empty() && !alone {
            return last;
        }
        days.extend(&self.first);
        days.extend(self.second.iter().filter(|(at, _)| *at <= now).map(|(_, day)| *day));
        self.second.iter().map(|(at, _)| *at).filter(|at| *at > now).min()
    }
}

fn fresh(need: &Need, line: &Line<'_>) -> bool {
    line.listing.is_some_and(|listing| {
        listing.began >= need.sealed_at
            && line.second_listing_at.is_none_or(|at| listing.began >= at)
            && line.now.since(listing.asked) <= LISTING_LIFE
            && need.days().all(|day| (listing.from..=listing.to).contains(&day))
    })
}

fn look_at(plan: &mut Plan, days: &mut Vec<Day>, day: Day, at: Instant, now: Instant) {
    if at <= now {
        days.push(day);
    } else {
        wake(plan, at);
    }
}

fn wake(plan: &mut Plan, at: Instant) {
    plan.wake = Some(plan.wake.map_or(at, |known| known.min(at)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_seconds(seconds)
    }

    fn need(id: i64) -> Need {
        Need {
            write: WriteRef(id),
            session: Some(SessionRef(id)),
            day: day("2026-05-05"),
            own: None,
            sealed_at: at(100),
            next_at: at(100),
            unknown_since: None,
            absent_once: false,
            sending: false,
            held: false,
        }
    }

    fn line(unlisted: &[Day]) -> Line<'_> {
        let (from, to) = (day("2026-05-04"), day("2026-05-06"));
        Line {
            now: at(130),
            listing: Some(Freshness { from, to, began: at(101), asked: at(102) }),
            listing_now: false,
            next_listing: at(0),
            proved: true,
            unlisted,
            in_flight: 2,
            grace: Duration::from_secs(120),
            second_listing_at: None,
        }
    }

    #[test]
    fn what_may_stand_on_other_days_too_waits_for_a_listing_of_all_of_them() {
        let moved = Need { own: Some((day("2026-03-05"), day("2026-05-05"))), ..need(1) };
        let got = plan(std::slice::from_ref(&moved), &line(&[]));
        assert_eq!((got.list, got.send.len()), (Some((day("2026-03-04"), day("2026-05-06"))), 0));
        let mut wide = line(&[]);
        wide.listing = wide.listing.map(|of| Freshness { from: day("2026-03-04"), ..of });
        assert_eq!(plan(&[moved], &wide).send, [WriteRef(1)]);
    }

    #[test]
    fn nothing_leaves_without_a_listing_that_began_after_the_sealing() {
        assert_eq!(plan(&[need(1)], &line(&[])).send, [WriteRef(1)]);
        let mut late = need(1);
        late.sealed_at = at(103);
        let got = plan(&[late], &line(&[]));
        assert_eq!((got.list, got.send.len()), (Some((day("2026-05-04"), day("2026-05-06"))), 0));
        let mut old = line(&[]);
        old.now = at(163);
        assert!(plan(&[need(1)], &old).send.is_empty());
    }

    #[test]
    fn only_one_leaves_until_one_came_back() {
        let mut line = line(&[]);
        assert_eq!(plan(&[need(1), need(2), need(3)], &line).send.len(), 2);
        line.proved = false;
        assert_eq!(plan(&[need(1), need(2)], &line).send, [WriteRef(1)]);
        let unlisted = [day("2026-05-05")];
        line.unlisted = &unlisted;
        let got = plan(&[need(2)], &line);
        assert!(got.send.is_empty() && got.list.is_some());
        line.unlisted = &[];
        let mut lost = need(1);
        (lost.unknown_since, lost.absent_once) = (Some(at(120)), true);
        assert!(plan(&[lost, need(2)], &line).send.is_empty(), "one reading is not enough to probe again");
    }

    #[test]
    fn the_second_look_comes_after_the_grace_time() {
        let mut lost = need(1);
        lost.unknown_since = Some(at(120));
        assert!(plan(&[lost.clone()], &line(&[])).list.is_some());
        lost.absent_once = true;
        let got = plan(&[lost], &line(&[]));
        assert_eq!((got.list, got.wake), (None, Some(at(240))));
    }

    #[test]
    fn what_will_soon_want_a_second_look_shares_the_listing() {
        let lost = |id, ended| Need { unknown_since: Some(at(ended)), absent_once: true, ..need(id) };
        let needs = [lost(1, 120), lost(2, 150), lost(3, 200)];
        let plan_at = |needs: &[Need], now: i64| {
            let mut line = line(&[]);
            line.now = at(now);
            let plan = plan(needs, &line);
            (plan.list.is_some(), plan.wake)
        };
        // The first may be looked at from 240 on, the second from 270, the third not within a minute of the first.
        assert_eq!(plan_at(&needs, 240), (false, Some(at(270))));
        assert_eq!(plan_at(&needs, 270), (true, Some(at(320))));
        assert_eq!(plan_at(&needs[2..], 320), (true, None));
        let mut due = need(4);
        due.sealed_at = at(240);
        let with_a_new_one = [needs[0].clone(), due];
        assert!(plan_at(&with_a_new_one, 240).0, "a listing that is made anyway serves all");
    }

    #[test]
    fn the_first_look_waits_for_what_is_on_its_way() {
        let lost = Need { unknown_since: Some(at(120)), ..need(1) };
        let sending = Need { sending: true, ..need(2) };
        assert!(plan(&[lost.clone(), sending.clone()], &line(&[])).list.is_none());
        let got = plan(&[lost.clone(), need(3)], &line(&[]));
        assert_eq!((got.list, got.send), (None, vec![WriteRef(3)]));
        let late = Need { sealed_at: at(125), ..need(4) };
        assert!(plan(&[lost.clone(), sending, late], &line(&[])).list.is_some(), "but not alone");
        assert!(plan(&[lost], &line(&[])).list.is_some());
    }

    #[test]
    fn writes_of_one_session_leave_in_order() {
        let (mut first, mut second) = (need(1), need(2));
        second.session = first.session;
        first.next_at = at(200);
        let got = plan(&[first.clone(), second.clone()], &line(&[]));
        assert_eq!((got.send.len(), got.wake), (0, Some(at(200))));
        first.held = true;
        let got = plan(&[first, second], &line(&[]));
        assert_eq!((got.send, got.wake), (vec![WriteRef(2)], Some(at(200))), "but for one that is held");
    }
}
