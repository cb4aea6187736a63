//! How long agents keep their logs, where they have a setting for it.

use std::path::PathBuf;

use serde_json::Value;

use super::agents::home;

/// An agent's setting.
pub(super) struct Kept {
    /// Days after which logs are deleted; `None`: never.
    pub(super) days: Option<u64>,
    /// The agent's name for it.
    pub(super) setting: &'static str,
    /// The file it stands in.
    pub(super) file: PathBuf,
    /// Nobody has set it.
    pub(super) default: bool,
}

impl Kept {
    pub(super) fn words(&self) -> String {
        let who = if self.default { "its default" } else { self.setting };
        match self.days {
            Some(days) => format!("kept for {days} days ({who})"),
            None => format!("never deleted ({who})"),
        }
    }
}

/// What deletes the logs of this agent, if that is known.
pub(super) fn of(agent: &str, roots: &[PathBuf]) -> Option<Kept> {
    let read = match agent {
        "claude-code" => claude_code,
        "gemini-cli" => gemini_cli,
        _ => return None,
    };
    let files: Vec<PathBuf> = roots
        .iter()
        .filter(|root| root.exists())
        .filter_map(|root| Some(home(root)?.join("settings.json")))
        .collect();
    // Of several homes the one that deletes first.
    files
        .into_iter()
        .map(|file| read(&settings(&file), file))
        .min_by_key(|kept| kept.days.unwrap_or(u64::MAX))
}

fn settings(file: &std::path::Path) -> Value {
    let text = std::fs::read(file).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Claude Code deletes at its start what is older than `cleanupPeriodDays`, by default 30; 0 writes none at all.
fn claude_code(settings: &Value, file: PathBuf) -> Kept {
    let set = settings["cleanupPeriodDays"].as_u64();
    Kept { days: Some(set.unwrap_or(30)), setting: "cleanupPeriodDays", file, default: set.is_none() }
}

/// Gemini CLI: `general.sessionRetention` with `enabled` and `maxAge` (`30d`, `12h`, `2w`, `1m`); on by default, 30 days.
fn gemini_cli(settings: &Value, file: PathBuf) -> Kept {
    let of = &settings["general"]["sessionRetention"];
    let set = of["maxAge"].as_str().and_then(age);
    let days = (of["enabled"] != false).then(|| set.unwrap_or(30));
    Kept { days, setting: "general.sessionRetention", file, default: of.is_null() }
}

/// Whole days of an age; less than one is one, for 0 would mean that nothing is written.
fn age(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    let days = match unit {
        "h" => number / 24,
        "d" => number,
        "w" => number.saturating_mul(7),
        "m" => number.saturating_mul(30),
        _ => return None,
    };
    Some(days.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_agents_are_read() {
        let of = |read: fn(&Value, PathBuf) -> Kept, text: &str| {
            let kept = read(&serde_json::from_str(text).unwrap(), PathBuf::new());
            (kept.days, kept.default)
        };
        assert_eq!(of(claude_code, "{}"), (Some(30), true));
        assert_eq!(of(claude_code, r#"{"cleanupPeriodDays":365}"#), (Some(365), false));
        assert_eq!(of(claude_code, r#"{"cleanupPeriodDays":0}"#), (Some(0), false));
        assert_eq!(of(gemini_cli, "{}"), (Some(30), true));
        let gemini =
            |inner: &str| of(gemini_cli, &format!(r#"{{"general":{{"sessionRetention":{inner}}}}}"#));
        assert_eq!(gemini(r#"{"enabled":true,"maxAge":"2w"}"#), (Some(14), false));
        assert_eq!(gemini(r#"{"enabled":true,"maxAge":"6h"}"#), (Some(1), false));
        assert_eq!(gemini(r#"{"enabled":false}"#), (None, false));
        assert_eq!(gemini(r#"{"enabled":true,"maxAge":"soon"}"#), (Some(30), false));
    }
}
