//! Gaps → lines.

use super::document::{EventLine, GapLine, PartLine};
use super::evidence::{Evidence, Only};
use super::stands::{Seconds, Stand, span_at};
use crate::ledger::spans::{Gap, SpanKind};
use crate::ledger::stretches::Stretch;
use crate::model::{Day, Instant, Who};

/// The word for who closes a gap.
pub(super) const fn by(who: Who) -> &'static str {
    match who {
        Who::Agent => "agent",
        Who::Tool => "tool",
        Who::Prompt => "person",
        Who::Script => "program",
    }
}

fn seconds((start, end): Stretch) -> u64 {
    u64::try_from(end - start).unwrap_or(0)
}

/// A gap of the explanation with the stands of its seconds.
pub(super) struct Told {
    pub(super) line: GapLine,
    pub(super) stands: Vec<(Stand, u64)>,
}

/// The gaps that an explanation is about.
pub(super) fn gaps(of: &Evidence<'_>, only: &Only) -> Vec<Told> {
    let cutter = Seconds::new(of);
    let range = range(of, only, &cutter);
    let all = of.gaps.iter().filter(|gap| range.is_none_or(|range| touches(gap, range)));
    all.filter_map(|gap| told(of, only, &cutter, gap)).collect()
}

/// Of a record or a group: from the first second that it holds to the last; what lies between is told too.
fn range(of: &Evidence<'_>, only: &Only, cutter: &Seconds<'_>) -> Option<Stretch> {
    if matches!(only, Only::All | Only::Day(_)) {
        return None;
    }
    let mut range = (i64::MAX, i64::MIN);
    for gap in of.gaps {
        for (_, stretch, stand) in cutter.cut((gap.cut().seconds(), gap.to.seconds())) {
            if is_meant(only, &stand) {
                range = (range.0.min(stretch.0), range.1.max(stretch.1));
            }
        }
    }
    Some(range)
}

fn touches(gap: &Gap, (from, to): Stretch) -> bool {
    gap.to.seconds() >= from && gap.from.seconds() <= to && from < to
}

/// Whether seconds in this state are what an explanation is about.
fn is_meant(only: &Only, stand: &Stand) -> bool {
    match only {
        Only::All | Only::Day(_) => true,
        Only::Record { id, .. } => stand.status == "billed" && stand.id.as_ref() == Some(id),
        Only::Group { id, time } => *time && stand.id.as_deref() == Some(id),
    }
}

fn told(of: &Evidence<'_>, only: &Only, cutter: &Seconds<'_>, gap: &Gap) -> Option<Told> {
    let (from, cut, to) = (gap.from.seconds(), gap.cut().seconds(), gap.to.seconds());
    let (mut start, mut end) = (gap.from, gap.to);
    let mut lost = seconds((from, cut));
    let mut parts = cutter.cut((cut, to));
    if let Only::Day(day) = only {
        let pieces: Vec<Stretch> = of
            .calendar
            .split(from, to)
            .into_iter()
            .filter(|(of, ..)| of == day)
            .map(|(_, from, to)| (from, to))
            .collect();
        lost = pieces.iter().map(|(a, b)| seconds((*a.min(&cut), *b.min(&cut)))).sum();
        parts.retain(|(of, ..)| of == day);
        match (pieces.first(), pieces.last()) {
            (Some((first, _)), Some((_, last))) => {
                start = start.max(Instant::from_seconds(*first));
                end = if *last < to { Instant::from_seconds(*last) } else { end };
            }
            // Within one second; it is told on the day of its end.
            _ if from == to && of.calendar.day(to) == *day => {}
            _ => return None,
        }
    } else {
        // Beside what it is about, a record's seconds alone count.
        parts.retain(|(_, _, stand)| is_meant(only, stand));
    }
    let counted: u64 = parts.iter().map(|(_, stretch, _)| seconds(*stretch)).sum();
    let other = match only {
        Only::All | Only::Day(_) => 0,
        Only::Record { .. } | Only::Group { .. } => seconds((cut, to)) - counted,
    };
    let human = gap.lost() == SpanKind::Human;
    let span = span_at(of, to);
    let stands = parts.iter().map(|(_, stretch, stand)| (stand.clone(), seconds(*stretch))).collect();
    let line = GapLine {
        from: start.to_string(),
        to: end.to_string(),
        seconds: lost + counted + other,
        counted_seconds: counted + other,
        human_seconds: if human { lost } else { 0 },
        dropped_seconds: if human { 0 } else { lost },
        why: gap.why(of.limits).code(),
        closed_by: by(gap.closed_by),
        place: span.and_then(|index| of.span_places.get(index).copied().flatten()),
        source: of.origins.events.get(&gap.key).cloned(),
        parts: parts.into_iter().map(part).collect(),
    };
    Some(Told { line, stands })
}

fn part((day, stretch, stand): (Day, Stretch, Stand)) -> PartLine {
    PartLine {
        from: Instant::from_seconds(stretch.0).to_string(),
        to: Instant::from_seconds(stretch.1).to_string(),
        seconds: seconds(stretch),
        day: day.to_string(),
        status: stand.status,
        id: stand.id.map(|id| id.to_string()),
        reason: stand.reason,
    }
}

/// The event that begins the timeline.
pub(super) fn first(of: &Evidence<'_>, only: &Only) -> Option<EventLine> {
    let event = of.events.first().filter(|event| event.at <= of.horizon)?;
    if matches!(only, Only::Day(day) if of.calendar.day_of(event.at) != *day) {
        return None;
    }
    Some(EventLine {
        at: event.at.to_string(),
        by: by(event.who),
        source: of.origins.events.get(&event.key).cloned(),
    })
}
