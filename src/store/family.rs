//! Who owns shared facts, decided again whenever a session of the family changed; spans of dirty sessions.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::{OptionalExtension as _, params};

use super::{Error, Tx, terms};
use crate::ledger::owner::{Family, Sharing};
use crate::ledger::spans::{self, Event, Gaps, Span, TurnEnd};
use crate::model::{BranchRef, DirRef, Instant, SessionRef, Who};

/// An entry of the owner holds the second of an activity.
const HOLDING: &str = "SELECT 1 FROM covered c WHERE c.session = activity.session \
                       AND c.start <= activity.at / 1000 AND c.end >= activity.at / 1000";

/// A fact that several sessions hold.
enum Shared {
    Request { id: i64, origin: Option<SessionRef>, billed: bool },
    Activity { key: i64, origin: Option<SessionRef>, held: bool, prompt: bool },
}

impl Shared {
    fn origin(&self) -> Option<SessionRef> {
        match self {
            Self::Request { origin, .. } | Self::Activity { origin, .. } => *origin,
        }
    }
}

type Facts = Vec<(Shared, SessionRef)>;

/// Facts that the same sessions hold, by the session that made them. What a message says of its origin holds for the
/// lines around it: a prompt belongs to the answer that follows it, a tool's result to the message that called it.
fn by_origin(mut facts: Vec<(Instant, Shared, SessionRef)>) -> BTreeMap<Option<SessionRef>, Facts> {
    facts.sort_by_key(|(at, ..)| *at);
    let mut named: Vec<Option<SessionRef>> = facts.iter().map(|(_, fact, _)| fact.origin()).collect();
    let mut last = None;
    for (place, (_, fact, _)) in facts.iter().enumerate() {
        last = named[place].or(last);
        if matches!(fact, Shared::Activity { prompt: false, .. }) {
            named[place] = last;
        }
    }
    let mut next = None;
    for named in named.iter_mut().rev() {
        next = named.or(next);
        *named = next;
    }
    let mut found: BTreeMap<Option<SessionRef>, Facts> = BTreeMap::new();
    for ((_, fact, owner), named) in facts.into_iter().zip(named) {
        // After the last message that names one: the stretch is its.
        found.entry(named.or(last)).or_default().push((fact, owner));
    }
    found
}

