//! The clerk's effects carried out over HTTP, and the wire's shapes as the clerk's.

use super::clerk::{Answer, Echoed, Effect, ListPage, MeFound, ProjectPage};
use super::time::Monotonic;
use crate::coverage::{Listed, Posted};
use crate::deliver::{LISTING_LIFE, Outcome, Unsent};
use crate::keito::{self, Client, ListedEntry, ListedExpense, Method, Page, Range, Send, entry_path};
use crate::mapping;
use crate::model::{Amount, CategoryId, Instant, Kind, Tokens};

/// Carries out one effect. `category` is the configured name of the expense category; `since` began when the clerk asked
/// for it.
pub async fn carry_out(client: &Client, effect: Effect, category: &str, since: Monotonic) -> Answer {
    match effect {
        // The machine slept in between: the listing that let it leave is too old by now.
        Effect::Send { write, .. } if u128::from(since.millis()) > LISTING_LIFE.as_millis() => {
            let slept = Unsent::Unreachable("the machine slept before it could leave".to_owned());
            Answer::Send { write, outcome: Outcome::NotSent(slept) }
        }
        Effect::Me => Answer::Me(map(client.me().await, me)),
        Effect::Category { from, to, page: 0 } => {
            let outcome = map(client.expense_categories().await, |page| {
                let named = page.rows.into_iter().find(|row| same_name(row.name.as_deref(), category));
                (named.and_then(|row| row.id), false)
            });
            Answer::Category { from, to, page: 0, outcome }
        }
        Effect::Category { from, to, page } => {
            let range = Range { from, to, user: None, source: None, page };
            let outcome = map(client.expenses(&range).await, |page| category_in(page, category));
            Answer::Category { from, to, page, outcome }
        }
        Effect::Projects { active, page } => Answer::Projects {
            active,
            outcome: map(client.projects(active, page).await, |page| projects(page, active)),
        },
        Effect::List { kind, from, to, user, page } => {
            let range = Range { from, to, user: user.as_ref(), source: None, page };
            let outcome = match kind {
                Kind::Entry => map(client.time_entries(&range).await, |page| list_page(page, entry)),
                Kind::Expense => map(client.expenses(&range).await, |page| list_page(page, expense)),
            };
            Answer::List { kind, outcome }
        }
        Effect::Send { write, kind, patch, body, idempotency } => {
            let path = match (kind, &patch) {
                (Kind::Entry, Some(id)) => entry_path(id),
                (Kind::Entry, None) => "/time_entries".to_owned(),
                (Kind::Expense, _) => "/expenses".to_owned(),
            };
            let method = if patch.is_some() { Method::Patch } else { Method::Post };
            let send = Send { method, path: &path, body: &body, idempotency_key: &idempotency };
            let outcome = map(client.send(&send).await, |echo| Echoed {
                id: echo.id,
                hours: echo.hours,
                amount: echo.total_cost,
            });
            Answer::Send { write, outcome }
        }
    }
}

/// What the clerk is told of an effect that panicked while it was carried out.
pub fn broken(effect: Effect) -> Answer {
    fn unknown<T>() -> Outcome<T> {
        let why = "keitod failed while it asked".to_owned();
        Outcome::Unknown { status: None, why, retry_after: None }
    }
    match effect {
        Effect::Me => Answer::Me(unknown()),
        Effect::Category { from, to, page } => Answer::Category { from, to, page, outcome: unknown() },
        Effect::Projects { active, .. } => Answer::Projects { active, outcome: unknown() },
        Effect::List { kind, .. } => Answer::List { kind, outcome: unknown() },
        Effect::Send { write, .. } => Answer::Broken { write },
    }
}

fn map<T, U>(outcome: Outcome<T>, with: impl FnOnce(T) -> U) -> Outcome<U> {
    match outcome {
        Outcome::Applied(value) => Outcome::Applied(with(value)),
        Outcome::AppliedUnread { status } => Outcome::AppliedUnread { status },
        Outcome::NotSent(why) => Outcome::NotSent(why),
        Outcome::Unknown { status, why, retry_after } => Outcome::Unknown { status, why, retry_after },
        Outcome::Refused(refusal) => Outcome::Refused(refusal),
    }
}

fn me(me: keito::Me) -> MeFound {
    let company = me.company.as_ref();
    MeFound {
        user: me.id.clone(),
        currency: company.and_then(|company| company.currency.clone()).filter(|code| !code.is_empty()),
        zone: company.and_then(|company| company.timezone.clone()).or(me.timezone.clone()),
        read_only: company.is_none(),
    }
}

fn same_name(name: Option<&str>, wanted: &str) -> bool {
    name.is_some_and(|name| name.trim().to_lowercase() == wanted.trim().to_lowercase())
}

