//! What is known of the agents' formats, and which agents are stopped because of theirs.

use rusqlite::params;

use super::{Error, Store, Tx, terms};
use crate::model::Agent;

/// Of the newest logs of an agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Newest {
    /// How many they are, at most three.
    pub files: u64,
    /// Lines in them.
    pub lines: u64,
    /// Whether any of them holds an activity or a request.
    pub understood: bool,
}

/// A log with fewer lines may end before anything happened in it.
const LINES: i64 = 10;

fn of_format(agent: &Agent) -> String {
    format!("format {agent}")
}

fn of_alarm(agent: &Agent) -> String {
    format!("alarm {agent}")
}

/// What an alarm says, without the version that raised it.
pub(super) fn reason(stored: &str) -> String {
    stored.split_once(' ').map_or(stored, |(_, reason)| reason).to_owned()
}

impl Store {
    /// What is known of an agent's format, as text, and why it is stopped.
    ///
    /// # Errors
    /// Of the database.
    pub fn format(&self, agent: &Agent) -> Result<(Option<String>, Option<String>), Error> {
        let (view, alarm) = (self.view(), of_alarm(agent));
        Ok((view.meta(&of_format(agent))?, view.meta(&alarm)?.as_deref().map(reason)))
    }
}

impl Tx<'_> {
    /// Stores what is known of an agent's format.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_format(&self, agent: &Agent, text: &str) -> Result<(), Error> {
        self.set_meta(&of_format(agent), text)
    }

    /// Stores why an agent is stopped, if it is, and has all its sessions computed again. `version`: who says so.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_alarm(&self, agent: &Agent, version: &str, alarm: Option<&str>) -> Result<(), Error> {
        // One that was never read has a name to be shown by too.
        self.agent(agent)?;
        match alarm {
            Some(alarm) => self.set_meta(&of_alarm(agent), &format!("{version} {alarm}"))?,
            None => {
                self.conn.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([of_alarm(agent)])?;
            }
        }
        self.conn
            .prepare_cached(
                "UPDATE session SET recheck = 1 WHERE recheck = 0 AND agent = (SELECT id FROM agent WHERE name = ?1)",
            )?
            .execute([agent.as_str()])?;
        Ok(())
    }

    /// Has the logs of an agent read from their first byte if another version of keitod stopped it: this one may
    /// understand them. Returns whether it does.
    ///
    /// # Errors
    /// Of the database.
    pub fn reread_stopped(&self, agent: &Agent, version: &str) -> Result<bool, Error> {
        let Some(stored) = self.meta(&of_alarm(agent))? else { return Ok(false) };
        if stored.split_once(' ').is_none_or(|(by, _)| by == version) {
            return Ok(false);
        }
        self.set_alarm(agent, version, Some(&reason(&stored)))?;
        let own = "agent = (SELECT id FROM agent WHERE name = ?1)";
        self.conn.execute(
            &format!("DELETE FROM reject WHERE file IN (SELECT id FROM file WHERE {own})"),
            [agent.as_str()],
        )?;
        self.conn.execute(
            &format!(
                "UPDATE file SET size = 0, mtime = 0, offset = 0, generation = generation + 1, head_len = 0, \
                 head_hash = 0, anchor_len = 0, anchor_hash = 0, context = x'', lines = 0 WHERE {own}"
            ),
            [agent.as_str()],
        )?;
        Ok(true)
    }

    /// How well the newest logs of an agent are understood.
    ///
    /// # Errors
    /// Of the database.
    pub fn newest_logs(&self, agent: &Agent) -> Result<Newest, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT count(*), coalesce(sum(lines), 0), count(last_at) > 0 FROM (SELECT lines, last_at FROM file \
             WHERE agent = (SELECT id FROM agent WHERE name = ?1) AND lines >= ?2 ORDER BY mtime DESC LIMIT 3)",
        )?;
        Ok(select.query_row(params![agent.as_str(), LINES], |row| {
            Ok(Newest {
                files: terms::count(row.get(0)?),
                lines: terms::count(row.get(1)?),
                understood: row.get(2)?,
            })
        })?)
    }
}
