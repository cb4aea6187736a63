//! What reports say of days that are over, kept as one small blob a day, and when it holds.
//!
//! A kept day holds while none of the UTC days that it overlaps was touched since (`touched.rs`), and while it was made from
//! the same things besides facts: zone, limits, prices, this program. A day that is not kept and not touched is empty.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::touched::COUNTER;
use super::{Error, Tx, terms};
use crate::model::{Agent, Day, ModelRef, Tokens, Usd};
use crate::report::{KeptDay, Qualities, Sums, Time};

/// What all kept days were made from.
const MADE_FROM: &str = "kept_from";

/// UTC days that were touched, each with the number of its last change.
pub type Changes = Vec<(i64, i64)>;

/// What was made of touched days, to be kept.
#[derive(Debug)]
pub struct Keep {
    /// What it was made from besides facts.
    pub made_from: String,
    /// Nothing else that is kept holds.
    pub all: bool,
    /// The days that were made anew.
    pub made: BTreeSet<Day>,
    /// Those of them in which something happened.
    pub days: Vec<KeptDay>,
    /// The changes that it takes into account.
    pub changes: Changes,
}

impl Tx<'_> {
    /// Keeps what was made of touched days. Days that changed meanwhile stay touched. What was made from something else than
    /// the other days is not kept, unless it is all of them.
    ///
    /// # Errors
    /// Of the database.
    pub fn keep(&self, keep: &Keep) -> Result<(), Error> {
        if keep.all {
            self.conn.prepare_cached("DELETE FROM kept")?.execute([])?;
            self.conn
                .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
                .execute([MADE_FROM, &keep.made_from])?;
        } else if made_from(self.conn)?.as_deref() != Some(&keep.made_from) {
            return Ok(());
        }
        let mut delete = self.conn.prepare_cached("DELETE FROM kept WHERE day = ?1")?;
        for day in &keep.made {
            delete.execute([day.to_string()])?;
        }
        let agents: HashMap<Agent, i64> =
            agents(self.conn)?.into_iter().map(|(id, agent)| (agent, id)).collect();
        let mut insert = self.conn.prepare_cached("INSERT INTO kept (day, sums) VALUES (?1, ?2)")?;
        for day in &keep.days {
            insert.execute(params![day.day.to_string(), encode(day, &agents)?])?;
        }
        let mut delete = self.conn.prepare_cached("DELETE FROM touched WHERE day = ?1 AND number = ?2")?;
        for (day, number) in &keep.changes {
            delete.execute([day, number])?;
        }
        Ok(())
    }
}

pub(super) fn made_from(conn: &Connection) -> Result<Option<String>, Error> {
    let mut select = conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(select.query_row([MADE_FROM], |row| row.get(0)).optional()?)
}

