//! Both sides compared: what we believe of Keito, and what Keito lists. It only tells: nothing is adopted, repaired or
//! settled by it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, Listed, Posted, twins};
use crate::ledger::stretches::{self, Stretch};
use crate::model::{Amount, Day, KeitodId, Kind, RemoteId, Tokens, UserId};

/// A record as our database has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Own {
    /// Our id.
    pub keitod_id: KeitodId,
    /// Entry or expense.
    pub kind: Kind,
    /// Keito's id, once it is known.
    pub remote: Option<RemoteId>,
    /// The date it was sent with, or had when it was adopted.
    pub day: Day,
    /// Project id.
    pub project: String,
    /// Amount of an expense.
    pub amount: Option<Amount>,
    /// (hours, seconds) pairs of an entry that were sent or echoed since the last confirmed one; empty: unknown.
    pub ours: Vec<(Amount, u64)>,
    /// Tokens that it bills; `None` for entries and for adopted records, of which we may know only a part.
    pub tokens: Option<Tokens>,
    /// It was answered 2xx or listed so long ago that every listing must show it.
    pub expected: bool,
    /// A person deleted it, and two readings said so.
    pub deleted: bool,
    /// A person edited it, or its period is closed: its hours are not ours any more.
    pub closed: bool,
    /// Adopted without proof of every request.
    pub assumed: bool,
    /// Adopted, and the sums of it and the logs contradict each other.
    pub unproven: bool,
}

/// What our side is compared by.
#[derive(Debug, Clone, Default)]
pub struct Ours {
    /// Records of the range, and those that its listing shows.
    pub records: Vec<Own>,
    /// Counted time by (agent, session), for sessions with entries in the range.
    pub counted: BTreeMap<(String, String), Vec<Stretch>>,
    /// Requests by (agent, model), where more than one excess part adds to the same.
    pub requests: BTreeMap<(String, String), Vec<Candidate>>,
    /// Whose key is used; `None`: nobody knows yet.
    pub user: Option<UserId>,
    /// Hash of this machine.
    pub machine: String,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Ours, and Keito does not list it.
    Missing,
    /// Of this machine, and unknown here.
    Extra,
    /// Two rows for the same work.
    Duplicate,
    /// Keito has something else than was sent or echoed.
    Drift,
    /// Keito's sums contradict the logs.
    Unproven,
    /// Adopted without proof of every request.
    Assumed,
    /// A person changed it at Keito.
    Edited,
    /// Another machine's, and not adopted yet.
    Elsewhere,
}

impl Finding {
    /// All of them, what is wrong first.
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::Extra,
        Self::Duplicate,
        Self::Drift,
        Self::Unproven,
        Self::Assumed,
        Self::Edited,
        Self::Elsewhere,
    ];

    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Duplicate => "duplicate",
            Self::Drift => "drift",
            Self::Unproven => "unproven",
            Self::Assumed => "assumed",
            Self::Edited => "edited",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// Whether the sides are not clean with it.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::Missing | Self::Extra | Self::Duplicate | Self::Drift | Self::Unproven)
    }
}

/// One line of an audit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The date: Keito's, where it has one.
    pub day: Day,
    /// What.
    pub finding: Finding,
    /// Of entries or expenses.
    pub kind: Kind,
    /// Our ids, each once, sorted.
    pub ids: Vec<KeitodId>,
    /// Keito's ids, sorted.
    pub remotes: Vec<RemoteId>,
    /// Which field differs, with our value and Keito's.
    pub differs: Option<(&'static str, String, String)>,
}

/// Compares whole listings with our records. Sorted by day.
#[must_use]
pub fn audit(ours: &Ours, rows: &[Listed]) -> Vec<Found> {
    let mut found = Vec::new();
    let known: BTreeMap<&KeitodId, &Own> = ours.records.iter().map(|own| (&own.keitod_id, own)).collect();
    let mut shown: BTreeMap<&KeitodId, Vec<&Listed>> = BTreeMap::new();
    for row in rows {
        if let Some(posted) = &row.posted {
            shown.entry(&posted.keitod_id).or_default().push(row);
        }
    }
    for own in &ours.records {
        match shown.get(&own.keitod_id) {
            Some(of_it) => of_it.iter().for_each(|row| drift(own, row, &mut found)),
            None if own.expected && !own.deleted => found.push(absent(own, rows)),
            None => {}
        }
        for (set, finding) in [(own.unproven, Finding::Unproven), (own.assumed, Finding::Assumed)] {
            if set {
                found.push(of_own(own, finding));
            }
        }
    }
    for (id, of_it) in &shown {
        if of_it.len() > 1 {
            found.push(of_rows(Finding::Duplicate, of_it));
        } else if !known.contains_key(id) {
            found.extend(unknown(ours, of_it[0]));
        }
    }
    // A record that a person took over for another user is nobody's twin, and a colleague's work is his own.
    let mine: Vec<&Listed> = rows
        .iter()
        .filter(|row| {
            row.posted.as_ref().is_some_and(|posted| known.contains_key(&posted.keitod_id))
                || is_mine(ours, row)
        })
        .collect();
    found.extend(twins::expenses(&mine).iter().map(|group| of_rows(Finding::Duplicate, group)));
    found.extend(twins::excess(&mine, &ours.requests).iter().map(|group| of_rows(Finding::Duplicate, group)));
    found.extend(twins::entries(&mine, &ours.counted).iter().map(|group| of_rows(Finding::Duplicate, group)));
    found.sort();
    found.dedup();
    found
}

