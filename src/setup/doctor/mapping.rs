//! Do the links of the config lead anywhere, and is there work without one?

use super::{Blame, Finding, Room};
use crate::model::Link;

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(config) = room.config() else { return Vec::new() };
    let mut links: Vec<(String, &Link, bool)> = config
        .rules
        .link
        .iter()
        .map(|rule| (format!("rule[{}]", rule.index), &rule.link, rule.task.is_none()))
        .collect();
    links.extend(config.rules.default.iter().map(|link| ("default".to_owned(), link, true)));

    let mut found = Vec::new();
    match room.known().map(|known| &known.projects) {
        Some(Some(projects)) => {
            let active = projects.projects.iter().filter(|project| project.active).count();
            for (name, link, task) in &links {
                // A task that is taken from the branch is known only with a branch.
                let checked = projects.check(&link.project, task.then_some(&link.task));
                found.push(match checked {
                    Ok(()) => {
                        let names =
                            projects.project(link.project.as_str()).map(|project| project.name.clone());
                        Finding::ok(format!("leads to {}", names.unwrap_or_default())).of(name.clone())
                    }
                    Err(closed) => {
                        let remedy =
                            "correct the rule, or reopen the project; what it maps is held until then";
                        Finding::fail(Blame::Config, closed.to_string(), remedy).of(name.clone())
                    }
                });
            }
            for terms in &config.projects {
                if projects.project(terms.id.as_str()).is_none() {
                    let seen = format!("{} is no project that this key sees", terms.id.as_str());
                    found.push(Finding::warn(seen, "correct the [[project]], or remove it").of("project"));
                }
            }
            if active == 0 {
                let seen = "Keito shows no project that can be booked on";
                found.push(Finding::fail(Blame::Config, seen, "have yourself assigned to one in Keito"));
            }
        }
        Some(None) => {
            let seen = "Keito does not list its projects: links are not checked";
            found.push(Finding::warn(seen, "try again later"));
        }
        None => {}
    }
    found.extend(held(room));
    if links.is_empty() && found.is_empty() {
        found.push(Finding::ok("no rules: only repositories with a .keito/config.yml are billed"));
    } else if found.is_empty() {
        found.push(Finding::ok(format!("{} links, not compared with Keito", links.len())));
    }
    found
}

/// Work whose directory leads nowhere.
fn held(room: &Room<'_>) -> impl Iterator<Item = Finding> {
    let reasons = room.status().into_iter().flat_map(|status| &status.reasons);
    let of_mapping = ["unmapped", "mapping_error", "other_account", "project_closed"];
    reasons
        .filter(move |reason| of_mapping.contains(&reason.code.as_str()))
        .map(|reason| Finding::warn(reason.message.clone(), reason.remedy.clone()).of(reason.code.clone()))
}
