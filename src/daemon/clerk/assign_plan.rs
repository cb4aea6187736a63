//! What an assignment changes, computed in a transaction that is rolled back for a preview and committed else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::acts::Refused;
use super::adopting::Appended;
use super::assign::{Amounts, AssignOrder, Assigned, Where};
use super::assigned::{Assignment, cuts};
use super::bench::Bench;
use super::books::Books;
use super::rulings::Rulings;
use super::session::{Loaded, cut};
use super::shares::{self, Shares};
use super::{Clerk, Policy, Scope, Settings, Settled};
use crate::ledger::days::Calendar;
use crate::ledger::due::{self, Sheet, Waiting};
use crate::ledger::held::Held;
use crate::ledger::spans::SpanKind;
use crate::ledger::stretches::{self, Stretch};
use crate::model::{CategoryId, Day, DirRef, Instant, Link, RequestRef, SessionRef};
use crate::store::{Error, RecordRow, Tx, WriteRow, WriteState};

/// Longest entry that Keito takes, in seconds.
const LONGEST: u64 = 24 * 3600;

/// What a plan is made with.
pub(super) struct Room<'a> {
    pub(super) settings: &'a Settings,
    pub(super) policy: &'a mut (dyn Policy + Send),
    pub(super) scope: &'a Scope,
    pub(super) appended: &'a Appended,
    pub(super) settled: Settled,
    pub(super) rulings: &'a mut Rulings,
    pub(super) shares: &'a mut Shares,
    pub(super) books: &'a Books,
    pub(super) calendar: &'a Calendar,
    pub(super) category: Option<&'a CategoryId>,
    pub(super) today: Day,
    pub(super) order: &'a AssignOrder,
    pub(super) now: Instant,
}

/// What is to be done.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) found: Assigned,
    pub(super) decided: Vec<Assignment>,
    pub(super) refused: Option<Refused>,
}

/// The facts of a session that are meant.
pub(super) struct Hit {
    pub(super) time: Vec<Stretch>,
    pub(super) requests: BTreeSet<RequestRef>,
}

/// Work by day and place.
pub(super) type Side = BTreeMap<(Day, Where), Amounts>;

