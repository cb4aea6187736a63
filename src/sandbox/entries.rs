//! `/time_entries`: list, create, change, delete.

use super::access::Caller;
use super::body::{Fields, serialized_len};
use super::idempotency::{Family, once};
use super::listing::{Params, order};
use super::number::Number;
use super::refusal::Refusal;
use super::reply::Reply;
use super::rounding::hours;
use super::rows::{Approval, Entry, Metadata, Person, Via};
use super::settings::Billability;
use super::state::State;
use super::timers;
use super::wire::EntryView;
use super::workspace::Workspace;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use rust_decimal::Decimal;

const CREATE: [&str; 14] = [
    "project_id",
    "task_id",
    "spent_date",
    "hours",
    "is_running",
    "replace_running",
    "started_time",
    "ended_time",
    "notes",
    "internal_notes",
    "billable",
    "user_id",
    "source",
    "metadata",
];

/// A PATCH is strict on the real server too; `source` is fixed and `is_running` was taken out.
const CHANGE: [&str; 9] = [
    "project_id",
    "task_id",
    "spent_date",
    "hours",
    "notes",
    "billable",
    "started_time",
    "ended_time",
    "metadata",
];

pub(super) async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<Reply, Refusal> {
    let range = params.range()?;
    state.with(|workspace| {
        let lag = params.twist.lag.unwrap_or_default();
        let mut rows: Vec<&Entry> = workspace
            .entries_at(lag)
            .filter(|entry| caller.sees(&entry.user))
            .filter(|entry| range.holds(entry.spent_date, entry.updated_at))
            .filter(|entry| {
                let project = workspace.project(&entry.project);
                let client = project.and_then(|project| project.client.as_deref()).unwrap_or_default();
                params.passes("user_id", &entry.user)
                    && params.passes("client_id", client)
                    && params.passes("project_id", &entry.project)
                    && params.passes("task_id", &entry.task)
                    && params.passes_flag("is_billed", entry.is_billed)
                    && params.passes_flag("is_running", entry.running_since.is_some())
                    && params.passes_any("source", entry.source.as_str())
            })
            .collect();
        let by = params.twist.order.unwrap_or(workspace.settings.order);
        order(&mut rows, by, workspace.settings.seed, |entry| {
            (entry.spent_date, entry.created_at, &entry.id)
        });
        Ok(params.page("time_entries", &workspace.settings, &rows, |entry| EntryView::of(entry, workspace)))
    })
}

pub(super) async fn create(
    Shared(state): Shared<State>,
    caller: Caller,
    body: Bytes,
) -> Result<Reply, Refusal> {
    caller.may_write()?;
    state.with(|workspace| {
        let key = caller.idempotency_key.as_deref();
        once(workspace, Family::Time, key, |workspace| {
            let fields = Fields::parse(&body)?;
            let entry = read(workspace, &caller, &fields)?;
            if entry.running_since.is_some() {
                timers::make_room(workspace, &entry.user, fields.flag("replace_running")?)?;
            }
            let id = entry.id.clone();
            workspace.entries.push(entry);
            workspace.changed();
            show(workspace, workspace.settings.create_status, &id)
        })
    })
}

/// The new entry that a body asks for.
fn read(workspace: &mut Workspace, caller: &Caller, fields: &Fields) -> Result<Entry, Refusal> {
    if workspace.settings.strict_create {
        fields.only(&CREATE)?;
    }
    let (project, task) = (fields.required("project_id")?, fields.required("task_id")?);
    let spent_date = fields.required_day("spent_date")?;
    let (started_time, ended_time) = (fields.clock_time("started_time")?, fields.clock_time("ended_time")?);
    let running = fields.flag("is_running")?.unwrap_or(false);
    let sent = hours_of(fields)?.or_else(|| between(started_time.as_deref()?, ended_time.as_deref()?));
    let source = match fields.text("source")? {
        Some(text) => Via::of_time(&text).ok_or_else(|| Refusal::invalid("source is not a known value"))?,
        None => Via::Api,
    };
    let metadata = fields.metadata()?;
    check_metadata(workspace, metadata.as_ref())?;
    let user = owner(workspace, caller, fields)?;
    let notes = fields.text("notes")?;
    if workspace.settings.require_notes && notes.as_deref().unwrap_or_default().trim().is_empty() {
        return Err(Refusal::invalid("notes is required"));
    }
    let by_task = workspace.pair(&project, &task, &user)?.billable;
    workspace.unlocked_day(spent_date)?;
    let now = workspace.now();
    Ok(Entry {
        id: workspace.fresh_id(),
        user: user.id,
        project,
        task,
        spent_date,
        hours: sent.unwrap_or_else(|| Number::of(Decimal::ZERO)),
        notes,
        billable: billable(workspace, fields.flag("billable")?)?.unwrap_or(by_task),
        source,
        metadata,
        started_time,
        ended_time,
        running_since: running.then_some(now),
        is_locked: false,
        is_billed: false,
        approval: Approval::Unsubmitted,
        created_at: now,
        updated_at: now,
    })
}

