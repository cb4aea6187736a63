//! What others need to see of the facts: known files, a session with what is billed of it, directories.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{OptionalExtension as _, params};

use super::{Error, Tx, requests, terms};
use crate::ledger::due;
use crate::ledger::overlap::Theirs;
use crate::ledger::stretches::Stretch;
use crate::model::{
    AccountRef, Agent, BranchRef, DirRef, Instant, Payer, ProjectId, Quality, RequestRef, SessionId,
    SessionRef, Tokens, Usd,
};
use crate::sources::{Claim, Context};
use crate::tail::{Cursor, Evidence};

/// Who a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionHead {
    /// Its row.
    pub id: SessionRef,
    /// Its agent.
    pub agent: Agent,
    /// The agent's own id.
    pub native: SessionId,
}

/// A request of a session as due needs it; its place is not known yet.
pub type RequestOf = (due::Request, Option<BranchRef>);

/// Claim and state of a decoder in one blob: length of the session (or 0 for none) as u32, the session, the state.
pub(super) fn encode_context(context: &Context) -> Vec<u8> {
    let session = context.claim.session.as_deref().unwrap_or("").as_bytes();
    let length = u32::try_from(session.len()).unwrap_or(0);
    [&length.to_le_bytes()[..], session, &context.state].concat()
}

pub(super) fn decode_context(blob: &[u8]) -> Context {
    let Some((length, rest)) = blob.split_first_chunk::<4>() else { return Context::default() };
    let length = (u32::from_le_bytes(*length) as usize).min(rest.len());
    let (session, state) = rest.split_at(length);
    let session = String::from_utf8(session.to_vec()).ok().filter(|text| !text.is_empty());
    Context { claim: Claim { session }, state: state.to_vec() }
}

