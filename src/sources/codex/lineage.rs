//! Which lines of a rollout are its own thread's.
//!
//! Forks and subagents up to 0.144, and subagents with their parent's context later, begin with a copy of the parent's
//! lines under new instants: its `session_meta` first, then all the rest. Nothing of a copy is read; it is in the
//! parent's log, and without that nobody may be billed for it. What ends the copy, whichever comes first:
//!
//! - a line of the ordinal where the file says that its own history starts,
//! - a line that names the own thread (settings, records, items),
//! - a turn whose id was made after the thread's (both are UUIDs of version 7, which hold their time),
//! - in versions without ids of turns (0.98), the pause between the copy, which is written at once, and the first prompt;
//!   a pause of a minute, whatever follows it.
//!
//! Where a fork shows none of this its counts are unsure: they have the keys that the parent's have, so they are known
//! again there, and what is not is held as an estimate.

use serde::{Deserialize, Serialize};

use super::super::loose::Count;
use super::wire::{Payload, Record};
use crate::model::Instant;

/// No copy pauses for so long between two lines, and nobody types faster.
const PAUSE_MS: i64 = 500;

/// No copy is in the middle of its writing for so long.
const LONG_PAUSE_MS: i64 = 60_000;

/// Whose line it is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Owner {
    /// The file's own thread's.
    #[default]
    #[serde(rename = "o")]
    Own,
    /// The parent's.
    #[serde(rename = "c")]
    Copy,
    /// Nothing tells.
    #[serde(rename = "u")]
    Unsure,
}

/// What is known of it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Lineage {
    /// The file's thread, by its first `session_meta`.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    thread: Option<String>,
    /// The thread at the root of the copies.
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(rename = "b")]
    born: i64,
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    starts: Option<u64>,
    #[serde(rename = "h")]
    pub(super) has_base: bool,
    #[serde(rename = "o")]
    owner: Owner,
    /// The parent's `session_meta` was copied.
    #[serde(rename = "m")]
    has_meta: bool,
    /// Turns have ids that tell their time.
    #[serde(rename = "i")]
    has_turns: bool,
    #[serde(rename = "l")]
    last: i64,
}

impl Lineage {
    /// The file's thread.
    pub(super) fn thread(&self) -> Option<&str> {
        self.thread.as_deref()
    }

    /// The thread whose running total the counts of these lines are.
    pub(super) fn counted(&self) -> Option<&str> {
        if self.owner == Owner::Own { self.thread() } else { self.root.as_deref() }
    }

    /// The first `session_meta` of a file.
    pub(super) fn begin(&mut self, payload: &Payload<'_>, thread: &str, at: Instant) {
        let created = payload.timestamp.get().and_then(Instant::parse).unwrap_or(at);
        self.thread = Some(thread.to_owned());
        self.born = time_of(thread).unwrap_or(created.millis());
        self.last = at.millis();
        self.has_base = payload.history_base.get().is_some();
        self.starts = whole(payload.subagent_history_start_ordinal);
        let parent = payload.forked_from_id.get();
        self.root = parent.map(str::to_owned);
        let copies = self.starts.is_some() || (parent.is_some() && !self.has_base);
        self.owner = if copies { Owner::Copy } else { Owner::Own };
    }

    /// A later `session_meta`: of an ancestor, or the own one again.
    pub(super) fn copied(&mut self, payload: &Payload<'_>, is_first: bool) {
        let Some(id) = payload.id.get().filter(|id| Some(*id) != self.thread()) else { return };
        if self.owner == Owner::Own && (!is_first || self.has_base) {
            return;
        }
        self.owner = Owner::Copy;
        self.has_meta = true;
        self.root = Some(payload.forked_from_id.get().unwrap_or(id).to_owned());
    }

    /// Whose line this is; lines come in their order.
    pub(super) fn owner(&mut self, record: &Record<'_>, payload: &Payload<'_>, at: Option<Instant>) -> Owner {
        if self.owner == Owner::Own || record.kind.is("session_meta") {
            return self.owner;
        }
        let pause = at.map_or(0, |at| at.millis() - self.last);
        self.last = at.map_or(self.last, Instant::millis);
        if self.is_own(record, payload) {
            self.owner = Owner::Own;
        } else if self.has_turns || self.is_before_start(record) {
            self.owner = Owner::Copy;
        } else {
            if self.has_meta && pause < PAUSE_MS {
                return self.owner;
            }
            let is_over = pause >= LONG_PAUSE_MS;
            let begins = record.kind.is("turn_context")
                || payload.kind.is("user_message")
                || matches!(payload.role.get(), Some("user" | "developer"));
            self.owner = if is_over || (self.has_meta && begins) { Owner::Own } else { Owner::Unsure };
        }
        self.owner
    }

    fn is_before_start(&self, record: &Record<'_>) -> bool {
        self.starts.is_some_and(|starts| whole(record.ordinal).is_some_and(|ordinal| ordinal < starts))
    }

    fn is_own(&mut self, record: &Record<'_>, payload: &Payload<'_>) -> bool {
        if self.starts.is_some_and(|starts| whole(record.ordinal).is_some_and(|ordinal| ordinal >= starts)) {
            return true;
        }
        if payload.thread_id.get().is_some_and(|thread| Some(thread) == self.thread()) {
            return true;
        }
        let is_turn = record.kind.is("turn_context") || payload.kind.is("task_started");
        let turn = payload.turn_id.get().filter(|_| is_turn).and_then(time_of);
        self.has_turns |= turn.is_some();
        turn.is_some_and(|turn| turn >= self.born)
    }
}

fn whole(count: Count) -> Option<u64> {
    if let Count::Is(count) = count { Some(count) } else { None }
}

/// The milliseconds in a UUID of version 7.
fn time_of(id: &str) -> Option<i64> {
    let parts: Vec<&str> = id.split('-').collect();
    let [high, low, rest, ..] = parts.as_slice() else { return None };
    if parts.len() != 5 || high.len() != 8 || low.len() != 4 || !rest.starts_with('7') {
        return None;
    }
    let millis = (i64::from_str_radix(high, 16).ok()? << 16) | i64::from_str_radix(low, 16).ok()?;
    (millis > 0).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_version_7_tells_its_time() {
        let cases = [
            ("01a1fbcd-8932-7fc2-972a-c2d7a3be74f0", Some(1_795_225_913_650)),
            ("019f0000-0000-7000-8000-000500000001", Some(0x019f_0000_0000)),
            ("01a1fbcd-8932-4fc2-972a-c2d7a3be74f0", None),
            ("turn-c05-p1", None),
            ("child-session", None),
            ("", None),
        ];
        for (id, expected) in cases {
            assert_eq!(time_of(id), expected, "{id}");
        }
    }
}
