//! Running sums of the rounding rule (design section 4), per link, day and model, and what was frozen with an amount.

use rusqlite::{OptionalExtension as _, params};

use super::{Error, Tx};
use crate::model::{AccountRef, Day, Link, RecordRef};

/// Whose sums: those of one link, day and model, in one currency.
#[derive(Debug, Clone, Copy)]
pub struct TallyOf<'a> {
    /// Account.
    pub account: AccountRef,
    /// Project and task.
    pub link: &'a Link,
    /// Local day.
    pub day: Day,
    /// Model.
    pub model: &'a str,
    /// The workspace's currency when it was sealed; empty: unknown.
    pub currency: &'a str,
}

/// What an expense was sealed with, beside its amount and the price of each of its requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frozen {
    /// Its exact amount in pico units of the currency: what it added to the sums.
    pub exact: i128,
    /// The workspace's currency; empty: unknown.
    pub currency: String,
    /// Units of the currency per USD, as digits; `None`: USD.
    pub rate: Option<String>,
    /// Markup in percent, as digits.
    pub markup: Option<String>,
    /// `cost_basis`.
    pub basis: Option<String>,
}

impl Tx<'_> {
    /// What a record was sealed with.
    ///
    /// # Errors
    /// Of the database.
    pub fn frozen(&self, record: RecordRef) -> Result<Frozen, Error> {
        let mut select = self
            .conn
            .prepare_cached("SELECT exact, currency, rate, markup, basis FROM record WHERE id = ?1")?;
        Ok(select.query_row([record.0], |row| {
            let exact: Option<String> = row.get(0)?;
            Ok(Frozen {
                exact: exact.and_then(|text| text.parse().ok()).unwrap_or(0),
                currency: row.get(1)?,
                rate: row.get(2)?,
                markup: row.get(3)?,
                basis: row.get(4)?,
            })
        })?)
    }

    /// Stores what [`Tx::frozen`] gives.
    ///
    /// # Errors
    /// Of the database.
    pub fn freeze(&self, record: RecordRef, frozen: &Frozen) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "UPDATE record SET exact = ?2, currency = ?3, rate = ?4, markup = ?5, basis = ?6 WHERE id = ?1",
            )?
            .execute(params![
                record.0,
                frozen.exact.to_string(),
                frozen.currency,
                frozen.rate,
                frozen.markup,
                frozen.basis
            ])?;
        Ok(())
    }

    /// Running sums of the rounding rule: exact cost and what was sent, both in pico units of the currency.
    ///
    /// # Errors
    /// Of the database.
    pub fn tally(&self, of: TallyOf<'_>) -> Result<(i128, i128), Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT exact, sent FROM tally WHERE account = ?1 AND project = ?2 AND task = ?3 AND day = ?4 AND model = ?5 \
             AND currency = ?6",
        )?;
        let found = select
            .query_row(
                params![
                    of.account.0,
                    of.link.project.as_str(),
                    of.link.task.as_str(),
                    of.day.to_string(),
                    of.model,
                    of.currency
                ],
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
    pub fn save_tally(&self, of: TallyOf<'_>, (exact, sent): (i128, i128)) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO tally (account, project, task, day, model, currency, exact, sent) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                of.account.0,
                of.link.project.as_str(),
                of.link.task.as_str(),
                of.day.to_string(),
                of.model,
                of.currency,
                exact.to_string(),
                sent.to_string()
            ])?;
        Ok(())
    }
}
