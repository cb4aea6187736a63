//! Agents whose logs do not say any more what they used to: nothing of them is sealed until they do (design section 7).

use std::collections::BTreeMap;
use std::time::Duration;

use super::Clerk;
use super::acts::{ActError, Acted, Refused};
use crate::ledger::format::{Alarm, Format, Patience, Signs};
use crate::model::{Agent, Instant, hash64};
use crate::store::{Error, Read, Tx};

/// Who raises alarms: another version may understand what this one does not.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What reading itself found out about an agent's logs.
pub type Finding = Option<Alarm>;

/// What is known of the formats of the agents whose logs hold usage. Agents that are not in it raise no alarm.
#[derive(Debug, Default)]
pub(super) struct Formats {
    of: BTreeMap<Agent, Known>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    format: Format,
    /// The newest logs hold nothing that is known.
    blank: Option<Alarm>,
    /// Lines were read and nothing of them understood: the newest logs are looked at.
    look: bool,
    finding: Finding,
    /// Why it is stopped.
    alarm: Option<String>,
}

/// Formats as they are once a commit is done.
pub(super) type Noted = BTreeMap<Agent, Known>;

impl Formats {
    /// What these reads say of the formats of their agents.
    pub(super) fn noted(&self, tx: &Tx<'_>, reads: &[Read<'_>]) -> Result<Noted, Error> {
        let mut noted = Noted::new();
        for read in reads {
            let Some(known) = self.of.get(read.agent) else { continue };
            let known = noted.entry(read.agent.clone()).or_insert_with(|| known.clone());
            let file = hash64(&[read.cursor.path.as_os_str().as_encoded_bytes()]);
            let changed_at = Instant::from_millis(read.cursor.mtime_ns / 1_000_000);
            known.format.note(&Signs { facts: read.facts, file, changed_at });
            if !read.facts.activities.is_empty() || !read.facts.sightings.is_empty() {
                (known.blank, known.look) = (None, false);
            } else if read.facts.lines > 0 {
                known.look = true;
            }
        }
        for (agent, known) in &noted {
            if self.of.get(agent).is_some_and(|before| before.format != known.format) {
                tx.set_format(agent, &known.format.to_text())?;
            }
        }
        Ok(noted)
    }

    /// Takes over what was committed.
    pub(super) fn keep(&mut self, noted: Noted) {
        self.of.extend(noted);
    }

    /// Whether nothing of this agent is sealed.
    pub(super) fn is_stopped(&self, agent: &Agent) -> bool {
        self.of.get(agent).is_some_and(|known| known.alarm.is_some())
    }
}

impl Clerk {
    /// With alarms for these agents. Those that another version stopped are read anew.
    ///
    /// # Errors
    /// Of the database.
    pub fn watching_formats(mut self, agents: Vec<Agent>) -> Result<Self, Error> {
        self.watch_formats(agents)?;
        Ok(self)
    }

    /// Alarms for these agents and no others.
    pub(super) fn watch_formats(&mut self, agents: Vec<Agent>) -> Result<(), Error> {
        self.formats.of.retain(|agent, _| agents.contains(agent));
        for agent in agents {
            if self.formats.of.contains_key(&agent) {
                continue;
            }
            if self.store.transact(|tx| tx.reread_stopped(&agent, VERSION))? {
                tracing::info!(%agent, "another version did not understand its logs: they are read anew");
            }
            let (format, alarm) = self.store.format(&agent)?;
            let format = format.as_deref().map(Format::from_text).unwrap_or_default();
            self.formats.of.insert(agent, Known { format, alarm, ..Known::default() });
        }
        Ok(())
    }

    /// What a scan found out about an agent's logs: that they have moved, or are of an unknown version.
    pub fn set_finding(&mut self, agent: &Agent, finding: Finding) {
        if let Some(known) = self.formats.of.get_mut(agent) {
            known.finding = finding;
        }
    }

    /// Raises and ends alarms, before anything is sealed. Returns when there may be more to say.
    pub(super) fn check_formats(&mut self, now: Instant) -> Result<Option<Instant>, Error> {
        if !self.caught_up {
            return Ok(None);
        }
        let quiet = if self.settled.time { Duration::ZERO } else { self.settings.time_settle };
        let patience = Patience { since: self.settings.since, quiet };
        let Self { store, formats, .. } = self;
        let mut wake: Option<Instant> = None;
        for (agent, known) in &mut formats.of {
            if std::mem::take(&mut known.look) {
                let newest = store.view().newest_logs(agent)?;
                known.blank = blank(newest);
            }
            let alarm = known.alarm(now, patience).map(|alarm| alarm.to_string());
            if let Some(at) = known.format.wake(now, patience) {
                wake = Some(wake.map_or(at, |known| known.min(at)));
            }
            if named(alarm.as_ref()) == named(known.alarm.as_ref()) {
                continue;
            }
            store.transact(|tx| tx.set_alarm(agent, VERSION, alarm.as_deref()))?;
            match &alarm {
                Some(alarm) => {
                    tracing::error!(%agent, "{alarm}: nothing of it is billed until this is cleared up");
                }
                None => tracing::info!(%agent, "its logs are understood again: it goes on"),
            }
            known.alarm = alarm;
        }
        Ok(wake)
    }

    /// A person says that an agent's logs are as they should be. It holds until usage is seen in them again.
    ///
    /// # Errors
    /// If the agent is not stopped, or of the database.
    pub fn approve_agent(&mut self, agent: &Agent) -> Result<Acted, ActError> {
        let Some(known) = self.formats.of.get_mut(agent).filter(|known| known.alarm.is_some()) else {
            return Err(Refused::NotStopped { agent: agent.as_str().to_owned() }.into());
        };
        let mut format = known.format.clone();
        format.excuse();
        self.store.transact(|tx| {
            tx.set_format(agent, &format.to_text())?;
            tx.set_alarm(agent, VERSION, None)
        })?;
        (known.format, known.alarm) = (format, None);
        Ok(Acted { state: "approved", id: Some(agent.as_str().to_owned()), ..Acted::default() })
    }
}

/// The name of an alarm: what it counts goes on growing.
fn named(alarm: Option<&String>) -> Option<&str> {
    alarm.map(|alarm| alarm.split_once(':').map_or(&**alarm, |(name, _)| name))
}

impl Known {
    fn alarm(&self, now: Instant, patience: Patience) -> Option<Alarm> {
        if self.format.is_excused() {
            return None;
        }
        let format = self.format.alarm(now, patience, self.alarm.is_some());
        self.finding.clone().or_else(|| self.blank.clone()).or(format)
    }
}

/// Fewer lines than these are no format.
const LINES: u64 = 30;

fn blank(newest: crate::store::Newest) -> Option<Alarm> {
    let blank = newest.lines >= LINES && !newest.understood;
    blank.then_some(Alarm::NotUnderstood { files: newest.files, lines: newest.lines })
}