pub(super) async fn change(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Result<Reply, Refusal> {
    caller.may_write()?;
    state.with(|workspace| {
        let key = caller.idempotency_key.as_deref();
        once(workspace, Family::Time, key, |workspace| {
            let fields = Fields::parse(&body)?;
            fields.only(&CHANGE)?;
            let changed = revised(workspace, &caller, &fields, own(workspace, &caller, &id)?.clone())?;
            workspace.revise(&id, |entry| *entry = changed);
            show(workspace, 200, &id)
        })
    })
}

/// `entry` as the body wants it.
fn revised(
    workspace: &Workspace,
    caller: &Caller,
    fields: &Fields,
    mut entry: Entry,
) -> Result<Entry, Refusal> {
    workspace.writable(&entry)?;
    if let Some(day) = fields.day("spent_date")? {
        workspace.unlocked_day(day)?;
        entry.spent_date = day;
    }
    if fields.has("project_id") || fields.has("task_id") {
        entry.project = fields.text("project_id")?.unwrap_or(entry.project);
        entry.task = fields.text("task_id")?.unwrap_or(entry.task);
        workspace.pair(&entry.project, &entry.task, &caller.person)?;
    }
    entry.hours = hours_of(fields)?.unwrap_or(entry.hours);
    entry.billable = billable(workspace, fields.flag("billable")?)?.unwrap_or(entry.billable);
    if fields.has("notes") {
        entry.notes = fields.text("notes")?;
    }
    if fields.has("started_time") {
        entry.started_time = fields.clock_time("started_time")?;
    }
    if fields.has("ended_time") {
        entry.ended_time = fields.clock_time("ended_time")?;
    }
    if fields.has("metadata") {
        entry.metadata = match fields.metadata()? {
            Some(new) => {
                let mut merged = entry.metadata.unwrap_or_default();
                merged.0.extend(new.0);
                Some(merged)
            }
            None => None,
        };
        check_metadata(workspace, entry.metadata.as_ref())?;
    }
    Ok(entry)
}

pub(super) async fn delete(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<Reply, Refusal> {
    caller.may_write()?;
    state.with(|workspace| {
        let key = caller.idempotency_key.as_deref();
        once(workspace, Family::Time, key, |workspace| {
            workspace.writable(own(workspace, &caller, &id)?)?;
            workspace.remove(&id);
            Ok(Reply::empty(204))
        })
    })
}

/// An entry that the caller may see.
pub(super) fn own<'a>(workspace: &'a Workspace, caller: &Caller, id: &str) -> Result<&'a Entry, Refusal> {
    let entry = workspace.entries.iter().find(|entry| entry.id == id && caller.sees(&entry.user));
    entry.ok_or_else(|| Refusal::new(404, "Time entry not found"))
}

/// The answer with one entry.
pub(super) fn show(workspace: &Workspace, status: u16, id: &str) -> Result<Reply, Refusal> {
    let entry = workspace.entries.iter().find(|entry| entry.id == id);
    let entry = entry.ok_or_else(|| Refusal::new(404, "Time entry not found"))?;
    let wrap_as = workspace.settings.wrap_single.then_some("time_entry");
    Ok(Reply::single(status, wrap_as, &EntryView::of(entry, workspace)))
}

fn hours_of(fields: &Fields) -> Result<Option<Number>, Refusal> {
    let number = fields.number("hours")?;
    let fits = |number: &Number| (Decimal::ZERO..=Decimal::from(24)).contains(&number.value());
    match number {
        Some(number) if !fits(&number) => Err(Refusal::invalid("hours must be between 0 and 24")),
        number => Ok(number),
    }
}

/// Hours from one `HH:mm` to a later one.
fn between(start: &str, end: &str) -> Option<Number> {
    let time = |text| jiff::civil::Time::strptime("%H:%M", text).ok();
    let seconds = time(start)?.duration_until(time(end)?).as_secs();
    Some(Number::of(hours(u64::try_from(seconds).ok()?)))
}

/// The caller, or, for an administrator, the person named.
pub(super) fn owner(workspace: &Workspace, caller: &Caller, fields: &Fields) -> Result<Person, Refusal> {
    match fields.text("user_id")? {
        Some(id) if id != caller.person.id => {
            caller.admin()?;
            workspace.person(&id).cloned().ok_or_else(|| Refusal::new(404, "User not found"))
        }
        _ => Ok(caller.person.clone()),
    }
}

pub(super) fn billable(workspace: &Workspace, sent: Option<bool>) -> Result<Option<bool>, Refusal> {
    match (workspace.settings.billability, sent) {
        (Billability::Refused, Some(_)) => Err(Refusal::new(403, "You may not set billable")),
        (Billability::Ignored, _) => Ok(None),
        (_, sent) => Ok(sent),
    }
}

pub(super) fn check_metadata(workspace: &Workspace, metadata: Option<&Metadata>) -> Result<(), Refusal> {
    let limit = workspace.settings.metadata_limit;
    match metadata.is_some_and(|metadata| serialized_len(metadata) > limit) {
        true => Err(Refusal::new(400, format!("metadata exceeds {limit} bytes"))),
        false => Ok(()),
    }
}
