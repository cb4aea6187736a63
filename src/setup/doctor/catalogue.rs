//! What Keito is asked: a handful of requests, none of which writes.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::room::Line;
use crate::config::{Config, Credentials};
use crate::daemon::clerk::{Answer, Effect};
use crate::daemon::{time, wire};
use crate::deliver::{Outcome, Refusal, Unsent};
use crate::keito::{Client, Me, Range};
use crate::ledger::days::Calendar;
use crate::mapping::Catalogue;
use crate::model::{CategoryId, Day, Instant};

/// Pages that are read of one list: what is not on them takes a daemon, not a doctor.
const PAGES: u32 = 10;
/// The category is looked for in so many days of expenses, as delivery does.
const EXPENSES: Duration = Duration::from_secs(400 * 86_400);
/// Entries of so many days show what the workspace makes of hours.
const ENTRIES: Duration = Duration::from_secs(30 * 86_400);
/// Pico-hours in an hour.
const HOUR: i128 = 1_000_000_000_000;

/// What Keito knows that the checks compare.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// All projects; `None` if they are not listed.
    pub(super) projects: Option<Catalogue>,
    /// The category by its name.
    pub(super) category: Option<CategoryId>,
    /// Our entries of the last days.
    pub(super) hours: Shown,
}

/// Hours of our entries as the workspace shows them, beside ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// Entries.
    pub(super) entries: u64,
    /// Seconds that were counted.
    pub(super) seconds: u64,
    /// Seconds that Keito shows.
    pub(super) shown: u64,
}

/// Asks all there is to ask.
pub(super) fn ask(client: &Client, config: &Config, found: &Credentials, now: Instant) -> Line {
    let unknown =
        |why: String| Line { me: Outcome::NotSent(Unsent::Unreachable(why)), clock: None, known: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return unknown("the system gives no thread".into()) };
    runtime.block_on(async {
        let before = time::now();
        let (me, date) = client.me_dated().await;
        let clock = date.map(|date| (date, before, time::now()));
        let known = match &me {
            Outcome::Applied(me) if may_book(me, found) => Some(known(client, config, me, now).await),
            _ => None,
        };
        Line { me, clock, known }
    })
}

/// A key that sees no workspace lists nothing either.
fn may_book(me: &Me, found: &Credentials) -> bool {
    me.company.is_some() || found.account.is_none()
}

async fn known(client: &Client, config: &Config, me: &Me, now: Instant) -> Known {
    let today = Calendar::new(TimeZone::UTC).day_of(now);
    let category = match &config.keito.expense_category_id {
        Some(id) => Some(id.clone()),
        None => category(client, &config.keito.expense_category, before(now, EXPENSES), today).await,
    };
    Known {
        projects: projects(client).await,
        category,
        hours: hours(client, me, before(now, ENTRIES), today).await,
    }
}

fn before(now: Instant, span: Duration) -> Day {
    Calendar::new(TimeZone::UTC).day_of(now.minus(span))
}

async fn projects(client: &Client) -> Option<Catalogue> {
    let mut all = Catalogue::default();
    for active in [true, false] {
        for page in 1..=PAGES {
            let effect = Effect::Projects { active, page };
            let answer = wire::carry_out(client, effect, "", time::Monotonic::new()).await;
            let Answer::Projects { outcome: Outcome::Applied(listed), .. } = answer else {
                // The archived ones only have names to give.
                return (!active).then_some(all);
            };
            all.projects.extend(listed.projects);
            if !listed.more {
                break;
            }
        }
    }
    Some(all)
}

async fn category(client: &Client, name: &str, from: Day, to: Day) -> Option<CategoryId> {
    // Page 0 is the categories' own address, which may not exist; in expenses their category is named.
    for page in 0..=PAGES {
        let effect = Effect::Category { from, to, page };
        let answer = wire::carry_out(client, effect, name, time::Monotonic::new()).await;
        match answer {
            Answer::Category { outcome: Outcome::Applied((Some(id), _)), .. } => return Some(id),
            Answer::Category { outcome: Outcome::Applied((None, more)), .. } if more || page == 0 => {}
            Answer::Category { outcome: Outcome::Refused(Refusal { .. }), .. } if page == 0 => {}
            _ => return None,
        }
    }
    None
}

async fn hours(client: &Client, me: &Me, from: Day, to: Day) -> Shown {
    let mut sum = Shown::default();
    for page in 1..=PAGES {
        let range = Range { from, to, user: me.id.as_ref(), source: Some("agent"), page };
        let Outcome::Applied(listed) = client.time_entries(&range).await else { break };
        for row in &listed.rows {
            let (ours, seconds) = (&row.record.metadata.keitod_id, row.record.metadata.duration_seconds);
            if let (Some(_), Some(seconds), Some(hours)) = (ours, seconds, &row.hours) {
                sum.entries += 1;
                sum.seconds += seconds;
                sum.shown += u64::try_from(hours.pico() * 3600 / HOUR).unwrap_or_default();
            }
        }
        if !listed.has_next {
            break;
        }
    }
    sum
}
