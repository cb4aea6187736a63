//! What is wrong and how to fix it: one file a check, one line a check in `CHECKS`.
//!
//! A check looks at what `room` has gathered and returns findings; it changes nothing. Causes stand before what follows
//! from them, so the first failure is the one to fix, and its [`Blame`] is the exit code.

mod agents;
mod audit;
mod catalogue;
mod category;
mod clock;
mod config;
mod credentials;
mod daemon;
mod database;
mod delivery;
mod filesystem;
mod finding;
mod keito;
mod mapping;
mod permissions;
mod prices;
mod queue;
mod retention;
mod room;
mod rounding;
mod service;
mod skill;
mod versions;
mod watcher;

pub use finding::{Blame, Diagnosis, Finding, Verdict};
pub use room::{Daemon, Room};

/// A check's name and what it finds.
type Check = (&'static str, fn(&Room<'_>) -> Vec<Finding>);

/// All checks, causes first.
const CHECKS: &[Check] = &[
    ("config", config::check),
    ("permissions", permissions::check),
    ("filesystem", filesystem::check),
    ("database", database::check),
    ("versions", versions::check),
    ("credentials", credentials::check),
    ("keito", keito::check),
    ("clock", clock::check),
    ("category", category::check),
    ("mapping", mapping::check),
    ("rounding", rounding::check),
    ("agents", agents::check),
    ("skill", skill::check),
    ("watcher", watcher::check),
    ("service", service::check),
    ("daemon", daemon::check),
    ("delivery", delivery::check),
    ("prices", prices::check),
    ("queue", queue::check),
    ("audit", audit::check),
];

/// Runs all checks.
#[must_use]
pub fn examine(room: &Room<'_>) -> Diagnosis {
    let found = CHECKS
        .iter()
        .flat_map(|(name, check)| check(room).into_iter().map(|finding| Finding { check: name, ..finding }));
    Diagnosis::new(room.now, found.collect())
}
