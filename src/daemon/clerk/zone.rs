//! `config set-zone`: days are those of another zone, from an instant onward.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::acts::{ActError, Acted, Refused};
use super::decision::{Decision, Ruling};
use super::{Clerk, Scope};
use crate::ledger::days::Calendar;
use crate::ledger::stretches;
use crate::model::{Day, Instant};
use crate::store::Error;

/// What a change of the zone does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneChange {
    /// The zone before.
    pub before: String,
    /// The zone from then on.
    pub after: String,
    /// From when.
    pub from: Instant,
    /// Agent time on no entry yet that comes to stand on other days: seconds by day before and after.
    pub days: BTreeMap<Day, (u64, u64)>,
}

impl Clerk {
    /// Changes the zone of days from `from` on (`None`: now); `sure`: not only a preview. What is on entries stays on the
    /// days that Keito has.
    ///
    /// # Errors
    /// If there is no such zone, or it is changed later already; of the database.
    pub fn set_zone(
        &mut self,
        zone: &str,
        from: Option<Instant>,
        sure: bool,
        now: Instant,
    ) -> Result<Acted, ActError> {
        let scope = self.account.as_ref().ok_or(Refused::NoAccount)?;
        let found = TimeZone::get(zone).ok().and_then(|zone| zone.iana_name().map(str::to_owned));
        let after = found.ok_or_else(|| Refused::NoZone { zone: zone.to_owned() })?;
        let (calendar, _) = self.calendar();
        let before = calendar.name().unwrap_or("UTC").to_owned();
        let from = from.unwrap_or(now);
        if let Some(last) = calendar.last_change().filter(|last| *last >= from) {
            return Err(Refused::ZoneLater { last }.into());
        }
        let text = scope.row.zone.clone().unwrap_or_else(|| before.clone());
        let text = Calendar::with_change(&text, from, &after);
        let next = Calendar::parse(&text).ok_or_else(|| Refused::NoZone { zone: zone.to_owned() })?;
        let days = self.moved(&calendar, &next, from)?;
        let change = ZoneChange { before: before.clone(), after: after.clone(), from, days };
        if !sure {
            return Ok(Acted { state: "preview", zone: Some(change), ..Acted::default() });
        }
        let of = scope.of.clone();
        let unpinned = scope.row.zone.is_none();
        let decision = |ruling| Decision { at: now, account: Some(of.clone()), ruling };
        let mut list = Vec::new();
        if unpinned {
            list.push(decision(Ruling::Zone(before, None)));
        }
        list.push(decision(Ruling::Zone(after, Some(from))));
        self.rulings.write(list)?;
        if let Some(scope) = &mut self.account {
            scope.row.zone = Some(text);
        }
        self.save_account()?;
        self.recheck_all()?;
        Ok(Acted { state: "set", zone: Some(change), ..Acted::default() })
    }

    /// Time after `from` that no entry holds, by day in both calendars; days that stay as they are left out.
    fn moved(
        &self,
        before: &Calendar,
        after: &Calendar,
        from: Instant,
    ) -> Result<BTreeMap<Day, (u64, u64)>, Error> {
        let account = self.account.as_ref().map(|scope: &Scope| scope.id);
        let view = self.store.view();
        let mut days: BTreeMap<Day, (u64, u64)> = BTreeMap::new();
        let earlier = self.account.iter().flat_map(|scope| &scope.earlier).map(|range| range.from);
        let since = earlier.chain(self.settings.since).min().filter(|_| self.settings.since.is_some());
        let since = since.map_or(i64::MIN, Instant::seconds);
        for (session, spans) in view.agent_time_after(from.seconds().max(since))? {
            let covered = match account {
                Some(account) => stretches::union(view.covered(account, session)?.0),
                None => Vec::new(),
            };
            for (start, end) in spans.into_iter().flat_map(|span| stretches::minus(span, &covered)) {
                let length = |from: i64, to: i64| u64::try_from(to - from).unwrap_or(0);
                for (day, from, to) in before.split(start, end) {
                    days.entry(day).or_default().0 += length(from, to);
                }
                for (day, from, to) in after.split(start, end) {
                    days.entry(day).or_default().1 += length(from, to);
                }
            }
        }
        days.retain(|_, (before, after)| before != after);
        Ok(days)
    }
}
