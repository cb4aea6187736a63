//! What can be booked on: projects, tasks, expense categories.

use super::fields::Fields;
use super::page::Row;
use crate::model::{CategoryId, ProjectId, TaskId};

/// A project. `/projects` lists active ones by default: one that is missing there is closed or out of reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: Option<ProjectId>,
    /// Its name, cleaned for display.
    pub name: Option<String>,
    /// Its client's name; empty for members who may not see clients.
    pub client: Option<String>,
    /// Its client's id, as far as it is shown.
    pub client_id: Option<String>,
    /// Open for booking.
    pub is_active: Option<bool>,
    /// Tasks assigned to it, if the server embeds them; only these can be booked on it.
    pub tasks: Option<Vec<Task>>,
}

/// A task. Tasks are the workspace's; a pair is valid only if the task is assigned to the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: Option<TaskId>,
    /// Its name, cleaned for display.
    pub name: Option<String>,
    /// Open for booking.
    pub is_active: Option<bool>,
}

/// An expense category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: Option<CategoryId>,
    /// Its name, cleaned for display.
    pub name: Option<String>,
    /// Open for booking.
    pub is_active: Option<bool>,
}

impl Row for Project {
    const KEY: &'static str = "projects";

    fn read(row: &Fields<'_>) -> Self {
        let tasks = row.array("tasks");
        Self {
            id: row.id("id").map(ProjectId::new),
            name: row.label("name").or_else(|| row.label("display_name")),
            client: row.object("client").and_then(|client| client.label("name")),
            client_id: row.id_or_nested("client_id", "client"),
            is_active: row.flag("is_active"),
            tasks: tasks.map(|tasks| {
                let each = tasks.iter().filter_map(|task| Fields::parse(task.get()));
                each.map(|task| Task::read(&task)).collect()
            }),
        }
    }

    fn has_id(&self) -> bool {
        self.id.is_some()
    }
}

impl Row for Task {
    const KEY: &'static str = "tasks";

    fn read(row: &Fields<'_>) -> Self {
        // An assignment names its task inside; its own id is not the task's.
        let inner = row.object("task");
        let task = inner.as_ref().unwrap_or(row);
        Self {
            id: task.id("id").map(TaskId::new),
            name: task.label("name"),
            is_active: row.flag("is_active").or_else(|| task.flag("is_active")),
        }
    }

    fn has_id(&self) -> bool {
        self.id.is_some()
    }
}

impl Row for Category {
    const KEY: &'static str = "expense_categories";

    fn read(row: &Fields<'_>) -> Self {
        Self {
            id: row.id("id").map(CategoryId::new),
            name: row.label("name"),
            is_active: row.flag("is_active"),
        }
    }

    fn has_id(&self) -> bool {
        self.id.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keito::page;

    #[test]
    fn a_project_brings_its_tasks() {
        let json = r#"{"projects":[{"id":"p1","name":"Relaunch\u001b[2J","client":{"id":"c","name":null},
            "is_active":true,"tasks":[{"id":"t1","name":"Dev","is_active":true},
            {"id":"a9","is_active":false,"task":{"id":"t2","name":"Ops"}}]},{"id":"p2","name":"Old"}]}"#;
        let page = page::parse::<Project>(json, 1).unwrap();
        let tasks = page.rows[0].tasks.as_ref().unwrap();
        assert_eq!(page.rows[0].name.as_deref(), Some("Relaunch[2J"));
        assert_eq!(page.rows[0].client, None);
        assert_eq!(tasks[0].id, Some(TaskId::new("t1")));
        assert_eq!((&tasks[1].id, tasks[1].is_active), (&Some(TaskId::new("t2")), Some(false)));
        assert_eq!(page.rows[1].tasks, None);
    }
}
