//! What can be booked on, as Keito lists it: whether a link is good, and which link a person means by names.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{Link, ProjectId, TaskId};

/// All projects, active and archived.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// In the server's order.
    pub projects: Vec<Project>,
}

/// A project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its name; empty if Keito names none.
    pub name: String,
    /// Its client's name; empty for members who may not see clients.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub client: String,
    /// Open for booking.
    pub active: bool,
    /// The tasks assigned to it; empty where the server does not embed them: then nothing is known of tasks.
    pub tasks: Vec<Task>,
}

/// A task on a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// Its name; empty if Keito names none.
    pub name: String,
    /// Open for booking.
    pub active: bool,
}

/// Why nothing can be booked on a link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// Archived.
    #[error("project {0} is archived at Keito")]
    Archived(Shown),
    /// Not listed: gone, or not this key's.
    #[error("project {0} is not among those that this key may book on")]
    Unknown(Shown),
    /// The task is on other projects.
    #[error("task {task} is not on project {project}")]
    NoTask {
        /// The task.
        task: Shown,
        /// The project.
        project: Shown,
    },
    /// The task is archived.
    #[error("task {task} of project {project} is archived at Keito")]
    TaskArchived {
        /// The task.
        task: Shown,
        /// The project.
        project: Shown,
    },
}

/// Why words name no link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuch {
    /// Neither id nor name of a project.
    #[error("no project at Keito is called {0}")]
    Project(String),
    /// Several projects have the name.
    #[error("{} projects are called {name}: use one of the ids {}", ids.len(), ids.join(", "))]
    Projects {
        /// As given.
        name: String,
        /// Theirs.
        ids: Vec<String>,
    },
    /// Neither id nor name of a task on the project.
    #[error("project {project} has no task {task}{}", listed(there))]
    Task {
        /// As given.
        task: String,
        /// The project.
        project: Shown,
        /// The tasks on it.
        there: Vec<String>,
    },
    /// Several tasks have the name.
    #[error("{} tasks of {project} are called {task}: use one of the ids {}", ids.len(), ids.join(", "))]
    Tasks {
        /// As given.
        task: String,
        /// The project.
        project: Shown,
        /// Theirs.
        ids: Vec<String>,
    },
    /// They name one on which nothing can be booked.
    #[error(transparent)]
    Closed(#[from] Closed),
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(": it has {}", names.join(", ")) }
}

/// A name with its id, or the id alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    name: String,
    id: String,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { f.write_str(&self.id) } else { write!(f, "{} ({})", self.name, self.id) }
    }
}

