//! What a person mapped after the fact: values that outlive the database, and what they say of one fact. Pure.

use std::collections::BTreeSet;

use crate::model::{Agent, Day, Instant, Link, SessionId};

/// Facts of one session, and where they go.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Their agent.
    pub agent: Agent,
    /// Their session.
    pub session: SessionId,
    /// Only those in these directories.
    pub dirs: Option<BTreeSet<String>>,
    /// Only those from this instant on.
    pub from: Option<Instant>,
    /// Only those before this instant.
    pub to: Option<Instant>,
    /// The session's later work in directories that nothing maps goes there too: it is where the session was last.
    pub onward: bool,
    /// Where they go; `None`: where the mapping says.
    pub target: Option<Target>,
    /// The date that they are sent on instead of their own.
    pub spent: Option<Day>,
    /// Open entries that hold such facts were to be moved at Keito.
    pub moves: bool,
}

/// Where assigned facts go.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// To this link; with the names of client, project and task, for notes.
    Link(Link, [String; 3]),
    /// Nowhere, ever.
    Exclude,
}

impl Assignment {
    /// Whether it means a fact of its session.
    #[must_use]
    pub fn means(&self, at: Instant, dir: Option<&str>) -> bool {
        self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at < to)
            && self.dirs.as_ref().is_none_or(|dirs| dir.is_some_and(|dir| dirs.contains(dir)))
    }
}

/// What assignments say of one fact together; the latest wins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said<'a> {
    pub(super) target: Option<&'a Target>,
    pub(super) onward: bool,
    pub(super) spent: Option<Day>,
}

pub(super) fn said<'a>(of: &[&'a Assignment], at: Instant, dir: Option<&str>) -> Said<'a> {
    let mut said = Said::default();
    for assignment in of.iter().filter(|of| of.means(at, dir)) {
        if let Some(target) = &assignment.target {
            (said.target, said.onward) = (Some(target), assignment.onward);
        }
        said.spent = assignment.spent.or(said.spent);
    }
    said
}

/// The Unix seconds at which what is said of a session changes: a stretch of time across one is two.
pub(super) fn cuts(of: &[&Assignment]) -> Vec<i64> {
    let mut cuts: Vec<i64> =
        of.iter().flat_map(|of| [of.from, of.to]).flatten().map(|at| at.seconds()).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProjectId, TaskId};

    fn to(project: &str) -> Option<Target> {
        let link = Link { project: ProjectId::new(project), task: TaskId::new("t") };
        Some(Target::Link(link, <_>::default()))
    }

    #[test]
    fn the_latest_of_those_that_mean_a_fact_wins_for_project_and_date_apart() {
        let at = Instant::from_seconds;
        let bare = Assignment {
            agent: Agent::claude_code(),
            session: SessionId::new("s"),
            dirs: None,
            from: None,
            to: None,
            onward: false,
            target: None,
            spent: None,
            moves: false,
        };
        let all = [
            Assignment { target: to("a"), onward: true, to: Some(at(100)), ..bare.clone() },
            Assignment { spent: Some("2026-02-01".parse().unwrap()), from: Some(at(50)), ..bare.clone() },
            Assignment { target: to("b"), dirs: Some(["/x".to_owned()].into()), ..bare.clone() },
            Assignment { target: Some(Target::Exclude), from: Some(at(90)), to: Some(at(95)), ..bare },
        ];
        let all: Vec<&Assignment> = all.iter().collect();
        let project = |second, dir| match said(&all, at(second), dir).target {
            None => "-".to_owned(),
            Some(Target::Exclude) => "never".to_owned(),
            Some(Target::Link(link, _)) => link.project.as_str().to_owned(),
        };
        let cases = [
            (10, None, "a", false),
            (10, Some("/x"), "b", false),
            (60, Some("/x/y"), "a", true),
            (92, Some("/x"), "never", true),
            (100, None, "-", true),
        ];
        for (second, dir, expected, moved) in cases {
            assert_eq!(project(second, dir), expected, "{second} {dir:?}");
            assert_eq!(said(&all, at(second), dir).spent.is_some(), moved, "{second}");
        }
        assert!(said(&all, at(10), None).onward && !said(&all, at(10), Some("/x")).onward);
        assert_eq!(cuts(&all), [50, 90, 95, 100]);
    }
}
