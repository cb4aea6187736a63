//! Whether a fetched table may take the place of the one in use: rows are only added, and no price moves far.
//!
//! A table that does not pass is refused whole. What it would have corrected in place comes with a new keitod.

use std::collections::HashMap;

use super::file::Alias;
use super::row::Row;
use super::{Class, Error, Factor, Rates, Table};
use crate::model::{Instant, Speed, Tier};

/// The largest file that is read.
pub const MOST_BYTES: usize = 8 << 20;
/// No price moves further than this at once.
const JUMP: i128 = 5;
/// Fast answers have cost six times the standard: a new variant may be further away than a new price.
const VARIANT: i128 = 10;

/// Why a table is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Too long, not UTF-8, or not a table.
    #[error(transparent)]
    Unreadable(#[from] Error),
    /// Its version is no day.
    #[error("its version `{0}` is not a day")]
    NoDay(String),
    /// It is older than the table in use.
    #[error("it is of {found}, older than the one in use ({have})")]
    Older {
        /// Its version.
        found: String,
        /// The version in use.
        have: String,
    },
    /// It has the version in use with other content.
    #[error("it has the version in use ({0}) and is not the same")]
    SameVersion(String),
    /// Its version lies in the future: after it no other would be newer.
    #[error("its version {0} lies in the future")]
    Future(String),
    /// A row of the table in use is not in it, or lacks a class that it had.
    #[error("the row {0} is gone, or a price in it")]
    Gone(String),
    /// A row of the table in use has another price, or other terms or dates.
    #[error("the row {0} was altered; a change of price is a new row")]
    Altered(String),
    /// A row ends and nothing follows it.
    #[error("the row {0} ends and none follows")]
    Gap(String),
    /// A new row reaches into a time whose prices are closed.
    #[error("the row {0} reaches into a time whose prices are closed")]
    Closed(String),
    /// A price is too far from the one before.
    #[error("{} in the row {row} is more than {limit} times away from the price before it", class.name())]
    Jump {
        /// The row.
        row: String,
        /// The class.
        class: Class,
        /// How many times it may be.
        limit: i128,
    },
    /// A factor that no vendor has.
    #[error("a factor in the row {0} is out of all proportion")]
    Factor(String),
    /// A vendor's own model would be free.
    #[error("the row {0} would make a vendor's model free")]
    Free(String),
    /// A name would lead to another model than before.
    #[error("the name {0} would lead elsewhere")]
    Moved(String),
}

impl Table {
    /// The table of a text, if it may replace this one at `now`.
    ///
    /// # Errors
    /// Why not; this one stays in use.
    pub fn replaced_by(&self, text: &str, now: Instant) -> Result<Self, Refusal> {
        if text.len() > MOST_BYTES {
            return Err(Refusal::Unreadable(Error::TooLong { most: MOST_BYTES }));
        }
        let new = Self::refreshed(text)?;
        let day = Instant::parse(&format!("{}T00:00:00Z", new.version()));
        let day = day.ok_or_else(|| Refusal::NoDay(new.version().to_owned()))?;
        if day > now.plus(std::time::Duration::from_secs(48 * 3600)) {
            return Err(Refusal::Future(new.version().to_owned()));
        }
        if new.version() < self.version() {
            let (found, have) = (new.version().to_owned(), self.version().to_owned());
            return Err(Refusal::Older { found, have });
        }
        let change = Change { old: self, new: &new, now };
        let added = change.rows()?;
        change.names()?;
        if added && new.version() == self.version() {
            return Err(Refusal::SameVersion(new.version().to_owned()));
        }
        Ok(new)
    }
}

struct Change<'t> {
    old: &'t Table,
    new: &'t Table,
    now: Instant,
}

impl<'t> Change<'t> {
    /// Checks all rows; whether the new table differs.
    fn rows(&self) -> Result<bool, Refusal> {
        let known: HashMap<&str, &Row> = self.old.rows().map(|row| (row.id.as_str(), row)).collect();
        let given: HashMap<&str, &Row> = self.new.rows().map(|row| (row.id.as_str(), row)).collect();
        let mut differs = known.len() != given.len();
        for (id, row) in &known {
            let other = given.get(id).ok_or_else(|| Refusal::Gone((*id).to_owned()))?;
            differs |= self.kept(row, other, &given)?;
        }
        for row in self.new.rows() {
            self.proportion(row)?;
            if !known.contains_key(row.id.as_str()) {
                self.added(row)?;
            }
        }
        Ok(differs)
    }

