//! What may happen between any two steps, and the way to rest.

use std::time::Duration;

use keitod::daemon::clerk::{Effect, Wake};
use keitod::model::Amount;
use keitod::store::{RecordState, WriteRow, WriteState};

use super::history::{History, zone};
use super::oracle;
use super::policy::Goes;
use super::pool;

impl History {
    /// With a clock that is set between any two steps.
    pub fn run_with_steps(&mut self, seed: u64) {
        self.clock.steps = Some(fastrand::Rng::with_seed(!seed));
        self.run();
    }

    pub fn run(&mut self) {
        let steps = if self.long { self.rng.usize(60..260) } else { self.rng.usize(10..60) };
        for _ in 0..steps {
            self.step();
        }
        self.settle();
        self.check_end();
        self.read_again();
        self.lose_everything();
    }

    /// The moments that matter most come too seldom by themselves: a write is on its way, and then.
    fn interrupt(&mut self) -> bool {
        let waiting = self.flights.iter().filter(|flight| !flight.is_carried_out());
        let patch = |effect: &Effect| matches!(effect, Effect::Send { patch: Some(_), .. });
        let send = |effect: &Effect| matches!(effect, Effect::Send { .. });
        let (mut growing, mut sending) = (false, false);
        for flight in waiting {
            growing |= patch(&flight.effect);
            sending |= send(&flight.effect);
        }
        match self.rng.u32(0..60) {
            0..10 if growing => {
                self.say(|| "lock or edit all".to_owned());
                let edit = self.rng.bool();
                for pick in 0..8 {
                    self.server.person(pick, self.now, |row| {
                        row.frozen |= !edit;
                        row.hours = if edit { Some(Amount { units: 555, decimals: 2 }) } else { row.hours };
                        false
                    });
                }
            }
            10..12 if sending => {
                self.say(|| "crash while sending".to_owned());
                let store = self.stop();
                self.start(store);
                self.feed_all();
                self.hurry();
            }
            12 if sending && !self.deletes => {
                self.wipe();
                self.feed_all();
                self.hurry();
            }
            _ => return false,
        }
        true
    }

    /// All that can be done at once, before what is still on its way from the past arrives.
    fn hurry(&mut self) {
        for _ in 0..self.rng.usize(0..20) {
            self.poll();
            while !self.flights.is_empty() {
                self.carry_out(0, true);
                self.answer(0);
                self.now = self.now.plus(Duration::from_millis(40));
                self.stray_arrive();
            }
        }
    }

    /// The clerk's wall clock is set, sometimes while its machine starts anew.
    fn set_clock(&mut self) {
        const HOUR: i64 = 3_600_000;
        let Some(rng) = &mut self.clock.steps else { return };
        if rng.u32(0..20) > 0 {
            return;
        }
        let by = [HOUR, -HOUR, 87_600 * HOUR, -87_600 * HOUR, 100_000, -50_000][rng.usize(0..6)];
        self.clock.skew = if rng.u32(0..3) == 0 { 0 } else { self.clock.skew + by };
        // Years before 1970 are none for a machine.
        self.clock.skew = self.clock.skew.max(-100_000 * HOUR);
        let boots = rng.u32(0..4) == 0;
        self.say(|| format!("clock {} boots {boots}", self.clock.skew));
        if boots {
            self.clock.boot += 1;
            let store = self.stop();
            self.start(store);
        }
    }

    /// Nothing but time, reading and the line.
    pub fn plain_step(&mut self) {
        match self.rng.u32(0..96) {
            0..16 => {
                let index = self.rng.usize(0..self.world.files.len());
                self.feed(index, false);
            }
            draw => self.ordinary(draw),
        }
    }

    fn step(&mut self) {
        self.set_clock();
        if self.interrupt() {
            return;
        }
        match self.rng.u32(0..100) {
            0..16 if !self.world.files.is_empty() => {
                let index = self.rng.usize(0..self.world.files.len());
                if !self.world.files[index].deleted {
                    self.feed(index, false);
                }
            }
            draw @ ..96 => self.ordinary(draw),
            _ => self.chaos(),
        }
    }

