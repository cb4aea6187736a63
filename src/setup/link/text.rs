//! The text of a link, each key on its line: without `yq` the skill reads it line by line (keito-cli 0.1.9,
//! `hooks/lib/config.sh`).

use std::fmt::Write as _;

use crate::mapping::{LinkFile, Scalar};
use crate::model::AccountId;
use crate::setup::init::Chosen;

/// What a link says beside the project; `None`: as it was, else the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// A mark in the metadata.
    pub draft: Option<bool>,
    /// Notes say nothing but that the agent worked.
    pub redact_notes: Option<bool>,
    /// Shorter sessions give no entry.
    pub min_seconds: Option<u64>,
    /// Cap of a session's day.
    pub max_seconds: Option<u64>,
    /// Template of notes.
    pub notes: Option<String>,
    /// Further metadata by name.
    pub metadata: Vec<(String, Scalar)>,
}

impl Terms {
    /// Whether a file says all of this.
    pub(super) fn are_those_of(&self, file: &LinkFile) -> bool {
        let given = |wanted: Option<bool>, there: bool| wanted.is_none_or(|wanted| wanted == there);
        given(self.draft, file.draft)
            && given(self.redact_notes, file.redact_notes)
            && (self.min_seconds.is_none() || self.min_seconds == file.min_seconds)
            && (self.max_seconds.is_none() || self.max_seconds == file.max_seconds)
            && self.notes.as_deref().is_none_or(|notes| template(file).as_deref() == Some(notes))
            && self.metadata.iter().all(|pair| file.metadata.contains(pair))
    }

    /// What a file says, with this laid over it.
    pub(super) fn over(&self, file: &LinkFile) -> Self {
        let kept = file.metadata.iter().filter(|(name, _)| self.metadata.iter().all(|(own, _)| own != name));
        Self {
            draft: self.draft.or(Some(file.draft)),
            redact_notes: self.redact_notes.or(Some(file.redact_notes)),
            min_seconds: self.min_seconds.or(file.min_seconds),
            max_seconds: self.max_seconds.or(file.max_seconds),
            notes: self.notes.clone().or_else(|| template(file)),
            metadata: kept.cloned().chain(self.metadata.iter().cloned()).collect(),
        }
    }
}

fn template(file: &LinkFile) -> Option<String> {
    file.notes.as_ref().map(ToString::to_string)
}

/// The sample that goes under version control: names nobody's client.
pub(super) const EXAMPLE: &str = "\
# What .keito/config.yml holds: the Keito project that work in this repository is billed to. That file is yours alone and
# not under version control; `keitod link` writes it.
version: 1
workspace_id: co_your_workspace
client_id: client_id
client_name: \"Client\"
project_id: project_id
project_name: \"Project\"
task_id: task_id
task_name: \"Development\"
agent_tracking:
  enabled: true
  source: agent
  draft: false
  min_duration_seconds: 60
  max_duration_seconds: 28800
  redact_notes: false
metadata:
  team: your-team
";

/// The link's text.
pub(super) fn link(to: &Chosen, account: Option<&AccountId>, terms: &Terms) -> String {
    let mut text = String::from(
        "# The Keito project that work in this repository is billed to, written by `keitod link`.\nversion: 1\n",
    );
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{key}: {value}");
        }
    };
    let said = |name: &str| (!name.is_empty()).then(|| quoted(name));
    line("workspace_id", account.map(|account| id(account.as_str())));
    line("client_id", to.client_id.as_deref().map(id));
    line("client_name", said(&to.client));
    line("project_id", Some(id(to.link.project.as_str())));
    line("project_name", said(&to.project));
    line("task_id", Some(id(to.link.task.as_str())));
    line("task_name", said(&to.task));
    line("agent_tracking", Some(String::new()));
    line("  enabled", Some("true".to_owned()));
    line("  source", Some("agent".to_owned()));
    line("  draft", Some(terms.draft.unwrap_or(false).to_string()));
    line("  redact_notes", Some(terms.redact_notes.unwrap_or(false).to_string()));
    line("  min_duration_seconds", terms.min_seconds.map(|seconds| seconds.to_string()));
    line("  max_duration_seconds", terms.max_seconds.map(|seconds| seconds.to_string()));
    line("  notes", terms.notes.as_deref().map(quoted));
    if !terms.metadata.is_empty() {
        line("metadata", Some(String::new()));
    }
    for (name, value) in &terms.metadata {
        line(&format!("  {}", id(name)), Some(scalar(value)));
    }
    text.replace(": \n", ":\n")
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => quoted(text),
        Scalar::Integer(n) => n.to_string(),
        Scalar::Number(digits) => digits.clone(),
        Scalar::Bool(flag) => flag.to_string(),
    }
}

/// Bare where YAML takes it for nothing but text.
fn id(text: &str) -> String {
    let letter = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if letter && plain && !words.contains(&text.to_lowercase().as_str()) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// A double-quoted string: JSON's escapes are YAML's, too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\x7F")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{Read, parse};
    use crate::model::{Link, ProjectId, TaskId};

    #[test]
    fn what_is_written_is_read_again() {
        let nasty = "A \"quoted\" \\ name: # no comment\t'x' \u{7f} ünïcode 日本";
        let to = Chosen {
            link: Link { project: ProjectId::new("no"), task: TaskId::new("0123") },
            client: nasty.to_owned(),
            client_id: Some("1e5".to_owned()),
            project: nasty.to_owned(),
            task: "~".to_owned(),
        };
        let terms = Terms {
            draft: Some(true),
            redact_notes: None,
            min_seconds: Some(120),
            max_seconds: Some(28_800),
            notes: Some("{agent} in {repo}".to_owned()),
            metadata: vec![
                ("code".to_owned(), Scalar::Text("007".to_owned())),
                ("internal".to_owned(), Scalar::Bool(false)),
                ("on".to_owned(), Scalar::Integer(4711)),
                ("ratio".to_owned(), Scalar::Number("1.5".to_owned())),
            ],
        };
        let text = link(&to, Some(&AccountId::new("co_1")), &terms);
        let Ok(Read::Link(file)) = parse(&text) else { panic!("{text}") };
        assert_eq!(file.link, to.link);
        assert_eq!(file.workspace, Some(AccountId::new("co_1")));
        assert_eq!(file.names.client.as_deref(), Some(nasty));
        assert_eq!((file.names.project.as_deref(), file.names.task.as_deref()), (Some(nasty), Some("~")));
        assert_eq!((file.draft, file.redact_notes), (true, false));
        assert_eq!(file.metadata, terms.metadata);
        assert!(terms.are_those_of(&file));
        assert_eq!(Terms::default().over(&file), Terms { redact_notes: Some(false), ..terms });
    }

    #[test]
    fn the_sample_is_a_link() {
        assert!(matches!(parse(EXAMPLE), Ok(Read::Link(_))));
    }
}
