//! The part of a line that says what was mapped after the fact.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::daemon::clerk::assigned::{Assignment, Target};
use crate::model::{Agent, Instant, Link, ProjectId, SessionId, TaskId};

/// All but the first instant, which is the line's own `from`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AssignLine {
    agent: String,
    session: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dirs: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    onward: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    /// Of client, project and task, as they were called then.
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<[String; 3]>,
    #[serde(default, skip_serializing_if = "is_false")]
    exclude: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    spent_date: Option<String>,
    #[serde(default, rename = "move", skip_serializing_if = "is_false")]
    moves: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

impl AssignLine {
    pub(super) fn of(of: &Assignment) -> Self {
        let (link, names) = match &of.target {
            Some(Target::Link(link, names)) => (Some(link), Some(names.clone())),
            Some(Target::Exclude) | None => (None, None),
        };
        Self {
            agent: of.agent.as_str().to_owned(),
            session: of.session.as_str().to_owned(),
            dirs: of.dirs.clone(),
            to: of.to.map(|to| to.to_string()),
            onward: of.onward,
            project: link.map(|link| link.project.as_str().to_owned()),
            task: link.map(|link| link.task.as_str().to_owned()),
            names,
            exclude: of.target == Some(Target::Exclude),
            spent_date: of.spent.map(|day| day.to_string()),
            moves: of.moves,
        }
    }

    /// `None` if a value makes no sense: what was decided must not mean more than it said.
    pub(super) fn assignment(self, from: Option<String>) -> Option<Assignment> {
        let instant = |text: Option<String>| match text {
            None => Some(None),
            Some(text) => Instant::parse(&text).map(Some),
        };
        let target = match (self.project, self.task, self.exclude) {
            (Some(project), Some(task), false) => {
                let link = Link { project: ProjectId::new(project), task: TaskId::new(task) };
                Some(Target::Link(link, self.names.unwrap_or_default()))
            }
            (None, None, true) => Some(Target::Exclude),
            (None, None, false) => None,
            _ => return None,
        };
        Some(Assignment {
            agent: Agent::new(self.agent),
            session: SessionId::new(self.session),
            dirs: self.dirs,
            from: instant(from)?,
            to: instant(self.to)?,
            onward: self.onward,
            target,
            spent: match self.spent_date {
                None => None,
                Some(day) => Some(day.parse().ok()?),
            },
            moves: self.moves,
        })
    }
}
