//! From running totals to requests.
//!
//! `token_count` repeats the same total (when limits are refreshed, before a retry, in 0.98 before every request), has an
//! estimate in `last` after a compaction, falls back to zero when the context is exceeded, and may tell of several
//! lineages by turns. So neither the sum of `last` nor the final total is what was used: a request is a total that
//! goes on from a known one by `last`, and each state counts once.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::super::usage::{Bad, number};
use super::wire::Usage;
use crate::model::{Quality, Tokens};

/// Lineages that one file tells of by turns.
const HEADS: usize = 16;

/// Input, of it cached, of it written, output, of it reasoning.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts([u64; 5]);

impl Counts {
    /// The counts of a usage object.
    pub(super) fn of(usage: &Usage) -> Result<Self, Bad> {
        let Usage { input_tokens, cached_input_tokens, cache_write_input_tokens, .. } = *usage;
        let Usage { output_tokens, reasoning_output_tokens, .. } = *usage;
        Ok(Self([
            number(input_tokens)?,
            number(cached_input_tokens)?,
            number(cache_write_input_tokens)?,
            number(output_tokens)?,
            number(reasoning_output_tokens)?,
        ]))
    }

    /// In disjoint classes.
    pub(super) fn tokens(self) -> Result<Tokens, Bad> {
        let [input, cache_read, cache_write_5m, output, reasoning] = self.0;
        let input =
            input.checked_sub(cache_read).and_then(|rest| rest.checked_sub(cache_write_5m)).ok_or(Bad)?;
        let reasoning = reasoning.min(output);
        Ok(Tokens { input, cache_read, cache_write_5m, output, reasoning, ..Tokens::default() })
    }

    /// For keys.
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0.iter().flat_map(|count| count.to_be_bytes()).collect()
    }

    fn is_zero(self) -> bool {
        self == Self::default()
    }

    fn minus(self, other: Self) -> Option<Self> {
        let mut rest = [0; 5];
        for ((rest, mine), theirs) in rest.iter_mut().zip(self.0).zip(other.0) {
            *rest = mine.checked_sub(theirs)?;
        }
        Some(Self(rest))
    }
}

/// What a count shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// What was used.
    pub(super) counts: Counts,
    /// How well that is known.
    pub(super) quality: Quality,
}

/// The totals that the next one may go on from, newest last.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counter {
    #[serde(rename = "h")]
    heads: VecDeque<Counts>,
}

impl Counter {
    /// Takes a total; gives what it shows to have been used since, and what else the total has grown by.
    pub(super) fn step(&mut self, total: Counts, last: Option<Counts>) -> [Option<Step>; 2] {
        const NOTHING: [Option<Step>; 2] = [None, None];
        let exact = |counts| Some(Step { counts, quality: Quality::Exact });
        if let Some(index) = self.heads.iter().rposition(|head| *head == total) {
            self.replace(Some(index), total);
            return NOTHING;
        }
        // An estimate has a sum and no parts.
        let is_told = last.is_some();
        let last = last.filter(|last| !last.is_zero());
        if let Some(last) = last {
            let before = total.minus(last);
            let index = self.heads.iter().rposition(|head| Some(*head) == before);
            if index.is_some() || before.is_some_and(Counts::is_zero) {
                self.replace(index, total);
                return [exact(last), None];
            }
        }
        let is_first = self.heads.is_empty();
        let grown =
            self.heads.iter().enumerate().rev().find_map(|(index, head)| Some((index, total.minus(*head)?)));
        self.replace(grown.map(|(index, _)| index), total);
        match (grown, last) {
            // A log that was cut at its front, a lineage that goes on from another file, or a total that fell: what was
            // before it is not told here.
            (None, Some(last)) => [exact(last), None],
            (None, None) if is_first && !is_told => [exact(total), None],
            (None, None) => NOTHING,
            (Some((_, grown)), None) => [exact(grown), None],
            (Some((_, grown)), Some(last)) => match grown.minus(last) {
                // A count is missing between the two, or another lineage begins.
                Some(rest) => [exact(last), Some(Step { counts: rest, quality: Quality::Estimated })],
                None => [exact(last), None],
            },
        }
    }

    fn replace(&mut self, index: Option<usize>, total: Counts) {
        if let Some(index) = index {
            self.heads.remove(index);
        } else if self.heads.len() >= HEADS {
            self.heads.pop_front();
        }
        self.heads.push_back(total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A total of input and output, and the last one.
    type Told = (u64, u64, Option<(u64, u64)>);

    /// What counts show: input, output, and whether exact.
    fn run(counts: &[Told]) -> Vec<(u64, u64, bool)> {
        let mut counter = Counter::default();
        let of = |(input, output)| Counts([input, 0, 0, output, 0]);
        let steps = counts.iter().flat_map(|(input, output, last)| {
            counter.step(of((*input, *output)), last.map(of)).into_iter().flatten()
        });
        steps.map(|step| (step.counts.0[0], step.counts.0[3], step.quality == Quality::Exact)).collect()
    }

    #[test]
    fn each_state_counts_once() {
        let (first, second) = ((100, 10, Some((100, 10))), (250, 30, Some((150, 20))));
        let expected = vec![(100, 10, true), (150, 20, true)];
        assert_eq!(run(&[first, second]), expected);
        assert_eq!(run(&[first, first, second, second, second]), expected, "repeated");
        let estimate = (250, 30, Some((0, 0)));
        assert_eq!(run(&[first, second, estimate, estimate]), expected, "an estimate after a compaction");
        assert_eq!(run(&[(100, 10, None), (250, 30, None)]), expected, "without the last one");
    }

    #[test]
    fn a_total_that_falls_begins_anew() {
        let before = (900, 90, Some((900, 90)));
        let exceeded = (0, 0, Some((0, 0)));
        assert_eq!(run(&[before, (60, 6, Some((60, 6)))]), [(900, 90, true), (60, 6, true)]);
        assert_eq!(run(&[before, (500, 50, Some((60, 6)))]), [(900, 90, true), (60, 6, true)]);
        assert_eq!(run(&[before, exceeded, (60, 6, Some((60, 6)))]), [(900, 90, true), (60, 6, true)]);
        assert_eq!(run(&[before, (5, 5, None)]), [(900, 90, true)], "nothing tells what that is");
    }

    #[test]
    fn lineages_that_are_told_by_turns_are_kept_apart() {
        let found = run(&[
            (100, 10, Some((100, 10))),
            (5000, 500, Some((5000, 500))),
            (130, 13, Some((30, 3))),
            (5060, 506, Some((60, 6))),
            (170, 17, Some((40, 4))),
        ]);
        let expected = [(100, 10), (5000, 500), (30, 3), (60, 6), (40, 4)].map(|(a, b)| (a, b, true));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_missing_between_two_counts_is_an_estimate() {
        let found = run(&[(100, 10, Some((100, 10))), (180, 18, Some((50, 5)))]);
        assert_eq!(found, [(100, 10, true), (50, 5, true), (30, 3, false)]);
        assert_eq!(run(&[(9000, 900, Some((50, 5)))]), [(50, 5, true)], "a log that was cut at its front");
        assert_eq!(run(&[(9000, 900, Some((0, 0)))]), [], "… after a compaction");
    }

    #[test]
    fn classes_are_disjoint() {
        let tokens = Counts([100, 40, 10, 30, 12]).tokens().unwrap();
        assert_eq!(tokens.classes(), [50, 40, 10, 0, 30]);
        assert_eq!(tokens.reasoning, 12);
        assert!(Counts([100, 90, 11, 30, 12]).tokens().is_err());
    }
}