fn shown(name: &str, id: &str) -> Shown {
    Shown { name: name.to_owned(), id: id.to_owned() }
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

impl Catalogue {
    /// A project by its id.
    #[must_use]
    pub fn project(&self, id: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    /// A task's name by the ids of both.
    #[must_use]
    pub fn task(&self, project: &str, task: &str) -> Option<&Task> {
        self.project(project)?.tasks.iter().find(|of| of.id == task)
    }

    /// Whether a project can be booked on; with a task, whether the pair can.
    ///
    /// # Errors
    /// Why not. Of a project without embedded tasks nothing is said of tasks.
    pub fn check(&self, project: &ProjectId, task: Option<&TaskId>) -> Result<(), Closed> {
        let Some(found) = self.project(project.as_str()) else {
            return Err(Closed::Unknown(shown("", project.as_str())));
        };
        let of = shown(&found.name, &found.id);
        if !found.active {
            return Err(Closed::Archived(of));
        }
        let Some(task) = task.filter(|_| !found.tasks.is_empty()) else { return Ok(()) };
        match found.tasks.iter().find(|on| on.id == task.as_str()) {
            Some(on) if on.active => Ok(()),
            Some(on) => Err(Closed::TaskArchived { task: shown(&on.name, &on.id), project: of }),
            None => Err(Closed::NoTask { task: shown("", task.as_str()), project: of }),
        }
    }

    /// The link that two words mean: ids, or names that only one project and one task of it have. Case does not matter.
    ///
    /// # Errors
    /// If they mean none, several, or one that is closed.
    pub fn find(&self, project: &str, task: &str) -> Result<Link, NoSuch> {
        let project = self.find_project(project)?;
        let of = shown(&project.name, &project.id);
        let id = match project.tasks.iter().find(|on| on.id == task) {
            Some(on) => on.id.clone(),
            // Nothing is known of its tasks: an id has to be believed.
            None if project.tasks.is_empty() => task.to_owned(),
            None => {
                let named: Vec<&Task> =
                    project.tasks.iter().filter(|on| !on.name.is_empty() && same(&on.name, task)).collect();
                let open = named.iter().filter(|on| on.active).count();
                match named.as_slice() {
                    [] => {
                        let there = project.tasks.iter().filter(|on| on.active);
                        let there = there.map(|on| shown(&on.name, &on.id).to_string()).collect();
                        return Err(NoSuch::Task { task: task.to_owned(), project: of, there });
                    }
                    [one] => one.id.clone(),
                    several if open == 1 => {
                        several.iter().find(|on| on.active).map(|on| on.id.clone()).unwrap_or_default()
                    }
                    several => {
                        let ids = several.iter().map(|on| on.id.clone()).collect();
                        return Err(NoSuch::Tasks { task: task.to_owned(), project: of, ids });
                    }
                }
            }
        };
        let link = Link { project: ProjectId::new(&project.id), task: TaskId::new(&id) };
        self.check(&link.project, Some(&link.task))?;
        Ok(link)
    }

    fn find_project(&self, word: &str) -> Result<&Project, NoSuch> {
        if let Some(found) = self.project(word) {
            return Ok(found);
        }
        let named: Vec<&Project> = self
            .projects
            .iter()
            .filter(|project| !project.name.is_empty() && same(&project.name, word))
            .collect();
        // An archived project may have the name of its successor.
        let open: Vec<&Project> = named.iter().copied().filter(|project| project.active).collect();
        match (open.as_slice(), named.as_slice()) {
            ([one], _) | ([], [one]) => Ok(one),
            ([], []) => Err(NoSuch::Project(word.to_owned())),
            _ => Err(NoSuch::Projects {
                name: word.to_owned(),
                ids: named.iter().map(|project| project.id.clone()).collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, name: &str, active: bool) -> Task {
        Task { id: id.into(), name: name.into(), active }
    }

    fn catalogue() -> Catalogue {
        let project = |id: &str, name: &str, active, tasks: Vec<Task>| Project {
            id: id.into(),
            name: name.into(),
            client: String::new(),
            active,
            tasks,
        };
        let tasks =
            || vec![task("t1", "Development", true), task("t2", "Ops", false), task("t3", "Twin", true)];
        Catalogue {
            projects: vec![
                project("p1", "Relaunch", true, [tasks(), vec![task("t4", "twin", true)]].concat()),
                project("p2", "Relaunch", false, tasks()),
                project("p3", "Bare", true, Vec::new()),
                project("p4", "Old", false, tasks()),
                project("p5", "Two", true, tasks()),
                project("p6", "two", true, tasks()),
            ],
        }
    }

    #[test]
    fn words_name_a_link_or_say_why_not() {
        let cases = [
            ("p1", "t1", "p1/t1"),
            ("relaunch ", "DEVELOPMENT", "p1/t1"),
            ("Bare", "anything", "p3/anything"),
            ("none", "t1", "no project at Keito is called none"),
            ("Two", "t1", "2 projects are called Two: use one of the ids p5, p6"),
            ("Old", "t1", "project Old (p4) is archived at Keito"),
            ("p2", "t1", "project Relaunch (p2) is archived at Keito"),
            ("p1", "Twin", "2 tasks of Relaunch (p1) are called Twin: use one of the ids t3, t4"),
            ("p1", "Ops", "task Ops (t2) of project Relaunch (p1) is archived at Keito"),
            ("p5", "x", "project Two (p5) has no task x: it has Development (t1), Twin (t3)"),
        ];
        for (project, task, expected) in cases {
            let found = match catalogue().find(project, task) {
                Ok(link) => format!("{}/{}", link.project, link.task),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{project} {task}");
        }
    }

    #[test]
    fn a_link_is_open_or_it_is_said_why_not() {
        let check = |project: &str, task: Option<&str>| {
            let found = catalogue().check(&ProjectId::new(project), task.map(TaskId::new).as_ref());
            found.err().map(|error| error.to_string())
        };
        assert_eq!((check("p1", Some("t1")), check("p3", Some("t9")), check("p1", None)), (None, None, None));
        assert_eq!(check("p1", Some("t9")).unwrap(), "task t9 is not on project Relaunch (p1)");
        assert_eq!(check("p9", None).unwrap(), "project p9 is not among those that this key may book on");
        assert_eq!(check("p4", None).unwrap(), "project Old (p4) is archived at Keito");
    }
}
