//! Activities → spans by the rule `gap300/v1` (design section 3). Pure; spans are in whole seconds, so that sums over
//! days, links and sessions add up without residue.

use crate::model::{BranchRef, DirRef, Instant, Who};

/// The name of the rule, as it is sent in metadata.
pub const RULE: &str = "gap300/v1";

/// The limits of the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gaps {
    /// Milliseconds up to which a gap closed by the agent or a tool counts.
    pub idle_ms: i64,
    /// Milliseconds that a single proof can be worth at most.
    pub tool_ms: i64,
}

/// One event of a session tree's timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The instant in the log.
    pub at: Instant,
    /// Ties are ordered by content key, so that the order of reading decides nothing.
    pub key: u64,
    /// Who closes the gap before it.
    pub who: Who,
    /// Directory of the event: what the gap is mapped by.
    pub dir: Option<DirRef>,
    /// Branch of the event.
    pub branch: Option<BranchRef>,
    /// Proven work before `at`.
    pub proven_ms: u32,
}

/// A turn's logged length in a session that never asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TurnEnd {
    /// The end.
    pub at: Instant,
    /// The length.
    pub duration_ms: u32,
}

/// What a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanKind {
    /// The agent or a tool worked: billable.
    Agent,
    /// Waiting for a person.
    Human,
    /// Not counted: longer than `idle_gap` without proof, or before a program's prompt.
    Dropped,
}

/// A stretch between two events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Unix seconds.
    pub start: i64,
    /// Unix seconds, after `start`.
    pub end: i64,
    /// What it is.
    pub kind: SpanKind,
    /// Directory of the event that closed it.
    pub dir: Option<DirRef>,
    /// Its branch.
    pub branch: Option<BranchRef>,
}

impl Span {
    /// Its length.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.end - self.start).unwrap_or(0)
    }
}

/// One gap and how much of it counts.
#[derive(Debug, Clone, Copy)]
struct Gap {
    from: i64,
    to: i64,
    counted: i64,
    closed_by: Who,
    place: Place,
}

/// What a gap is mapped by.
type Place = (Option<DirRef>, Option<BranchRef>);

/// The spans of a session. `events` in any order; those after `horizon` wait for their instant.
#[must_use]
pub fn spans(mut events: Vec<Event>, turns: &[TurnEnd], gaps: Gaps, horizon: Instant) -> Vec<Span> {
    events.retain(|event| event.at <= horizon);
    events.sort_unstable();
    events.dedup_by_key(|event| (event.at, event.key));
    let mut line: Vec<Gap> = events.windows(2).map(|pair| gap(&pair[0], &pair[1], gaps)).collect();
    let mut turns = turns.to_vec();
    turns.sort_unstable();
    turns.dedup();
    for turn in turns {
        prove_by_turn(&mut line, turn, gaps);
    }
    let mut spans = Vec::new();
    for gap in line {
        let cut = gap.to - gap.counted;
        let lost = if gap.closed_by == Who::Prompt { SpanKind::Human } else { SpanKind::Dropped };
        push(&mut spans, gap.from, cut, lost, gap.place);
        push(&mut spans, cut, gap.to, SpanKind::Agent, gap.place);
    }
    spans
}

fn gap(before: &Event, after: &Event, gaps: Gaps) -> Gap {
    let (from, to) = (before.at.millis(), after.at.millis());
    let length = to - from;
    let counted = match after.who {
        Who::Prompt | Who::Script => 0,
        Who::Agent | Who::Tool if length <= gaps.idle_ms => length,
        Who::Agent | Who::Tool => length.min(i64::from(after.proven_ms)).min(gaps.tool_ms),
    };
    Gap { from, to, counted, closed_by: after.who, place: (after.dir, after.branch) }
}

/// A turn's length proves in its long gaps at most what it exceeds the turn's otherwise counted time by.
fn prove_by_turn(line: &mut [Gap], turn: TurnEnd, gaps: Gaps) {
    let (start, end) = (turn.at.millis() - i64::from(turn.duration_ms), turn.at.millis());
    let overlap = |gap: &Gap| if gap.to <= end { gap.to - gap.from.max(start) } else { 0 };
    let counted: i64 = line.iter().map(|gap| gap.counted.min(overlap(gap).max(0))).sum();
    let mut rest = i64::from(turn.duration_ms) - counted;
    for gap in line.iter_mut() {
        let long = gap.to - gap.from > gaps.idle_ms;
        if rest <= 0 || !long || !matches!(gap.closed_by, Who::Agent | Who::Tool) {
            continue;
        }
        let more = rest.min(overlap(gap) - gap.counted).max(0);
        gap.counted += more;
        rest -= more;
    }
}

