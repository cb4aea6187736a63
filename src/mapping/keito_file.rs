//! The text of a `.keito/config.yml`, version 1, as the Keito skill (keito-cli 0.1.9) reads and `keitod link` writes it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::config::Template;
use crate::model::{AccountId, Link, ProjectId, TaskId};

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// A link.
    Link(Box<LinkFile>),
    /// `agent_tracking.enabled: false`.
    SwitchedOff,
}

/// A valid file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFile {
    /// Project and task.
    pub link: Link,
    /// The company that both belong to.
    pub workspace: Option<AccountId>,
    /// Names for people.
    pub names: Names,
    /// Shorter sessions give no entry.
    pub min_seconds: Option<u64>,
    /// Cap of a session's day.
    pub max_seconds: Option<u64>,
    /// Notes say nothing but that the agent worked.
    pub redact_notes: bool,
    /// The repository's own notes template; the skill has no such key and passes it over.
    pub notes: Option<Template>,
    /// Only a mark in the metadata: Keito knows no drafts.
    pub draft: bool,
    /// Further metadata by name.
    pub metadata: Vec<(String, Scalar)>,
    /// Names of metadata that is no single value and cannot be sent.
    pub ignored: Vec<String>,
}

/// Names that go with the ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Of the client.
    pub client: Option<String>,
    /// Of the project.
    pub project: Option<String>,
    /// Of the task.
    pub task: Option<String>,
}

/// A single value of the metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number, as JSON digits.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
}

