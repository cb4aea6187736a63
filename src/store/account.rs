//! What delivery remembers per (API origin, account).

use rusqlite::{OptionalExtension as _, params};

use super::parked::HELD;
use super::{Error, Tx, terms};
use crate::model::{AccountId, AccountRef, CategoryId, Instant, Kind, UserId};

/// Which account at which origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Scheme and host.
    pub origin: String,
    /// Company id; empty for a JWT that names it itself.
    pub account: AccountId,
    /// The embedded Keito, not a real one.
    pub sandbox: bool,
}

/// An account's row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountRow {
    /// From `/users/me`.
    pub user: Option<UserId>,
    /// Company currency, from `/users/me`.
    pub currency: Option<String>,
    /// Company zone, else the user's, from `/users/me`.
    pub workspace_zone: Option<String>,
    /// When `/users/me` was answered.
    pub me_at: Option<Instant>,
    /// Expense category, found or configured.
    pub category: Option<CategoryId>,
    /// When it was looked for.
    pub category_looked_at: Option<Instant>,
    /// Entries came back in a listing as they were sent.
    pub proved_entry: bool,
    /// Expenses did.
    pub proved_expense: bool,
    /// Decimals that the server keeps, if fewer than ours.
    pub decimals: Option<u32>,
    /// The pinned zone.
    pub zone: Option<String>,
    /// No POST before a whole listing that began at or after this instant.
    pub second_listing_at: Option<Instant>,
    /// Bits 0 and 1: kinds of which this database saw a whole listing. Bits 2 and 3: kinds that need a second one
    /// whatever the first shows, because commits of an earlier run may be missing.
    pub listed_kinds: u8,
    /// Limiter, breaker, pause: the text form of `deliver::Desk`.
    pub desk: String,
}

/// How writes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PassCounts {
    /// Applied.
    pub sent: u64,
    /// Dead or in conflict.
    pub failed: u64,
    /// Not finished.
    pub remaining: u64,
}

impl AccountRow {
    /// Whether a kind is proved.
    #[must_use]
    pub fn proved(&self, kind: Kind) -> bool {
        match kind {
            Kind::Entry => self.proved_entry,
            Kind::Expense => self.proved_expense,
        }
    }
}