    /// A row may gain a class, a factor and an end that another row follows. Whether it did.
    fn kept(&self, row: &Row, other: &Row, given: &HashMap<&str, &Row>) -> Result<bool, Refusal> {
        let id = || row.id.clone();
        let fixed =
            |row: &Row| (row.from, row.window.clone(), row.committed, row.searches_excluded, row.half_hour);
        let edges = |row: &Row| row.context.iter().map(|tier| tier.least).collect::<Vec<_>>();
        if fixed(row) != fixed(other) || edges(row) != edges(other) {
            return Err(Refusal::Altered(id()));
        }
        let tiers = row.context.iter().zip(&other.context).map(|(old, new)| (&old.rates, &new.rates));
        for (old, new) in std::iter::once((&row.rates, &other.rates)).chain(tiers) {
            for (class, rate) in old.iter() {
                match new.get(class) {
                    None => return Err(Refusal::Gone(id())),
                    Some(other) if other != rate => return Err(Refusal::Altered(id())),
                    Some(_) => {}
                }
            }
        }
        let closed = row.to.is_some();
        let gained = |old: Option<Factor>, new: Option<Factor>| old != new && (closed || old.is_some());
        if factors(row).zip(factors(other)).any(|(old, new)| gained(old, new))
            || (row.web_search != other.web_search && (closed || row.web_search.is_some()))
            || (closed && (row.to != other.to || rates_differ(row, other)))
        {
            return Err(Refusal::Altered(id()));
        }
        if let (None, Some(end)) = (row.to, other.to) {
            let follows = |next: &&&Row| same_variant(next, row) && next.from == Some(end);
            if !given.values().any(|next| follows(&next)) {
                return Err(Refusal::Gap(id()));
            }
        }
        Ok(row.to != other.to || rates_differ(row, other) || factors(row).ne(factors(other)))
    }

    /// A new row: near the price that the name had so far, and after all that is closed.
    fn added(&self, row: &Row) -> Result<(), Refusal> {
        let first_party = self.old.homes_all().any(|platform| platform == row.platform);
        let free = |class| row.rates.get(class).is_some_and(|rate| rate.pico() == 0);
        if first_party && (free(Class::Input) || free(Class::Output)) {
            return Err(Refusal::Free(row.id.clone()));
        }
        let before = self.old.find(Some(&row.platform), &row.model, self.now).rows;
        let closed = before.iter().filter_map(|old| old.to).filter(|to| *to <= self.now).max();
        if closed.is_some_and(|closed| row.from.is_none_or(|from| from < closed)) {
            return Err(Refusal::Closed(row.id.clone()));
        }
        let variant = before
            .iter()
            .filter(|old| old.speed == row.speed && old.service == row.service)
            .max_by_key(|old| (old.from.is_none_or(|from| row.from >= Some(from)), old.from));
        let standard =
            before.iter().filter(|old| old.speed == Speed::Standard && old.service == Tier::Standard);
        let (near, limit) = match variant {
            Some(old) => (Some(old), JUMP),
            None => (standard.max_by_key(|old| old.from), VARIANT),
        };
        let Some(near) = near else { return Ok(()) };
        far(&near.rates, &row.rates, limit)
            .map_or(Ok(()), |class| Err(Refusal::Jump { row: row.id.clone(), class, limit }))?;
        for tier in &row.context {
            // A tier lies over the base price; what a vendor adds for length has been up to five times.
            let old = near.rates_for(tier.least);
            if let Some(class) = far(old, &tier.rates, limit) {
                return Err(Refusal::Jump { row: row.id.clone(), class, limit });
            }
        }
        Ok(())
    }

    fn proportion(&self, row: &Row) -> Result<(), Refusal> {
        const SUM: i128 = 1_000_000;
        let odd = |factor: Factor| !(SUM / VARIANT..=SUM * VARIANT).contains(&factor.apply(SUM));
        if factors(row).flatten().any(odd) { Err(Refusal::Factor(row.id.clone())) } else { Ok(()) }
    }

    /// Names may be added and end; none may lead elsewhere.
    fn names(&self) -> Result<(), Refusal> {
        if self.old.home_names() != self.new.home_names() {
            return Err(Refusal::Moved("of a bare model".to_owned()));
        }
        let same = |one: &Alias, other: &Alias| {
            (&one.platform, &one.name, &one.model, one.from, one.estimated)
                == (&other.platform, &other.name, &other.model, other.from, other.estimated)
        };
        for alias in self.old.aliases() {
            let ends = |other: &Alias| other.to == alias.to || alias.to.is_none();
            if !self.new.aliases().any(|other| same(alias, other) && ends(other)) {
                return Err(Refusal::Moved(alias.name.clone()));
            }
        }
        for alias in self.new.aliases().filter(|alias| !self.old.aliases().any(|old| same(old, alias))) {
            let before = self.old.find(Some(&alias.platform), &alias.name, self.now).rows.first();
            let named = |old: &Alias| (&old.platform, &old.name) == (&alias.platform, &alias.name);
            // A name that is an alias already may move on from a day; what a rule or a key says stays.
            let moves_on = alias.from.is_some() && self.old.aliases().any(named);
            if !moves_on && before.is_some_and(|row| row.model != alias.model) {
                return Err(Refusal::Moved(alias.name.clone()));
            }
        }
        Ok(())
    }
}

/// The first class that is further away than `limit` times.
fn far(old: &Rates, new: &Rates, limit: i128) -> Option<Class> {
    let pairs = old.iter().filter_map(|(class, rate)| Some((class, rate.pico(), new.get(class)?.pico())));
    pairs.filter(|(_, old, new)| *new > old * limit || new * limit < *old).map(|(class, ..)| class).next()
}

fn factors(row: &Row) -> impl Iterator<Item = Option<Factor>> {
    [row.batch, row.flex, row.priority, row.us, row.regional].into_iter()
}

fn rates_differ(row: &Row, other: &Row) -> bool {
    row.rates != other.rates || row.context != other.context
}

fn same_variant(row: &Row, other: &Row) -> bool {
    (&row.platform, &row.model, row.speed, row.service, &row.window)
        == (&other.platform, &other.model, other.speed, other.service, &other.window)
}

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
