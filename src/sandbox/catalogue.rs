//! What a client reads before it writes: the user, projects, tasks, clients, categories.

use super::access::Caller;
use super::listing::Params;
use super::refusal::{Refusal, not_found_page};
use super::reply::Reply;
use super::rows::{Project, Role};
use super::settings::{Billability, Categories, Scope};
use super::state::State;
use super::wire::{CategoryView, ClientView, ProjectView, TaskView};
use super::workspace::Workspace;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(super) async fn me(Shared(state): Shared<State>, caller: Caller) -> Reply {
    state.with(|workspace| Reply::json(200, &profile(workspace, &caller)))
}

fn profile(workspace: &Workspace, caller: &Caller) -> Value {
    let settings = &workspace.settings;
    let person = &caller.person;
    let admin = person.role == Role::Admin;
    let role = if admin { "admin" } else { "member" };
    let mut me = json!({
        "id": person.id, "first_name": person.first_name, "last_name": person.last_name, "email": person.email,
        "telephone": null, "is_active": true, "roles": [role], "membership_role": role,
        "user_type": if person.is_agent { "agent" } else { "human" }, "weekly_capacity": 126_000,
        "has_access_to_all_future_projects": admin, "default_hourly_rate": null, "cost_rate": null,
        "currency": settings.currency, "avatar_url": null,
        "created_at": "2026-01-05T09:00:00.000Z", "updated_at": "2026-01-05T09:00:00.000Z",
    });
    if caller.scope == Scope::Sync {
        me["capabilities"] = json!({
            "can_read_own_time_entries": true, "can_read_users": false, "can_read_own_profile": true,
            "can_read_clients": true, "can_read_projects": true,
        });
        return me;
    }
    let zone = settings.zone.iana_name().unwrap_or("UTC");
    me["timezone"] = json!(zone);
    me["is_contractor"] = json!(false);
    me["company"] = json!({
        "id": settings.account, "name": settings.company, "currency": settings.currency, "timezone": zone,
        "time_rounding": settings.rounding.to_string(), "allow_past_timer_starts": true,
        "allow_future_expense_dates": settings.future_expense_dates,
        "internal_time_notes_enabled": false, "time_entry_notes_mode":
            if settings.require_notes { "required" } else { "optional" },
        "time_billability_overrides_enabled": settings.billability == Billability::Allowed,
    });
    me["capabilities"] = json!({
        "can_track_time": true, "can_track_expenses": settings.expenses,
        "can_edit_time_billability": settings.billability == Billability::Allowed,
        "can_create_field_clients": admin, "can_view_team_time": admin, "can_view_invoices": admin,
        "can_send_invoices": admin, "can_record_invoice_payments": admin,
    });
    me
}

pub(super) async fn projects(Shared(state): Shared<State>, caller: Caller, params: Params) -> Reply {
    state.with(|workspace| {
        let admin = caller.person.role == Role::Admin;
        let shown = |project: &&Project| {
            project.seen_by(&caller.person)
                && (params.filter("is_active").unwrap_or("true") == "true") == project.is_active
                && params.passes("client_id", project.client.as_deref().unwrap_or_default())
        };
        let rows: Vec<&Project> = workspace.settings.projects.iter().filter(shown).collect();
        params.page("projects", &workspace.settings, &rows, |row| ProjectView::of(row, workspace, admin))
    })
}

pub(super) async fn tasks(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<Reply, Refusal> {
    caller.full("This key cannot read tasks")?;
    state.with(|workspace| {
        let project = params.filter("project_id").map(|id| workspace.project(id));
        let rows = workspace.settings.tasks.iter().filter(|task| {
            let assigned = |project: Option<&Project>| project.is_some_and(|p| p.tasks.contains(&task.id));
            project.is_none_or(assigned) && params.passes_flag("is_active", task.is_active)
        });
        Ok(params.page("tasks", &workspace.settings, &rows.collect::<Vec<_>>(), |row| TaskView::of(row)))
    })
}

pub(super) async fn clients(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<Reply, Refusal> {
    caller.admin()?;
    Ok(state.with(|workspace| {
        params.page("clients", &workspace.settings, &workspace.settings.clients, ClientView::of)
    }))
}

pub(super) async fn categories(Shared(state): Shared<State>, caller: Caller, params: Params) -> Response {
    state.with(|workspace| match workspace.settings.list_categories {
        Categories::Html404 => not_found_page(),
        Categories::Forbidden => Refusal::new(403, "Administrators only").into_response(),
        Categories::Listed if caller.scope == Scope::Sync => {
            Refusal::new(403, "This key cannot read expense categories").into_response()
        }
        Categories::Listed => {
            let (settings, rows) = (&workspace.settings, &workspace.settings.categories);
            params.page("expense_categories", settings, rows, CategoryView::of).into_response()
        }
    })
}

pub(super) async fn health() -> Reply {
    Reply::json(200, &json!({ "status": "ok", "checks": { "database": "ok", "redis": "ok" } }))
}