fn agents(conn: &Connection) -> Result<HashMap<i64, Agent>, Error> {
    let mut select = conn.prepare_cached("SELECT id, name FROM agent")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, Agent::new(row.get::<_, String>(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The days that are kept.
pub(super) fn known(conn: &Connection) -> Result<Vec<Day>, Error> {
    let mut select = conn.prepare_cached("SELECT day FROM kept")?;
    let days = select.query_map([], |row| row.get::<_, String>(0))?;
    days.map(|day| day?.parse().map_err(|_| BROKEN)).collect()
}

/// All changes since the days were kept.
pub(super) fn changes(conn: &Connection) -> Result<Changes, Error> {
    let mut select = conn.prepare_cached("SELECT day, number FROM touched WHERE day > ?1 ORDER BY day")?;
    let rows = select.query_map([COUNTER], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The kept days that are wanted, in order.
pub(super) fn days(conn: &Connection, wanted: impl Fn(Day) -> bool) -> Result<Vec<KeptDay>, Error> {
    let agents = agents(conn)?;
    let mut select = conn.prepare_cached("SELECT day, sums FROM kept ORDER BY day")?;
    let mut rows = select.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let day = row.get_ref(0)?.as_str().ok().and_then(|text| text.parse().ok());
        let day: Day = day.ok_or(BROKEN)?;
        if wanted(day) {
            let blob = row.get_ref(1)?.as_blob().map_err(|_| BROKEN)?;
            found.push(decode(day, blob, &agents).ok_or(BROKEN)?);
        }
    }
    Ok(found)
}

const BROKEN: Error = Error::Impossible("kept");

/// Counts in seven bits a byte, the last one without the eighth; a cost is one more than it is in pico-USD, 0 none.
fn encode(day: &KeptDay, agents: &HashMap<Agent, i64>) -> Result<Vec<u8>, Error> {
    let row = |agent: &Agent| agents.get(agent).map(|id| terms::count(*id)).ok_or(BROKEN);
    let mut out = Vec::new();
    let mut put = |count: u128| {
        let mut rest = count;
        while rest > 127 {
            out.push((rest & 127) as u8 | 128);
            rest >>= 7;
        }
        out.push((rest & 127) as u8);
    };
    put(day.requests.len() as u128);
    for (agent, model, sums) in &day.requests {
        let (tokens, quality) = (&sums.tokens, sums.quality);
        let cost = sums.cost.map_or(Ok(0), |usd| u128::try_from(usd.0 + 1).map_err(|_| BROKEN))?;
        put(cost);
        for count in [
            row(agent)?,
            terms::count(model.0),
            sums.requests,
            tokens.input,
            tokens.cache_read,
            tokens.cache_write_5m,
            tokens.cache_write_1h,
            tokens.output,
            tokens.reasoning,
            sums.unpriced,
            sums.unpriced_tokens,
            quality.exact,
            quality.lower_bound,
            quality.estimated,
        ] {
            put(count.into());
        }
    }
    for (agent, time) in &day.time {
        put(row(agent)?.into());
        counts(time).into_iter().for_each(|count| put(count.into()));
    }
    put(0);
    counts(&day.all).into_iter().for_each(|count| put(count.into()));
    Ok(out)
}

fn counts(time: &Time) -> [u64; 6] {
    [time.agent, time.wall, time.human, time.dropped, time.below_min, time.capped]
}

/// `None` if it is no kept day.
fn decode(day: Day, blob: &[u8], agents: &HashMap<i64, Agent>) -> Option<KeptDay> {
    let mut bytes = blob.iter();
    let mut wide = || {
        let (mut count, mut shift) = (0_u128, 0);
        loop {
            let byte = *bytes.next()?;
            count |= u128::from(byte & 127).checked_shl(shift)?;
            if byte < 128 {
                return Some(count);
            }
            shift += 7;
        }
    };
    let requests = wide()?;
    let mut found = KeptDay { day, requests: Vec::new(), time: Vec::new(), all: Time::default() };
    for _ in 0..requests {
        let cost = wide()?.checked_sub(1).map(|usd| i128::try_from(usd).map(Usd)).transpose().ok()?;
        let mut next = || u64::try_from(wide()?).ok();
        let (agent, model) = (i64::try_from(next()?).ok()?, i64::try_from(next()?).ok()?);
        let sums = Sums {
            cost,
            requests: next()?,
            tokens: Tokens {
                input: next()?,
                cache_read: next()?,
                cache_write_5m: next()?,
                cache_write_1h: next()?,
                output: next()?,
                reasoning: next()?,
            },
            unpriced: next()?,
            unpriced_tokens: next()?,
            quality: Qualities { exact: next()?, lower_bound: next()?, estimated: next()? },
            time: None,
        };
        found.requests.push((agents.get(&agent)?.clone(), ModelRef(model), sums));
    }
    let mut next = || u64::try_from(wide()?).ok();
    loop {
        let agent = i64::try_from(next()?).ok()?;
        let time = Time {
            agent: next()?,
            wall: next()?,
            human: next()?,
            dropped: next()?,
            below_min: next()?,
            capped: next()?,
        };
        if agent == 0 {
            found.all = time;
            return Some(found);
        }
        found.time.push((agents.get(&agent)?.clone(), time));
    }
}
