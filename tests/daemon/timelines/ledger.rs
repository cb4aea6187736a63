//! Facts → store → spans → report.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use keitod::ledger::days::Calendar;
use keitod::ledger::spans::Gaps;
use keitod::model::{Activity, ActivityKey, Agent, Day, Facts, Turn, Who, hash64};
use keitod::report::{By, Filter, Place, Report, Row, Rows, Rules};
use keitod::sources::Context;
use keitod::status::Today;
use keitod::store::{Read, Reader, Store};
use keitod::tail::Cursor;

use super::{Numbers, Table, Timeline};
use crate::timelines::script::{Does, Event};

/// Reads the events as one file a session; settles; asks for each report.
pub fn check(timeline: &Timeline) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keitod.db");
    let mut store = Store::open(&path).unwrap();
    let mut sessions: Vec<&str> = timeline.events.iter().map(|event| event.session.as_str()).collect();
    sessions.dedup();
    for session in sessions {
        let events = timeline.events.iter().filter(|event| event.session == session);
        ingest(&mut store, session, &events.collect::<Vec<_>>());
    }
    let millis = |seconds: u64| i64::try_from(seconds * 1000).unwrap();
    let gaps = Gaps { idle_ms: millis(timeline.idle), tool_ms: millis(timeline.tool) };
    let horizon = timeline.now.plus(keitod::ledger::due::CLOCK_AHEAD);
    store
        .transact(|tx| {
            while !tx.settle_dirty(gaps, horizon, 100)?.is_empty() {}
            Ok(())
        })
        .unwrap();
    let rows = Reader::open(&path).unwrap().report_rows(None).unwrap();
    let name = &timeline.name;
    assert_eq!(table(timeline, &rows, &[By::Day]), timeline.days, "{name}");
    if !timeline.sessions.is_empty() {
        assert_eq!(table(timeline, &rows, &[By::Day, By::Session]), timeline.sessions, "{name}");
    }
    if !timeline.projects.is_empty() {
        assert_eq!(table(timeline, &rows, &[By::Day, By::Project]), timeline.projects, "{name}");
    }
    for (day, most) in &timeline.at_once {
        let day: Day = day.parse().unwrap();
        let found = with_rules(timeline, &rows, |rules| Today::build(&rows, day, rules).max_concurrency);
        assert_eq!(found, *most, "{name}: at once on {day}");
    }
}

fn with_rules<R>(timeline: &Timeline, rows: &Rows, work: impl FnOnce(&Rules<'_>) -> R) -> R {
    let calendar = Calendar::new(TimeZone::get(&timeline.zone).unwrap());
    work(&Rules {
        calendar: &calendar,
        min_seconds: timeline.min,
        max_seconds: timeline.max,
        price: &|_| None,
        place_of: &|dir, _, _| {
            let project = dir.and_then(|dir| rows.names.dir(dir)).and_then(|dir| dir.strip_prefix("/w/"));
            Place { project: project.map(Into::into), ..Place::default() }
        },
        project_name: &|_| None,
    })
}

fn table(timeline: &Timeline, rows: &Rows, by: &[By]) -> Table {
    let report = with_rules(timeline, rows, |rules| Report::build(rows, by, Filter::default(), rules));
    report.rows.iter().map(|row| (keys(row), Numbers::of(row.sums.time.unwrap()))).collect()
}

fn keys(row: &Row) -> Vec<String> {
    let second = row.session.clone().or(row.project.clone());
    row.day.map(|day| day.to_string()).into_iter().chain(second).collect()
}

fn ingest(store: &mut Store, session: &str, events: &[&Event]) {
    let (agent, mut facts) = (Agent::new("claude-code"), Facts::default());
    let id = facts.names.intern(session);
    for (index, event) in events.iter().enumerate() {
        let key = ActivityKey(hash64(&[session.as_bytes(), &index.to_be_bytes()]));
        let (who, proven) = match event.does {
            Does::Prompt => (Who::Prompt, 0),
            Does::Agent | Does::Sub => (Who::Agent, 0),
            Does::Script => (Who::Script, 0),
            Does::Tool(seconds) => (Who::Tool, seconds),
            Does::Queued => continue,
            Does::Turn(seconds) => {
                facts.turns.push(Turn { session: id, key, at: event.at, duration_ms: seconds * 1000 });
                continue;
            }
        };
        let dir = Some(facts.names.intern(&event.dir));
        facts.activities.push(Activity {
            session: id,
            origin: None,
            key,
            at: event.at,
            who,
            dir,
            branch: None,
            proven_ms: proven * 1000,
            offset: 0,
        });
    }
    let path = PathBuf::from(format!("/logs/{session}.jsonl"));
    let cursor = Cursor { path, size: 100, offset: 100, ..Cursor::default() };
    let mut context = Context::default();
    context.claim.session = Some(session.to_owned());
    let read = Read { agent: &agent, cursor: &cursor, context: &context, facts: &facts };
    store.transact(|tx| tx.ingest(&read)).unwrap();
}
