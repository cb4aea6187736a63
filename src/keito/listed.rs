//! Time entries and expenses as listings show them.

use super::fields::Fields;
use super::page::Row;
use super::seen::Metadata;
use crate::model::{Amount, CategoryId, Day, Instant, ProjectId, RemoteId, TaskId, UserId};

/// What entries and expenses have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// Keito's id; without one the row counts as unreadable.
    pub id: Option<RemoteId>,
    /// Whose it is. Filters may be ignored by the server: check it.
    pub user: Option<UserId>,
    /// Its project.
    pub project: Option<ProjectId>,
    /// Its day in the workspace.
    pub spent_date: Option<Day>,
    /// Notes as they are, not cleaned: they are compared with ours.
    pub notes: Option<String>,
    /// `agent`, `web`, `cli`, …
    pub source: Option<String>,
    /// Goes on invoices.
    pub billable: Option<bool>,
    /// Locked against edits.
    pub is_locked: bool,
    /// On an invoice.
    pub is_billed: bool,
    /// In a closed period or approval.
    pub is_closed: bool,
    /// `unsubmitted`, `submitted`, `approved`, `rejected`.
    pub approval_status: Option<String>,
    /// Made at, by the server's clock.
    pub created_at: Option<Instant>,
    /// Changed at, by the server's clock.
    pub updated_at: Option<Instant>,
    /// Ours, somebody else's, or empty.
    pub metadata: Metadata,
}

/// A time entry in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListedEntry {
    /// What it shares with expenses.
    pub record: Listed,
    /// Its task.
    pub task: Option<TaskId>,
    /// Saved hours with their exact digits; `None` while it runs.
    pub hours: Option<Amount>,
    /// A running timer.
    pub is_running: bool,
}

/// An expense in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListedExpense {
    /// What it shares with entries.
    pub record: Listed,
    /// Its category.
    pub category: Option<CategoryId>,
    /// Its category's name, as it came: the category is found by it.
    pub category_name: Option<String>,
    /// Saved amount with its exact digits, in the workspace's currency.
    pub total_cost: Option<Amount>,
}

impl Listed {
    fn read(row: &Fields<'_>) -> Self {
        let set = |name| row.flag(name).unwrap_or_default();
        Self {
            id: row.id("id").map(RemoteId::new),
            user: row.id_or_nested("user_id", "user").map(UserId::new),
            project: row.id_or_nested("project_id", "project").map(ProjectId::new),
            spent_date: row.day("spent_date"),
            notes: row.text("notes"),
            source: row.label("source"),
            billable: row.flag("billable"),
            is_locked: set("is_locked"),
            is_billed: set("is_billed"),
            is_closed: set("is_closed"),
            approval_status: row.label("approval_status"),
            created_at: row.instant("created_at"),
            updated_at: row.instant("updated_at"),
            metadata: row.object("metadata").map(|seen| Metadata::read(&seen)).unwrap_or_default(),
        }
    }
}

impl Row for ListedEntry {
    const KEY: &'static str = "time_entries";

    fn read(row: &Fields<'_>) -> Self {
        Self {
            record: Listed::read(row),
            task: row.id_or_nested("task_id", "task").map(TaskId::new),
            hours: row.amount("hours"),
            is_running: row.flag("is_running").unwrap_or_default(),
        }
    }

    fn has_id(&self) -> bool {
        self.record.id.is_some()
    }
}

impl Row for ListedExpense {
    const KEY: &'static str = "expenses";

    fn read(row: &Fields<'_>) -> Self {
        Self {
            record: Listed::read(row),
            category: row.id_or_nested("expense_category_id", "expense_category").map(CategoryId::new),
            category_name: row.object("expense_category").and_then(|category| category.text("name")),
            total_cost: row.amount("total_cost"),
        }
    }

    fn has_id(&self) -> bool {
        self.record.id.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keito::page;

    #[test]
    fn amounts_keep_their_digits_and_names_may_be_null() {
        let json = r#"{"expenses":[{"id":"x1","user":{"id":"u","name":null},"project_id":"p","expense_category_id":"c",
            "expense_category":{"id":"c","name":"LLM Usage"},"spent_date":"2026-03-05","total_cost":0.1,"source":"agent",
            "metadata":null},{"id":"x2","total_cost":1e-3},{"id":"x3","total_cost":12345678901234.5678},
            {"id":"x4","total_cost":"0.1350"},{"id":"x5","total_cost":null,"metadata":"{}"}]}"#;
        let rows = page::parse::<ListedExpense>(json, 1).unwrap().rows;
        let cost = |row: &ListedExpense| row.total_cost.map(|amount| amount.to_string());
        let costs: Vec<_> = rows.iter().map(cost).collect();
        let want = [Some("0.1"), Some("0.001"), Some("12345678901234.5678"), Some("0.135"), None];
        assert_eq!(costs, want.map(|text| text.map(str::to_owned)));
        assert_eq!(rows[0].category_name.as_deref(), Some("LLM Usage"));
        assert_eq!(rows[0].record.user, Some(UserId::new("u")));
        assert_eq!(rows[0].record.metadata, Metadata::default());
    }

    #[test]
    fn a_running_entry_has_no_hours() {
        let json = r#"{"time_entries":[{"id":"e","task":{"id":"t"},"hours":null,"is_running":true,"spent_date":"bad",
            "metadata":{"session_id":"s"},"approval_status":"approved","is_locked":true}],"page":1,"total_entries":1}"#;
        let row = page::parse::<ListedEntry>(json, 1).unwrap().rows.remove(0);
        assert_eq!((row.hours, row.is_running, row.task), (None, true, Some(TaskId::new("t"))));
        assert_eq!((row.record.spent_date, row.record.is_locked), (None, true));
        assert_eq!(row.record.metadata.session_id.unwrap().as_str(), "s");
    }
}
