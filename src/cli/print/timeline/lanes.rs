//! A document's time by day and session.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::document::Doc;

/// What a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fill {
    /// Counted, on a record.
    Billed,
    /// Counted, due or held.
    Waits,
    /// Counted by the rule, and on no record for another reason.
    Beside,
    /// Waiting for a person.
    Human,
    /// Not counted.
    Dropped,
}

impl Fill {
    pub(super) const ALL: [Self; 5] = [Self::Billed, Self::Waits, Self::Beside, Self::Human, Self::Dropped];

    /// The word in the picture's source.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Billed => "billed",
            Self::Waits => "waits",
            Self::Beside => "beside",
            Self::Human => "human",
            Self::Dropped => "dropped",
        }
    }

    /// What the legend says.
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::Billed => "at work, on a record",
            Self::Waits => "at work, due or held",
            Self::Beside => "at work, not billed",
            Self::Human => "waiting for a person",
            Self::Dropped => "not counted",
        }
    }

    fn of(status: &str) -> Self {
        match status {
            "billed" => Self::Billed,
            "open" | "held" => Self::Waits,
            _ => Self::Beside,
        }
    }
}

/// A stretch of one kind; Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) fill: Fill,
    /// What a reader who points at it should know.
    pub(super) note: String,
}

impl Segment {
    pub(super) fn seconds(&self) -> u64 {
        u64::try_from(self.end - self.start).unwrap_or(0)
    }
}

/// A session on a day.
#[derive(Debug, Clone, Default)]
pub(super) struct Lane {
    pub(super) agent: String,
    pub(super) session: String,
    /// Projects or directories.
    pub(super) places: Vec<String>,
    pub(super) segments: Vec<Segment>,
    /// Instants of its requests.
    pub(super) requests: Vec<i64>,
    /// Events by the log that they stand in, where there are several: subagents have logs of their own.
    pub(super) logs: BTreeMap<u64, (String, Vec<i64>)>,
}

/// A local day.
#[derive(Debug, Clone)]
pub(super) struct Panel {
    pub(super) day: Date,
    /// What it shows; Unix seconds.
    pub(super) range: (i64, i64),
    pub(super) lanes: Vec<Lane>,
}

fn second(of: Doc<'_>) -> Option<i64> {
    of.str().and_then(|text| text.parse::<Timestamp>().ok()).map(|at| at.as_millisecond().div_euclid(1000))
}

/// The days on which something happened, in order.
pub(super) fn panels(document: Doc<'_>) -> Vec<Panel> {
    let zone = document.zone();
    let mut days: BTreeMap<Date, Vec<Lane>> = BTreeMap::new();
    for (index, session) in document.at("sessions").items().enumerate() {
        for (day, lane) in lanes(document, session, &zone) {
            let list = days.entry(day).or_default();
            debug_assert!(list.len() <= index);
            list.push(lane);
        }
    }
    let mut panels = Vec::new();
    for (day, lanes) in days {
        // A day in the middle of a wait shows nothing.
        let happened = |lane: &Lane| {
            let work = lane.segments.iter().filter(|of| !matches!(of.fill, Fill::Human | Fill::Dropped));
            let work = work.flat_map(|of| [of.start, of.end]);
            work.chain(lane.requests.iter().copied())
                .chain(lane.logs.values().flat_map(|(_, at)| at.iter().copied()))
                .collect::<Vec<_>>()
        };
        let all: Vec<i64> = lanes.iter().flat_map(happened).collect();
        let (Some(first), Some(last)) = (all.iter().min(), all.iter().max()) else { continue };
        // Room on both sides, so that what begins an hour is not taken for its axis.
        let pad = ((last - first) / 40).max(30);
        panels.push(Panel { day, range: (first - pad, last + pad), lanes });
    }
    panels
}

fn lanes(document: Doc<'_>, session: Doc<'_>, zone: &TimeZone) -> BTreeMap<Date, Lane> {
    let mut days: BTreeMap<Date, Lane> = BTreeMap::new();
    let day = |second: i64| {
        let at = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(zone.clone()).date()
    };
    for gap in session.at("gaps").items() {
        let (Some(from), Some(to)) = (second(gap.at("from")), second(gap.at("to"))) else { continue };
        let cut = to - i64::try_from(gap.at("counted_seconds").count()).unwrap_or(0);
        let lost = if gap.at("human_seconds").count() > 0 { Fill::Human } else { Fill::Dropped };
        push(&mut days, (from, cut), lost, "", &day, zone);
        let mut begun = cut;
        for part in gap.at("parts").items() {
            let (Some(from), Some(to)) = (second(part.at("from")), second(part.at("to"))) else { continue };
            push(&mut days, (begun, from), Fill::Beside, "", &day, zone);
            let fill = Fill::of(part.at("status").str().unwrap_or_default());
            push(&mut days, (from, to), fill, &super::super::explain::stand(part), &day, zone);
            begun = to;
        }
        push(&mut days, (begun, to), Fill::Beside, "", &day, zone);
        if let Some(file) = gap.at("source").at("file").0.as_u64() {
            let lane = days.entry(day(to)).or_default();
            lane.logs.entry(file).or_insert_with(|| (name(document, file), Vec::new())).1.push(to);
        }
    }
    for request in session.at("requests").items() {
        if let Some(at) = second(request.at("at")) {
            days.entry(day(at)).or_default().requests.push(at);
        }
    }
    let mut places: Vec<String> = Vec::new();
    for place in session.at("places").items() {
        let (id, name) = (place.at("project"), place.at("project_name"));
        let told = if name.is_null() { id } else { name };
        let told =
            if told.is_null() { last(place.at("directory").str().unwrap_or_default()) } else { told.text() };
        if !told.is_empty() && !places.contains(&told) {
            places.push(told);
        }
    }
    for lane in days.values_mut() {
        (lane.agent, lane.session) = (session.at("agent").text(), session.at("session").text());
        lane.places.clone_from(&places);
    }
    days
}

/// The name of a log without its folders and its ending.
fn name(document: Doc<'_>, file: u64) -> String {
    let index = usize::try_from(file).unwrap_or(usize::MAX);
    let path = document.at("files").items().nth(index).and_then(|file| file.at("path").str());
    let name = last(path.unwrap_or_default());
    name.rsplit_once('.').map_or(name.clone(), |(stem, _)| stem.to_owned())
}

fn last(path: &str) -> String {
    super::super::plain(path.rsplit('/').next().unwrap_or_default())
}

/// Adds a stretch, cut at local midnights; one that goes on in the same way is one segment.
fn push(
    days: &mut BTreeMap<Date, Lane>,
    (mut start, end): (i64, i64),
    fill: Fill,
    note: &str,
    day: &dyn Fn(i64) -> Date,
    zone: &TimeZone,
) {
    while start < end {
        let today = day(start);
        let next = today.tomorrow().ok().and_then(|next| next.to_zoned(zone.clone()).ok());
        // Midnight may come twice; then the second one is where the day is over.
        let midnight = next.map_or(end, |next| next.timestamp().as_second());
        let to = if midnight > start { midnight.min(end) } else { end };
        let lane = days.entry(today).or_default();
        match lane.segments.last_mut() {
            Some(known) if known.end == start && known.fill == fill && known.note == note => known.end = to,
            _ => lane.segments.push(Segment { start, end: to, fill, note: note.to_owned() }),
        }
        start = to;
    }
}