    fn ordinary(&mut self, draw: u32) {
        match draw {
            ..25 => self.feed_all(),
            25..50 => drop(self.poll()),
            50..80 if !self.flights.is_empty() => {
                let index = self.rng.usize(0..self.flights.len());
                self.carry_out(index, false);
                if self.rng.u32(0..4) > 0 {
                    self.answer(index);
                }
            }
            _ => {
                let seconds = match self.rng.u32(0..10) {
                    0..4 => self.rng.u64(0..30),
                    4..9 => self.rng.u64(60..1200),
                    _ => self.rng.u64(1800..9000),
                };
                let limit = if self.flights.is_empty() { u64::MAX } else { 20 };
                self.pass(seconds.min(limit));
            }
        }
    }

    fn chaos(&mut self) {
        let (pick, now) = (self.rng.usize(..), self.now);
        match self.rng.u32(0..12) {
            0 | 1 => {
                self.say(|| "crash".to_owned());
                let store = self.stop();
                self.start(store);
                if pick % 2 == 0 {
                    self.feed_all();
                }
            }
            2 if !self.deletes => self.wipe(),
            3 => {
                let goes = [Goes::To("A"), Goes::To("C"), Goes::To("B")][pick % 3];
                let dir = ["/w/a", "/w/b", "/tmp/x"][pick / 3 % 3];
                self.say(|| format!("{dir} {goes:?}"));
                self.mapping.set(dir, goes);
                self.clerk.as_mut().unwrap().recheck_all().unwrap();
            }
            4 => {
                self.say(|| "zone".to_owned());
                self.settings.zone = Some(zone(["UTC", "America/New_York"][pick % 2]));
                let store = self.stop();
                self.start(store);
            }
            5 => self.world.duplicate(pick % self.world.files.len(), now),
            6 | 7 => {
                self.say(|| "fork".to_owned());
                let index = pick % self.world.files.len();
                self.world.fork(&mut self.rng, index, now);
            }
            8 => {
                let index = pick % self.world.files.len();
                let file = &mut self.world.files[index];
                if file.fed == file.available(now) && file.fed >= file.least && file.fed > 0 {
                    file.lines.truncate(file.fed);
                    file.deleted = true;
                    self.say(|| "delete".to_owned());
                }
            }
            9 => {
                self.say(|| "lock".to_owned());
                self.server.person(pick, now, |row| {
                    row.frozen = true;
                    false
                });
            }
            10 => {
                self.say(|| "edit".to_owned());
                self.server.person(pick, now, |row| {
                    row.hours = Some(Amount { units: 777, decimals: 2 });
                    false
                });
            }
            11 if self.deletes && self.entries_shown() => {
                self.say(|| "remove".to_owned());
                self.server.person(pick, now, |_| true);
            }
            _ => {}
        }
    }

    /// The state directory is gone; so are the logs that were deleted.
    pub fn wipe(&mut self) {
        self.say(|| "wipe".to_owned());
        pool::give(self.stop());
        // A record of its own that a listing shows tells a clerk without a past that more may be on its way. Where none
        // is shown the server has finished or dropped that, and listings show it (design section 7).
        for (at, effect) in &mut self.stray {
            if !self.server.shows_like(effect, self.now) {
                *at = self.now;
            }
        }
        self.stray_arrive();
        self.server.catch_up(self.now);
        self.lost |= self.world.files.iter().any(|file| file.deleted);
        for file in &mut self.world.files {
            file.fed = 0;
        }
        self.wiped = true;
        self.forget_probes();
        self.start(pool::take());
    }

    /// Everything is read, linked and priced; the network is honest; time goes on until nothing is left to do.
    pub fn settle(&mut self) {
        if self.clock.steps.take().is_some() {
            // However wrong it is, there is an end to what is wanted.
            self.rest();
        }
        self.clock.skew = 0;
        self.say(|| "--- settle".to_owned());
        self.mapping.set("/tmp/x", Goes::To("B"));
        self.mapping.price_everything();
        self.clerk.as_mut().unwrap().recheck_all().unwrap();
        self.now = self.now.max(self.world.end()).plus(Duration::from_secs(60));
        self.feed_all();
        self.rest();
        self.pass(3 * 24 * 3600);
        self.rest();
        self.retry_unproved();
    }

