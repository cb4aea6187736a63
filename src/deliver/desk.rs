//! The state of an account's line to Keito: limiter, breaker, pauses. Pure and persisted, so that a restart grants no
//! new burst and forgets no pause.

use std::fmt;
use std::time::Duration;

use crate::model::Instant;

/// Why nothing is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseReason {
    /// The key was refused.
    Auth,
    /// The plan does not allow it.
    Plan,
    /// Something that is not Keito answered.
    CaptivePortal,
    /// The certificate is not Keito's.
    Tls,
    /// The base URL is not Keito's API.
    WrongUrl,
    /// Keito refuses what we send in a way that a retry cannot change.
    SchemaDrift,
    /// Keito stored another amount than was sent.
    AmountMismatch,
    /// A person paused.
    User,
}

impl PauseReason {
    const ALL: [Self; 8] = [
        Self::Auth,
        Self::Plan,
        Self::CaptivePortal,
        Self::Tls,
        Self::WrongUrl,
        Self::SchemaDrift,
        Self::AmountMismatch,
        Self::User,
    ];

    /// The code in status.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Plan => "plan",
            Self::CaptivePortal => "captive_portal",
            Self::Tls => "tls",
            Self::WrongUrl => "wrong_url",
            Self::SchemaDrift => "schema_drift",
            Self::AmountMismatch => "amount_mismatch",
            Self::User => "paused_by_user",
        }
    }

    /// What a person can do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Auth => "set a valid KEITO_API_KEY and KEITO_ACCOUNT_ID",
            Self::Plan => "check the workspace's plan in Keito",
            Self::CaptivePortal => "check the network: something else than Keito answered",
            Self::Tls => "check the network and the clock: the certificate is not Keito's",
            Self::WrongUrl => "check keito.url: it is the host alone, without /api/v2",
            Self::SchemaDrift => "update keitod, then `keitod resume`",
            Self::AmountMismatch => {
                "compare an expense in Keito with `keitod queue show`, then `keitod resume`"
            }
            Self::User => "keitod resume",
        }
    }
}

impl fmt::Display for PauseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A pause of all delivery, with its way out: a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub reason: PauseReason,
    /// Since when.
    pub since: Instant,
    /// When `/users/me` is asked again.
    pub probe_at: Instant,
    /// How often it was asked.
    pub probes: u32,
}

/// The state of the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desk {
    /// Requests of the last minute.
    pub recent: Vec<Instant>,
    /// Learned limit per minute and when it was learned; `None`: the configured one.
    pub limit: Option<(u32, Instant)>,
    /// Nothing before this instant (`Retry-After`).
    pub quiet_until: Option<Instant>,
    /// Transport errors and 5xx in a row.
    pub failures: u32,
    /// The breaker is open until then.
    pub open_until: Option<Instant>,
    /// All delivery is paused.
    pub pause: Option<Pause>,
}

/// Failures in a row that open the breaker.
const FAILURES: u32 = 5;
const MINUTE: Duration = Duration::from_secs(60);

impl Desk {
    /// Whether a request may leave now; `Err` says when to ask again.
    ///
    /// # Errors
    /// The instant at which it may.
    pub fn may_send(&self, now: Instant, per_minute: u32) -> Result<(), Instant> {
        let gate = self.quiet_until.into_iter().chain(self.open_until).max().unwrap_or(now);
        if gate > now {
            return Err(gate);
        }
        let limit = self.limit_at(now, per_minute).max(1) as usize;
        let window: Vec<Instant> = self.in_window(now);
        if window.len() < limit { Ok(()) } else { Err(window[window.len() - limit].plus(MINUTE)) }
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
        // A clock that was set back must not block for ever: instants in the future count as now.
        self.recent.iter().copied().map(|at| at.min(now)).filter(|at| now.since(*at) < MINUTE).collect()
    }

    /// A request leaves.
    pub fn spend(&mut self, now: Instant) {
        self.recent = self.in_window(now);
        self.recent.push(now);
    }

