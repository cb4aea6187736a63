//! The facts of a file's new bytes and its cursor, in one transaction.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{OptionalExtension as _, params};

use super::requests::Pens;
use super::{Error, Tx, terms};
use crate::model::{
    Activity, Agent, BranchRef, DirRef, Facts, FileRef, Instant, Mark, ModelRef, Plan, ProviderRef,
    RejectReason, SessionRef, Sym, Turn,
};
use crate::sources::Context;
use crate::tail::Cursor;

/// What was read from one file in one go.
#[derive(Debug)]
pub struct Read<'a> {
    /// Whose log it is.
    pub agent: &'a Agent,
    /// How far the file is read now.
    pub cursor: &'a Cursor,
    /// What the decoder must remember.
    pub context: &'a Context,
    /// What was found.
    pub facts: &'a Facts,
}

/// What a commit of facts touched.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// Sessions with new or changed facts.
    pub sessions: BTreeSet<SessionRef>,
}

/// Names of a batch, resolved to rows once each.
pub(super) struct Resolver<'a, 'tx> {
    tx: &'a Tx<'tx>,
    facts: &'a Facts,
    agent: i64,
    sessions: HashMap<Sym, SessionRef>,
    models: HashMap<Sym, ModelRef>,
    dirs: HashMap<Sym, DirRef>,
    branches: HashMap<Sym, BranchRef>,
    providers: HashMap<Sym, ProviderRef>,
}

/// An activity whose names are rows.
struct Act {
    key: i64,
    session: SessionRef,
    origin: Option<SessionRef>,
    at: i64,
    who: i64,
    dir: Option<DirRef>,
    branch: Option<BranchRef>,
    proven_ms: u32,
}

impl Act {
    fn of(resolver: &mut Resolver<'_, '_>, activity: &Activity) -> Result<Self, Error> {
        Ok(Self {
            key: terms::bits(activity.key.0),
            session: resolver.session(activity.session)?,
            origin: activity.origin.map(|origin| resolver.session(origin)).transpose()?,
            at: activity.at.millis(),
            who: terms::who(activity.who),
            dir: resolver.dir(activity.dir)?,
            branch: resolver.branch(activity.branch)?,
            proven_ms: activity.proven_ms,
        })
    }
}

impl Resolver<'_, '_> {
    pub(super) fn session(&mut self, sym: Sym) -> Result<SessionRef, Error> {
        if let Some(known) = self.sessions.get(&sym) {
            return Ok(*known);
        }
        let row = self.tx.session(self.agent, self.facts.names.text(sym))?;
        self.sessions.insert(sym, row);
        Ok(row)
    }

    pub(super) fn model(&mut self, sym: Sym) -> Result<ModelRef, Error> {
        if let Some(known) = self.models.get(&sym) {
            return Ok(*known);
        }
        let row = self.tx.model(self.facts.names.text(sym))?;
        self.models.insert(sym, row);
        Ok(row)
    }

    pub(super) fn dir(&mut self, sym: Option<Sym>) -> Result<Option<DirRef>, Error> {
        let Some(sym) = sym else { return Ok(None) };
        if let Some(known) = self.dirs.get(&sym) {
            return Ok(Some(*known));
        }
        let row = self.tx.dir(self.facts.names.text(sym))?;
        self.dirs.insert(sym, row);
        Ok(Some(row))
    }

    pub(super) fn branch(&mut self, sym: Option<Sym>) -> Result<Option<BranchRef>, Error> {
        let Some(sym) = sym else { return Ok(None) };
        if let Some(known) = self.branches.get(&sym) {
            return Ok(Some(*known));
        }
        let row = self.tx.branch(self.facts.names.text(sym))?;
        self.branches.insert(sym, row);
        Ok(Some(row))
    }

    pub(super) fn provider(&mut self, sym: Option<Sym>) -> Result<Option<ProviderRef>, Error> {
        let Some(sym) = sym else { return Ok(None) };
        if let Some(known) = self.providers.get(&sym) {
            return Ok(Some(*known));
        }
        let row = self.tx.provider(self.facts.names.text(sym))?;
        self.providers.insert(sym, row);
        Ok(Some(row))
    }
}

