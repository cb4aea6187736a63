//! From running totals to requests, for logs that hold nothing better.
//!
//! What a total stood at when it was first read was used at instants, and maybe by models, that nothing tells: it is the
//! baseline and no request. Each later growth is one, an estimate: several requests may lie in it. A total that falls
//! began anew, and its first reading is a baseline again; what lies between a reset and that reading is not guessed.
//! Counters that start where a session starts lose nothing by this, because they are read at zero first.

use serde::{Deserialize, Serialize};

use super::page::{Page, Request};
use super::usage::Bad;
use crate::model::{Instant, MessageKey, Quality, RequestKey, Tokens, Usd, hash64};

/// Counters of one file that are remembered; of those that were not read for longest the next reading is a baseline.
const COUNTERS: usize = 1024;

/// What a counter shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Total {
    /// All tokens so far.
    pub(super) tokens: Tokens,
    /// All cost so far, where the log sums it up; else zero.
    pub(super) usd: Usd,
}

/// Whose total it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted<'a> {
    /// The agent's name.
    pub(super) agent: &'a str,
    /// The session.
    pub(super) session: &'a str,
    /// What tells several counters of one session apart, such as a model; else empty.
    pub(super) of: &'a str,
}

/// What a counter has grown by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Growth {
    /// What was used since; a total that is no count is held as such.
    pub(super) tokens: Result<Tokens, Bad>,
    /// What it cost by the log.
    pub(super) usd: Usd,
    message: MessageKey,
    key: RequestKey,
}

/// The last reading of each counter, the last read one at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Totals(Vec<Counter>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Counter {
    /// Hash of whose it is.
    #[serde(rename = "n")]
    name: u64,
    /// How often it fell.
    #[serde(rename = "e")]
    epoch: u32,
    /// Classes in their order, then reasoning.
    #[serde(rename = "t")]
    tokens: [u64; 6],
    /// Pico-USD.
    #[serde(rename = "u", default, skip_serializing_if = "is_zero")]
    usd: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(usd: &i64) -> bool {
    *usd == 0
}

impl Totals {
    /// Takes a reading, which may repeat; gives what was used since the last one.
    pub(super) fn read(&mut self, of: Counted<'_>, total: Result<Total, Bad>) -> Option<Growth> {
        let name = hash64(&[of.agent.as_bytes(), of.session.as_bytes(), of.of.as_bytes()]);
        let index = self.0.iter().rposition(|counter| counter.name == name);
        let Ok(total) = total else {
            let epoch = index.map_or(0, |index| self.0[index].epoch);
            return Some(Growth::new(of, &format!("bad:{epoch}"), Err(Bad), Usd(0)));
        };
        let last = index.map(|index| self.0.remove(index));
        if self.0.len() >= COUNTERS {
            self.0.remove(0);
        }
        let now = Counter::new(name, &total);
        let Some(last) = last else {
            self.0.push(now);
            return None;
        };
        let has_fallen = !total.tokens.at_least(&last.tokens()) || now.usd < last.usd;
        let epoch = last.epoch.saturating_add(u32::from(has_fallen));
        self.0.push(Counter { epoch, ..now });
        let tokens = total.tokens.beyond(&last.tokens());
        if has_fallen || (tokens.is_zero() && now.usd == last.usd) {
            return None;
        }
        // By where it leads and not from where: a state that was lost reads a longer way to the same end.
        let state = format!("{epoch}:{:?}:{}", total.tokens.classes(), now.usd);
        Some(Growth::new(of, &state, Ok(tokens), Usd(i128::from(now.usd - last.usd))))
    }
}

impl Growth {
    fn new(of: Counted<'_>, state: &str, tokens: Result<Tokens, Bad>, usd: Usd) -> Self {
        let Counted { agent, session, of } = of;
        let id = format!("total:{of}:{state}");
        let message = MessageKey::new(agent, &format!("{session}:{id}"));
        Self { tokens, usd, message, key: RequestKey::with_line(agent, session, &id) }
    }

    /// Adds it as a request of `model` at `at`, the latest instant that the log has for the reading.
    pub(super) fn put(&self, page: &mut Page<'_>, at: Instant, model: Option<&str>) {
        page.request(&Request {
            message: self.message,
            key: self.key,
            at,
            model,
            tokens: self.tokens,
            quality: Quality::Estimated,
        });
    }
}