    /// The server answered sensibly.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.open_until = None;
    }

    /// A transport error or a 5xx. Opens the breaker after five in a row, for 30 s, doubling.
    pub fn failed(&mut self, now: Instant, longest: Duration) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            let step = (self.failures - FAILURES).min(10);
            let wait = Duration::from_secs(30).saturating_mul(1 << step).min(longest);
            self.open_until = Some(now.plus(wait));
        }
    }

    /// 429: everything is quiet until then, and the limit is halved.
    pub fn limited(&mut self, now: Instant, retry_after: Option<Duration>, per_minute: u32) {
        let wait = retry_after.unwrap_or(MINUTE).clamp(Duration::from_secs(1), Duration::from_secs(3600));
        self.quiet_until = Some(now.plus(wait));
        self.limit = Some(((self.limit_at(now, per_minute) / 2).max(1), now));
    }

    /// Pauses all delivery; a pause that holds already goes on.
    pub fn pause(&mut self, reason: PauseReason, now: Instant) {
        match &mut self.pause {
            Some(pause) if pause.reason == reason => {
                pause.probes = pause.probes.saturating_add(1);
                let wait = MINUTE.saturating_mul(1 << pause.probes.min(6)).min(Duration::from_secs(3600));
                pause.probe_at = now.plus(wait);
            }
            _ => self.pause = Some(Pause { reason, since: now, probe_at: now.plus(MINUTE), probes: 0 }),
        }
    }

    /// The text form that the store keeps.
    #[must_use]
    pub fn to_text(&self) -> String {
        let at = |at: Option<Instant>| at.map_or_else(String::new, |at| at.millis().to_string());
        let recent: Vec<String> = self.recent.iter().map(|at| at.millis().to_string()).collect();
        let limit =
            self.limit.map_or_else(String::new, |(limit, since)| format!("{limit} {}", since.millis()));
        let pause = self.pause.map_or_else(String::new, |pause| {
            let (since, probe) = (pause.since.millis(), pause.probe_at.millis());
            format!("{} {since} {probe} {}", pause.reason.code(), pause.probes)
        });
        let fields = [
            recent.join(" "),
            limit,
            at(self.quiet_until),
            self.failures.to_string(),
            at(self.open_until),
            pause,
        ];
        fields.join(";")
    }

    /// Reads [`Desk::to_text`]; what cannot be read is as new. Instants further ahead than an hour are those of a
    /// clock that was wrong, and count as one hour.
    #[must_use]
    pub fn from_text(text: &str, now: Instant) -> Self {
        Self::parse(text, now.plus(Duration::from_secs(3600)))
    }

    /// Reads [`Desk::to_text`] as it stands.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self::parse(text, Instant::from_millis(i64::MAX))
    }

    fn parse(text: &str, latest: Instant) -> Self {
        let fields: Vec<&str> = text.split(';').collect();
        let field = |index: usize| fields.get(index).copied().unwrap_or("");
        let at = |text: &str| text.parse().ok().map(|millis| Instant::from_millis(millis).min(latest));
        let pause = || {
            let words: Vec<&str> = field(5).split(' ').collect();
            let [code, since, probe_at, probes] = *words.as_slice() else { return None };
            let reason = PauseReason::ALL.into_iter().find(|reason| reason.code() == code)?;
            Some(Pause { reason, since: at(since)?, probe_at: at(probe_at)?, probes: probes.parse().ok()? })
        };
        Self {
            recent: field(0).split(' ').filter_map(at).collect(),
            limit: field(1)
                .split_once(' ')
                .and_then(|(limit, since)| Some((limit.parse().ok()?, at(since)?))),
            quiet_until: at(field(2)),
            failures: field(3).parse().unwrap_or(0),
            open_until: at(field(4)),
            pause: pause(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_seconds(seconds)
    }

    #[test]
    fn never_more_than_the_limit_in_any_minute() {
        let (mut desk, mut sent, mut now) = (Desk::default(), Vec::new(), at(1000));
        while sent.len() < 500 {
            match desk.may_send(now, 7) {
                Ok(()) => {
                    desk.spend(now);
                    sent.push(now);
                    desk = Desk::from_text(&desk.to_text(), now);
                }
                Err(wake) => {
                    assert!(wake > now);
                    now = wake;
                }
            }
        }
        for window in sent.windows(8) {
            assert!(window[7].since(window[0]) >= MINUTE);
        }
    }

    #[test]
    fn a_429_quiets_and_halves_and_the_limit_recovers() {
        let mut desk = Desk::default();
        desk.limited(at(0), Some(Duration::from_secs(5)), 50);
        assert_eq!(desk.may_send(at(4), 50), Err(at(5)));
        assert_eq!(
            (desk.limit_at(at(5), 50), desk.limit_at(at(120), 50), desk.limit_at(at(900), 50)),
            (25, 35, 50)
        );
    }

    #[test]
    fn the_breaker_opens_after_five_failures_and_doubles() {
        let mut desk = Desk::default();
        for _ in 0..4 {
            desk.failed(at(0), Duration::from_secs(900));
        }
        assert_eq!(desk.may_send(at(0), 50), Ok(()));
        desk.failed(at(0), Duration::from_secs(900));
        assert_eq!(desk.may_send(at(0), 50), Err(at(30)));
        desk.failed(at(30), Duration::from_secs(900));
        assert_eq!(desk.may_send(at(30), 50), Err(at(90)));
        desk.succeeded();
        assert_eq!(desk.may_send(at(90), 50), Ok(()));
    }

    #[test]
    fn the_state_survives_as_text() {
        let mut desk = Desk::default();
        desk.spend(at(10));
        desk.limited(at(20), None, 50);
        desk.failed(at(30), MINUTE);
        desk.pause(PauseReason::Auth, at(40));
        desk.pause(PauseReason::Auth, at(100));
        assert_eq!(Desk::from_text(&desk.to_text(), at(100)), desk);
        assert_eq!(Desk::from_text("", at(0)), Desk::default());
    }
}
