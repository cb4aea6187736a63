//! Rows as the API shows them. Field lists: the OpenAPI description with the extras of the command line tool 0.1.9.

use super::number::Number;
use super::rounding::{Rounding, hours};
use super::rows::{Approval, Category, Client, Entry, Expense, Metadata, Project, Task};
use super::settings::Billability;
use super::workspace::Workspace;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

#[derive(Serialize)]
pub(super) struct Ref<'a> {
    id: &'a str,
    name: Option<String>,
}

impl<'a> Ref<'a> {
    pub(super) fn new(id: &'a str, name: Option<&str>) -> Self {
        Self { id, name: name.map(str::to_owned) }
    }
}

#[derive(Serialize)]
pub(super) struct EntryView<'a> {
    id: &'a str,
    user_id: &'a str,
    project_id: &'a str,
    task_id: &'a str,
    user: Ref<'a>,
    project: Ref<'a>,
    task: Ref<'a>,
    spent_date: String,
    hours: Number,
    rounded_hours: Number,
    duration_seconds: u64,
    notes: Option<&'a str>,
    is_running: bool,
    timer_started_at: Option<String>,
    started_time: Option<&'a str>,
    ended_time: Option<&'a str>,
    is_locked: bool,
    is_closed: bool,
    is_billed: bool,
    approval_status: &'static str,
    billable: bool,
    can_edit_billable: bool,
    budgeted: bool,
    billable_rate: Option<u32>,
    cost_rate: Option<u32>,
    source: &'static str,
    metadata: Option<&'a Metadata>,
    created_at: String,
    updated_at: String,
}

impl<'a> EntryView<'a> {
    pub(super) fn of(entry: &'a Entry, workspace: &'a Workspace) -> Self {
        let settings = &workspace.settings;
        let (shown, rounded, seconds) = shown_hours(entry, settings.rounding);
        Self {
            id: &entry.id,
            user_id: &entry.user,
            project_id: &entry.project,
            task_id: &entry.task,
            user: Ref { id: &entry.user, name: workspace.person(&entry.user).map(|person| person.name()) },
            project: Ref::new(&entry.project, workspace.project(&entry.project).map(|row| row.name.as_str())),
            task: Ref::new(&entry.task, workspace.task(&entry.task).map(|row| row.name.as_str())),
            spent_date: entry.spent_date.to_string(),
            hours: shown,
            rounded_hours: rounded,
            duration_seconds: seconds,
            notes: entry.notes.as_deref(),
            is_running: entry.running_since.is_some(),
            timer_started_at: entry.running_since.map(|at| at.to_string()),
            started_time: entry.started_time.as_deref(),
            ended_time: entry.ended_time.as_deref(),
            is_locked: entry.is_locked || entry.is_billed || entry.approval == Approval::Approved,
            is_closed: entry.approval == Approval::Approved,
            is_billed: entry.is_billed,
            approval_status: approval(entry.approval),
            billable: entry.billable,
            can_edit_billable: settings.billability == Billability::Allowed,
            budgeted: false,
            billable_rate: None,
            cost_rate: None,
            source: entry.source.as_str(),
            metadata: entry.metadata.as_ref(),
            created_at: entry.created_at.to_string(),
            updated_at: entry.updated_at.to_string(),
        }
    }
}

/// What `hours` and `rounded_hours` show, and the actual seconds.
pub(super) fn shown_hours(entry: &Entry, rounding: Rounding) -> (Number, Number, u64) {
    let seconds = (entry.hours.value() * Decimal::from(3600)).round().to_u64().unwrap_or(0);
    if rounding == Rounding::None {
        return (entry.hours.clone(), entry.hours.clone(), seconds);
    }
    let rounded = Number::of(hours(rounding.seconds(seconds)));
    (rounded.clone(), rounded, seconds)
}

#[derive(Serialize)]
pub(super) struct ExpenseView<'a> {
    id: &'a str,
    user_id: &'a str,
    project_id: &'a str,
    expense_category_id: &'a str,
    user: Ref<'a>,
    project: Ref<'a>,
    expense_category: Ref<'a>,
    spent_date: String,
    total_cost: &'a Number,
    units: Option<u64>,
    notes: Option<&'a str>,
    billable: bool,
    receipt_file_name: Option<&'a str>,
    receipt_content_type: Option<&'a str>,
    receipt_url: Option<&'a str>,
    is_locked: bool,
    is_billed: bool,
    approval_status: &'static str,
    source: &'static str,
    metadata: Option<&'a Metadata>,
    created_at: String,
    updated_at: String,
}