impl Tx<'_> {
    /// Brings up to date what is derived from facts: ownership, then spans, of at most `limit` dirty sessions.
    /// Returns the sessions that were looked at; none means that all is up to date.
    ///
    /// # Errors
    /// Of the database.
    pub fn settle_dirty(&self, gaps: Gaps, horizon: Instant, limit: usize) -> Result<Vec<SessionRef>, Error> {
        let dirty = self.session_list(&format!("SELECT id FROM session WHERE dirty = 1 LIMIT {limit}"))?;
        let mut seen = BTreeSet::new();
        for session in &dirty {
            if seen.contains(session) {
                continue;
            }
            let family = self.family_of(*session)?;
            if family.len() > 1 {
                self.settle_owners(&family)?;
            }
            seen.extend(family);
        }
        // Ownership may have moved facts between sessions that were clean before.
        let sessions = self.session_list("SELECT id FROM session WHERE dirty = 1")?;
        let mut done = Vec::new();
        for session in sessions.into_iter().filter(|session| seen.contains(session)) {
            self.settle_spans(session, gaps, horizon)?;
            done.push(session);
        }
        Ok(done)
    }

    pub(super) fn session_list(&self, sql: &str) -> Result<Vec<SessionRef>, Error> {
        let mut select = self.conn.prepare_cached(sql)?;
        let rows = select.query_map([], |row| Ok(SessionRef(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The sessions that share facts with `session`, directly or through others.
    fn family_of(&self, session: SessionRef) -> Result<BTreeSet<SessionRef>, Error> {
        // By way of the facts, each once: thousands of sessions can hold the same ones.
        let facts = [
            (
                "SELECT DISTINCT request FROM copy WHERE session = ?1",
                "SELECT session FROM copy WHERE request = ?1",
            ),
            (
                "SELECT key FROM activity_copy WHERE session = ?1",
                "SELECT session FROM activity_copy WHERE key = ?1",
            ),
        ];
        let mut seen = [HashSet::new(), HashSet::new()];
        let (mut family, mut open) = (BTreeSet::from([session]), vec![session]);
        while let Some(member) = open.pop() {
            for ((of_session, of_fact), seen) in facts.iter().zip(&mut seen) {
                let mut held = self.conn.prepare_cached(of_session)?;
                let mut holders = self.conn.prepare_cached(of_fact)?;
                for fact in held.query_map([member.0], |row| row.get::<_, i64>(0))? {
                    let fact = fact?;
                    if !seen.insert(fact) {
                        continue;
                    }
                    for other in holders.query_map([fact], |row| Ok(SessionRef(row.get(0)?)))? {
                        let other = other?;
                        if family.insert(other) {
                            open.push(other);
                        }
                    }
                }
            }
        }
        Ok(family)
    }

    fn settle_owners(&self, members: &BTreeSet<SessionRef>) -> Result<(), Error> {
        let mut family = Family::default();
        let mut facts: BTreeMap<Sharing, Vec<(Instant, Shared, SessionRef)>> = BTreeMap::new();
        for member in members {
            let (native, own, born) = self.own_facts(*member)?;
            family.native.insert(*member, native);
            family.born.extend(born.map(|at| (*member, at)));
            if let Some(at) = own {
                family.own.insert(*member, at);
            }
        }
        for (holders, at, fact, owner) in self.shared_facts(members)? {
            match *holders.as_slice() {
                // Several lines of one session, or a copy whose origin is named: nobody shares it.
                [only] => {
                    let earliest = family.own.entry(only).or_insert(at);
                    *earliest = (*earliest).min(at);
                }
                _ => {
                    let earliest = family.shared.entry(holders.clone()).or_insert(at);
                    *earliest = (*earliest).min(at);
                }
            }
            facts.entry(holders).or_default().push((at, fact, owner));
        }
        let stretches = facts.into_iter().flat_map(|(holders, facts)| {
            by_origin(facts).into_iter().map(move |(named, facts)| (holders.clone(), named, facts))
        });
        for (holders, named, facts) in stretches {
            let by_rule = named.or_else(|| family.owner(&holders));
            // Time that an entry holds stays with the session of that entry, and the rest of the shared stretch with it:
            // torn apart, the gaps at the seams would be counted nowhere or twice.
            let holds =
                |(fact, _): &&(Shared, SessionRef)| matches!(fact, Shared::Activity { held: true, .. });
            let of_time = facts.iter().find(holds).map(|(_, owner)| *owner).or(by_rule);
            for (fact, owner) in facts {
                let rule = if matches!(fact, Shared::Activity { .. }) { of_time } else { by_rule };
                self.give(&fact, owner, rule)?;
            }
        }
        Ok(())
    }

    fn give(&self, fact: &Shared, owner: SessionRef, by_rule: Option<SessionRef>) -> Result<(), Error> {
        let (sql, id, to) = match fact {
            Shared::Request { billed: true, .. } => return Ok(()),
            Shared::Request { id, origin, .. } => {
                ("UPDATE request SET session = ?2 WHERE id = ?1 RETURNING at", *id, origin.or(by_rule))
            }
            Shared::Activity { held: true, .. } => return Ok(()),
            Shared::Activity { key, .. } => {
                ("UPDATE activity SET session = ?2 WHERE key = ?1 RETURNING at", *key, by_rule)
            }
        };
        let Some(to) = to.filter(|to| *to != owner) else { return Ok(()) };
        let mut update = self.conn.prepare_cached(sql)?;
        let moved: Option<i64> = update.query_row([id, to.0], |row| row.get(0)).optional()?;
        if let Some(at) = moved {
            self.touch_request(to, Instant::from_millis(at));
            self.conn
                .prepare_cached("UPDATE session SET dirty = 1, recheck = 1 WHERE id IN (?1, ?2)")?
                .execute([owner.0, to.0])?;
        }
        Ok(())
    }

    /// The agent's own id, the earliest fact that no other session holds, and when the session was born.
    fn own_facts(&self, session: SessionRef) -> Result<(String, Option<Instant>, Option<Instant>), Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT native, (SELECT min(at) FROM request WHERE session = ?1 AND shared = 0), \
             (SELECT min(at) FROM activity WHERE session = ?1 AND shared = 0), born_at FROM session WHERE id = ?1",
        )?;
        Ok(select.query_row([session.0], |row| {
            let (a, b): (Option<i64>, Option<i64>) = (row.get(1)?, row.get(2)?);
            let born = row.get::<_, Option<i64>>(3)?.map(Instant::from_millis);
            Ok((row.get(0)?, a.into_iter().chain(b).min().map(Instant::from_millis), born))
        })?)
    }

    /// All facts with rows in `copy` or `activity_copy` of these sessions: holders, instant, what it is, owner now.
    fn shared_facts(
        &self,
        members: &BTreeSet<SessionRef>,
    ) -> Result<Vec<(Sharing, Instant, Shared, SessionRef)>, Error> {
        let mut holders: BTreeMap<(bool, i64), BTreeSet<SessionRef>> = BTreeMap::new();
        for member in members {
            let mut requests =
                self.conn.prepare_cached("SELECT DISTINCT request FROM copy WHERE session = ?1")?;
            for id in requests.query_map([member.0], |row| row.get::<_, i64>(0))? {
                holders.entry((true, id?)).or_default().insert(*member);
            }
            let mut activities =
                self.conn.prepare_cached("SELECT key FROM activity_copy WHERE session = ?1")?;
            for key in activities.query_map([member.0], |row| row.get::<_, i64>(0))? {
                holders.entry((false, key?)).or_default().insert(*member);
            }
        }
        let mut of_request = self.conn.prepare_cached(
            "SELECT at, session, (SELECT min(origin) FROM copy WHERE request = ?1), EXISTS (SELECT 1 FROM billed WHERE request = ?1) \
             FROM request WHERE id = ?1",
        )?;
        let mut of_activity = self.conn.prepare_cached(&format!(
            "SELECT at, session, EXISTS ({HOLDING}), origin, who FROM activity WHERE key = ?1"
        ))?;
        let mut facts = Vec::with_capacity(holders.len());
        for ((is_request, id), sessions) in holders {
            let sharing: Sharing = sessions.into_iter().collect();
            let (at, owner, fact) = if is_request {
                of_request.query_row([id], |row| {
                    let origin = row.get::<_, Option<i64>>(2)?.map(SessionRef);
                    let fact = Shared::Request { id, origin, billed: row.get(3)? };
                    Ok((terms::instant(row.get(0)?), SessionRef(row.get(1)?), fact))
                })?
            } else {
                of_activity.query_row([id], |row| {
                    let origin = row.get::<_, Option<i64>>(3)?.map(SessionRef);
                    let who = terms::who_of(row.get(4)?);
                    let prompt = matches!(who, Who::Prompt | Who::Script);
                    let fact = Shared::Activity { key: id, origin, held: row.get(2)?, prompt };
                    Ok((terms::instant(row.get(0)?), SessionRef(row.get(1)?), fact))
                })?
            };
            facts.push((sharing, at, fact, owner));
        }
        Ok(facts)
    }

    /// An entry of `session` was found at Keito: shared activities that no other entry holds are its own, if the entry
    /// may cover one of them (design section 2: a shared fact belongs to the record that billed it).
    ///
    /// # Errors
    /// Of the database.
    pub fn claim_activities(
        &self,
        session: SessionRef,
        (first, last): (i64, i64),
        gaps: Gaps,
        horizon: Instant,
    ) -> Result<(), Error> {
        let others = format!(
            "SELECT activity.key, activity.session, activity.at / 1000 FROM activity_copy y JOIN activity ON activity.key = y.key \
             WHERE y.session = ?1 AND activity.session <> ?1 AND NOT EXISTS ({HOLDING})"
        );
        let mut select = self.conn.prepare_cached(&others)?;
        let rows = select.query_map([session.0], |row| {
            Ok((row.get::<_, i64>(0)?, SessionRef(row.get(1)?), row.get::<_, i64>(2)?))
        })?;
        let found: Vec<(i64, SessionRef, i64)> = rows.collect::<Result<_, _>>()?;
        let mut touched: BTreeSet<SessionRef> = found
            .iter()
            .filter(|(_, _, at)| (first..=last).contains(at))
            .map(|(_, owner, _)| *owner)
            .collect();
        if touched.is_empty() {
            return Ok(());
        }
        let mut update = self.conn.prepare_cached("UPDATE activity SET session = ?2 WHERE key = ?1")?;
        for (key, _, at) in found.iter().filter(|(_, owner, _)| touched.contains(owner)) {
            self.touch_stretch(*at, *at);
            update.execute([*key, session.0])?;
        }
        touched.insert(session);
        for member in touched {
            self.settle_spans(member, gaps, horizon)?;
            self.recheck(member)?;
        }
        Ok(())
    }

    /// Sessions of an agent that have agent time in `[first, last]` and look like a copy of the session that an entry
    /// of exactly that range was made from: a stretch begins where it begins, or both ends are instants of theirs. An end
    /// at a quarter of an hour may be a midnight of some zone, and one at `since` the cut-off: neither is an instant.
    ///
    /// # Errors
    /// Of the database.
    pub fn sessions_like(
        &self,
        agent: &str,
        (first, last): (i64, i64),
        since: i64,
    ) -> Result<Vec<SessionRef>, Error> {
        // Among several copies one owns what they share, but each has it.
        let has = |end: &str| {
            format!(
                "EXISTS (SELECT 1 FROM activity v WHERE v.session = s.id AND v.at BETWEEN {end} * 1000 AND {end} * 1000 + 999) OR \
                 EXISTS (SELECT 1 FROM activity_copy y JOIN activity v ON v.key = y.key \
                 WHERE y.session = s.id AND v.at BETWEEN {end} * 1000 AND {end} * 1000 + 999)"
            )
        };
        let mut select = self.conn.prepare_cached(&format!(
            "SELECT DISTINCT s.id FROM session s JOIN agent a ON a.id = s.agent JOIN span p ON p.session = s.id \
             WHERE a.name = ?1 AND p.kind = 0 AND p.start < ?3 AND p.end > ?2 AND (p.start = ?2 OR ( \
             (?2 % 900 = 0 OR ?2 = ?4 OR {}) AND (?3 % 900 = 0 OR ?3 = ?4 OR {}))) ORDER BY s.id",
            has("?2"),
            has("?3")
        ))?;
        let rows = select.query_map(params![agent, first, last, since], |row| Ok(SessionRef(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn settle_spans(&self, session: SessionRef, gaps: Gaps, horizon: Instant) -> Result<(), Error> {
        let events = self.timeline(session)?;
        let turns = self.turns(session)?;
        // What counts of a session depends on all of its time.
        self.touch_returned("DELETE FROM span WHERE session = ?1 RETURNING start, end", [session.0])?;
        let bare = "DELETE FROM bare WHERE session = ?1 RETURNING at / 1000, at / 1000";
        self.touch_returned(bare, [session.0])?;
        let first = events.first().map(|event| event.at);
        let found = spans::spans(events, &turns, gaps, horizon);
        if let (Some(first), true) = (first, found.is_empty()) {
            self.touch(first);
            self.conn
                .prepare_cached("INSERT INTO bare (session, at) VALUES (?1, ?2)")?
                .execute([session.0, first.millis()])?;
        }
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO span (session, start, end, kind, dir, branch) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for span in found {
            self.touch_stretch(span.start, span.end);
            insert.execute(params![
                session.0,
                span.start,
                span.end,
                terms::span(span.kind),
                span.dir.map(|dir| dir.0),
                span.branch.map(|branch| branch.0)
            ])?;
        }
        self.conn.prepare_cached("UPDATE session SET dirty = 0 WHERE id = ?1")?.execute([session.0])?;
        Ok(())
    }

    /// The activities of a session, in order of time.
    ///
    /// # Errors
    /// Of the database.
    pub fn timeline(&self, session: SessionRef) -> Result<Vec<Event>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT at, key, who, dir, proven_ms, branch FROM activity WHERE session = ?1 ORDER BY at, key",
        )?;
        let rows = select.query_map([session.0], |row| {
            Ok(Event {
                at: terms::instant(row.get(0)?),
                key: terms::hash(row.get(1)?),
                who: terms::who_of(row.get(2)?),
                dir: row.get::<_, Option<i64>>(3)?.map(DirRef),
                branch: row.get::<_, Option<i64>>(5)?.map(BranchRef),
                proven_ms: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The proving turns of a session.
    ///
    /// # Errors
    /// Of the database.
    pub fn turns(&self, session: SessionRef) -> Result<Vec<TurnEnd>, Error> {
        let mut select = self.conn.prepare_cached("SELECT at, duration_ms FROM turn WHERE session = ?1")?;
        let rows = select.query_map([session.0], |row| {
            Ok(TurnEnd { at: terms::instant(row.get(0)?), duration_ms: row.get(1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The spans of a session, in order.
    ///
    /// # Errors
    /// Of the database.
    pub fn spans(&self, session: SessionRef) -> Result<Vec<Span>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT start, end, kind, dir, branch FROM span WHERE session = ?1 ORDER BY start",
        )?;
        let rows = select.query_map([session.0], |row| {
            Ok(Span {
                start: row.get(0)?,
                end: row.get(1)?,
                kind: terms::span_of(row.get(2)?),
                dir: row.get::<_, Option<i64>>(3)?.map(DirRef),
                branch: row.get::<_, Option<i64>>(4)?.map(BranchRef),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_goes_with_its_answer_and_a_result_with_its_call() {
        // As letters in order of time: `a`, `b` messages of two sessions, `p` prompts, `t` results of tools.
        let origins = |lines: &str| -> String {
            let facts = lines.chars().enumerate().map(|(at, letter)| {
                let id = at as i64;
                let fact = match letter {
                    'p' | 't' => {
                        Shared::Activity { key: id, origin: None, held: false, prompt: letter == 'p' }
                    }
                    _ => Shared::Request {
                        id,
                        origin: Some(SessionRef(i64::from(letter as u32))),
                        billed: false,
                    },
                };
                (Instant::from_millis(id), fact, SessionRef(0))
            });
            let mut found: Vec<(i64, char)> = Vec::new();
            for (named, facts) in by_origin(facts.collect()) {
                let letter =
                    named.and_then(|named| char::from_u32(u32::try_from(named.0).ok()?)).unwrap_or('-');
                found.extend(facts.iter().map(|(fact, _)| match fact {
                    Shared::Request { id, .. } | Shared::Activity { key: id, .. } => (*id, letter),
                }));
            }
            found.sort_unstable();
            found.into_iter().map(|(_, letter)| letter).collect()
        };
        for (lines, expected) in [
            ("papa", "aaaa"),
            ("papbtb", "aabbbb"),
            ("patpbp", "aaabbb"),
            ("tpb", "bbb"),
            ("atpp", "aaaa"),
            ("pt", "--"),
        ] {
            assert_eq!(origins(lines), expected, "{lines}");
        }
    }
}
