//! Work on one record or session that must not take all others with it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Error, Tx};
use crate::model::{Day, SessionRef};

impl Tx<'_> {
    /// Runs `work` inside the transaction; `None` if it panicked, and then nothing that it wrote is left.
    ///
    /// # Errors
    /// What `work` returns, and of the database.
    pub fn guarded<R>(&self, work: impl FnOnce() -> Result<R, Error>) -> Result<Option<R>, Error> {
        self.conn.prepare_cached("SAVEPOINT guarded")?.execute([])?;
        // What panicked is not used again but for its connection, which the rollback brings back.
        let done = catch_unwind(AssertUnwindSafe(work));
        if !matches!(done, Ok(Ok(_))) {
            self.conn.prepare_cached("ROLLBACK TO guarded")?.execute([])?;
        }
        self.conn.prepare_cached("RELEASE guarded")?.execute([])?;
        done.map_or(Ok(None), |done| done.map(Some))
    }

    /// A session is not computed again until its facts, config or prices change; it is shown as held for this reason.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_session_aside(&self, session: SessionRef, day: Day, reason: &str) -> Result<(), Error> {
        self.conn
            .prepare_cached("UPDATE session SET recheck = 0, ready_at = NULL WHERE id = ?1")?
            .execute([session.0])?;
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO due (session, kind, day, project, task, model, reason, seconds, requests) \
                 VALUES (?1, 0, ?2, '', '', '', ?3, 0, 0)",
            )?
            .execute(rusqlite::params![session.0, day.to_string(), reason])?;
        Ok(())
    }

    /// Counts an event under a name; returns how often it has happened.
    ///
    /// # Errors
    /// Of the database.
    pub fn count_event(&self, name: &str) -> Result<u32, Error> {
        let count = self.meta(name)?.and_then(|count| count.parse().ok()).unwrap_or(0_u32).saturating_add(1);
        self.set_meta(name, &count.to_string())?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;

    #[test]
    fn a_panic_takes_back_what_it_wrote_and_nothing_else() {
        let mut store = Store::in_memory().unwrap();
        store
            .transact(|tx| {
                tx.set_meta("before", "1")?;
                assert_eq!(tx.guarded(|| tx.set_meta("kept", "1").map(|()| 7))?, Some(7));
                let broken = tx.guarded(|| {
                    tx.set_meta("lost", "1")?;
                    panic!("a record that nobody can compute");
                    #[allow(unreachable_code)]
                    Ok(())
                })?;
                assert_eq!(broken, None);
                tx.set_meta("after", "1")
            })
            .unwrap();
        let found = ["before", "kept", "lost", "after"].map(|key| store.view().meta(key).unwrap().is_some());
        assert_eq!(found, [true, true, false, true]);
    }
}
