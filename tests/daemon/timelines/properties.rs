//! What holds of any sessions in any zone: nothing is lost or won where days are cut, where sessions run side by side,
//! where files come late, in pieces, in another order or twice.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fastrand::Rng;
use jiff::tz::TimeZone;
use keitod::ledger::days::Calendar;
use keitod::ledger::spans::{Gaps, SpanKind};
use keitod::ledger::stretches;
use keitod::model::{Activity, ActivityKey, Agent, Facts, Instant, Who, hash64};
use keitod::report::{By, Filter, Place, Report, Rows, Rules};
use keitod::sources::Context;
use keitod::store::{Read, Reader, Store};
use keitod::tail::Cursor;

const GAPS: Gaps = Gaps { idle_ms: 300_000, tool_ms: 3_600_000 };

/// Each with a year in which something happens to its days.
const ZONES: [(&str, &str); 5] = [
    ("America/New_York", "2026-01-01T05:00:00Z"),
    ("Asia/Kathmandu", "1985-07-01T00:00:00Z"),
    ("America/Sao_Paulo", "2018-01-01T03:00:00Z"),
    ("Pacific/Apia", "2011-03-01T00:00:00Z"),
    ("Africa/Cairo", "2023-01-01T00:00:00Z"),
];

#[derive(Clone)]
struct Line {
    session: usize,
    at: i64,
    who: Who,
    dir: &'static str,
    proven: u32,
    key: u64,
}

/// Sessions of a span of days: steps of seconds to hours, several at a time.
fn lines(rng: &mut Rng, start: i64, days: i64, sessions: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for session in 0..sessions {
        let mut at = (start + rng.i64(0..days * 86_400)) * 1000 + rng.i64(0..1000);
        for _ in 0..rng.usize(2..30) {
            let who = [Who::Agent, Who::Agent, Who::Tool, Who::Prompt, Who::Script][rng.usize(0..5)];
            let dir = ["/w/acme", "/w/beta", "/tmp"][rng.usize(0..3)];
            let proven = if rng.u8(0..4) == 0 { rng.u32(0..9_000_000) } else { 0 };
            let key = hash64(&[&session.to_be_bytes(), &lines.len().to_be_bytes()]);
            lines.push(Line { session, at, who, dir, proven, key });
            at += match rng.u8(0..10) {
                0 => rng.i64(0..40_000_000),
                1 | 2 => rng.i64(0..3_000_000),
                _ => rng.i64(0..320_000),
            };
        }
    }
    lines
}

struct Base {
    _dir: tempfile::TempDir,
    path: PathBuf,
    store: Store,
}

impl Base {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keitod.db");
        let store = Store::open(&path).unwrap();
        Self { _dir: dir, path, store }
    }

    /// Reads lines as if they stood in this file of their session.
    fn read(&mut self, file: &str, lines: &[Line]) {
        let (agent, mut facts) = (Agent::new("claude-code"), Facts::default());
        for line in lines {
            let session = facts.names.intern(&format!("s{}", line.session));
            let dir = Some(facts.names.intern(line.dir));
            facts.activities.push(Activity {
                session,
                origin: None,
                key: ActivityKey(line.key),
                at: Instant::from_millis(line.at),
                who: line.who,
                dir,
                branch: None,
                proven_ms: line.proven,
                offset: 0,
            });
        }
        let cursor = Cursor { path: PathBuf::from(file), size: 100, offset: 100, ..Cursor::default() };
        let context = Context::default();
        let read = Read { agent: &agent, cursor: &cursor, context: &context, facts: &facts };
        self.store.transact(|tx| tx.ingest(&read)).unwrap();
    }

    fn rows(&mut self) -> Rows {
        let horizon = Instant::parse("2100-01-01T00:00:00Z").unwrap();
        self.store
            .transact(|tx| {
                while !tx.settle_dirty(GAPS, horizon, 1000)?.is_empty() {}
                Ok(())
            })
            .unwrap();
        Reader::open(&self.path).unwrap().report_rows(None).unwrap()
    }
}

fn report(rows: &Rows, zone: &str, by: &[By]) -> Report {
    let calendar = Calendar::new(TimeZone::get(zone).unwrap());
    let rules = Rules {
        calendar: &calendar,
        min_seconds: 0,
        max_seconds: None,
        price: &|_| None,
        place_of: &|dir, _, _| {
            let project = dir.and_then(|dir| rows.names.dir(dir)).and_then(|dir| dir.strip_prefix("/w/"));
            Place { project: project.map(Into::into), ..Place::default() }
        },
        project_name: &|_| None,
    };
    Report::build(rows, by, Filter::default(), &rules)
}

/// Agent, human and dropped seconds of the spans themselves.
fn of_spans(rows: &Rows) -> [u64; 3] {
    let mut sums = [0; 3];
    for span in &rows.spans {
        let kind = match span.kind {
            SpanKind::Agent => 0,
            SpanKind::Human => 1,
            SpanKind::Dropped => 2,
        };
        sums[kind] += u64::try_from(span.end - span.start).unwrap();
    }
    sums
}

fn of_rows(report: &Report) -> [u64; 3] {
    let times = report.rows.iter().map(|row| row.sums.time.unwrap());
    times.fold([0; 3], |sum, time| [sum[0] + time.agent, sum[1] + time.human, sum[2] + time.dropped])
}