impl Room<'_> {
    /// Says and does it all; what is done to the store is the transaction's.
    pub(super) fn plan(&mut self, tx: &Tx<'_>) -> Result<Plan, Error> {
        let mut plan = Plan::default();
        let sessions = match self.sessions(tx)? {
            Ok(sessions) => sessions,
            Err(refused) => return Ok(Plan { refused: Some(refused), ..plan }),
        };
        for id in sessions {
            self.session(tx, id, &mut plan)?;
        }
        let found = &plan.found;
        if plan.refused.is_none() && found.rows.is_empty() && found.moves.is_empty() && found.stays.is_empty()
        {
            plan.refused = Some(match self.order.spent {
                Some(_) => Refused::NothingLocked,
                None => Refused::NothingSelected,
            });
        }
        Ok(plan)
    }

    /// The sessions that may be meant; a beginning of an id must mean one.
    pub(super) fn sessions(&self, tx: &Tx<'_>) -> Result<Result<Vec<SessionRef>, Refused>, Error> {
        let select = &self.order.select;
        let (mut exact, mut alike, mut all) = (Vec::new(), BTreeMap::new(), Vec::new());
        for id in tx.assignable(self.scope.id)? {
            let Some(head) = tx.session_head(id)? else { continue };
            if select.agent.as_ref().is_some_and(|agent| *agent != head.agent) {
                continue;
            }
            match &select.session {
                None => all.push(id),
                Some(word) if head.native.as_str() == word => exact.push(id),
                Some(word) if head.native.as_str().starts_with(word.as_str()) => {
                    alike.insert(format!("{} {}", head.agent, head.native), id);
                }
                Some(_) => {}
            }
        }
        let Some(word) = &select.session else { return Ok(Ok(all)) };
        if !exact.is_empty() {
            return Ok(Ok(exact));
        }
        Ok(match alike.len() {
            0 => Err(Refused::NoSession { session: word.clone() }),
            1 => Ok(alike.into_values().collect()),
            _ => Err(Refused::Ambiguous { session: word.clone(), ids: alike.into_keys().collect() }),
        })
    }

    fn session(&mut self, tx: &Tx<'_>, id: SessionRef, plan: &mut Plan) -> Result<(), Error> {
        let Some(loaded) = self.load(tx, id, self.scope)? else { return Ok(()) };
        let records = tx.records_with(self.scope.id, id)?;
        let assignments = self.assignments(tx, &loaded, &records)?;
        if assignments.is_empty() {
            return Ok(());
        }
        let hit = self.hit(tx, &loaded, &assignments)?;
        let mut before = Side::new();
        let sheet = self.sheet(tx, loaded, self.scope)?;
        add_sheet(&mut before, &sheet);
        let mut touched = false;
        for record in records {
            touched |= self.record(tx, id, record, &hit, (&mut before, plan))?;
        }
        let mut scope = self.scope.clone();
        Arc::make_mut(&mut scope.assigned).extend(assignments.iter().cloned());
        let Some(loaded) = self.load(tx, id, &scope)? else { return Ok(()) };
        let sheet = self.sheet(tx, loaded, &scope)?;
        if self.order.spent.is_some() && sheet.entries_beyond(LONGEST) {
            plan.refused = Some(Refused::TooLong);
        }
        let mut after = Side::new();
        add_sheet(&mut after, &sheet);
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
        let mut changed = false;
        for key in keys {
            let (was, is) = (before.get(&key).cloned(), after.get(&key).cloned());
            if was != is {
                changed = true;
                let row = plan.found.rows.entry(key).or_default();
                row.0.add(&was.unwrap_or_default());
                row.1.add(&is.unwrap_or_default());
            }
        }
        if changed || touched {
            plan.found.sessions += 1;
            plan.decided.extend(assignments);
            tx.recheck(id)?;
        }
        Ok(())
    }

    pub(super) fn load(
        &mut self,
        tx: &Tx<'_>,
        id: SessionRef,
        scope: &Scope,
    ) -> Result<Option<Loaded>, Error> {
        let seen = self.appended.get(&id).copied();
        Clerk::load(tx, self.policy, Some(scope), id, seen, self.now)
    }

    fn sheet(&mut self, tx: &Tx<'_>, mut loaded: Loaded, scope: &Scope) -> Result<Sheet, Error> {
        if self.settings.shares {
            let rank = shares::rank(tx, &loaded)?;
            loaded.session.others = self.shares.others(tx, Some(scope), &loaded, &rank)?;
        }
        let bench = Bench {
            settings: self.settings,
            policy: self.policy,
            account: Some(scope),
            category: self.category,
            calendar: self.calendar,
            today: self.today,
            settled: self.settled,
            rulings: self.rulings,
            books: self.books,
            now: self.now,
        };
        Ok(bench.with_rules(&loaded.head, |rules| due::due(&loaded.session, rules)))
    }

    /// What would be written down for a session.
    pub(super) fn assignments(
        &self,
        tx: &Tx<'_>,
        loaded: &Loaded,
        records: &[RecordRow],
    ) -> Result<Vec<Assignment>, Error> {
        let (select, order) = (&self.order.select, self.order);
        let dirs = match &select.dir {
            None => None,
            Some(pattern) => {
                let facts = &loaded.session;
                let requests = facts.requests.iter().map(|request| request.dir);
                let all: BTreeSet<DirRef> =
                    requests.chain(facts.spans.iter().map(|(span, _)| span.dir)).flatten().collect();
                let mut dirs = BTreeSet::new();
                for dir in all {
                    dirs.extend(
                        tx.dir_of(dir)?.map(|(path, _)| path).filter(|path| pattern.matches_within(path)),
                    );
                }
                if dirs.is_empty() {
                    return Ok(Vec::new());
                }
                Some(dirs)
            }
        };
        let (from, to) = (select.from.map(|day| self.start(day)), select.to.map(|day| self.end(day)));
        let whole = Assignment {
            agent: loaded.head.agent.clone(),
            session: loaded.head.native.clone(),
            dirs,
            from,
            to: Some(to.unwrap_or(self.now)),
            onward: to.is_none(),
            target: order.target.clone(),
            spent: order.spent,
            moves: order.moves,
        };
        if order.spent.is_none() {
            return Ok(vec![whole]);
        }
        let mut days = BTreeSet::new();
        for record in records {
            let write = tx.latest_write(record.id)?;
            if write.is_some_and(|write| held_as(&write) == Some(Held::LockedPeriod)) {
                days.insert(record.new.day);
            }
        }
        let of_day = |day: Day| {
            let (first, last) = (self.start(day), self.end(day));
            let from = from.map_or(first, |from| from.max(first));
            let to = to.map_or(last, |to| to.min(last));
            (from < to).then(|| Assignment { from: Some(from), to: Some(to), onward: false, ..whole.clone() })
        };
        Ok(days.into_iter().filter_map(of_day).collect())
    }

    fn start(&self, day: Day) -> Instant {
        Instant::from_seconds(self.calendar.end_of(day.yesterday().unwrap_or(day)))
    }

    fn end(&self, day: Day) -> Instant {
        Instant::from_seconds(self.calendar.end_of(day))
    }

    pub(super) fn hit(&self, tx: &Tx<'_>, loaded: &Loaded, of: &[Assignment]) -> Result<Hit, Error> {
        let mut paths: HashMap<DirRef, Option<String>> = HashMap::new();
        let mut means = |at: Instant, dir: Option<DirRef>| {
            let path = match dir {
                None => None,
                Some(dir) => match paths.get(&dir) {
                    Some(path) => path.clone(),
                    None => {
                        let path = tx.dir_of(dir)?.map(|(path, _)| path);
                        paths.insert(dir, path.clone());
                        path
                    }
                },
            };
            Ok::<_, Error>(of.iter().any(|of| of.means(at, path.as_deref())))
        };
        let (mut time, mut requests) = (Vec::new(), BTreeSet::new());
        let borders = cuts(&of.iter().collect::<Vec<_>>());
        let spans = loaded.session.spans.iter().map(|(span, _)| *span);
        for span in cut(spans.filter(|span| span.kind == SpanKind::Agent).collect(), &borders) {
            if means(Instant::from_millis(span.end * 1000 - 1), span.dir)? {
                time.push((span.start, span.end));
            }
        }
        for request in &loaded.session.requests {
            if means(request.at, request.dir)? {
                requests.insert(request.id);
            }
        }
        Ok(Hit { time: stretches::union(time), requests })
    }
}