    /// `keitod queue retry` of a probe that no other record could prove.
    fn retry_unproved(&mut self) {
        for _ in 0..4 {
            let clerk = self.clerk.as_ref().unwrap();
            let account = clerk.line().unwrap().0;
            let writes = clerk.store().view().unfinished(account).unwrap();
            let unproved = |write: &WriteRow| write.reason.as_deref() == Some("unproved_listing");
            let stuck: Vec<WriteRow> = writes.into_iter().filter(unproved).collect();
            if stuck.is_empty() {
                return;
            }
            let mut store = self.stop();
            store
                .transact(|tx| {
                    for mut write in stuck {
                        (write.state, write.reason, write.absent_at) = (WriteState::Pending, None, None);
                        tx.save_write(&write)?;
                    }
                    Ok(())
                })
                .unwrap();
            self.start(store);
            self.feed_all();
            self.rest();
        }
    }

    /// Polls until the clerk wants nothing for three hours.
    pub fn rest(&mut self) {
        let skew = self.clock.skew;
        let until = self.now.plus(Duration::from_secs(3 * 3600));
        for round in 0..4000 {
            let polled = self.poll();
            while !self.flights.is_empty() {
                self.carry_out(0, true);
                self.answer(0);
                self.now = self.now.plus(Duration::from_millis(40));
                self.stray_arrive();
            }
            let again = self.poll();
            if !self.flights.is_empty() || polled.more || again.more {
                continue;
            }
            match again.wake.map(|wake| Wake { at: wake.at.moved(-skew), ..wake }) {
                Some(wake) if wake.at <= until => {
                    assert!(
                        wake.at > self.now || round < 3000,
                        "the clerk wants to be polled at {} and does nothing then",
                        wake.at
                    );
                    self.now = self.now.max(wake.at).plus(Duration::from_millis(1));
                }
                _ if !self.stray.is_empty() => self.pass(60),
                _ => return,
            }
        }
        panic!("no rest: {:?}", self.unfinished());
    }

    fn unfinished(&self) -> Vec<String> {
        let clerk = self.clerk.as_ref().unwrap();
        let (account, row, _) = clerk.line().unwrap();
        let writes = clerk.store().view().unfinished(account).unwrap();
        let mut all: Vec<String> = writes.iter().map(|write| format!("{write:?}")).collect();
        all.push(format!("{row:?}"));
        all
    }

    pub fn check_end(&mut self) {
        let truth = oracle::tokens(&self.world, self.now, self.settings.since);
        oracle::never_more(&self.server, &truth);
        oracle::never_more_time(&self.server, &self.world, self.now, self.settings.since, self.lost);
        self.check_presence();
        assert!(self.clerk.as_ref().unwrap().line().unwrap().2.pause.is_none());
        let unfinished = self.unfinished();
        assert_eq!(unfinished.len(), 1, "{unfinished:#?}");
        if self.trace {
            self.show_records();
        }
        if !self.wiped {
            oracle::amounts(&self.server);
        }
        let dues = self.clerk.as_ref().unwrap().store().view().dues().unwrap();
        let dues: Vec<_> = dues.into_iter().filter(|due| due.reason != "excluded").collect();
        for due in &dues {
            let small =
                if due.expense { due.usd.is_some_and(|usd| usd < 100_000_000) } else { due.seconds <= 18 };
            let allowed = due.reason == "unproven" || (due.reason.is_empty() && small);
            assert!(allowed, "still due at rest: {due:?}");
        }
        let unproven = dues.iter().any(|due| due.reason == "unproven");
        if self.lost {
            return;
        }
        let seconds = oracle::seconds(&self.world, self.now, self.settings.since);
        let small: u64 = dues.iter().map(|due| due.seconds).sum();
        let all = oracle::posted_seconds(self.server.all_rows());
        if self.deletes {
            // What a person removed before we knew that it was there is sent again.
            assert!(all + small >= seconds, "{all} s and {small} too small, {seconds} in truth");
            return;
        }
        if all + small != seconds {
            let originals = oracle::seconds(&self.world.without_copies(), self.now, self.settings.since);
            let (least, most) = (seconds.min(originals), seconds.max(originals));
            // What is held of a day in doubt may stand at Keito.
            if dues.iter().any(|due| !due.expense && due.reason == "unproven") {
                assert!(all + small >= least, "{all} + {small} s, {least} in truth");
                return;
            }
            assert!((least..=most).contains(&(all + small)), "{all} + {small} s, {least} to {most} in truth");
        }
        if !unproven && dues.iter().all(|due| !due.expense) {
            assert_eq!(oracle::posted_tokens(self.server.all_rows()), truth);
        }
    }

