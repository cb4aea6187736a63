//! The local day so far.

use super::Today;
use crate::ledger::spans::SpanKind;
use crate::model::Day;
use crate::report::{Filter, Report, Rows, Rules};

impl Today {
    /// From rows that cover `day` at least (`Reader::report_rows(Filter::only(day).range(calendar))`).
    #[must_use]
    pub fn build(rows: &Rows, day: Day, rules: &Rules<'_>) -> Self {
        let totals = Report::build(rows, &[], Filter::only(day), rules).totals;
        let time = totals.time.unwrap_or_default();
        Self {
            day: day.to_string(),
            agent_seconds: time.agent,
            wall_seconds: time.wall,
            human_seconds: time.human,
            dropped_seconds: time.dropped,
            below_min_seconds: time.below_min,
            capped_seconds: time.capped,
            max_concurrency: max_concurrency(rows, day, rules),
            cost_usd: totals.cost.map(|usd| usd.to_string()),
            unpriced_requests: totals.unpriced,
            unpriced_tokens: totals.unpriced_tokens,
            requests: totals.requests,
            tokens: totals.tokens.into(),
        }
    }
}

/// Most sessions with agent spans at one instant of the day. The spans of one session do not overlap.
fn max_concurrency(rows: &Rows, day: Day, rules: &Rules<'_>) -> u64 {
    let mut turns: Vec<(i64, bool)> = Vec::new();
    for span in rows.spans.iter().filter(|span| span.kind == SpanKind::Agent) {
        for (of, start, end) in rules.calendar.split(span.start, span.end) {
            if of == day {
                turns.extend([(start, true), (end, false)]);
            }
        }
    }
    // At one second, what ends goes before what begins: half-open stretches that touch do not overlap.
    turns.sort_unstable();
    let (mut now, mut most) = (0_u64, 0);
    for (_, begins) in turns {
        now = if begins { now + 1 } else { now.saturating_sub(1) };
        most = most.max(now);
    }
    most
}
