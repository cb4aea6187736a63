//! The state of an account's line to Keito: limiter, breaker, pauses, refusals. Pure and persisted, so that a restart
//! grants no new burst and forgets no pause.

use std::time::Duration;

use super::pause::{Pause, PauseReason};
use super::refusals::Refusals;
use crate::model::{Instant, Kind};

/// The state of the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desk {
    /// Requests of the last minute.
    pub recent: Vec<Instant>,
    /// Those of them that were updates.
    pub updates: Vec<Instant>,
    /// Learned limit per minute and when it was learned; `None`: the configured one.
    pub limit: Option<(u32, Instant)>,
    /// Nothing before this instant (429).
    pub quiet_until: Option<Instant>,
    /// Transport errors and 5xx in a row.
    pub failures: u32,
    /// The breaker is open until then, or the server asked to be left alone.
    pub open_until: Option<Instant>,
    /// All delivery is paused.
    pub pause: Option<Pause>,
    /// A pause by a person's word that another one hides; it comes back when that one ends.
    pub under: Option<Pause>,
    /// A pause that a probe ended, with its probes: if it comes back before a write succeeds, it goes on from there.
    pub eased: Option<(PauseReason, u32)>,
    /// The pause is probed by one write of this kind, for `/users/me` says nothing of what was refused.
    pub probe_with: Option<Kind>,
    /// Refusals in a row, and what they parked.
    pub refusals: Refusals,
}

/// What a pause lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Everything.
    Open,
    /// Nothing; a probe may leave then, if one would help.
    Closed(Option<Instant>),
    /// `/users/me`.
    Me,
    /// One write of this kind, with the listing that it needs.
    Write(Kind),
}

/// Failures in a row that open the breaker.
const FAILURES: u32 = 5;
/// The first time that the breaker stays open.
const OPEN: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// A second longer than the minute that the server counts: requests do not all travel equally long.
const WINDOW: Duration = Duration::from_secs(61);

impl Desk {
    /// Whether a request may leave now; `Err` says when to ask again.
    ///
    /// # Errors
    /// The instant at which it may.
    pub fn may_send(&self, now: Instant, per_minute: u32) -> Result<(), Instant> {
        match self.shut_until(now) {
            Some(until) => Err(until),
            None => {
                let limit = self.limit_at(now, per_minute);
                // The common case needs no list of them.
                if self.recent.len() < limit as usize { Ok(()) } else { room(&self.in_window(now), limit) }
            }
        }
    }

    /// Whether an update may leave: at most a third of all that may.
    ///
    /// # Errors
    /// The instant at which it may.
    pub fn may_update(&self, now: Instant, per_minute: u32) -> Result<(), Instant> {
        room(&window(&self.updates, now), self.limit_at(now, per_minute) / 3)
    }

    /// The server asked for quiet, or the breaker is open: until then nothing leaves, whatever the limiter says.
    #[must_use]
    pub fn shut_until(&self, now: Instant) -> Option<Instant> {
        self.quiet_until.max(self.open_until).filter(|until| *until > now)
    }

    /// The limit in force: halved by a 429, it recovers by a tenth a minute.
    #[must_use]
    pub fn limit_at(&self, now: Instant, per_minute: u32) -> u32 {
        let Some((limit, since)) = self.limit else { return per_minute };
        let minutes = u32::try_from(now.since(since).as_secs() / 60).unwrap_or(u32::MAX).min(100);
        limit.saturating_add(per_minute.div_ceil(10).saturating_mul(minutes)).min(per_minute)
    }

    /// Requests of the last minute.
    #[must_use]
    pub fn in_window(&self, now: Instant) -> Vec<Instant> {
        window(&self.recent, now)
    }

    /// A request leaves. After the breaker it is a probe: no other leaves before its answer, or before as long again.
    pub fn spend(&mut self, now: Instant, longest: Duration) {
        self.recent = self.in_window(now);
        self.recent.push(now);
        if self.failures >= FAILURES {
            self.open_until = Some(now.plus(self.wait(longest)));
        }
    }

    /// The request that leaves is an update.
    pub fn spend_update(&mut self, now: Instant) {
        self.updates = window(&self.updates, now);
        self.updates.push(now);
    }

