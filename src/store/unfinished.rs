//! Unfinished writes, kept in memory between two polls.
//!
//! A poll looks at all of them, and there is one after each answer: read from the database each time, ten thousand queued
//! writes would cost more than the requests. SQLite itself tells which rows were changed, whatever statement did it, and
//! those are read again; what a transaction took back is read again too, which does no harm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _};

use super::outbox::{WRITE, write_row};
use super::{Error, Store, WriteRow};
use crate::model::AccountRef;

/// Unfinished writes by their rows, oldest first.
pub type Unfinished = Arc<BTreeMap<i64, WriteRow>>;

/// More changed rows than this are read all at once.
const FEW: usize = 256;

/// Rows that changed since they were read.
#[derive(Debug, Default)]
struct Touched {
    writes: BTreeSet<i64>,
    records: BTreeSet<i64>,
}

/// What is in memory, of one account.
#[derive(Debug, Default)]
pub(super) struct Kept {
    touched: Arc<Mutex<Touched>>,
    /// `None`: nothing is.
    account: Option<AccountRef>,
    rows: Unfinished,
}

impl Kept {
    /// Of this connection, which says from now on what it changes.
    pub(super) fn of(conn: &mut Connection) -> Result<Self, Error> {
        let kept = Self::default();
        let touched = Arc::clone(&kept.touched);
        conn.update_hook(Some(move |_, _: &str, table: &str, row: i64| {
            let touched = || touched.lock().unwrap_or_else(PoisonError::into_inner);
            match table {
                "write" => _ = touched().writes.insert(row),
                "record" => _ = touched().records.insert(row),
                _ => {}
            }
        }))?;
        Ok(kept)
    }

    /// What emptied whole tables told nobody.
    pub(super) fn forget(&mut self) {
        self.account = None;
    }

    fn of_account(&mut self, conn: &Connection, account: AccountRef) -> Result<(), Error> {
        let touched = std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner));
        let few = touched.writes.len() + touched.records.len() <= FEW;
        // Set again once all has been read: after an error nothing is believed.
        let known = self.account.take() == Some(account);
        if !known || !few {
            let all = format!("{WRITE} WHERE r.account = ?1 AND w.state < 5");
            let mut select = conn.prepare_cached(&all)?;
            let rows = select.query_map([account.0], write_row)?;
            let rows: BTreeMap<i64, WriteRow> =
                rows.map(|row| row.map(|row| (row.id.0, row))).collect::<Result<_, _>>()?;
            self.rows = Arc::new(rows);
        } else if !touched.writes.is_empty() || !touched.records.is_empty() {
            let rows = Arc::make_mut(&mut self.rows);
            let mut of_record = conn.prepare_cached("SELECT id FROM write WHERE record = ?1")?;
            let mut writes = touched.writes;
            for record in touched.records {
                let ids = of_record.query_map([record], |row| row.get(0))?;
                writes.extend(ids.collect::<Result<Vec<i64>, _>>()?);
            }
            let one = format!("{WRITE} WHERE w.id = ?1 AND r.account = ?2 AND w.state < 5");
            let mut select = conn.prepare_cached(&one)?;
            for id in writes {
                match select.query_row([id, account.0], write_row).optional()? {
                    Some(row) => _ = rows.insert(id, row),
                    None => _ = rows.remove(&id),
                }
            }
        }
        self.account = Some(account);
        Ok(())
    }
}