impl<'a> ExpenseView<'a> {
    pub(super) fn of(expense: &'a Expense, workspace: &'a Workspace) -> Self {
        let category = workspace.category(&expense.category).map(|row| row.name.as_str());
        Self {
            id: &expense.id,
            user_id: &expense.user,
            project_id: &expense.project,
            expense_category_id: &expense.category,
            user: Ref {
                id: &expense.user,
                name: workspace.person(&expense.user).map(|person| person.name()),
            },
            project: Ref::new(
                &expense.project,
                workspace.project(&expense.project).map(|row| row.name.as_str()),
            ),
            expense_category: Ref::new(&expense.category, category),
            spent_date: expense.spent_date.to_string(),
            total_cost: &expense.total_cost,
            units: expense.units,
            notes: expense.notes.as_deref(),
            billable: expense.billable,
            receipt_file_name: None,
            receipt_content_type: None,
            receipt_url: None,
            is_locked: expense.is_locked || expense.is_billed || expense.approval == Approval::Approved,
            is_billed: expense.is_billed,
            approval_status: approval(expense.approval),
            source: expense.source.as_str(),
            metadata: expense.metadata.as_ref(),
            created_at: expense.created_at.to_string(),
            updated_at: expense.updated_at.to_string(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct TaskView<'a> {
    id: &'a str,
    name: &'a str,
    billable_by_default: bool,
    default_hourly_rate: Option<u32>,
    is_default: bool,
    is_active: bool,
    parent_task_id: Option<&'a str>,
    created_at: &'static str,
    updated_at: &'static str,
}

/// Seeds have no history; a fixed instant keeps lists reproducible.
const SEEDED_AT: &str = "2026-01-05T09:00:00.000Z";

impl<'a> TaskView<'a> {
    pub(super) fn of(task: &'a Task) -> Self {
        Self {
            id: &task.id,
            name: &task.name,
            billable_by_default: task.billable,
            default_hourly_rate: None,
            is_default: false,
            is_active: task.is_active,
            parent_task_id: None,
            created_at: SEEDED_AT,
            updated_at: SEEDED_AT,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ProjectView<'a> {
    id: &'a str,
    name: &'a str,
    code: &'a str,
    display_name: &'a str,
    client: Option<Ref<'a>>,
    is_active: bool,
    is_billable: bool,
    is_fixed_fee: bool,
    bill_by: &'static str,
    budget_by: &'static str,
    budget: Option<u32>,
    notes: Option<&'a str>,
    starts_on: Option<&'a str>,
    ends_on: Option<&'a str>,
    tasks: Vec<TaskView<'a>>,
    created_at: &'static str,
    updated_at: &'static str,
}

impl<'a> ProjectView<'a> {
    /// A member gets the client without its name.
    pub(super) fn of(project: &'a Project, workspace: &'a Workspace, for_admin: bool) -> Self {
        let client = project.client.as_deref().and_then(|id| workspace.client(id));
        let shown =
            |client: &'a Client| Ref::new(&client.id, Some(if for_admin { &client.name } else { "" }));
        let tasks = project.tasks.iter().filter_map(|id| workspace.task(id));
        Self {
            id: &project.id,
            name: &project.name,
            code: &project.code,
            display_name: &project.name,
            client: client.map(shown),
            is_active: project.is_active,
            is_billable: true,
            is_fixed_fee: false,
            bill_by: "PROJECT",
            budget_by: "NONE",
            budget: None,
            notes: None,
            starts_on: None,
            ends_on: None,
            tasks: tasks.map(TaskView::of).collect(),
            created_at: SEEDED_AT,
            updated_at: SEEDED_AT,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ClientView<'a> {
    id: &'a str,
    name: &'a str,
    is_active: bool,
    created_at: &'static str,
    updated_at: &'static str,
}

impl<'a> ClientView<'a> {
    pub(super) fn of(client: &'a Client) -> Self {
        Self {
            id: &client.id,
            name: &client.name,
            is_active: true,
            created_at: SEEDED_AT,
            updated_at: SEEDED_AT,
        }
    }
}

#[derive(Serialize)]
pub(super) struct CategoryView<'a> {
    id: &'a str,
    name: &'a str,
    unit_name: Option<&'a str>,
    unit_price: Option<Number>,
    is_active: bool,
    created_at: &'static str,
    updated_at: &'static str,
}

impl<'a> CategoryView<'a> {
    pub(super) fn of(category: &'a Category) -> Self {
        Self {
            id: &category.id,
            name: &category.name,
            unit_name: None,
            unit_price: category.unit_price.map(Number::of),
            is_active: true,
            created_at: SEEDED_AT,
            updated_at: SEEDED_AT,
        }
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

pub(super) fn approval(approval: Approval) -> &'static str {
    match approval {
        Approval::Unsubmitted => "unsubmitted",
        Approval::Approved => "approved",
    }
}