    /// The server answered sensibly.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.open_until = None;
    }

    /// A transport error or a 5xx. Opens the breaker after five in a row, for min(30 s, `longest`), doubling.
    pub fn failed(&mut self, now: Instant, longest: Duration) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.open_until = Some(now.plus(self.wait(longest)));
        }
    }

    fn wait(&self, longest: Duration) -> Duration {
        let step = self.failures.saturating_sub(FAILURES).min(10);
        OPEN.saturating_mul(1 << step).min(longest)
    }

    /// The server does not do its work and says how long that will last, or we know: nothing leaves before.
    pub fn leave_alone(&mut self, now: Instant, wait: Duration) {
        self.open_until = self.open_until.max(Some(now.plus(wait.min(HOUR))));
    }

    /// 429: everything is quiet for what the server asked, and up to a tenth more; the limit is halved. `random` is
    /// uniform over all of u32.
    pub fn limited(&mut self, now: Instant, retry_after: Option<Duration>, per_minute: u32, random: u32) {
        let asked = retry_after.unwrap_or(MINUTE).clamp(Duration::from_secs(1), HOUR);
        let more = asked.as_millis() / 10 * u128::from(random) / u128::from(u32::MAX);
        let wait = asked.saturating_add(Duration::from_millis(u64::try_from(more).unwrap_or(0)));
        self.quiet_until = self.quiet_until.max(Some(now.plus(wait)));
        self.limit = Some(((self.limit_at(now, per_minute) / 2).max(1), now));
    }

    /// What the pause lets through now.
    #[must_use]
    pub fn gate(&self, now: Instant) -> Gate {
        match self.pause {
            None => Gate::Open,
            Some(pause) if pause.reason == PauseReason::User => Gate::Closed(None),
            // Entries flow; expenses wait for a person.
            Some(pause) if pause.reason == PauseReason::AmountMismatch => Gate::Open,
            Some(pause) if pause.probe_at > now => Gate::Closed(Some(pause.probe_at)),
            Some(_) => self.probe_with.map_or(Gate::Me, Gate::Write),
        }
    }

    /// Pauses all delivery; a pause that holds already goes on, its next probe later.
    pub fn pause(&mut self, reason: PauseReason, now: Instant) {
        self.pause_for(reason, None, now);
    }

    /// As [`Desk::pause`], because of a refused write of this kind, which is what it will be probed with.
    pub fn pause_for(&mut self, reason: PauseReason, kind: Option<Kind>, now: Instant) {
        let probes = match self.pause {
            Some(pause) if pause.reason == reason => pause.probes.saturating_add(1),
            // It stops expenses alone: whatever stops everything stays in front of it.
            Some(_) if reason == PauseReason::AmountMismatch => {
                self.under = Some(Pause { reason, since: now, probe_at: now, probes: 0 });
                return;
            }
            Some(pause) if pause.reason == PauseReason::User => return,
            _ => self.eased.filter(|(eased, _)| *eased == reason).map_or(0, |(_, probes)| probes + 1),
        };
        let since = self.pause.filter(|pause| pause.reason == reason).map_or(now, |pause| pause.since);
        if let Some(pause) = self.pause.filter(|pause| pause.reason.by_person() && pause.reason != reason) {
            self.under = Some(pause);
        }
        let wait = MINUTE.saturating_mul(1 << probes.min(6)).min(HOUR);
        self.pause = Some(Pause { reason, since, probe_at: now.plus(wait), probes });
        self.probe_with = kind;
    }

    /// A probe was refused otherwise than before: the pause goes on.
    pub fn prolong(&mut self, now: Instant) {
        if let Some(pause) = self.pause.filter(|pause| !pause.reason.by_person()) {
            self.pause_for(pause.reason, self.probe_with, now);
        }
    }

    /// A probe succeeded: the pause ends, unless only a person can end it.
    pub fn lift(&mut self) {
        if let Some(pause) = self.pause.filter(|pause| !pause.reason.by_person()) {
            self.eased = Some((pause.reason, pause.probes));
            (self.pause, self.probe_with) = (self.under.take(), None);
        }
    }

    /// `keitod resume`: the pause in front ends. One that it hid comes to light: whoever resumed did not see it, and
    /// what it stops may not be correctable.
    pub fn resume(&mut self) {
        (self.pause, self.eased, self.probe_with) = (self.under.take(), None, None);
    }

    /// Config or credentials changed: a probe may leave at once.
    pub fn probe_now(&mut self, now: Instant) {
        if let Some(pause) = &mut self.pause {
            pause.probe_at = pause.probe_at.min(now);
        }
    }

    /// A write was applied.
    pub fn delivered(&mut self, kind: Kind) {
        self.eased = None;
        if self.probe_with == Some(kind) {
            self.lift();
            self.eased = None;
        }
    }
}

fn window(recent: &[Instant], now: Instant) -> Vec<Instant> {
    // A clock that was set back must not block for ever: instants in the future count as now.
    recent.iter().copied().map(|at| at.min(now)).filter(|at| now.since(*at) < WINDOW).collect()
}

fn room(window: &[Instant], limit: u32) -> Result<(), Instant> {
    let limit = limit.max(1) as usize;
    if window.len() < limit { Ok(()) } else { Err(window[window.len() - limit].plus(WINDOW)) }
}

#[cfg(test)]
mod tests;