impl Store {
    /// Unfinished writes of an account, oldest first, as [`Tx::unfinished`](super::Tx::unfinished) reads them; not to be
    /// asked for in a transaction.
    ///
    /// # Errors
    /// Of the database.
    pub fn unfinished(&mut self, account: AccountRef) -> Result<Unfinished, Error> {
        self.unfinished.of_account(&self.conn, account)?;
        let kept = &self.unfinished.rows;
        // Histories of tests are that small: each of their polls shows that nothing was missed.
        debug_assert!(kept.len() > FEW || kept.values().eq(&self.view().unfinished(account)?));
        Ok(Arc::clone(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        AccountId, Day, Instant, KeitodId, Kind, Link, ProjectId, RemoteId, TaskId, WriteRef,
    };
    use crate::store::{Account, NewRecord, NewWrite, Tx, WriteState};

    fn seal(tx: &Tx<'_>, account: AccountRef, id: &str) -> WriteRef {
        let at = Instant::from_seconds(1_777_000_000);
        let record = NewRecord {
            keitod_id: KeitodId::new(id),
            kind: Kind::Entry,
            session: None,
            day: "2026-05-06".parse::<Day>().unwrap(),
            link: Link { project: ProjectId::new("p1"), task: TaskId::new("t1") },
            model: "opus".to_owned(),
            part: 1,
            excess: false,
            first_at: at,
            last_at: at,
            seconds: 150,
            requests: 2,
            amount: None,
            usd: None,
            remote: None,
            assumed: false,
        };
        let record = tx.insert_record(account, &record, false).unwrap();
        let (body, idempotency) = (b"{}".to_vec(), format!("{id}-1"));
        let new = NewWrite { record, patch: false, body, idempotency, seconds: 150, sealed_at: at };
        tx.insert_write(&new).unwrap()
    }

    #[test]
    fn what_is_kept_is_what_stands_there_whatever_changed_it() {
        let mut store = Store::in_memory().unwrap();
        let of = |id: &str| Account {
            origin: "https://keito.test".to_owned(),
            account: AccountId::new(id),
            sandbox: true,
        };
        let [one, other] =
            ["one", "other"].map(|id| store.transact(|tx| Ok(tx.account(&of(id))?.0)).unwrap());
        let same = |store: &mut Store, account: AccountRef, expected: usize| {
            let kept = store.unfinished(account).unwrap();
            assert!(kept.values().eq(&store.view().unfinished(account).unwrap()));
            assert_eq!(kept.len(), expected);
        };
        same(&mut store, one, 0);
        let ids = store.transact(|tx| Ok(["a", "b", "c"].map(|id| seal(tx, one, id)))).unwrap();
        store.transact(|tx| Ok(seal(tx, other, "d"))).unwrap();
        same(&mut store, one, 3);
        let change = |tx: &Tx<'_>, state| {
            let (mut write, ..) = tx.write(ids[1])?.unwrap();
            write.state = state;
            tx.save_write(&write)
        };
        store.transact(|tx| change(tx, WriteState::Sending)).unwrap();
        same(&mut store, one, 3);
        store.transact(|tx| tx.recover_sending(Instant::from_seconds(5))).unwrap();
        same(&mut store, one, 3);
        // Taken back: nothing of it may stay.
        store.rehearse(|tx| change(tx, WriteState::Done)).unwrap();
        same(&mut store, one, 3);
        // What a write shows of its record counts too.
        store
            .transact(|tx| {
                let mut record = tx.record(tx.write(ids[0])?.unwrap().0.record)?.unwrap();
                record.new.remote = Some(RemoteId::new("r"));
                tx.save_record(&record)
            })
            .unwrap();
        same(&mut store, one, 3);
        store.transact(|tx| change(tx, WriteState::Done)).unwrap();
        same(&mut store, one, 2);
        store.transact(|tx| tx.dissolve(&tx.write(ids[2])?.unwrap().0)).unwrap();
        same(&mut store, one, 1);
        same(&mut store, other, 1);
        // More than are read one by one.
        store
            .transact(|tx| {
                (0..FEW + 1).for_each(|at| _ = seal(tx, other, &format!("e{at}")));
                Ok(())
            })
            .unwrap();
        same(&mut store, other, FEW + 2);
        same(&mut store, one, 1);
        let mut store = store.emptied().unwrap();
        same(&mut store, one, 0);
    }
}
