//! Is the config right?

use super::{Blame, Finding, Room};
use crate::config::ConfigError;

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let path = room.env.config_file();
    match room.config {
        Ok(_) if path.exists() => vec![Finding::ok(format!("{} is right", path.display()))],
        Ok(_) => vec![Finding::ok(format!("{} is not there: the defaults are in force", path.display()))],
        Err(ConfigError::Invalid(problems)) => problems
            .iter()
            .map(|problem| {
                Finding::fail(
                    Blame::Config,
                    problem.to_string(),
                    "correct it; `keitod config check` tests it",
                )
                .of(problem.key.clone())
            })
            .collect(),
        Err(error) => {
            vec![Finding::fail(Blame::Config, error.to_string(), "make it readable, or unset KEITOD_CONFIG")]
        }
    }
}
