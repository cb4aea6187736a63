//! Reports from kept days against those from every row, after random reading, settling, billing and keeping.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;

use super::sample::{Sample, at, london, place, price};
use super::{By, Filter, KeptDay, Report, Rows, Rules};
use crate::ledger::days::Calendar;
use crate::ledger::spans::Gaps;
use crate::model::{
    AccountId, Activity, ActivityKey, Agent, Day, Facts, Instant, KeitodId, Kind, Link, Mark, MessageKey,
    ProjectId, Quality, RequestKey, Sighting, TaskId, Terms, Tokens, Usd, Who,
};
use crate::sources::Context;
use crate::store::{Account, Error, Keep, NewRecord, Read, Tx};
use crate::tail::Cursor;

#[derive(Debug, Clone)]
enum Fact {
    Request { message: u8, minute: u16, output: u8, origin: Option<u8> },
    Cut { message: u8 },
    Event { key: u8, minute: u16, who: u8, origin: Option<u8> },
}

#[derive(Debug, Clone)]
enum Step {
    Read {
        session: u8,
        facts: Vec<Fact>,
    },
    Settle {
        limit: usize,
    },
    Keep,
    /// The days are made before the step that follows it, and written after.
    KeepLate,
    Bill {
        request: u8,
        record: u8,
    },
    Cover {
        session: u8,
        minute: u16,
        minutes: u8,
        record: u8,
    },
    Uncover {
        record: u8,
    },
    Limit(u64),
}

fn fact() -> impl Strategy<Value = Fact> {
    let origin = || prop::option::weighted(0.1, 0..4_u8);
    // Mostly few instants, so that sessions are alone on a day, or at one instant with another.
    let minute = || prop_oneof![0..5_000_u16, (0..6_u16).prop_map(|day| day * 700)];
    prop_oneof![
        4 => (0..6_u8, minute(), 0..9_u8, origin())
            .prop_map(|(message, minute, output, origin)| Fact::Request { message, minute, output, origin }),
        1 => (0..6_u8).prop_map(|message| Fact::Cut { message }),
        4 => (0..12_u8, minute(), 0..3_u8, origin())
            .prop_map(|(key, minute, who, origin)| Fact::Event { key, minute, who, origin }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_u8, prop::collection::vec(fact(), 1..6)).prop_map(|(session, facts)| Step::Read { session, facts }),
        3 => prop_oneof![Just(1_usize), Just(100)].prop_map(|limit| Step::Settle { limit }),
        3 => Just(Step::Keep),
        2 => Just(Step::KeepLate),
        1 => (0..6_u8, 0..3_u8).prop_map(|(request, record)| Step::Bill { request, record }),
        1 => (0..4_u8, 0..5_000_u16, 1..200_u8, 0..3_u8)
            .prop_map(|(session, minute, minutes, record)| Step::Cover { session, minute, minutes, record }),
        1 => (0..3_u8).prop_map(|record| Step::Uncover { record }),
        1 => prop_oneof![Just(60_u64), Just(3_000)].prop_map(Step::Limit),
    ]
}

fn instant(minute: u16) -> Instant {
    at("2026-05-03T20:00:00Z").plus(std::time::Duration::from_secs(u64::from(minute) * 60))
}

/// Sessions 0 and 1 are of one agent, 2 and 3 of another.
fn agent(session: u8) -> &'static str {
    if session < 2 { "claude-code" } else { "codex" }
}

