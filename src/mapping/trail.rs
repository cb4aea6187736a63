//! The links of a session's records in their order.

use std::sync::Arc;

use super::{By, LinkTo, Mapped};
use crate::model::Link;

/// How a record came to its mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Its own directory.
    Own,
    /// The session's last mapped directory before it.
    Last,
    /// The session's first directory.
    First,
    /// `[default]`.
    Default,
}

/// The mapping of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Where it leads.
    pub mapped: Mapped,
    /// How.
    pub via: Via,
}

/// Walks along a session and gives unmapped records what the session did before.
///
/// What is passed on is the session's last mapping of any kind: work that continues in `/tmp` after an excluded
/// directory stays excluded, and after a defective `.keito` it stays held with it. Passing over these to an older link
/// would be a guess, and one that could send what must not be sent.
#[derive(Debug, Clone)]
pub struct Trail {
    last: Option<Mapped>,
    first: Option<Mapped>,
    default: Option<Arc<LinkTo>>,
}

impl Trail {
    /// A trail before its first record. `first` is the mapping of the session's first directory, `mapped_anywhere` is
    /// whether any of its directories is mapped: `[default]` is for sessions of which none is.
    #[must_use]
    pub fn new(first: Option<Mapped>, mapped_anywhere: bool, default: Option<&Link>) -> Self {
        let first = first.filter(|first| *first != Mapped::Unmapped);
        let none = !mapped_anywhere && first.is_none();
        let default = default.filter(|_| none).map(|link| Arc::new(LinkTo::bare(link.clone(), By::Default)));
        Self { last: None, first, default }
    }

    /// The next record, by the mapping of its own directory.
    pub fn step(&mut self, own: &Mapped) -> Resolved {
        if *own != Mapped::Unmapped {
            self.last = Some(own.clone());
            return Resolved { mapped: own.clone(), via: Via::Own };
        }
        let passed_on = |mapped: &Option<Mapped>, via| mapped.clone().map(|mapped| Resolved { mapped, via });
        passed_on(&self.last, Via::Last)
            .or_else(|| passed_on(&self.first, Via::First))
            .or_else(|| {
                self.default.clone().map(|link| Resolved { mapped: Mapped::Linked(link), via: Via::Default })
            })
            .unwrap_or(Resolved { mapped: Mapped::Unmapped, via: Via::Own })
    }
}

/// All records of a session in their order, by the mappings of their own directories.
#[must_use]
pub fn resolve<'m>(
    first: Option<Mapped>,
    records: impl Iterator<Item = &'m Mapped> + Clone,
    default: Option<&Link>,
) -> Vec<Resolved> {
    let mapped_anywhere = records.clone().any(|mapped| *mapped != Mapped::Unmapped);
    let mut trail = Trail::new(first, mapped_anywhere, default);
    records.map(|own| trail.step(own)).collect()
}
