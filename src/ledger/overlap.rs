//! Parallel sessions: among which of them a second is billed once (design section 3).
//!
//! A second that several sessions of one scope worked in belongs to the entry that holds it; while none does, to the
//! session that ranks first. So a session looks at what others hold and at what is due of those before it; what is due
//! of those behind it gives way.

use std::cmp::Ordering;

use super::stretches::Stretch;
use crate::model::{Instant, ProjectId};

/// How parallel sessions add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Overlap {
    /// Each session has its own hours.
    #[default]
    Sum,
    /// Union within a project.
    Project,
    /// Union over all projects.
    All,
}

impl Overlap {
    /// Whether time of `other` takes time of `own` away.
    #[must_use]
    pub fn meets(self, own: &ProjectId, other: &ProjectId) -> bool {
        match self {
            Self::Sum => false,
            Self::Project => own == other,
            Self::All => true,
        }
    }
}

/// Time of another session that is not there twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theirs {
    /// The project it is billed to.
    pub project: ProjectId,
    /// Unix seconds.
    pub stretch: Stretch,
}

/// Which of two sessions a second belongs to: that with the earlier first event, else with the smaller id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Rank {
    /// Its first event.
    pub first: Instant,
    /// The agent's own id.
    pub native: String,
}

impl Rank {
    /// Whether it ranks before another session.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Less
    }
}

/// What a session claims of the time that no entry holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claim {
    /// What is due of it, by project.
    pub due: Vec<(ProjectId, Stretch)>,
    /// What would be, were it alone.
    pub wants: Vec<Stretch>,
}
