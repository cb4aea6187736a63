//! Running sums of the rounding rule (design section 4), per link, day and model.

use rusqlite::{OptionalExtension as _, params};

use super::{Error, Tx};
use crate::model::{AccountRef, Day, Link, RecordRef};

impl Tx<'_> {
    /// What a record added to the exact side of the rounding sums, in pico units of the workspace's currency.
    ///
    /// # Errors
    /// Of the database.
    pub fn exact_of(&self, record: RecordRef) -> Result<i128, Error> {
        let mut select = self.conn.prepare_cached("SELECT exact FROM record WHERE id = ?1")?;
        let text: Option<String> = select.query_row([record.0], |row| row.get(0))?;
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// Stores what [`Tx::exact_of`] gives.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_exact(&self, record: RecordRef, exact: i128) -> Result<(), Error> {
        self.conn
            .prepare_cached("UPDATE record SET exact = ?2 WHERE id = ?1")?
            .execute(params![record.0, exact.to_string()])?;
        Ok(())
    }

    /// Running sums of the rounding rule: exact cost and what was sent, both in pico units of the workspace's currency.
    ///
    /// # Errors
    /// Of the database.
    pub fn tally(
        &self,
        account: AccountRef,
        link: &Link,
        day: Day,
        model: &str,
    ) -> Result<(i128, i128), Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT exact, sent FROM tally WHERE account = ?1 AND project = ?2 AND task = ?3 AND day = ?4 AND model = ?5",
        )?;
        let found = select
            .query_row(
                params![account.0, link.project.as_str(), link.task.as_str(), day.to_string(), model],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
            )
            .optional()?;
        let Some((exact, sent)) = found else { return Ok((0, 0)) };
        match (exact.parse(), sent.parse()) {
            (Ok(exact), Ok(sent)) => Ok((exact, sent)),
            _ => Err(Error::Impossible("tally")),
        }
    }

    /// Stores the sums of [`Tx::tally`].
    ///
    /// # Errors
    /// Of the database.
    pub fn save_tally(
        &self,
        account: AccountRef,
        link: &Link,
        day: Day,
        model: &str,
        (exact, sent): (i128, i128),
    ) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO tally (account, project, task, day, model, exact, sent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                account.0,
                link.project.as_str(),
                link.task.as_str(),
                day.to_string(),
                model,
                exact.to_string(),
                sent.to_string()
            ])?;
        Ok(())
    }
}