#[test]
fn a_year_of_sessions_adds_up_to_the_second_in_every_zone() {
    for (seed, (zone, start)) in ZONES.iter().enumerate() {
        let mut rng = Rng::with_seed(seed as u64);
        let start = Instant::parse(start).unwrap().seconds();
        let lines = lines(&mut rng, start, 365, 700);
        // The instants' own sum: from the first to the last second of each session.
        let mut ends: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
        for line in &lines {
            let (first, last) = ends.entry(line.session).or_insert((i64::MAX, i64::MIN));
            (*first, *last) = ((*first).min(line.at), (*last).max(line.at));
        }
        let whole = ends.values().map(|(first, last)| last.div_euclid(1000) - first.div_euclid(1000));
        let whole = u64::try_from(whole.sum::<i64>()).unwrap();
        let mut base = Base::new();
        base.read("/logs/all.jsonl", &lines);
        let rows = base.rows();
        let days = report(&rows, zone, &[By::Day]);
        assert_eq!(of_spans(&rows), of_rows(&days), "{zone}");
        assert_eq!(of_rows(&days).iter().sum::<u64>(), whole, "{zone}");
        assert!(days.rows.len() > 300, "{zone}");
        // Samoa had no such day.
        let skipped = days.rows.iter().any(|row| row.day == Some("2011-12-30".parse().unwrap()));
        assert!(!skipped || *zone != "Pacific/Apia", "{zone}");
        for by in [vec![By::Day, By::Session], vec![By::Project], vec![By::Day, By::Project, By::Session]] {
            assert_eq!(of_rows(&report(&rows, zone, &by)), of_rows(&days), "{zone} {by:?}");
        }
        // Each day by itself, from the offsets alone.
        let zone_of = TimeZone::get(zone).unwrap();
        for row in days.rows.iter().step_by(17) {
            let day = row.day.unwrap();
            let noon = Instant::parse(&format!("{day}T12:00:00Z")).unwrap().seconds();
            let agent = rows.spans.iter().filter(|span| span.kind == SpanKind::Agent);
            let near = agent.map(|span| span.start.max(noon - 150_000)..span.end.min(noon + 150_000));
            let local = |at: i64| zone_of.to_datetime(Instant::from_seconds(at).timestamp()).date();
            let of_day = near.flatten().filter(|at| local(*at) == day);
            assert_eq!(of_day.count() as u64, row.sums.time.unwrap().agent, "{zone} {day}");
        }
    }
}

#[test]
fn a_union_is_no_more_than_its_sum_and_no_more_than_the_clock() {
    for seed in 0..40 {
        let mut rng = Rng::with_seed(seed);
        let (zone, start) = ZONES[rng.usize(0..ZONES.len())];
        let start = Instant::parse(start).unwrap().seconds();
        let mut lines = lines(&mut rng, start, 3, 12);
        let mut base = Base::new();
        rng.shuffle(&mut lines);
        // Late files: after each the same must hold.
        for (index, late) in lines.chunks(lines.len() / 4 + 1).enumerate() {
            base.read(&format!("/logs/{index}.jsonl"), late);
            let rows = base.rows();
            for by in [vec![], vec![By::Day], vec![By::Project], vec![By::Day, By::Project]] {
                for row in report(&rows, zone, &by).rows {
                    let time = row.sums.time.unwrap();
                    assert!(time.wall <= time.agent, "seed {seed} {row:?}");
                    let agent = rows.spans.iter().filter(|span| span.kind == SpanKind::Agent);
                    let all = stretches::union(agent.map(|span| (span.start, span.end)).collect());
                    let clock = all.last().map_or(0, |last| last.1) - all.first().map_or(0, |first| first.0);
                    assert!(time.wall <= stretches::seconds(&all), "seed {seed} {row:?}");
                    assert!(i64::try_from(time.wall).unwrap() <= clock, "seed {seed} {row:?}");
                    // A day of 25 hours is the longest there is here.
                    assert!(row.day.is_none() || time.wall <= 25 * 3600, "seed {seed} {row:?}");
                }
            }
        }
    }
}

#[test]
fn pieces_order_and_copies_of_files_change_nothing() {
    for seed in 0..40 {
        let mut rng = Rng::with_seed(1000 + seed);
        let (zone, start) = ZONES[rng.usize(0..ZONES.len())];
        let start = Instant::parse(start).unwrap().seconds();
        let lines = lines(&mut rng, start, 5, 8);
        let by = [By::Day, By::Project, By::Session];
        let mut plain = Base::new();
        plain.read("/logs/all.jsonl", &lines);
        let expected = report(&plain.rows(), zone, &by);

        let mut files: Vec<Vec<Line>> =
            (0..8).map(|of| lines.iter().filter(|line| line.session == of).cloned().collect()).collect();
        rng.shuffle(&mut files);
        let mut pieces = Base::new();
        for (index, file) in files.iter().enumerate() {
            let mut rest = file.as_slice();
            while !rest.is_empty() {
                let (piece, more) = rest.split_at(rng.usize(1..=rest.len()));
                pieces.read(&format!("/logs/{index}.jsonl"), piece);
                // Spans are computed between any two pieces, as in life.
                if rng.bool() {
                    pieces.rows();
                }
                rest = more;
            }
        }
        assert_eq!(report(&pieces.rows(), zone, &by), expected, "seed {seed}");
        for (index, file) in files.iter().enumerate().filter(|_| rng.bool()) {
            pieces.read(&format!("/logs/copy-{index}.jsonl"), file);
        }
        assert_eq!(report(&pieces.rows(), zone, &by), expected, "seed {seed}: copied");
    }
}
