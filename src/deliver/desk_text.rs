//! The text form of a [`Desk`] that the store keeps.

use std::time::Duration;

use super::desk::Desk;
use super::pause::{Pause, PauseReason};
use super::refusals::Refusals;
use crate::model::{Instant, Kind};

/// So many instants are written one by one; more, second by second, each as late as the last one of its second: the text is
/// written with every request, and a limiter that reads it waits rather longer than too short.
const SINGLE: usize = 240;

/// No limit is higher.
const MOST: usize = 1_000_000;

fn instants(of: &[Instant]) -> String {
    if of.len() <= SINGLE {
        return of.iter().map(|at| at.millis().to_string()).collect::<Vec<_>>().join(" ");
    }
    let seconds = of.chunk_by(|a, b| a.seconds() == b.seconds());
    let second = |of: &[Instant]| {
        let last = of.iter().max().map_or(0, |at| at.millis());
        format!("{last}*{}", of.len())
    };
    seconds.map(second).collect::<Vec<_>>().join(" ")
}

fn instants_of(text: &str, latest: Instant) -> Vec<Instant> {
    let many = text.split(' ').filter_map(|word| {
        let (at, times) = word.split_once('*').unwrap_or((word, "1"));
        let at = Instant::from_millis(at.parse().ok()?).min(latest);
        Some(std::iter::repeat_n(at, times.parse::<usize>().ok()?.min(MOST)))
    });
    many.flatten().take(MOST).collect()
}

impl Desk {
    /// Fields of the line, separated by `;`. New ones come at the end, so that older texts are read.
    #[must_use]
    pub fn to_text(&self) -> String {
        let at = |at: Option<Instant>| at.map_or_else(String::new, |at| at.millis().to_string());
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
            instants(&self.recent),
            limit,
            at(self.quiet_until),
            self.failures.to_string(),
            at(self.open_until),
            pause(self.pause),
            instants(&self.updates),
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
            recent: instants_of(field(0), latest),
            limit: field(1)
                .split_once(' ')
                .and_then(|(limit, since)| Some((limit.parse().ok()?, at(since)?))),
            quiet_until: at(field(2)),
            failures: field(3).parse().unwrap_or(0),
            open_until: at(field(4)),
            pause: pause(field(5)),
            updates: instants_of(field(6), latest),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_requests_of_a_minute_are_a_short_text_that_never_lets_more_leave() {
        let now = Instant::from_millis(1_795_000_060_000);
        for count in [0_i64, 1, 240, 241, 5_000] {
            let recent =
                (0..count).map(|n| Instant::from_millis(1_795_000_000_001 + n * 59_000 / count.max(1)));
            let desk = Desk { recent: recent.collect(), ..Desk::default() };
            let text = desk.to_text();
            assert!(text.len() < 4_000, "{count}: {}", text.len());
            let again = Desk::from_text(&text, now);
            assert_eq!(again.recent.len(), desk.recent.len());
            let pairs = again.recent.iter().zip(&desk.recent);
            assert!(pairs.clone().all(|(read, was)| read >= was && read.since(*was).as_millis() < 1_000));
            assert!(count > 240 || again.recent == desk.recent);
        }
        assert!(Desk::read("1*99999999999 2*5;").recent.len() <= MOST);
    }
}
