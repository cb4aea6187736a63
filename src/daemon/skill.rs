//! Does the Keito skill log an agent's time already? Its hooks and keitod would bill the same hours twice.

use std::path::PathBuf;

/// What the skill's hook commands contain (Keito CLI, `skill install`).
const HOOK: &str = "keito-time-track";
/// The agent's files that hooks stand in.
const FILES: [&str; 3] = ["settings.json", "settings.local.json", "hooks.json"];

/// Whether a hook of the skill stands beside one of these log directories.
#[must_use]
pub fn is_installed(roots: &[PathBuf]) -> bool {
    let homes = roots.iter().filter_map(|root| root.parent());
    let mut files = homes.flat_map(|home| FILES.map(|file| home.join(file)));
    files.any(|file| std::fs::read_to_string(file).is_ok_and(|text| text.contains(HOOK)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_of_the_skill_is_found() {
        let home = tempfile::tempdir().unwrap();
        let roots = [home.path().join("projects")];
        assert!(!is_installed(&roots));
        let hook = r#"{"hooks":{"Stop":[{"hooks":[{"command":"bash ~/.claude/skills/keito-time-track/hooks/stop.sh"}]}]}}"#;
        std::fs::write(home.path().join("settings.json"), hook).unwrap();
        assert!(is_installed(&roots));
    }
}