impl Tx<'_> {
    /// Writes what was read. Reading the same bytes again changes nothing.
    ///
    /// # Errors
    /// Of the database.
    pub fn ingest(&self, read: &Read<'_>) -> Result<Ingested, Error> {
        self.ingest_all(std::slice::from_ref(read))
    }

    /// As [`Tx::ingest`], of several files.
    ///
    /// # Errors
    /// Of the database.
    pub fn ingest_all(&self, reads: &[Read<'_>]) -> Result<Ingested, Error> {
        let (mut pens, mut acts, mut done) = (Pens::new(self)?, Vec::new(), Ingested::default());
        for read in reads {
            self.ingest_read(&mut pens, read, &mut acts, &mut done)?;
        }
        // Their keys lie all over the index, which is larger than what is held of it in memory: in its order each page is
        // fetched and written once.
        acts.sort_by_key(|act| act.key);
        for act in &acts {
            self.ingest_activity(&mut pens, act, &mut done)?;
        }
        let mut dirty = self
            .conn
            .prepare_cached("UPDATE session SET dirty = 1, recheck = 1 WHERE id = ?1 AND dirty = 0")?;
        for session in &done.sessions {
            dirty.execute([session.0])?;
        }
        Ok(done)
    }

    fn ingest_read(
        &self,
        pens: &mut Pens<'_>,
        read: &Read<'_>,
        acts: &mut Vec<Act>,
        done: &mut Ingested,
    ) -> Result<(), Error> {
        let agent = self.agent(read.agent)?;
        let file = self.save_cursor(agent, read)?;
        let mut resolver = Resolver {
            tx: self,
            facts: read.facts,
            agent,
            sessions: HashMap::new(),
            models: HashMap::new(),
            dirs: HashMap::new(),
            branches: HashMap::new(),
            providers: HashMap::new(),
        };
        // The lines of one message follow each other.
        for sightings in read.facts.sightings.chunk_by(|one, next| one.message == next.message) {
            self.ingest_sightings(pens, &mut resolver, file, sightings, done)?;
        }
        for mark in &read.facts.marks {
            self.ingest_mark(&mut resolver, mark, done)?;
        }
        for activity in &read.facts.activities {
            acts.push(Act::of(&mut resolver, activity)?);
        }
        for turn in &read.facts.turns {
            self.ingest_turn(&mut resolver, turn, done)?;
        }
        for plan in &read.facts.plans {
            self.ingest_plan(&mut resolver, plan, done)?;
        }
        for birth in &read.facts.births {
            let session = resolver.session(birth.session)?;
            let sql = "UPDATE session SET born_at = ?2 WHERE id = ?1 AND coalesce(born_at, ?2 + 1) > ?2";
            if self.conn.prepare_cached(sql)?.execute([session.0, birth.at.millis()])? > 0 {
                done.sessions.insert(session);
            }
        }
        Ok(())
    }

    fn ingest_mark(
        &self,
        resolver: &mut Resolver<'_, '_>,
        mark: &Mark,
        done: &mut Ingested,
    ) -> Result<(), Error> {
        let session = resolver.session(mark.session)?;
        let message = terms::bits(mark.message.0);
        let new = self
            .conn
            .prepare_cached("INSERT OR IGNORE INTO mark (message, session) VALUES (?1, ?2)")?
            .execute(params![message, session.0])?;
        if new == 0 {
            return Ok(());
        }
        let mut cut = self.conn.prepare_cached(
            "UPDATE request SET cut = 1 WHERE message = ?1 AND (session = ?2 OR id IN (SELECT request FROM copy WHERE session = ?2)) \
             RETURNING at",
        )?;
        for at in cut.query_map(params![message, session.0], |row| row.get(0))? {
            self.touch(Instant::from_millis(at?));
            done.sessions.insert(session);
        }
        Ok(())
    }

    fn ingest_activity(&self, pens: &mut Pens<'_>, act: &Act, done: &mut Ingested) -> Result<(), Error> {
        let Act { key, session, origin, .. } = *act;
        let owner = origin.unwrap_or(session);
        // Most are new, and telling that takes the same steps as asking first.
        let new = pens.activity.execute(params![
            key,
            owner.0,
            act.at,
            act.who,
            act.dir.map(|dir| dir.0),
            act.proven_ms,
            origin.map(|origin| origin.0),
            act.branch.map(|branch| branch.0)
        ])?;
        if new > 0 {
            done.sessions.insert(owner);
            return if owner == session { Ok(()) } else { self.share_activity(key, &[owner, session], done) };
        }
        let (owner, at, shared) = self
            .conn
            .prepare_cached("SELECT session, at, shared FROM activity WHERE key = ?1")?
            .query_row([key], |row| {
                Ok((SessionRef(row.get(0)?), row.get::<_, i64>(1)?, row.get::<_, bool>(2)?))
            })?;
        if act.at < at {
            self.touch(Instant::from_millis(at));
            self.conn
                .prepare_cached("UPDATE activity SET at = ?2 WHERE key = ?1")?
                .execute(params![key, act.at])?;
            done.sessions.insert(owner);
        }
        if let Some(origin) = origin {
            self.conn
                .prepare_cached("UPDATE activity SET origin = ?2 WHERE key = ?1 AND origin IS NULL")?
                .execute(params![key, origin.0])?;
        }
        if owner == session && !shared {
            return Ok(());
        }
        // The owner of a shared one may be a guess of the moment: it holds the line only if its own log was read.
        let first = if shared { session } else { owner };
        self.share_activity(key, &[first, session, origin.unwrap_or(session)], done)
    }

    /// Notes that these sessions hold an activity.
    fn share_activity(&self, key: i64, holders: &[SessionRef], done: &mut Ingested) -> Result<(), Error> {
        let mut insert =
            self.conn.prepare_cached("INSERT OR IGNORE INTO activity_copy (key, session) VALUES (?1, ?2)")?;
        let mut new = 0;
        for holder in holders {
            new += insert.execute(params![key, holder.0])?;
        }
        if new > 0 {
            self.conn.prepare_cached("UPDATE activity SET shared = 1 WHERE key = ?1")?.execute([key])?;
            done.sessions.extend(holders);
        }
        Ok(())
    }

    fn ingest_turn(
        &self,
        resolver: &mut Resolver<'_, '_>,
        turn: &Turn,
        done: &mut Ingested,
    ) -> Result<(), Error> {
        let session = resolver.session(turn.session)?;
        let new = self
            .conn
            .prepare_cached(
                "INSERT OR IGNORE INTO turn (key, session, at, duration_ms) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![terms::bits(turn.key.0), session.0, turn.at.millis(), turn.duration_ms])?;
        if new > 0 {
            done.sessions.insert(session);
        }
        Ok(())
    }

    fn ingest_plan(
        &self,
        resolver: &mut Resolver<'_, '_>,
        plan: &Plan,
        done: &mut Ingested,
    ) -> Result<(), Error> {
        let session = resolver.session(plan.session)?;
        // Where one instant says both, what a person has to decide on goes first, in whatever order it is read.
        let changed = self
            .conn
            .prepare_cached(
                "INSERT INTO plan (session, at, payer) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (session, at) DO UPDATE SET payer = ?3 WHERE payer > ?3",
            )?
            .execute(params![session.0, plan.at.millis(), terms::payer(plan.payer)])?;
        if changed > 0 {
            done.sessions.insert(session);
        }
        Ok(())
    }

    fn save_cursor(&self, agent: i64, read: &Read<'_>) -> Result<FileRef, Error> {
        let cursor = read.cursor;
        let context = super::views::encode_context(read.context);
        let last_at: Option<i64> = last_instant(read.facts).map(Instant::millis);
        let path = cursor.path.to_string_lossy();
        let generation: Option<i64> = self
            .conn
            .prepare_cached("SELECT generation FROM file WHERE path = ?1")?
            .query_row([&path], |row| row.get(0))
            .optional()?;
        let mut upsert = self.conn.prepare_cached(
            "INSERT INTO file (agent, path, dev, ino, size, mtime, offset, generation, head_len, head_hash, anchor_len, anchor_hash, context, lines, last_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
             ON CONFLICT (path) DO UPDATE SET agent = ?1, dev = ?3, ino = ?4, size = ?5, mtime = ?6, offset = ?7, \
             lines = CASE WHEN generation = ?8 THEN lines ELSE 0 END + ?14, generation = ?8, \
             head_len = ?9, head_hash = ?10, anchor_len = ?11, anchor_hash = ?12, context = ?13, last_at = coalesce(max(last_at, ?15), ?15, last_at) \
             RETURNING id",
        )?;
        let file: i64 = upsert.query_row(
            params![
                agent,
                path,
                terms::bits(cursor.dev),
                terms::bits(cursor.ino),
                terms::int(cursor.size),
                cursor.mtime_ns,
                terms::int(cursor.offset),
                cursor.generation,
                cursor.head.len,
                terms::bits(cursor.head.hash),
                cursor.anchor.len,
                terms::bits(cursor.anchor.hash),
                context,
                terms::int(read.facts.lines),
                last_at,
            ],
            |row| row.get(0),
        )?;
        if generation.is_some_and(|known| known != i64::from(cursor.generation)) {
            self.conn.prepare_cached("DELETE FROM reject WHERE file = ?1")?.execute([file])?;
        }
        for reject in &read.facts.rejects {
            self.conn
                .prepare_cached(
                    "INSERT OR REPLACE INTO reject (file, offset, generation, length, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    file,
                    terms::int(reject.offset),
                    cursor.generation,
                    terms::int(reject.length),
                    reject_code(reject.reason)
                ])?;
        }
        Ok(FileRef(file))
    }
}

fn last_instant(facts: &Facts) -> Option<Instant> {
    let sightings = facts.sightings.iter().map(|sighting| sighting.at);
    sightings.chain(facts.activities.iter().map(|activity| activity.at)).max()
}

/// Codes of reject reasons, for ever.
pub(super) fn reject_code(reason: RejectReason) -> i64 {
    match reason {
        RejectReason::NotJson => 0,
        RejectReason::NotUtf8 => 1,
        RejectReason::Nul => 2,
        RejectReason::Shape => 3,
        RejectReason::NoInstant => 4,
        RejectReason::TooLong => 5,
    }
}