/// Why a file is no link. Names keys, never holds text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not YAML, or a known key has a value of another type.
    #[error("not a valid link file (line {line})")]
    Yaml {
        /// Line, from 1; 0 if unknown.
        line: u64,
    },
    /// A version that this keitod does not know.
    #[error("version is not 1: update keitod")]
    Version,
    /// Its own notes template cannot be used.
    #[error("agent_tracking.notes is no template: fields stand in braces, such as {{agent}} in {{repo}}")]
    Notes,
    /// A key that a link needs.
    #[error("{0} is missing: run `keitod link`")]
    Missing(&'static str),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    version: Option<String>,
    workspace_id: Option<String>,
    client_name: Option<String>,
    project_id: Option<String>,
    project_name: Option<String>,
    task_id: Option<String>,
    task_name: Option<String>,
    agent_tracking: Option<RawTracking>,
    metadata: Option<BTreeMap<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTracking {
    enabled: Option<bool>,
    draft: Option<bool>,
    min_duration_seconds: Option<u64>,
    max_duration_seconds: Option<u64>,
    redact_notes: Option<bool>,
    notes: Option<String>,
}

/// Reads a file. Keys that version 1 does not have are passed over: other tools keep theirs there.
///
/// # Errors
/// If it is not a link, for the caller to hold what maps to it.
pub fn parse(text: &str) -> Result<Read, FileError> {
    // An empty document is a file without keys, not a defect of YAML.
    let raw: Option<Raw> = serde_saphyr::from_str(text)
        .map_err(|error| FileError::Yaml { line: error.location().map_or(0, |place| place.line()) })?;
    let raw = raw.unwrap_or_default();
    let tracking = raw.agent_tracking.unwrap_or_default();
    // Before all else: whoever switched it off wants nothing from it, complete or not.
    if tracking.enabled == Some(false) {
        return Ok(Read::SwitchedOff);
    }
    if said(raw.version).is_some_and(|version| version != "1") {
        return Err(FileError::Version);
    }
    let project = said(raw.project_id).ok_or(FileError::Missing("project_id"))?;
    let task = said(raw.task_id).ok_or(FileError::Missing("task_id"))?;
    let notes = match said(tracking.notes) {
        Some(text) => Some(Template::plain(&text).ok_or(FileError::Notes)?),
        None => None,
    };
    let mut metadata = Vec::new();
    let mut ignored = Vec::new();
    for (name, value) in raw.metadata.unwrap_or_default() {
        match value {
            Value::Scalar(scalar) => metadata.push((name, scalar)),
            Value::Null => {}
            Value::Nested => ignored.push(name),
        }
    }
    Ok(Read::Link(Box::new(LinkFile {
        link: Link { project: ProjectId::new(project), task: TaskId::new(task) },
        workspace: said(raw.workspace_id).map(AccountId::new),
        names: Names {
            client: said(raw.client_name),
            project: said(raw.project_name),
            task: said(raw.task_name),
        },
        min_seconds: tracking.min_duration_seconds,
        max_seconds: tracking.max_duration_seconds,
        redact_notes: tracking.redact_notes.unwrap_or(false),
        notes,
        draft: tracking.draft.unwrap_or(false),
        metadata,
        ignored,
    })))
}

fn said(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A value of the free part: one that can be sent, or not.
enum Value {
    Scalar(Scalar),
    Null,
    Nested,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Bool(flag)))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Integer(n)))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(Value::Scalar(i64::try_from(n).map_or_else(|_| Scalar::Number(n.to_string()), Scalar::Integer)))
    }

    fn visit_f64<E>(self, n: f64) -> Result<Value, E> {
        // The shortest digits that read back as the same number; JSON has none for the infinite ones.
        Ok(if n.is_finite() { Value::Scalar(Scalar::Number(n.to_string())) } else { Value::Nested })
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Text(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Nested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `keito skill team-init` and its sample lay it out.
    const EVERY_FIELD: &str = r#"
# Links this repository to Keito.
version: 1
workspace_id: cm0000company
client_id: cm0000client
client_name: "Acme Ltd"
project_id: cm0000project
project_name: Website
task_id: 'cm0000task'
task_name: Development # the usual one
agent_tracking:
  enabled: true
  source: agent
  draft: true
  min_duration_seconds: 120
  max_duration_seconds: 28800
  redact_notes: true
metadata:
  team: platform
  cost_centre: 4711
  ratio: 1.5
  internal: false
  code: "007"
  nothing: ~
  nested: { a: 1 }
  list: [a, b]
"#;

    fn link(text: &str) -> LinkFile {
        match parse(text) {
            Ok(Read::Link(file)) => *file,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_field_is_honoured() {
        let text = |text: &str| Scalar::Text(text.to_owned());
        let expected = LinkFile {
            link: Link { project: ProjectId::new("cm0000project"), task: TaskId::new("cm0000task") },
            workspace: Some(AccountId::new("cm0000company")),
            names: Names {
                client: Some("Acme Ltd".into()),
                project: Some("Website".into()),
                task: Some("Development".into()),
            },
            min_seconds: Some(120),
            max_seconds: Some(28_800),
            redact_notes: true,
            notes: None,
            draft: true,
            metadata: vec![
                ("code".into(), text("007")),
                ("cost_centre".into(), Scalar::Integer(4711)),
                ("internal".into(), Scalar::Bool(false)),
                ("ratio".into(), Scalar::Number("1.5".into())),
                ("team".into(), text("platform")),
            ],
            ignored: vec!["list".into(), "nested".into()],
        };
        assert_eq!(link(EVERY_FIELD), expected);
    }

    #[test]
    fn two_ids_are_enough_and_are_taken_as_written() {
        let file = link("project_id: 0123\ntask_id: 1e5\nfuture_key: [1]\n");
        assert_eq!(file.link, Link { project: ProjectId::new("0123"), task: TaskId::new("1e5") });
        assert_eq!(
            (file.min_seconds, file.max_seconds, file.draft, file.redact_notes),
            (None, None, false, false)
        );
    }

    #[test]
    fn switched_off_wins_over_incomplete() {
        assert_eq!(parse("agent_tracking:\n  enabled: false\n"), Ok(Read::SwitchedOff));
        assert_eq!(parse("version: 9\nagent_tracking: {enabled: no}\n"), Ok(Read::SwitchedOff));
    }

    #[test]
    fn what_is_no_link_says_why_and_quotes_nothing() {
        let cases = [
            ("", FileError::Missing("project_id")),
            ("# nothing\n", FileError::Missing("project_id")),
            ("project_id: p\n", FileError::Missing("task_id")),
            ("project_id: p\ntask_id: ' '\n", FileError::Missing("task_id")),
            ("project_id: p\ntask_id: ~\n", FileError::Missing("task_id")),
            ("version: 2\nproject_id: p\ntask_id: t\n", FileError::Version),
            ("project_id: p\ntask_id: t\nproject_id: q\n", FileError::Yaml { line: 3 }),
            ("project_id: [p]\ntask_id: t\n", FileError::Yaml { line: 1 }),
            ("project_id: p\ntask_id: t\nagent_tracking:\n  enabled: perhaps\n", FileError::Yaml { line: 4 }),
            (
                "project_id: p\ntask_id: t\nagent_tracking:\n  min_duration_seconds: -1\n",
                FileError::Yaml { line: 4 },
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Err(expected), "{text}");
        }
        for text in ["just text", "{", "- a\n- b\n", "<<<<<<< HEAD\nproject_id: p\n"] {
            assert!(matches!(parse(text), Err(FileError::Yaml { .. })), "{text}");
        }
    }
}
