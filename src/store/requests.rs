//! Requests by message: the rows behind `ledger::identity`.

use rusqlite::{CachedStatement, Row, params};

use super::{Error, Tx, terms};
use crate::ledger::identity::{Copy, Request, Usage};
use crate::model::{
    BranchRef, DirRef, FileRef, LineKey, MessageKey, ModelRef, ProviderRef, Reported, RequestKey, RequestRef,
    SessionRef, Tokens,
};

/// A stored request with its row.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) id: RequestRef,
    pub(super) owner: SessionRef,
    pub(super) request: Request,
    /// Its copies have rows of their own.
    pub(super) shared: bool,
}

pub(super) fn key_of(bytes: &[u8]) -> RequestKey {
    let mut key = [0; 16];
    let length = bytes.len().min(16);
    key[..length].copy_from_slice(&bytes[..length]);
    RequestKey(u128::from_be_bytes(key))
}

pub(super) fn tokens_at(row: &Row<'_>, first: usize) -> rusqlite::Result<Tokens> {
    let count = |offset: usize| row.get::<_, i64>(first + offset).map(terms::count);
    Ok(Tokens {
        input: count(0)?,
        cache_read: count(1)?,
        cache_write_5m: count(2)?,
        cache_write_1h: count(3)?,
        output: count(4)?,
        reasoning: count(5)?,
    })
}

/// What the log says it cost: two columns.
pub(super) fn reported_at(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Reported>> {
    Ok(terms::reported_of(row.get_ref(first)?.as_str().ok(), row.get(first + 1)?))
}

const SELECT: &str = "SELECT id, session, key, at, model, dir, branch, has_request_id, nested, line, origin, shared, \
                      file, offset, terms, quality, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, \
                      provider, reported, charged FROM request WHERE message = ?1 ORDER BY id";

const UPDATE: &str = "UPDATE request SET key = CASE WHEN EXISTS (SELECT 1 FROM billed WHERE request = ?24) THEN key ELSE ?1 END, \
    message = ?2, session = ?3, at = ?4, model = ?5, dir = ?6, branch = ?7, \
    input = ?8, cache_read = ?9, cache_write_5m = ?10, cache_write_1h = ?11, output = ?12, reasoning = ?13, \
    terms = ?14, quality = ?15, has_request_id = ?16, nested = ?17, line = ?18, origin = ?19, shared = ?20, \
    file = ?21, offset = ?22, cut = max(cut, ?23), provider = ?25, reported = ?26, charged = ?27 WHERE id = ?24";

const INSERT: &str = "INSERT INTO request (key, message, session, at, model, dir, branch, \
    input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, \
    terms, quality, has_request_id, nested, line, origin, shared, file, offset, cut, id, provider, reported, charged) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)";

const ACTIVITY: &str = "INSERT INTO activity (key, session, at, who, dir, proven_ms, origin, branch) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";

/// The statements that each fact takes, held for a whole batch: finding them again costs as much as some of them do.
pub(super) struct Pens<'a> {
    select: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    update: CachedStatement<'a>,
    pub(super) mark: CachedStatement<'a>,
    pub(super) activity: CachedStatement<'a>,
}

impl<'a> Pens<'a> {
    pub(super) fn new(tx: &Tx<'a>) -> Result<Self, Error> {
        let prepared = |sql| tx.conn.prepare_cached(sql);
        Ok(Self {
            select: prepared(SELECT)?,
            insert: prepared(INSERT)?,
            update: prepared(UPDATE)?,
            mark: prepared("SELECT 1 FROM mark WHERE message = ?1 AND session = ?2")?,
            activity: prepared(ACTIVITY)?,
        })
    }
}