fn category_in(page: Page<ListedExpense>, wanted: &str) -> (Option<CategoryId>, bool) {
    let more = page.has_next;
    let found = page.rows.into_iter().find(|row| same_name(row.category_name.as_deref(), wanted));
    (found.and_then(|row| row.category), more)
}

fn projects(page: Page<keito::Project>, active: bool) -> ProjectPage {
    let task = |task: keito::Task| {
        let id = task.id?.as_str().to_owned();
        Some(mapping::Task {
            id,
            name: task.name.unwrap_or_default(),
            active: task.is_active.unwrap_or(true),
        })
    };
    let project = |of: keito::Project| {
        Some(mapping::Project {
            id: of.id?.as_str().to_owned(),
            name: of.name.unwrap_or_default(),
            client: of.client.unwrap_or_default(),
            active: of.is_active.unwrap_or(active),
            tasks: of.tasks.into_iter().flatten().filter_map(task).collect(),
        })
    };
    let (total, more) = (page.total_entries, page.has_next);
    ProjectPage { projects: page.rows.into_iter().filter_map(project).collect(), total, more }
}

fn list_page<T>(page: Page<T>, row: impl Fn(T) -> Option<Listed>) -> ListPage {
    let (total, more) = (page.total_entries, page.has_next);
    let count = page.rows.len();
    let rows: Vec<Listed> = page.rows.into_iter().filter_map(row).collect();
    let unreadable = (count - rows.len()) as u64;
    // Without a total the pages themselves are all that there is to compare.
    ListPage {
        total: total.or((!more && page.page == 1).then_some(rows.len() as u64)),
        more,
        rows,
        unreadable,
    }
}

fn entry(row: ListedEntry) -> Option<Listed> {
    // A running timer has no hours yet, whatever number it shows.
    let hours = row.hours.filter(|_| !row.is_running);
    let (hours, task) = (hours, row.task.map(|task| task.as_str().to_owned()).unwrap_or_default());
    common(Kind::Entry, row.record, hours, None, task)
}

fn expense(row: ListedExpense) -> Option<Listed> {
    common(Kind::Expense, row.record, None, row.total_cost, String::new())
}

fn common(
    kind: Kind,
    row: keito::Listed,
    hours: Option<Amount>,
    amount: Option<Amount>,
    task: String,
) -> Option<Listed> {
    let approved = matches!(row.approval_status.as_deref(), Some("approved" | "submitted"));
    let posted = posted(&row.metadata);
    let skill = row.metadata.session_id.as_ref().filter(|_| posted.is_none());
    Some(Listed {
        kind,
        id: row.id?,
        user: row.user,
        day: row.spent_date?,
        project: row.project.map(|project| project.as_str().to_owned()).unwrap_or_default(),
        task,
        hours,
        amount,
        notes: row.notes,
        frozen: row.is_locked || row.is_billed || row.is_closed || approved,
        skill_session: skill.map(|session| session.as_str().to_owned()),
        posted,
    })
}

fn posted(meta: &keito::Metadata) -> Option<Posted> {
    Some(Posted {
        keitod_id: meta.keitod_id.clone()?,
        session: meta.session_id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        agent: meta.agent_type.as_ref().map(|agent| agent.as_str().to_owned()).unwrap_or_default(),
        model: meta.model.as_ref().map(|model| model.as_str().to_owned()).unwrap_or_default(),
        first_at: meta.first_at.unwrap_or(Instant::from_millis(i64::MIN)),
        last_at: meta.last_at.unwrap_or(Instant::from_millis(i64::MAX)),
        covers: meta.covers,
        keys: meta.keys.clone().map(|mut keys| {
            keys.sort_unstable();
            keys
        }),
        requests: meta.requests.unwrap_or(0),
        tokens: meta.tokens().unwrap_or_else(|| counted(meta)),
        usd: meta.cost_usd.map(|usd| usd.0),
        rate: meta.rate.map(|rate| rate.to_string()),
        markup_percent: meta.markup_percent.map(|percent| percent.to_string()),
        seconds: meta.duration_seconds.unwrap_or(0),
        part: u32::try_from(meta.part.unwrap_or(1)).unwrap_or(1),
        excess: meta.excess.unwrap_or(false),
        machine: meta.machine.clone().unwrap_or_default(),
    })
}

/// Counts without the split of cache writes: all as the cheaper class, so that an excess is rather missed than billed
/// twice.
fn counted(meta: &keito::Metadata) -> Tokens {
    Tokens {
        input: meta.input_tokens.unwrap_or(0),
        cache_read: meta.cached_input_tokens.unwrap_or(0),
        cache_write_5m: meta.cache_write_tokens.unwrap_or(0),
        cache_write_1h: meta.cache_write_tokens.unwrap_or(0),
        output: meta.output_tokens.unwrap_or(0),
        reasoning: 0,
    }
}