/// Adds a stretch given in milliseconds; touching stretches of one kind, directory and branch are one span.
fn push(spans: &mut Vec<Span>, from: i64, to: i64, kind: SpanKind, (dir, branch): Place) {
    let (start, end) = (from.div_euclid(1000), to.div_euclid(1000));
    if end <= start {
        return;
    }
    match spans.last_mut() {
        Some(last) if last.end == start && last.kind == kind && (last.dir, last.branch) == (dir, branch) => {
            last.end = end
        }
        _ => spans.push(Span { start, end, kind, dir, branch }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAPS: Gaps = Gaps { idle_ms: 300_000, tool_ms: 3_600_000 };

    /// `p0 a5 t20+600`: who, second, proven seconds. `T900/800` is a turn of 800 s that ended at 900.
    fn check(script: &str, expected: &str) {
        let (mut events, mut turns) = (Vec::new(), Vec::new());
        for (key, word) in script.split_whitespace().enumerate() {
            let number = |text: &str| text.parse::<i64>().unwrap();
            let (who, rest) = word.split_at(1);
            if who == "T" {
                let (at, length) = rest.split_once('/').unwrap();
                let duration_ms = u32::try_from(number(length) * 1000).unwrap();
                turns.push(TurnEnd { at: Instant::from_seconds(number(at)), duration_ms });
                continue;
            }
            let (at, proven) = rest.split_once('+').unwrap_or((rest, "0"));
            events.push(Event {
                at: Instant::from_seconds(number(at)),
                key: key as u64,
                who: match who {
                    "p" => Who::Prompt,
                    "s" => Who::Script,
                    "t" => Who::Tool,
                    _ => Who::Agent,
                },
                dir: None,
                branch: None,
                proven_ms: u32::try_from(number(proven) * 1000).unwrap(),
            });
        }
        let got: Vec<String> = spans(events, &turns, GAPS, Instant::from_seconds(1_000_000))
            .iter()
            .map(|span| {
                let kind = match span.kind {
                    SpanKind::Agent => "agent",
                    SpanKind::Human => "human",
                    SpanKind::Dropped => "dropped",
                };
                format!("{kind} {}-{}", span.start, span.end)
            })
            .collect();
        assert_eq!(got.join(", "), expected, "{script}");
    }

    #[test]
    fn the_rule_by_hand() {
        check("p0 a5 t20 a30", "agent 0-30");
        check("p0 a5 p1000 a1010", "agent 0-5, human 5-1000, agent 1000-1010");
        check("a0 a300", "agent 0-300");
        check("a0 a301", "dropped 0-301");
        check("a0 t2400+2400", "agent 0-2400");
        check("a0 t2400+600", "dropped 0-1800, agent 1800-2400");
        check("a0 t9000+9000", "dropped 0-5400, agent 5400-9000");
        check("a0 s100 a110", "dropped 0-100, agent 100-110");
        check("p0 a5", "agent 0-5");
        check("a5", "");
        check("", "");
        // A turn of 900 s with 100 s counted otherwise proves 800 s of its one long gap of 1000 s.
        check("p0 a100 a1100 T1100/1100", "agent 0-1100");
        check("p200 a300 a1300 T1300/900", "agent 200-300, dropped 300-400, agent 400-1300");
    }

    #[test]
    fn an_event_in_the_future_waits() {
        let event = |at, key| Event {
            at: Instant::from_seconds(at),
            key,
            who: Who::Agent,
            dir: None,
            branch: None,
            proven_ms: 0,
        };
        let events = vec![event(0, 1), event(10, 2), event(20, 3)];
        let seen = spans(events, &[], GAPS, Instant::from_seconds(15));
        assert_eq!(seen.iter().map(Span::seconds).sum::<u64>(), 10);
    }
}