impl Tx<'_> {
    /// Every file that was read, with its agent and what its decoder remembers.
    ///
    /// # Errors
    /// Of the database.
    pub fn cursors(&self) -> Result<Vec<(Agent, Cursor, Context)>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT a.name, f.path, f.dev, f.ino, f.size, f.mtime, f.offset, f.generation, f.head_len, f.head_hash, f.anchor_len, \
             f.anchor_hash, f.context FROM file f JOIN agent a ON a.id = f.agent",
        )?;
        let rows = select.query_map([], |row| {
            let cursor = Cursor {
                path: PathBuf::from(row.get::<_, String>(1)?),
                dev: terms::hash(row.get(2)?),
                ino: terms::hash(row.get(3)?),
                size: terms::count(row.get(4)?),
                mtime_ns: row.get(5)?,
                offset: terms::count(row.get(6)?),
                generation: row.get(7)?,
                head: Evidence { len: row.get(8)?, hash: terms::hash(row.get(9)?) },
                anchor: Evidence { len: row.get(10)?, hash: terms::hash(row.get(11)?) },
            };
            Ok((Agent::new(row.get::<_, String>(0)?), cursor, decode_context(row.get_ref(12)?.as_blob()?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Who a session is.
    ///
    /// # Errors
    /// Of the database.
    pub fn session_head(&self, id: SessionRef) -> Result<Option<SessionHead>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT a.name, s.native FROM session s JOIN agent a ON a.id = s.agent WHERE s.id = ?1",
        )?;
        let head = select.query_row([id.0], |row| {
            Ok(SessionHead {
                id,
                agent: Agent::new(row.get::<_, String>(0)?),
                native: SessionId::new(row.get::<_, String>(1)?),
            })
        });
        Ok(head.optional()?)
    }

    /// The requests that a session owns, in order of time, each with the tokens that records of the account hold.
    ///
    /// # Errors
    /// Of the database.
    pub fn requests_for_due(
        &self,
        account: Option<AccountRef>,
        session: SessionRef,
    ) -> Result<Vec<RequestOf>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT q.id, q.key, q.at, m.name, q.dir, q.branch, q.terms, q.quality, q.cut, \
             q.input, q.cache_read, q.cache_write_5m, q.cache_write_1h, q.output, q.reasoning, \
             count(b.record), p.name, q.reported, q.charged \
             FROM request q JOIN model m ON m.id = q.model LEFT JOIN provider p ON p.id = q.provider LEFT JOIN billed b ON b.account = ?2 AND b.request = q.id \
             WHERE q.session = ?1 GROUP BY q.id ORDER BY q.at, q.id",
        )?;
        let plans = self.plans(session)?;
        let mut names: std::collections::HashMap<String, Arc<str>> = std::collections::HashMap::new();
        let mut name =
            |text: String| Arc::clone(names.entry(text).or_insert_with_key(|text| text.as_str().into()));
        let rows = select.query_map(params![session.0, account.map(|account| account.0)], |row| {
            let quality = terms::quality_of(row.get(7)?);
            let cut: bool = row.get(8)?;
            let request = due::Request {
                id: RequestRef(row.get(0)?),
                key: requests::key_of(row.get_ref(1)?.as_blob()?),
                at: terms::instant(row.get(2)?),
                model: name(row.get(3)?),
                dir: row.get::<_, Option<i64>>(4)?.map(DirRef),
                tokens: requests::tokens_at(row, 9)?,
                terms: terms::unpack(row.get(6)?),
                quality: if cut && quality == Quality::Exact { Quality::LowerBound } else { quality },
                provider: row.get::<_, Option<String>>(16)?.map(&mut name),
                reported: requests::reported_at(row, 17)?,
                payer: None,
                billed: None,
                place: 0,
            };
            let on_records: i64 = row.get(15)?;
            Ok((request, row.get::<_, Option<i64>>(5)?.map(BranchRef), on_records > 0))
        })?;
        let mut found = Vec::new();
        for row in rows {
            let (mut request, branch, on_records) = row?;
            if on_records {
                request.billed = Some(self.billed_of(account, request.id)?);
            }
            // The newest evidence at or before its instant.
            let known = plans.partition_point(|(at, _)| *at <= request.at);
            request.payer = known.checked_sub(1).map(|newest| plans[newest].1);
            found.push((request, branch));
        }
        Ok(found)
    }

    /// What records hold of a request, all together; `None`: of any account.
    ///
    /// # Errors
    /// Of the database.
    pub fn billed_tokens(&self, account: Option<AccountRef>, request: RequestRef) -> Result<Tokens, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT input, cache_read, cache_write_5m, cache_write_1h, output, 0 FROM billed WHERE account = ?1 AND request = ?2",
        )?;
        let rows = select.query_map(params![account.map(|account| account.0), request.0], |row| {
            requests::tokens_at(row, 0)
        })?;
        let mut sum = Tokens::default();
        for row in rows {
            sum.add(&row?);
        }
        Ok(sum)
    }

    /// Tokens of a request on records, and what they were billed at.
    fn billed_of(&self, account: Option<AccountRef>, request: RequestRef) -> Result<due::Billed, Error> {
        let tokens = self.billed_tokens(account, request)?;
        let mut select = self.conn.prepare_cached(
            "SELECT b.usd, r.adopted FROM billed b JOIN record r ON r.id = b.record WHERE b.account = ?1 AND b.request = ?2",
        )?;
        let rows = select.query_map(params![account.map(|account| account.0), request.0], |row| {
            let (usd, adopted) = (row.get::<_, String>(0)?, row.get::<_, bool>(1)?);
            Ok(usd.parse().ok().filter(|_| !adopted).map(Usd))
        })?;
        let mut usd = Some(Usd(0));
        for row in rows {
            usd = usd.zip(row?).map(|(sum, usd)| sum.plus(usd));
        }
        Ok(due::Billed { tokens, usd })
    }

    /// Evidence of who pays in a session, in order of time.
    fn plans(&self, session: SessionRef) -> Result<Vec<(Instant, Payer)>, Error> {
        let mut select =
            self.conn.prepare_cached("SELECT at, payer FROM plan WHERE session = ?1 ORDER BY at")?;
        let rows = select
            .query_map([session.0], |row| Ok((terms::instant(row.get(0)?), terms::payer_of(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Stretches of a session that entries hold, all seconds that entries have of it, and the last second that its own
    /// say they cover. What an entry has beyond the stretches that it holds counts for the session that it names.
    ///
    /// # Errors
    /// Of the database.
    pub fn covered(
        &self,
        account: AccountRef,
        session: SessionRef,
    ) -> Result<(Vec<Stretch>, u64, Option<i64>), Error> {
        let mut select =
            self.conn.prepare_cached("SELECT start, end FROM covered WHERE account = ?1 AND session = ?2")?;
        let rows = select.query_map([account.0, session.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let stretches: Vec<Stretch> = rows.collect::<Result<_, _>>()?;
        let mut select = self.conn.prepare_cached(
            "SELECT coalesce(sum(max(0, seconds - (SELECT coalesce(sum(c.end - c.start), 0) FROM covered c \
               WHERE c.record = r.id AND c.session <> r.session))), 0) + (SELECT coalesce(sum(c.end - c.start), 0) FROM covered c \
               JOIN record o ON o.id = c.record WHERE c.account = ?1 AND c.session = ?2 AND o.session <> ?2), \
             max(last_at) FROM record r WHERE account = ?1 AND session = ?2 AND kind = 0",
        )?;
        Ok(select.query_row([account.0, session.0], |row| {
            let until = row.get::<_, Option<i64>>(1)?.map(|at| at.div_euclid(1000));
            Ok((stretches, terms::count(row.get(0)?), until))
        })?)
    }

    /// Time inside `[from, to)` that entries hold for other sessions, with their project.
    ///
    /// # Errors
    /// Of the database.
    pub fn held_beside(
        &self,
        account: AccountRef,
        session: SessionRef,
        (from, to): Stretch,
    ) -> Result<Vec<Theirs>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT r.project, c.start, c.end FROM covered c JOIN record r ON r.id = c.record \
             WHERE c.account = ?1 AND c.session <> ?2 AND c.start < ?4 AND c.end > ?3",
        )?;
        let rows = select.query_map(params![account.0, session.0, from, to], |row| {
            let project = ProjectId::new(row.get::<_, String>(0)?);
            Ok(Theirs { project, stretch: (row.get(1)?, row.get(2)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The first event of a session.
    ///
    /// # Errors
    /// Of the database.
    pub fn first_at(&self, session: SessionRef) -> Result<Option<Instant>, Error> {
        let mut select = self.conn.prepare_cached("SELECT min(at) FROM activity WHERE session = ?1")?;
        let at: Option<i64> = select.query_row([session.0], |row| row.get(0))?;
        Ok(at.map(terms::instant))
    }

    /// When the last write of a record was sealed, and whether one is unfinished.
    ///
    /// # Errors
    /// Of the database.
    pub fn last_write(&self, record: crate::model::RecordRef) -> Result<(Option<Instant>, bool), Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT max(sealed_at), coalesce(max(state < 5), 0) FROM write WHERE record = ?1",
        )?;
        Ok(select.query_row([record.0], |row| {
            Ok((row.get::<_, Option<i64>>(0)?.map(terms::instant), row.get(1)?))
        })?)
    }

    /// Models of a session whose records at Keito do not add up.
    ///
    /// # Errors
    /// Of the database.
    pub fn unproven(&self, account: AccountRef, session: SessionRef) -> Result<Vec<String>, Error> {
        let mut select = self
            .conn
            .prepare_cached("SELECT DISTINCT model FROM unproven WHERE account = ?1 AND session = ?2")?;
        let rows = select.query_map([account.0, session.0], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A session's last instant: of its requests, its activities and their copies.
    ///
    /// # Errors
    /// Of the database.
    pub fn last_at(&self, session: SessionRef) -> Result<Option<Instant>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT max(at) FROM (SELECT max(at) AS at FROM request WHERE session = ?1 \
             UNION ALL SELECT max(at) FROM activity WHERE session = ?1)",
        )?;
        Ok(select.query_row([session.0], |row| row.get::<_, Option<i64>>(0))?.map(terms::instant))
    }

    /// The directory of a session's first fact.
    ///
    /// # Errors
    /// Of the database.
    pub fn first_dir(&self, session: SessionRef) -> Result<Option<DirRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT dir FROM (SELECT at, dir FROM request WHERE session = ?1 AND dir IS NOT NULL \
             UNION ALL SELECT at, dir FROM activity WHERE session = ?1 AND dir IS NOT NULL) ORDER BY at LIMIT 1",
        )?;
        Ok(select.query_row([session.0], |row| row.get(0).map(DirRef)).optional()?)
    }

    /// A directory's path and what was remembered of it.
    ///
    /// # Errors
    /// Of the database.
    pub fn dir_of(&self, dir: DirRef) -> Result<Option<(String, Option<String>)>, Error> {
        let mut select = self.conn.prepare_cached("SELECT path, facts FROM dir WHERE id = ?1")?;
        Ok(select.query_row([dir.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Remembers what was seen of a directory.
    ///
    /// # Errors
    /// Of the database.
    pub fn remember_dir(&self, dir: DirRef, facts: &str, now: Instant) -> Result<(), Error> {
        self.conn
            .prepare_cached("UPDATE dir SET facts = ?2, looked_at = ?3 WHERE id = ?1")?
            .execute(params![dir.0, facts, now.millis()])?;
        Ok(())
    }

    /// A branch's name.
    ///
    /// # Errors
    /// Of the database.
    pub fn branch_name(&self, branch: BranchRef) -> Result<Option<String>, Error> {
        let mut select = self.conn.prepare_cached("SELECT name FROM branch WHERE id = ?1")?;
        Ok(select.query_row([branch.0], |row| row.get(0)).optional()?)
    }
}