fn facts(session: u8, told: &[Fact]) -> Facts {
    let mut facts = Facts::default();
    let own = facts.names.intern(&format!("s{session}"));
    let agent = agent(session);
    for fact in told {
        let named = |facts: &mut Facts, origin: Option<u8>| {
            origin.map(|origin| facts.names.intern(&format!("s{}", origin % 2 + session / 2 * 2)))
        };
        match *fact {
            Fact::Request { message, minute, output, origin } => {
                let name = format!("m{message}");
                let has_request_id = message % 2 == 0;
                let key = if has_request_id {
                    RequestKey::with_request_id(agent, &name, "r")
                } else {
                    RequestKey::with_request_id(agent, &name, &minute.to_string())
                };
                let origin = named(&mut facts, origin);
                let model = facts.names.intern(["opus", "mystery", "free"][usize::from(message % 3)]);
                let output = u64::from(output);
                facts.sightings.push(Sighting {
                    session: own,
                    origin,
                    message: MessageKey::new(agent, &name),
                    key,
                    has_request_id,
                    line: None,
                    at: instant(minute),
                    model,
                    provider: None,
                    reported: None,
                    dir: None,
                    branch: None,
                    tokens: Tokens { input: 10, output, reasoning: output / 2, ..Tokens::default() },
                    terms: Terms::default(),
                    quality: if output == 3 { Quality::Estimated } else { Quality::Exact },
                    nested: false,
                    offset: 0,
                });
            }
            Fact::Cut { message } => {
                facts
                    .marks
                    .push(Mark { session: own, message: MessageKey::new(agent, &format!("m{message}")) });
            }
            Fact::Event { key, minute, who, origin } => {
                let origin = named(&mut facts, origin);
                facts.activities.push(Activity {
                    origin,
                    session: own,
                    key: ActivityKey(u64::from(key) * 2 + u64::from(session / 2)),
                    at: instant(minute),
                    who: [Who::Agent, Who::Tool, Who::Prompt][usize::from(who)],
                    dir: None,
                    branch: None,
                    proven_ms: 0,
                    offset: 0,
                });
            }
        }
    }
    facts
}

struct World {
    sample: Sample,
    min: u64,
}

