//! The time of a session: stretches of steps that follow each other are one line, everything else has its own.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::document::Doc;
use super::super::number::clock;
use super::super::table::Lean::{Left, Right};
use super::super::{Ink, Sheet, paint};
use super::{Page, stand};

/// A line of the table.
struct Line {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    seconds: u64,
    counted: u64,
    what: String,
    steps: u64,
    stands: Vec<String>,
    place: u64,
    /// By file the first and the last line; of a database or document none.
    sources: Vec<Source>,
}

pub(super) fn print(page: Page<'_>, session: Doc<'_>, out: &mut dyn Write) -> io::Result<()> {
    let name = format!("{} session {}", session.at("agent").text(), session.at("session").text());
    writeln!(out, "\n{}", paint(page.look, Ink::Bold, &name))?;
    if session.at("gaps").items().count() == 0 {
        return Ok(());
    }
    let zone = page.document.zone();
    let columns = [
        ("day", Left),
        ("from", Left),
        ("to", Left),
        ("length", Right),
        ("counts", Right),
        ("what", Left),
        ("on", Left),
        ("place", Right),
        ("log", Left),
    ];
    let mut sheet = Sheet::mixed(page.look, &columns);
    let mut day = String::new();
    for line in lines(page, session) {
        let at = |at: Option<Timestamp>, form: &str| {
            at.map_or_else(String::new, |at| at.to_zoned(zone.clone()).strftime(form).to_string())
        };
        let today = at(line.from, "%Y-%m-%d");
        sheet.row(vec![
            if today == day { String::new() } else { today.clone() },
            at(line.from, "%H:%M:%S"),
            until(&line, &zone),
            clock(line.seconds),
            clock(line.counted),
            if line.steps > 1 { format!("{}, {} steps", line.what, line.steps) } else { line.what.clone() },
            line.stands.join(", "),
            if line.place == 0 { String::new() } else { line.place.to_string() },
            sources(&line.sources),
        ]);
        day = today;
    }
    sheet.print(out)?;
    let totals = session.at("totals");
    let sum = |key: &str| clock(totals.at(key).count());
    writeln!(
        out,
        "counted {}, waiting for a person {}, dropped {}",
        sum("counted_seconds"),
        sum("human_seconds"),
        sum("dropped_seconds")
    )?;
    if session.at("events_ahead").count() > 0 {
        let ahead = session.at("events_ahead").count();
        writeln!(out, "{ahead} events lie ahead of the clock and wait for their instant")?;
    }
    Ok(())
}

/// The end; with its day if that is another one.
fn until(line: &Line, zone: &TimeZone) -> String {
    let (Some(from), Some(to)) = (line.from, line.to) else { return String::new() };
    let (from, to) = (from.to_zoned(zone.clone()), to.to_zoned(zone.clone()));
    let form = if from.date() == to.date() { "%H:%M:%S" } else { "%m-%d %H:%M:%S" };
    to.strftime(form).to_string()
}

/// A file, its lines, or its row.
type Source = (u64, Option<(u64, u64)>, Option<i64>);

fn place_in_log(source: Doc<'_>) -> Option<Source> {
    let line = source.at("line").0.as_u64();
    Some((source.at("file").0.as_u64()?, line.map(|line| (line, line)), source.at("row").0.as_i64()))
}

/// Lines of one file are one range: `[1]:3-9`.
fn join(all: &mut Vec<Source>, more: Source) {
    match all.iter_mut().find(|known| known.0 == more.0) {
        Some(known) => {
            if let (Some(lines), Some((from, to))) = (&mut known.1, more.1) {
                *lines = (lines.0.min(from), lines.1.max(to));
            }
            known.2 = None;
        }
        None => all.push(more),
    }
}

fn sources(all: &[Source]) -> String {
    let source = |(file, lines, row): &Source| match (lines, row) {
        (Some((from, to)), _) if from == to => format!("[{}]:{from}", file + 1),
        (Some((from, to)), _) => format!("[{}]:{from}-{to}", file + 1),
        (None, Some(row)) => format!("[{}] row {row}", file + 1),
        (None, None) => format!("[{}]", file + 1),
    };
    if all.is_empty() {
        return super::NOTHING.to_owned();
    }
    all.iter().map(source).collect::<Vec<_>>().join(" ")
}

fn lines(page: Page<'_>, session: Doc<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for gap in session.at("gaps").items() {
        let line = line(page, gap);
        match lines.last_mut() {
            Some(last) if goes_on(last, &line) => {
                last.to = line.to;
                last.seconds += line.seconds;
                last.counted += line.counted;
                last.steps += 1;
                for stand in line.stands {
                    if !last.stands.contains(&stand) {
                        last.stands.push(stand);
                    }
                }
                line.sources.into_iter().for_each(|source| join(&mut last.sources, source));
            }
            _ => lines.push(line),
        }
    }
    lines.retain(|line| line.seconds > 0 || line.steps > 0);
    lines
}

/// Whether a step continues the work before it.
fn goes_on(last: &Line, next: &Line) -> bool {
    let works = |line: &Line| line.steps > 0;
    let same = last.stands == next.stands || next.seconds == 0 || last.seconds == 0;
    works(last) && works(next) && same && (last.place == next.place || next.place == 0 || last.place == 0)
}

fn line(page: Page<'_>, gap: Doc<'_>) -> Line {
    let at = |key: &str| gap.at(key).str().and_then(|text| text.parse::<Timestamp>().ok());
    let mut stands: Vec<String> = Vec::new();
    for part in gap.at("parts").items() {
        let stand = stand(part);
        if !stands.contains(&stand) {
            stands.push(stand);
        }
    }
    let (seconds, counted) = (gap.at("seconds").count(), gap.at("counted_seconds").count());
    let why = gap.at("why").str().unwrap_or_default();
    Line {
        from: at("from"),
        to: at("to"),
        seconds,
        counted,
        what: what(page, why, seconds, counted),
        steps: u64::from(why == "short"),
        stands,
        place: gap.at("place").count(),
        sources: place_in_log(gap.at("source")).into_iter().collect(),
    }
}

fn what(page: Page<'_>, why: &str, seconds: u64, counted: u64) -> String {
    let idle = clock(page.document.at("time_rule").at("idle_gap_seconds").count());
    let part = if counted < seconds { format!(" {} of it", clock(counted)) } else { " it".to_owned() };
    match why {
        "short" => "at work".to_owned(),
        "person" => "waiting for a person".to_owned(),
        "program" => "until a program's prompt: nobody's".to_owned(),
        "proven_by_tool" => format!("over {idle}; a tool's logged time proves{part}"),
        "proven_by_turn" => format!("over {idle}; the turn's logged time proves{part}"),
        "unproven" => format!("dropped: over {idle}, and nothing proves work"),
        other => super::plain(other),
    }
}
