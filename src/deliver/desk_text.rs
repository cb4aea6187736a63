//! The text form of a [`Desk`] that the store keeps.

use std::time::Duration;

use super::desk::Desk;
use super::pause::{Pause, PauseReason};
use super::refusals::Refusals;
use crate::model::{Instant, Kind};

impl Desk {
    /// Fields of the line, separated by `;`. New ones come at the end, so that older texts are read.
    #[must_use]
    pub fn to_text(&self) -> String {
        let at = |at: Option<Instant>| at.map_or_else(String::new, |at| at.millis().to_string());
        let all = |of: &[Instant]| -> String {
            of.iter().map(|at| at.millis().to_string()).collect::<Vec<_>>().join(" ")
        };
        let limit =
            self.limit.map_or_else(String::new, |(limit, since)| format!("{limit} {}", since.millis()));
        let pause = |pause: Option<Pause>| {
            pause.map_or_else(String::new, |pause| {
                let (since, probe) = (pause.since.millis(), pause.probe_at.millis());
                format!("{} {since} {probe} {}", pause.reason.code(), pause.probes)
            })
        };
        let eased =
            self.eased.map_or_else(String::new, |(reason, probes)| format!("{} {probes}", reason.code()));
        let kind = |kind| if kind == Kind::Entry { "entry" } else { "expense" };
        let fields = [
            all(&self.recent),
            limit,
            at(self.quiet_until),
            self.failures.to_string(),
            at(self.open_until),
            pause(self.pause),
            all(&self.updates),
            pause(self.under),
            eased,
            self.probe_with.map_or("", kind).to_owned(),
            self.refusals.to_text(),
        ];
        fields.join(";")
    }

    /// Reads [`Desk::to_text`]; what cannot be read is as new. Instants further ahead than an hour and a tenth are
    /// those of a clock that was wrong, and count as that.
    #[must_use]
    pub fn from_text(text: &str, now: Instant) -> Self {
        Self::parse(text, now.plus(Duration::from_secs(3960)))
    }

    /// Reads [`Desk::to_text`] as it stands.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self::parse(text, Instant::from_millis(i64::MAX))
    }

    /// Every instant that lies behind, for a clock that was set.
    pub fn past(&mut self) -> impl Iterator<Item = &mut Instant> {
        let pauses = self.pause.iter_mut().chain(&mut self.under).map(|pause| &mut pause.since);
        let learned = self.limit.iter_mut().map(|(_, since)| since);
        self.recent.iter_mut().chain(&mut self.updates).chain(learned).chain(pauses)
    }

    /// Every instant that something waits for.
    pub fn ahead(&mut self) -> impl Iterator<Item = &mut Instant> {
        let pauses = self.pause.iter_mut().chain(&mut self.under).map(|pause| &mut pause.probe_at);
        let parked = self.refusals.untils();
        self.quiet_until.iter_mut().chain(&mut self.open_until).chain(pauses).chain(parked)
    }

    fn parse(text: &str, latest: Instant) -> Self {
        let fields: Vec<&str> = text.split(';').collect();
        let field = |index: usize| fields.get(index).copied().unwrap_or("");
        let at = |text: &str| text.parse().ok().map(|millis| Instant::from_millis(millis).min(latest));
        let reason = |code: &str| PauseReason::ALL.into_iter().find(|reason| reason.code() == code);
        let pause = |text: &str| {
            let words: Vec<&str> = text.split(' ').collect();
            let [code, since, probe_at, probes] = *words.as_slice() else { return None };
            let (since, probe_at) = (at(since)?, at(probe_at)?);
            Some(Pause { reason: reason(code)?, since, probe_at, probes: probes.parse().ok()? })
        };
        Self {
            recent: field(0).split(' ').filter_map(at).collect(),
            limit: field(1)
                .split_once(' ')
                .and_then(|(limit, since)| Some((limit.parse().ok()?, at(since)?))),
            quiet_until: at(field(2)),
            failures: field(3).parse().unwrap_or(0),
            open_until: at(field(4)),
            pause: pause(field(5)),
            updates: field(6).split(' ').filter_map(at).collect(),
            under: pause(field(7)),
            eased: field(8)
                .split_once(' ')
                .and_then(|(code, probes)| Some((reason(code)?, probes.parse().ok()?))),
            probe_with: match field(9) {
                "entry" => Some(Kind::Entry),
                "expense" => Some(Kind::Expense),
                _ => None,
            },
            refusals: Refusals::from_text(field(10), latest),
        }
    }
}