impl Counter {
    fn new(name: u64, total: &Total) -> Self {
        let [input, cache_read, cache_write_5m, cache_write_1h, output] = total.tokens.classes();
        let tokens = [input, cache_read, cache_write_5m, cache_write_1h, output, total.tokens.reasoning];
        Self { name, epoch: 0, tokens, usd: i64::try_from(total.usd.0).unwrap_or(i64::MAX) }
    }

    fn tokens(&self) -> Tokens {
        let [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning] = self.tokens;
        Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Facts;

    const OF: Counted<'_> = Counted { agent: "a", session: "s", of: "" };

    fn total(input: u64, output: u64, pico: i128) -> Result<Total, Bad> {
        Ok(Total { tokens: Tokens { input, output, ..Tokens::default() }, usd: Usd(pico) })
    }

    /// What each reading shows: input, output, cost.
    fn run(readings: &[(u64, u64, i128)]) -> Vec<Option<(u64, u64, i128)>> {
        let mut totals = Totals::default();
        let read = |(input, output, pico): &(u64, u64, i128)| {
            let growth = totals.read(OF, total(*input, *output, *pico))?;
            let tokens = growth.tokens.unwrap();
            Some((tokens.input, tokens.output, growth.usd.0))
        };
        readings.iter().map(read).collect()
    }

    #[test]
    fn what_is_read_first_is_the_baseline_and_each_growth_counts_once() {
        assert_eq!(run(&[(900, 90, 9)]), [None]);
        assert_eq!(run(&[(0, 0, 0), (900, 90, 9)]), [None, Some((900, 90, 9))], "seen from its start");
        let found = run(&[(100, 10, 1), (100, 10, 1), (250, 10, 1), (250, 30, 4), (250, 30, 5)]);
        let expected = [None, None, Some((150, 0, 0)), Some((0, 20, 3)), Some((0, 0, 1))];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_total_that_falls_has_a_new_baseline() {
        assert_eq!(run(&[(100, 10, 0), (60, 6, 0), (70, 7, 0)]), [None, None, Some((10, 1, 0))]);
        assert_eq!(
            run(&[(100, 10, 0), (160, 6, 0), (170, 7, 0)]),
            [None, None, Some((10, 1, 0))],
            "one class"
        );
        assert_eq!(run(&[(100, 10, 5), (160, 16, 4)]), [None, None], "the cost");
        assert_eq!(run(&[(100, 10, 0), (0, 0, 0), (100, 10, 0)]), [None, None, Some((100, 10, 0))]);
    }

    #[test]
    fn the_key_is_that_of_where_the_counter_stands() {
        let (mut seen, mut lost) = (Totals::default(), Totals::default());
        let end = |totals: &mut Totals, readings: &[u64]| {
            readings.iter().filter_map(|input| totals.read(OF, total(*input, 0, 0))).last().unwrap().key
        };
        assert_eq!(end(&mut seen, &[0, 100, 200]), end(&mut lost, &[0, 200]));
        assert_ne!(end(&mut seen, &[0, 200]), end(&mut lost, &[200, 200, 300]), "a later epoch");
    }

    #[test]
    fn counters_are_kept_apart_and_the_longest_unread_is_forgotten() {
        let mut totals = Totals::default();
        let names: Vec<String> = (0..=COUNTERS).map(|number| number.to_string()).collect();
        for of in &names {
            assert_eq!(totals.read(Counted { of, ..OF }, total(0, 0, 0)), None);
        }
        let mut grown = |of| totals.read(Counted { of, ..OF }, total(5, 0, 0)).is_some();
        assert!(!grown("0"));
        assert!(grown("2"));
        assert!(grown("1024"));
        let text = serde_json::to_vec(&totals).unwrap();
        assert_eq!(serde_json::from_slice::<Totals>(&text).unwrap(), totals);
    }

    #[test]
    fn a_reading_that_is_no_count_is_held_and_the_last_good_one_stands() {
        let mut totals = Totals::default();
        totals.read(OF, total(5, 0, 0));
        let (first, again) = (totals.read(OF, Err(Bad)).unwrap(), totals.read(OF, Err(Bad)).unwrap());
        assert_eq!(first, again);
        assert_eq!(totals.read(OF, total(7, 0, 0)).unwrap().tokens.unwrap().input, 2);
        let mut facts = Facts::default();
        first.put(&mut Page::new(&mut facts, "s", None, 0), Instant::from_millis(1), None);
        assert!(facts.sightings[0].terms.bad_usage);
        assert_eq!(facts.sightings[0].quality, Quality::Estimated);
    }
}
