//! One moment of the database: each session with all that an explanation needs of it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::led::{self, Led};
use super::subject::Subject;
use crate::daemon::clerk::{Onlooker, Sight};
use crate::daemon::documents::Documents;
use crate::ledger::due::CLOCK_AHEAD;
use crate::ledger::spans::{self, Event, Gap};
use crate::ledger::stretches::Stretch;
use crate::model::{AccountRef, Agent, Instant, RequestKey, RequestRef, SessionRef};
use crate::report::explained::{Bill, Held};
use crate::report::{RequestRow, Rows};
use crate::store::{DueRow, Earlier, Error, Frozen, RecordRow, Tx};

/// A session.
pub(super) struct One {
    pub(super) id: SessionRef,
    pub(super) seen: Sight,
    pub(super) events: Vec<Event>,
    pub(super) gaps: Vec<Gap>,
    pub(super) held: Vec<Held>,
    pub(super) bills: HashMap<RequestRef, Vec<Bill>>,
    pub(super) groups: Vec<(String, DueRow)>,
    pub(super) led: Led,
    pub(super) keys: Vec<(RequestRef, RequestKey)>,
    /// Files in which its requests were read.
    pub(super) files: Vec<PathBuf>,
    /// Its own id, and those of sessions that share facts with it.
    pub(super) natives: Vec<String>,
}

/// A record.
pub(super) struct Sealed {
    pub(super) row: RecordRow,
    pub(super) frozen: Frozen,
    pub(super) earlier: Earlier,
}

/// All of it.
pub(super) struct Gathered {
    pub(super) sessions: Vec<One>,
    pub(super) record: Option<Sealed>,
    /// What a report would read of the time of these sessions.
    pub(super) rows: Rows,
    /// The same by request.
    pub(super) by_request: HashMap<RequestRef, RequestRow>,
    pub(super) since: Option<Instant>,
    pub(super) horizon: Instant,
    /// Files of these sessions' agents: whose, which, whose session by its name, and when it last told of something.
    pub(super) files: Vec<(Agent, PathBuf, Option<String>, Option<Instant>)>,
}

pub(super) fn gather(
    tx: &Tx<'_>,
    of: &Documents,
    (account, onlooker): (Option<AccountRef>, &mut Onlooker),
    subject: &Subject,
    now: Instant,
) -> Result<Gathered, Error> {
    if let Some(account) = account {
        onlooker.deliver_to(tx, account)?;
    }
    let record = match subject {
        Subject::Record(id, _) => tx.record(*id)?,
        _ => None,
    };
    let ids = match (subject, &record) {
        (Subject::Record(..), Some(record)) => tx.sessions_of_record(record)?,
        (Subject::Record(..), None) => Vec::new(),
        (Subject::Group(_, due), _) => vec![due.session],
        (Subject::Session(id, _), _) => vec![*id],
        (Subject::Day(_, range), _) => tx.sessions_within(*range)?,
    };
    let horizon = now.plus(CLOCK_AHEAD);
    let mut sessions = Vec::new();
    for id in ids {
        if let Some(seen) = onlooker.see(tx, id)? {
            sessions.push(one(tx, of, (account, seen, id), horizon, onlooker)?);
        }
    }
    let rows = match subject {
        Subject::Day(_, range) => tx.report_rows(*range)?,
        _ => rows_of(tx, &sessions)?,
    };
    let mut by_request: HashMap<RequestRef, RequestRow> =
        rows.requests.iter().map(|row| (row.id, row.clone())).collect();
    if matches!(subject, Subject::Day(..)) {
        // Of a session that is told by its day alone the rest is not asked for.
        by_request.shrink_to_fit();
    }
    let record = match record {
        Some(row) => {
            let (frozen, earlier) = (tx.frozen(row.id)?, tx.earlier(row.id)?);
            Some(Sealed { row, frozen, earlier })
        }
        None => None,
    };
    let files = files(tx, &sessions)?;
    Ok(Gathered { sessions, record, rows, by_request, since: onlooker.since(), horizon, files })
}

fn one(
    tx: &Tx<'_>,
    of: &Documents,
    (account, seen, id): (Option<AccountRef>, Sight, SessionRef),
    horizon: Instant,
    onlooker: &Onlooker,
) -> Result<One, Error> {
    let events = tx.timeline(id)?;
    let gaps = spans::gaps(events.clone(), &tx.turns(id)?, onlooker.gaps(), horizon);
    let (mut held, mut bills) = (Vec::new(), HashMap::new());
    if let Some(account) = account {
        let parts = tx.held_parts(account, id)?.into_iter();
        held.extend(parts.map(|part| Held { stretch: part.stretch, id: part.id }));
        for (request, rows) in tx.bills_of(account, id)? {
            let bill = |row: crate::store::BilledRow| Bill {
                id: row.id,
                tokens: row.tokens,
                usd: (!row.adopted).then_some(row.usd),
                price: row.price,
            };
            bills.insert(request, rows.into_iter().map(bill).collect());
        }
    }
    let branches: HashMap<RequestRef, Arc<str>> = tx.branches_of(id)?;
    let led = led::led(tx, &of.config, &seen, &branches)?;
    let (files, natives) = tx.traces_of(id)?;
    let (groups, keys) = (tx.groups_of(id)?, tx.log_keys(id)?);
    Ok(One { id, seen, events, gaps, held, bills, groups, led, keys, files, natives })
}

/// The rows of a report on all the time of these sessions.
fn rows_of(tx: &Tx<'_>, sessions: &[One]) -> Result<Rows, Error> {
    let requests = sessions.iter().flat_map(|one| &one.seen.session.requests).map(|of| of.at.seconds());
    let events = sessions.iter().flat_map(|one| &one.events).map(|event| event.at.seconds());
    let range =
        |range: Option<Stretch>, at: i64| Some(range.map_or((at, at), |(a, b)| (a.min(at), b.max(at))));
    let Some((first, last)) = requests.chain(events).fold(None, range) else { return Ok(Rows::default()) };
    let mut rows = tx.report_rows((first, last.saturating_add(1)))?;
    let ours = |id: SessionRef| sessions.iter().any(|one| one.id == id);
    rows.requests.retain(|row| ours(row.session));
    rows.spans.retain(|row| ours(row.session));
    rows.idle.retain(|row| ours(row.session));
    rows.pinned.retain(|row| ours(row.session));
    Ok(rows)
}

type File = (Agent, PathBuf, Option<String>, Option<Instant>);

fn files(tx: &Tx<'_>, sessions: &[One]) -> Result<Vec<File>, Error> {
    let mut agents: Vec<&Agent> = sessions.iter().map(|one| &one.seen.head.agent).collect();
    agents.sort_unstable();
    agents.dedup();
    let mut told = HashMap::new();
    for agent in &agents {
        told.extend(tx.last_told(agent.as_str())?);
    }
    let cursors = tx.cursors()?.into_iter().filter(|(agent, ..)| agents.contains(&agent));
    let file = |(agent, cursor, context): (Agent, crate::tail::Cursor, crate::sources::Context)| {
        let last = told.get(&cursor.path).copied();
        (agent, cursor.path, context.claim.session, last)
    };
    Ok(cursors.map(file).collect())
}