impl Plan {
    pub(super) fn stay(&mut self, why: &'static str, amounts: &Amounts) {
        self.found.stays.entry(why).or_default().add(amounts);
    }
}

impl Amounts {
    pub(super) fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.seconds += other.seconds;
        self.expenses += other.expenses;
        self.requests += other.requests;
        self.usd = match (self.usd, other.usd) {
            (Some(a), Some(b)) => Some(a.plus(b)),
            (a, b) => a.or(b),
        };
    }
}

fn add_sheet(side: &mut Side, sheet: &Sheet) {
    for ((expense, day, link, _, waiting), sum) in &sheet.waiting {
        let shown = |link: &Link| (link.project.as_str().to_owned(), link.task.as_str().to_owned());
        let place = Where {
            link: link.as_ref().map(shown),
            held: if let Waiting::Held(held) = waiting { Some(held.code()) } else { None },
            excluded: *waiting == Waiting::Excluded,
        };
        side.entry((*day, place)).or_default().add(&Amounts {
            entries: u64::from(!expense),
            seconds: sum.seconds,
            expenses: u64::from(*expense),
            requests: sum.requests,
            usd: sum.usd,
        });
    }
}

/// What holds a write that was refused and would leave again.
pub(super) fn held_as(write: &WriteRow) -> Option<Held> {
    let reason = write.reason.as_deref().filter(|_| write.state == WriteState::Pending)?;
    let code = reason.split(':').next().unwrap_or(reason);
    Held::parse(code).filter(|held| matches!(held, Held::LockedPeriod | Held::ProjectClosed))
}
