//! Does the Keito skill log time beside us?

use super::{Finding, Room};
use crate::config::Skill;
use crate::daemon::skill::is_installed;

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(setup) = &room.setup else { return Vec::new() };
    let hooked = setup.watched().into_iter().filter(|watched| is_installed(&watched.roots));
    let mut found: Vec<Finding> = hooked
        .map(|watched| {
            let agent = watched.agent.as_str();
            match setup.config.agent(&watched.agent).skill {
                Skill::Coverage => Finding::ok("its hooks log time; what they log counts as billed"),
                Skill::Hold => Finding::warn(
                    "its hooks log this agent's time too: keitod's entries are held",
                    format!("uninstall the hooks, or set [sources.{agent}] skill = \"coverage\""),
                ),
            }
            .of(agent)
        })
        .collect();
    if found.is_empty() {
        found.push(Finding::ok("its hooks are installed for no agent"));
    }
    found
}