fn is_mine(ours: &Ours, row: &Listed) -> bool {
    match (&ours.user, &row.user) {
        (Some(own), Some(other)) => own == other,
        _ => true,
    }
}

/// A row with our mark that no record of ours stands for.
fn unknown(ours: &Ours, row: &Listed) -> Option<Found> {
    let posted = row.posted.as_ref().filter(|_| is_mine(ours, row))?;
    // Other machines of one user go on by themselves; what they send is adopted with the next listing for a write.
    let finding = if posted.machine == ours.machine { Finding::Extra } else { Finding::Elsewhere };
    Some(of_rows(finding, &[row]))
}

/// One that no row has the id of: gone, or there without its metadata.
fn absent(own: &Own, rows: &[Listed]) -> Found {
    let bare = own.remote.as_ref().and_then(|remote| rows.iter().find(|row| row.id == *remote));
    match bare {
        None => of_own(own, Finding::Missing),
        Some(row) => {
            let theirs = row.posted.as_ref().map_or_else(String::new, |posted| posted.keitod_id.to_string());
            let differs = Some(("keitod_id", own.keitod_id.to_string(), theirs));
            Found { day: row.day, differs, ..of_own(own, Finding::Drift) }
        }
    }
}

/// People edit what Keito shows them and cannot edit metadata: where those are as we sent them, a person did it.
fn drift(own: &Own, row: &Listed, found: &mut Vec<Found>) {
    let Some(posted) = &row.posted else { return };
    let mut tell = |finding, field, ours: String, theirs: String| {
        let mut line = of_rows(finding, &[row]);
        line.differs = Some((field, ours, theirs));
        found.push(line);
    };
    let meta = metadata_differs(own, posted);
    if let Some((field, ours, theirs)) = &meta {
        tell(Finding::Drift, field, ours.clone(), theirs.clone());
    }
    let shown = if meta.is_some() { Finding::Drift } else { Finding::Edited };
    if own.day != row.day {
        tell(shown, "day", own.day.to_string(), row.day.to_string());
    }
    if own.project != row.project {
        tell(shown, "project", own.project.clone(), row.project.clone());
    }
    if let (Some(ours), theirs) = (own.amount, row.amount)
        && theirs.map(|theirs| theirs.pico()) != Some(ours.pico())
    {
        tell(shown, "amount", ours.to_string(), text(theirs));
    }
    let is_ours = row.hours.is_some_and(|hours| {
        own.ours.iter().any(|(known, seconds)| known.pico() == hours.pico() && *seconds == posted.seconds)
    });
    if let Some((hours, _)) = own.ours.first()
        && !is_ours
        && (meta.is_none() || own.closed)
    {
        tell(Finding::Edited, "hours", hours.to_string(), text(row.hours));
    }
}

fn metadata_differs(own: &Own, posted: &Posted) -> Option<(&'static str, String, String)> {
    if let Some((_, seconds)) = own.ours.last().filter(|_| !own.closed)
        && !own.ours.iter().any(|(_, seconds)| *seconds == posted.seconds)
    {
        return Some(("seconds", seconds.to_string(), posted.seconds.to_string()));
    }
    let ours = own.tokens?;
    let theirs = posted.tokens;
    let classes = |of: &Tokens| [of.input, of.cache_read, of.cache_write_5m, of.cache_write_1h, of.output];
    let sum = |of: &Tokens| classes(of).iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
    (classes(&ours) != classes(&theirs)).then(|| ("tokens", sum(&ours).to_string(), sum(&theirs).to_string()))
}

fn text(amount: Option<Amount>) -> String {
    amount.map_or_else(String::new, |amount| amount.to_string())
}

fn of_own(own: &Own, finding: Finding) -> Found {
    Found {
        day: own.day,
        finding,
        kind: own.kind,
        ids: vec![own.keitod_id.clone()],
        remotes: own.remote.iter().cloned().collect(),
        differs: None,
    }
}

fn of_rows(finding: Finding, rows: &[&Listed]) -> Found {
    let ids: BTreeSet<KeitodId> =
        rows.iter().filter_map(|row| row.posted.as_ref()).map(|posted| posted.keitod_id.clone()).collect();
    let remotes: BTreeSet<RemoteId> = rows.iter().map(|row| row.id.clone()).collect();
    let day = rows.iter().map(|row| row.day).min().unwrap_or_default();
    let kind = rows.first().map_or(Kind::Entry, |row| row.kind);
    Found {
        day,
        finding,
        kind,
        ids: ids.into_iter().collect(),
        remotes: remotes.into_iter().collect(),
        differs: None,
    }
}

/// Counted time of a session that two bounds enclose.
pub(super) fn counted_in(counted: &[Stretch], (from, to): Stretch) -> u64 {
    let parts = stretches::union(counted.to_vec());
    let cut: Vec<Stretch> = parts
        .into_iter()
        .map(|(start, end)| (start.max(from), end.min(to)))
        .filter(|(start, end)| start < end)
        .collect();
    stretches::seconds(&cut)
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
