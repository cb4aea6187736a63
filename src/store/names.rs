//! Strings → small integers. A run's own names are looked up once.

use rusqlite::{OptionalExtension as _, params};

use super::{Error, Tx};
use crate::model::{Agent, BranchRef, DirRef, ModelRef, ProviderRef, SessionRef};

impl Tx<'_> {
    fn name(&self, select: &str, insert: &str, text: &str) -> Result<i64, Error> {
        if let Some(id) = self.conn.prepare_cached(select)?.query_row([text], |row| row.get(0)).optional()? {
            return Ok(id);
        }
        Ok(self.conn.prepare_cached(insert)?.insert([text])?)
    }

    pub(super) fn agent(&self, agent: &Agent) -> Result<i64, Error> {
        self.name(
            "SELECT id FROM agent WHERE name = ?1",
            "INSERT INTO agent (name) VALUES (?1)",
            agent.as_str(),
        )
    }

    pub(super) fn model(&self, name: &str) -> Result<ModelRef, Error> {
        let id =
            self.name("SELECT id FROM model WHERE name = ?1", "INSERT INTO model (name) VALUES (?1)", name)?;
        Ok(ModelRef(id))
    }

    pub(super) fn provider(&self, name: &str) -> Result<ProviderRef, Error> {
        let id = self.name(
            "SELECT id FROM provider WHERE name = ?1",
            "INSERT INTO provider (name) VALUES (?1)",
            name,
        )?;
        Ok(ProviderRef(id))
    }

    pub(super) fn branch(&self, name: &str) -> Result<BranchRef, Error> {
        let id = self.name(
            "SELECT id FROM branch WHERE name = ?1",
            "INSERT INTO branch (name) VALUES (?1)",
            name,
        )?;
        Ok(BranchRef(id))
    }

    pub(super) fn dir(&self, path: &str) -> Result<DirRef, Error> {
        let id =
            self.name("SELECT id FROM dir WHERE path = ?1", "INSERT INTO dir (path) VALUES (?1)", path)?;
        Ok(DirRef(id))
    }

    pub(super) fn session(&self, agent: i64, native: &str) -> Result<SessionRef, Error> {
        let known = self
            .conn
            .prepare_cached("SELECT id FROM session WHERE agent = ?1 AND native = ?2")?
            .query_row(params![agent, native], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(SessionRef(id));
        }
        let id = self
            .conn
            .prepare_cached("INSERT INTO session (agent, native) VALUES (?1, ?2)")?
            .insert(params![agent, native])?;
        Ok(SessionRef(id))
    }
}