impl World {
    fn with_rules<R>(&self, rows: &Rows, work: impl FnOnce(&Rules<'_>) -> R) -> R {
        let calendar = london();
        work(&Rules {
            calendar: &calendar,
            min_seconds: self.min,
            max_seconds: Some(7_200),
            price: &|request| price(rows.names.model(request.model), &request.tokens),
            place_of: &|dir, _, _| place(rows, dir),
            project_name: &|_| None,
        })
    }

    fn made_from(&self) -> String {
        self.min.to_string()
    }

    fn transact<R>(&mut self, work: impl FnOnce(&Tx<'_>) -> Result<R, Error>) -> R {
        self.sample.store.transact(work).unwrap()
    }

    fn to_keep(&self) -> Option<Keep> {
        let made_from = self.made_from();
        let stale = self.sample.reader.stale(&london(), &made_from).unwrap()?;
        if stale.unsettled {
            return None;
        }
        let mut days = Vec::new();
        for day in &stale.days {
            let rows = self.sample.reader.day_rows(*day, &london()).unwrap();
            days.extend(self.with_rules(&rows, |rules| KeptDay::of(&rows, Filter::only(*day), rules)));
        }
        Some(Keep { made_from, all: stale.all, made: stale.days, days, changes: stale.changes })
    }

    fn keep(&mut self, keep: Option<Keep>) {
        if let Some(keep) = keep {
            self.transact(|tx| tx.keep(&keep));
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Read { session, facts: told } => {
                let facts = facts(*session, told);
                let path = PathBuf::from(format!("/logs/{session}.jsonl"));
                let cursor = Cursor { path, size: 100, offset: 100, ..Cursor::default() };
                let (agent, context) = (Agent::new(agent(*session)), Context::default());
                let read = Read { agent: &agent, cursor: &cursor, context: &context, facts: &facts };
                self.transact(|tx| tx.ingest(&read));
            }
            Step::Settle { limit } => {
                let gaps = Gaps { idle_ms: 3_600_000, tool_ms: 3_600_000 };
                self.transact(|tx| tx.settle_dirty(gaps, at("2027-01-01T00:00:00Z"), *limit));
            }
            Step::Keep => {
                let keep = self.to_keep();
                self.keep(keep);
            }
            Step::KeepLate => {}
            Step::Bill { request, record } => {
                let rows = self.sample.reader.report_rows(None).unwrap();
                let Some(row) = rows.requests.get(usize::from(*request)) else { return };
                self.transact(|tx| {
                    let record = of(tx, *record, Kind::Expense)?;
                    tx.bill(account(tx)?, row.id, record, &row.tokens, Usd(7), "row")
                });
            }
            Step::Cover { session, minute, minutes, record } => {
                let Some(session) = self.session(*session) else { return };
                let start = instant(*minute).seconds();
                self.transact(|tx| {
                    let record = of(tx, *record, Kind::Entry)?;
                    tx.cover(
                        account(tx)?,
                        session,
                        record,
                        None,
                        &[(start, start + i64::from(*minutes) * 60)],
                    )
                });
            }
            Step::Uncover { record } => {
                self.transact(|tx| {
                    let record = of(tx, *record, Kind::Entry)?;
                    tx.uncover(record)
                });
            }
            Step::Limit(min) => self.min = *min,
        }
    }

    fn session(&self, session: u8) -> Option<crate::model::SessionRef> {
        let rows = self.sample.reader.report_rows(None).unwrap();
        let name = format!("s{session}");
        rows.names.sessions.iter().find(|(_, known)| known.native == name).map(|(id, _)| *id)
    }

    /// Every grouping that kept days serve, over all days and over some.
    fn check(&self, after: &Step) {
        let calendar: Calendar = london();
        let all = self.sample.reader.report_rows(None).unwrap();
        let day = |text: &str| -> Day { text.parse().unwrap() };
        let filters = [
            Filter::default(),
            Filter::only(day("2026-05-04")),
            Filter { from: Some(day("2026-05-05")), to: None },
        ];
        for filter in filters {
            let days = self.sample.reader.report_days(filter, &calendar, &self.made_from()).unwrap();
            let ranged = self.sample.reader.report_rows(filter.range(&calendar)).unwrap();
            for keys in 0..8 {
                let on = |bit: i32, by: By| (keys & bit != 0).then_some(by);
                let by: Vec<By> =
                    [on(1, By::Day), on(2, By::Agent), on(4, By::Model)].into_iter().flatten().collect();
                let expected = self.with_rules(&all, |rules| Report::build(&all, &by, filter, rules));
                let kept = self.with_rules(&days.rows, |rules| {
                    Report::with_kept(&days.kept, &days.rows, &by, days.filter, rules)
                });
                assert_eq!(kept, expected, "{by:?} {filter:?} after {after:?}");
                let of_range = self.with_rules(&ranged, |rules| Report::build(&ranged, &by, filter, rules));
                assert_eq!(of_range, expected, "rows of a range, {by:?} {filter:?} after {after:?}");
            }
        }
    }
}

fn account(tx: &Tx<'_>) -> Result<crate::model::AccountRef, Error> {
    let of = Account { origin: "o".to_owned(), account: AccountId::new("a"), sandbox: false };
    Ok(tx.account(&of)?.0)
}

fn of(tx: &Tx<'_>, number: u8, kind: Kind) -> Result<crate::model::RecordRef, Error> {
    let (account, id) = (account(tx)?, KeitodId::new(format!("{kind:?}{number}")));
    if let Some(known) = tx.record_by_id(account, &id)? {
        return Ok(known.id);
    }
    let record = NewRecord {
        keitod_id: id,
        kind,
        session: None,
        day: "2026-05-05".parse().unwrap(),
        link: Link { project: ProjectId::new("p"), task: TaskId::new("t") },
        model: "opus".to_owned(),
        part: 1,
        excess: false,
        first_at: instant(0),
        last_at: instant(0),
        seconds: 60,
        requests: 1,
        amount: None,
        usd: None,
        remote: None,
        assumed: false,
    };
    tx.insert_record(account, &record, number == 2)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kept_days_say_what_the_rows_say(steps in prop::collection::vec(step(), 1..25)) {
        let mut world = World { sample: Sample::of(Vec::new()), min: 60 };
        let mut late: Option<Keep> = None;
        for step in &steps {
            let waiting = late.take();
            world.take(step);
            world.keep(waiting);
            if matches!(step, Step::KeepLate) {
                late = world.to_keep();
            }
            world.check(step);
        }
    }
}

#[test]
fn what_is_kept_is_used() {
    let mut world = World { sample: Sample::two_days(), min: 60 };
    let keep = world.to_keep();
    let made = keep.as_ref().map(|keep| keep.made.clone()).unwrap_or_default();
    let expected: BTreeSet<Day> =
        ["2026-05-05", "2026-05-06", "2026-05-07"].map(|day| day.parse().unwrap()).into();
    assert!(made.is_superset(&expected), "{made:?}");
    world.keep(keep);
    let days = world.sample.reader.report_days(Filter::default(), &london(), "60").unwrap();
    assert_eq!((days.kept.len(), days.filter, days.rows.requests.len()), (3, None, 0));
    assert!(world.to_keep().is_none());
    // From other prices or limits it is all made anew.
    let days = world.sample.reader.report_days(Filter::default(), &london(), "61").unwrap();
    assert_eq!((days.kept.len(), days.filter), (0, Some(Filter::default())));
}