impl Tx<'_> {
    /// The row of an account, made at first use.
    ///
    /// # Errors
    /// Of the database; [`Error::Impossible`] if the database has spoken to a sandbox and this is none, or the reverse.
    pub fn account(&self, account: &Account) -> Result<(AccountRef, AccountRow), Error> {
        let mixed: Option<i64> = self
            .conn
            .query_row("SELECT id FROM account WHERE sandbox <> ?1 LIMIT 1", [account.sandbox], |row| {
                row.get(0)
            })
            .optional()?;
        if mixed.is_some() {
            return Err(Error::Impossible("account: a sandbox and a real origin in one state directory"));
        }
        // The state of an earlier account may have been lost: see `mistrust`.
        let kinds = if self.meta("mistrust")?.is_some() { 12 } else { 0 };
        self.conn.execute(
            "INSERT OR IGNORE INTO account (origin, account, sandbox, listed_kinds) VALUES (?1, ?2, ?3, ?4)",
            params![account.origin, account.account.as_str(), account.sandbox, kinds],
        )?;
        self.account_row(account)
    }

    /// The row of an account that this database has seen.
    ///
    /// # Errors
    /// Of the database, which also says that there is none.
    pub fn account_row(&self, account: &Account) -> Result<(AccountRef, AccountRow), Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT id, user, me, me_at, category, category_looked_at, proved_entry, proved_expense, decimals, zone, \
             second_listing_at, listed_kinds, desk FROM account WHERE origin = ?1 AND account = ?2",
        )?;
        Ok(select.query_row(params![account.origin, account.account.as_str()], |row| {
            let at = |index| row.get::<_, Option<i64>>(index).map(|at| at.map(terms::instant));
            let me: Option<String> = row.get(2)?;
            let (currency, zone) = me.as_deref().and_then(|me| me.split_once('\n')).unwrap_or_default();
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let value = AccountRow {
                user: row.get::<_, Option<String>>(1)?.map(UserId::new),
                currency: some(currency),
                workspace_zone: some(zone),
                me_at: at(3)?,
                category: row.get::<_, Option<String>>(4)?.map(CategoryId::new),
                category_looked_at: at(5)?,
                proved_entry: row.get(6)?,
                proved_expense: row.get(7)?,
                decimals: row.get(8)?,
                zone: row.get(9)?,
                second_listing_at: at(10)?,
                listed_kinds: row.get(11)?,
                desk: row.get::<_, Option<String>>(12)?.unwrap_or_default(),
            };
            Ok((AccountRef(row.get(0)?), value))
        })?)
    }

    /// Stores an account's row.
    ///
    /// # Errors
    /// Of the database.
    pub fn save_account(&self, id: AccountRef, row: &AccountRow) -> Result<(), Error> {
        let me =
            [row.currency.as_deref().unwrap_or(""), row.workspace_zone.as_deref().unwrap_or("")].join("\n");
        self.conn
            .prepare_cached(
                "UPDATE account SET user = ?2, me = ?3, me_at = ?4, category = ?5, category_looked_at = ?6, \
                 proved_entry = ?7, proved_expense = ?8, decimals = ?9, zone = ?10, second_listing_at = ?11, listed_kinds = ?12, desk = ?13 \
                 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                row.user.as_ref().map(UserId::as_str),
                me,
                row.me_at.map(Instant::millis),
                row.category.as_ref().map(CategoryId::as_str),
                row.category_looked_at.map(Instant::millis),
                row.proved_entry,
                row.proved_expense,
                row.decimals,
                row.zone,
                row.second_listing_at.map(Instant::millis),
                row.listed_kinds,
                row.desk
            ])?;
        Ok(())
    }

    /// How writes of an account ended since an instant, and how many are to be sent.
    ///
    /// # Errors
    /// Of the database.
    pub fn pass_counts(&self, account: AccountRef, since: Instant) -> Result<PassCounts, Error> {
        let mut select = self.conn.prepare_cached(&format!(
            "SELECT count(*) FILTER (WHERE w.state = 5 AND w.done_at >= ?2), \
             count(*) FILTER (WHERE w.state IN (6, 7) AND w.done_at >= ?2), count(*) FILTER (WHERE w.state < 5 AND NOT coalesce({HELD}, 0)) \
             FROM write w JOIN record r ON r.id = w.record WHERE r.account = ?1",
        ))?;
        Ok(select.query_row(params![account.0, since.millis()], |row| {
            Ok(PassCounts {
                sent: terms::count(row.get(0)?),
                failed: terms::count(row.get(1)?),
                remaining: terms::count(row.get(2)?),
            })
        })?)
    }

    /// The account of a row.
    ///
    /// # Errors
    /// Of the database.
    pub fn account_of(&self, id: AccountRef) -> Result<Option<Account>, Error> {
        let mut select =
            self.conn.prepare_cached("SELECT origin, account, sandbox FROM account WHERE id = ?1")?;
        let account = select.query_row([id.0], |row| {
            Ok(Account {
                origin: row.get(0)?,
                account: AccountId::new(row.get::<_, String>(1)?),
                sandbox: row.get(2)?,
            })
        });
        Ok(account.optional()?)
    }

    /// A value of the `meta` table.
    ///
    /// # Errors
    /// Of the database.
    pub fn meta(&self, key: &str) -> Result<Option<String>, Error> {
        let mut select = self.conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(select.query_row([key], |row| row.get(0)).optional()?)
    }

    /// Sets a value of the `meta` table.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), Error> {
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
            .execute([key, value])?;
        Ok(())
    }

    /// Forgets what is remembered under a key.
    ///
    /// # Errors
    /// Of the database.
    pub fn drop_meta(&self, key: &str) -> Result<(), Error> {
        self.conn.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([key])?;
        Ok(())
    }
}