    /// What nobody removed is not taken for removed, however late listings show it.
    fn check_presence(&self) {
        let clerk = self.clerk.as_ref().unwrap();
        let (account, view) = (clerk.line().unwrap().0, clerk.store().view());
        for posted in self.server.rows().filter_map(|row| row.posted.as_ref()) {
            let known = view.record_by_id(account, &posted.keitod_id).unwrap();
            let gone = known.is_some_and(|record| record.state == RecordState::Deleted);
            assert!(!gone, "{} stands at Keito and is taken for removed", posted.keitod_id);
        }
    }

    /// Every entry that the clerk knows.
    fn show_records(&self) {
        let clerk = self.clerk.as_ref().unwrap();
        let (account, view) = (clerk.line().unwrap().0, clerk.store().view());
        let natives: std::collections::BTreeSet<&str> =
            self.world.files.iter().map(|file| file.session.as_str()).collect();
        for native in natives {
            let Some(session) = view.find_session(super::world::AGENT, native).unwrap() else { continue };
            for record in view.entries_of(account, session).unwrap() {
                let (new, ours) = (&record.new, &record.ours);
                eprintln!(
                    "record {native} {:?} {:?} {} s {} part {} {}..{} {ours:?}",
                    new.remote,
                    record.state,
                    new.seconds,
                    new.link.project,
                    new.part,
                    new.first_at,
                    new.last_at
                );
            }
            eprintln!("covered {native} {:?}", view.covered(account, session).unwrap());
            for span in view.spans(session).unwrap() {
                eprintln!("span {native} {:?} {}..{}", span.kind, span.start, span.end);
            }
        }
    }

    /// The same lines again change nothing.
    fn read_again(&mut self) {
        let writes = self.writes;
        for index in 0..self.world.files.len() {
            if !self.world.files[index].deleted {
                self.read(index, 0..self.world.files[index].fed);
            }
        }
        self.rest();
        assert_eq!(self.writes, writes, "reading again made writes");
    }

    /// A new state directory, twice, the second time with another mapping: what is known at Keito is not sent again.
    fn lose_everything(&mut self) {
        let deleted = self.deletes || self.world.files.iter().any(|file| file.deleted);
        for change in [false, true] {
            if !self.long && self.rng.u32(0..3) > 0 {
                continue;
            }
            let dues = self.clerk.as_ref().unwrap().store().view().dues().unwrap();
            let rest = dues.iter().any(|due| due.reason.is_empty());
            if change {
                self.mapping.set("/w/a", Goes::To("D"));
                self.settings.zone = Some(zone("Asia/Tokyo"));
            }
            self.wipe();
            let posts = self.posts;
            self.feed_all();
            self.rest();
            self.pass(24 * 3600);
            self.rest();
            oracle::never_more(&self.server, &oracle::tokens(&self.world, self.now, self.settings.since));
            if self.trace {
                self.show_records();
            }
            let (since, lost) = (self.settings.since, self.lost);
            oracle::never_more_time(&self.server, &self.world, self.now, since, lost);
            if !deleted && !rest {
                assert_eq!(self.posts, posts, "known work was sent again (mapping changed: {change})");
            }
        }
    }
}
