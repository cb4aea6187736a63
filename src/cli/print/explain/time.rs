//! The time of a session: stretches of steps that follow each other are one line, everything else has its own.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::document::Doc;
use super::super::number::clock;
use super::super::table::Lean::{Left, Right};
use super::super::{Ink, Sheet, paint};
use super::{Page, source, stand};

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
    /// The first and the last source.
    sources: (String, String),
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
            if line.sources.0 == line.sources.1 {
                line.sources.0.clone()
            } else {
                joined(&line.sources.0, &line.sources.1)
            },
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

/// `[1]:3` and `[1]:9` are `[1]:3-9`.
fn joined(first: &str, last: &str) -> String {
    match (first.split_once("]:"), last.split_once("]:")) {
        (Some((file, from)), Some((same, to))) if file == same => format!("{file}]:{from}-{to}"),
        _ => format!("{first}-{last}"),
    }
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
                if line.sources.1 != super::NOTHING {
                    last.sources.1.clone_from(&line.sources.1);
                }
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
    let source = source(gap.at("source"));
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
        sources: (source.clone(), source),
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
