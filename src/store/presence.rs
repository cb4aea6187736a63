//! Which records listings should show, and since when they do not.

use rusqlite::params;

use super::{Error, Tx, terms};
use crate::model::{AccountRef, Day, Instant, KeitodId, Kind, RecordRef, SessionRef, UserId};

/// A record that was at Keito, as far as we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRow {
    /// Its row.
    pub id: RecordRef,
    /// Our id.
    pub keitod_id: KeitodId,
    /// When it was answered 2xx, or adopted.
    pub answered_at: Instant,
    /// When a listing showed it last.
    pub listed_at: Option<Instant>,
    /// The first whole listing that lacked it began then.
    pub missing_at: Option<Instant>,
    /// Whose it was when a listing showed it.
    pub owner: Option<UserId>,
}

impl Tx<'_> {
    /// Whether any record of the account is known to stand at Keito.
    ///
    /// # Errors
    /// Of the database.
    pub fn has_history(&self, account: AccountRef) -> Result<bool, Error> {
        let any = "SELECT 1 FROM record WHERE account = ?1 AND remote IS NOT NULL LIMIT 1";
        Ok(self.conn.prepare_cached(any)?.exists([account.0])?)
    }

    /// Records of a kind and range of dates that were answered or listed and that nobody deleted.
    ///
    /// # Errors
    /// Of the database.
    pub fn known_records(
        &self,
        account: AccountRef,
        kind: Kind,
        (from, to): (Day, Day),
    ) -> Result<Vec<KnownRow>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT id, keitod_id, answered_at, listed_at, missing_at, owner FROM record \
             WHERE account = ?1 AND kind = ?2 AND day BETWEEN ?3 AND ?4 AND answered_at IS NOT NULL AND state <> 2 \
             ORDER BY id",
        )?;
        let range = params![account.0, terms::kind(kind), from.to_string(), to.to_string()];
        let rows = select.query_map(range, |row| {
            let at = |index| row.get::<_, Option<i64>>(index).map(|at| at.map(terms::instant));
            Ok(KnownRow {
                id: RecordRef(row.get(0)?),
                keitod_id: KeitodId::new(row.get::<_, String>(1)?),
                answered_at: terms::instant(row.get(2)?),
                listed_at: at(3)?,
                missing_at: at(4)?,
                owner: row.get::<_, Option<String>>(5)?.map(UserId::new),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A listing shows a record, as this user's.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_shown(&self, account: AccountRef, id: &KeitodId, owner: Option<&UserId>) -> Result<(), Error> {
        let mut update = self.conn.prepare_cached(
            "UPDATE record SET missing_at = NULL, owner = ?3 \
             WHERE account = ?1 AND keitod_id = ?2 AND (missing_at IS NOT NULL OR owner IS NOT ?3)",
        )?;
        update.execute(params![account.0, id.as_str(), owner.map(UserId::as_str)])?;
        Ok(())
    }

    /// Entries that are not this user's do not grow any more.
    ///
    /// # Errors
    /// Of the database.
    pub fn close_entries_of_others(&self, account: AccountRef, user: Option<&UserId>) -> Result<(), Error> {
        let mut update = self.conn.prepare_cached(
            "UPDATE record SET state = 1, owner = coalesce(owner, '') \
             WHERE account = ?1 AND kind = 0 AND state = 0 AND owner IS NOT ?2",
        )?;
        update.execute(params![account.0, user.map(UserId::as_str)])?;
        // Nor are they, and expenses that no listing showed yet, to be seen in his listings.
        let mut update = self.conn.prepare_cached(
            "UPDATE record SET owner = '' WHERE account = ?1 AND owner IS NULL AND answered_at IS NOT NULL",
        )?;
        update.execute([account.0])?;
        Ok(())
    }

    /// Sessions of any agent with this id of its own.
    ///
    /// # Errors
    /// Of the database.
    pub fn sessions_named(&self, native: &str) -> Result<Vec<SessionRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT id FROM session WHERE agent IN (SELECT id FROM agent) AND native = ?1 ORDER BY id",
        )?;
        let rows = select.query_map([native], |row| row.get(0).map(SessionRef))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// An entry covers nothing any more: it is about to be laid anew.
    ///
    /// # Errors
    /// Of the database.
    pub fn uncover(&self, record: RecordRef) -> Result<(), Error> {
        self.touch_returned("DELETE FROM covered WHERE record = ?1 RETURNING start, end", [record.0])?;
        Ok(())
    }

    /// A whole listing that began then lacks a record.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_missing(&self, record: RecordRef, began: Instant) -> Result<(), Error> {
        let mut update = self
            .conn
            .prepare_cached("UPDATE record SET missing_at = coalesce(missing_at, ?2) WHERE id = ?1")?;
        update.execute(params![record.0, began.millis()])?;
        Ok(())
    }
}
