//! Running timers: enough of them that a client which starts one meets what the real server does.

use super::access::Caller;
use super::body::Fields;
use super::entries::{own, show};
use super::number::Number;
use super::refusal::Refusal;
use super::reply::Reply;
use super::rounding::hours;
use super::state::State;
use super::workspace::Workspace;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};

/// One timer a person: 409 unless the running one may be replaced.
pub(super) fn make_room(workspace: &mut Workspace, user: &str, replace: Option<bool>) -> Result<(), Refusal> {
    let running = workspace.entries.iter().find(|entry| entry.user == user && entry.running_since.is_some());
    match running.map(|entry| entry.id.clone()) {
        Some(id) if replace == Some(true) => {
            halt(workspace, &id, None);
            Ok(())
        }
        Some(_) => Err(Refusal::new(409, "A timer is already running")),
        None => Ok(()),
    }
}

pub(super) async fn stop(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Result<Reply, Refusal> {
    caller.may_write()?;
    let notes = optional(&body)?.map(|fields| fields.text("notes")).transpose()?.flatten();
    state.with(|workspace| {
        if own(workspace, &caller, &id)?.running_since.is_none() {
            return Err(Refusal::new(409, "Time entry is not running"));
        }
        halt(workspace, &id, notes);
        show(workspace, 200, &id)
    })
}

pub(super) async fn restart(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Result<Reply, Refusal> {
    caller.may_write()?;
    let replace = optional(&body)?.map(|fields| fields.flag("replace_running")).transpose()?.flatten();
    state.with(|workspace| {
        workspace.writable(own(workspace, &caller, &id)?)?;
        make_room(workspace, &caller.person.id, replace)?;
        let now = workspace.now();
        workspace.revise(&id, |entry| entry.running_since = Some(now));
        show(workspace, 200, &id)
    })
}

/// Both routes take a body or none.
fn optional(body: &[u8]) -> Result<Option<Fields>, Refusal> {
    if body.is_empty() { Ok(None) } else { Fields::parse(body).map(Some) }
}

fn halt(workspace: &mut Workspace, id: &str, notes: Option<String>) {
    let now = workspace.now();
    workspace.revise(id, |entry| {
        let Some(since) = entry.running_since.take() else { return };
        let ran = hours(now.since(since).as_secs());
        entry.hours = Number::of(entry.hours.value() + ran);
        entry.notes = notes.or(entry.notes.take());
    });
}