impl Tx<'_> {
    /// All requests of one message, with all their copies.
    pub(super) fn requests_of(&self, pens: &mut Pens<'_>, message: MessageKey) -> Result<Vec<Stored>, Error> {
        let rows = pens.select.query_map([terms::bits(message.0)], |row| {
            let owner = SessionRef(row.get(1)?);
            let copy = Copy {
                session: owner,
                key: key_of(row.get_ref(2)?.as_blob()?),
                has_request_id: row.get(7)?,
                at: terms::instant(row.get(3)?),
                line: row.get::<_, Option<i64>>(9)?.map(|bits| LineKey(terms::hash(bits))),
                origin: row.get::<_, Option<i64>>(10)?.map(SessionRef),
                nested: row.get(8)?,
            };
            let usage = Usage {
                model: ModelRef(row.get(4)?),
                tokens: tokens_at(row, 16)?,
                terms: terms::unpack(row.get(14)?),
                quality: terms::quality_of(row.get(15)?),
                provider: row.get::<_, Option<i64>>(22)?.map(ProviderRef),
                reported: reported_at(row, 23)?,
                file: FileRef(row.get(12)?),
                offset: terms::count(row.get(13)?),
            };
            let request = Request {
                copies: vec![copy],
                usage,
                dir: row.get::<_, Option<i64>>(5)?.map(DirRef),
                branch: row.get::<_, Option<i64>>(6)?.map(BranchRef),
            };
            Ok(Stored { id: RequestRef(row.get(0)?), owner, request, shared: row.get(11)? })
        })?;
        let mut found = Vec::new();
        for row in rows {
            let mut stored = row?;
            if stored.shared {
                stored.request.copies = self.copies_of(stored.id)?;
            }
            found.push(stored);
        }
        Ok(found)
    }

    fn copies_of(&self, request: RequestRef) -> Result<Vec<Copy>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT session, key, has_request_id, at, line, origin, nested FROM copy WHERE request = ?1",
        )?;
        let rows = select.query_map([request.0], |row| {
            Ok(Copy {
                session: SessionRef(row.get(0)?),
                key: key_of(row.get_ref(1)?.as_blob()?),
                has_request_id: row.get(2)?,
                at: terms::instant(row.get(3)?),
                line: row.get::<_, Option<i64>>(4)?.map(|bits| LineKey(terms::hash(bits))),
                origin: row.get::<_, Option<i64>>(5)?.map(SessionRef),
                nested: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes a request: a new row without an id in `known`, else the changed one, with those copies that `known` does
    /// not have. The key of a billed request stays as it is:
    /// what was sent names it.
    pub(super) fn save_request(
        &self,
        pens: &mut Pens<'_>,
        message: MessageKey,
        known: Option<&Stored>,
        owner: SessionRef,
        request: &Request,
        cut: bool,
    ) -> Result<RequestRef, Error> {
        let id = known.map(|known| known.id);
        let usage = &request.usage;
        let first = request.copies.first().ok_or(Error::Impossible("copy"))?;
        // A sole copy in another session than the owner (the log names an origin) does not fit into this row either.
        let shared = request.copies.len() > 1 || first.session != owner;
        let (reported, charged) = terms::reported(usage.reported);
        let values = params![
            request.key().0.to_be_bytes(),
            terms::bits(message.0),
            owner.0,
            request.at().millis(),
            usage.model.0,
            request.dir.map(|dir| dir.0),
            request.branch.map(|branch| branch.0),
            terms::int(usage.tokens.input),
            terms::int(usage.tokens.cache_read),
            terms::int(usage.tokens.cache_write_5m),
            terms::int(usage.tokens.cache_write_1h),
            terms::int(usage.tokens.output),
            terms::int(usage.tokens.reasoning),
            terms::pack(usage.terms),
            terms::quality(usage.quality),
            first.has_request_id,
            first.nested,
            first.line.map(|line| terms::bits(line.0)),
            first.origin.map(|origin| origin.0),
            shared,
            usage.file.0,
            terms::int(usage.offset),
            cut,
            id.map(|id| id.0),
            usage.provider.map(|provider| provider.0),
            reported,
            charged,
        ];
        if let Some(known) = known {
            self.touch(known.request.at());
        }
        self.touch_request(owner, request.at());
        let id = if let Some(id) = id {
            pens.update.execute(values)?;
            id
        } else {
            RequestRef(pens.insert.insert(values)?)
        };
        if shared {
            // Copies keep their places, new ones come behind them: of a thousand copies one is written, not all.
            let before = known.filter(|known| known.shared).map_or(&[][..], |known| &known.request.copies);
            for (place, copy) in request.copies.iter().enumerate() {
                if before.get(place) != Some(copy) {
                    self.save_copy(id, copy)?;
                }
            }
        }
        Ok(id)
    }

    fn save_copy(&self, request: RequestRef, copy: &Copy) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO copy (request, session, key, has_request_id, at, line, origin, nested) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                request.0,
                copy.session.0,
                copy.key.0.to_be_bytes(),
                copy.has_request_id,
                copy.at.millis(),
                copy.line.map(|line| terms::bits(line.0)),
                copy.origin.map(|origin| origin.0),
                copy.nested,
            ])?;
        Ok(())
    }

    /// A request that turned out to be another one: what was billed for it counts for that one from now on.
    pub(super) fn join_requests(&self, gone: RequestRef, into: RequestRef) -> Result<(), Error> {
        self.touch_stored(gone)?;
        self.conn
            .prepare_cached("UPDATE OR IGNORE billed SET request = ?2 WHERE request = ?1")?
            .execute([gone.0, into.0])?;
        self.conn.prepare_cached("DELETE FROM copy WHERE request = ?1")?.execute([gone.0])?;
        self.conn.prepare_cached("DELETE FROM request WHERE id = ?1")?.execute([gone.0])?;
        Ok(())
    }
}
