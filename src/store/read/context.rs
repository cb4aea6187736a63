//! What mapping and days need beside the facts.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::OptionalExtension as _;

use super::Reader;
use crate::model::{AccountId, AccountRef, DirRef, Instant, SessionRef};
use crate::status::Audit;
use crate::store::{Account, Error, terms};

/// On which branch a session was in a directory from an instant on, in order of time.
pub type Branches = HashMap<(SessionRef, DirRef), Vec<(Instant, Arc<str>)>>;

/// What the database remembers of the account that it speaks to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountView {
    /// Its row.
    pub id: Option<AccountRef>,
    /// The pinned zone.
    pub zone: Option<String>,
    /// The workspace's zone.
    pub workspace_zone: Option<String>,
    /// Decimals that Keito keeps of an amount, where it keeps fewer than are sent.
    pub decimals: Option<u32>,
}

impl Reader {
    /// The account that was spoken to last; nothing if there was none.
    ///
    /// # Errors
    /// Of the database.
    pub fn account_view(&self) -> Result<AccountView, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT id, zone, me, decimals FROM account ORDER BY me_at DESC, id DESC LIMIT 1",
        )?;
        let found = select.query_row([], |row| {
            let me: Option<String> = row.get(2)?;
            let workspace_zone = me.and_then(|me| me.split_once('\n').map(|(_, zone)| zone.to_owned()));
            let workspace_zone = workspace_zone.filter(|zone| !zone.is_empty());
            let (id, zone, decimals) = (Some(AccountRef(row.get(0)?)), row.get(1)?, row.get(3)?);
            Ok(AccountView { id, zone, workspace_zone, decimals })
        });
        Ok(found.optional()?.unwrap_or_default())
    }

    /// Whom this database delivered to last.
    ///
    /// # Errors
    /// Of the database.
    pub fn last_account(&self) -> Result<Option<Account>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT origin, account, sandbox FROM account ORDER BY me_at DESC, id DESC LIMIT 1",
        )?;
        let found = select.query_row([], |row| {
            let account = AccountId::new(row.get::<_, String>(1)?);
            Ok(Account { origin: row.get(0)?, account, sandbox: row.get(2)? })
        });
        Ok(found.optional()?)
    }

    /// The outcome of the last audit of an account.
    ///
    /// # Errors
    /// Of the database.
    pub fn last_audit(&self, account: Option<AccountRef>) -> Result<Option<Audit>, Error> {
        let Some(account) = account else { return Ok(None) };
        let mut select = self.conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        let found = select.query_row([super::super::audit_key(account)], |row| row.get::<_, String>(0));
        Ok(found.optional()?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// On which branch a session was in a directory from an instant on, in order of time.
    ///
    /// # Errors
    /// Of the database.
    pub fn branches(&self) -> Result<Branches, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT f.session, f.dir, f.at, b.name FROM (SELECT session, dir, at, branch FROM request \
             UNION ALL SELECT session, dir, at, branch FROM activity) f JOIN branch b ON b.id = f.branch \
             WHERE f.dir IS NOT NULL ORDER BY f.at",
        )?;
        let mut rows = select.query([])?;
        let mut found = Branches::new();
        while let Some(row) = rows.next()? {
            let (session, dir) = (SessionRef(row.get(0)?), DirRef(row.get(1)?));
            let name = row.get_ref(3)?.as_str().map_err(|_| Error::Impossible("branch"))?;
            let line = found.entry((session, dir)).or_default();
            if line.last().is_none_or(|(_, last)| **last != *name) {
                line.push((terms::instant(row.get(2)?), name.into()));
            }
        }
        Ok(found)
    }

    /// An account's projects as they were listed last, as text.
    ///
    /// # Errors
    /// Of the database.
    pub fn books(&self, account: Option<AccountRef>) -> Result<Option<String>, Error> {
        let Some(account) = account else { return Ok(None) };
        let mut select = self.conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(select.query_row([super::super::books_key(account)], |row| row.get::<_, String>(0)).optional()?)
    }

    /// Every directory's path with what was remembered of it.
    ///
    /// # Errors
    /// Of the database.
    pub fn dirs(&self) -> Result<HashMap<DirRef, (String, Option<String>)>, Error> {
        let mut select = self.conn.prepare_cached("SELECT id, path, facts FROM dir")?;
        let rows = select.query_map([], |row| Ok((DirRef(row.get(0)?), (row.get(1)?, row.get(2)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
