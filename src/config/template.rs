//! Templates of notes: text with fields in braces.

use std::fmt;

use super::error::Trouble;

/// The fields that every template knows.
pub const NOTE_FIELDS: &[&str] = &[
    "agent", "model", "repo", "branch", "day", "session", "requests", "duration", "input_k", "output_k",
    "client", "project", "task",
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
}

/// A parsed template. `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template(Vec<Part>);

impl Template {
    /// Parses `text`; `more` are fields beyond the known ones (the groups of a rule's branch expression).
    pub(super) fn parse(text: &str, more: &[String]) -> Result<Self, Trouble> {
        let wrong =
            || Trouble::Expected("a template whose fields stand in braces, such as \"{agent} in {repo}\"");
        let mut parts = vec![];
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..];
            if let Some(after) = brace.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else {
                let (field, after) =
                    brace.strip_prefix('{').and_then(|b| b.split_once('}')).ok_or_else(wrong)?;
                if !is_field(field, more) {
                    return Err(Trouble::Field { field: field.to_owned(), allowed: allowed(more) });
                }
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Field(field.to_owned()));
                rest = after;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// Parses `text`, whose fields are the groups of a rule's branch expression and nothing else.
    pub(super) fn of_groups(text: &str, groups: &[String]) -> Result<Self, Trouble> {
        let template = Self::parse(text, groups)?;
        let strange = template.0.iter().find_map(|part| match part {
            Part::Field(field) if !groups.contains(field) => Some(field.clone()),
            _ => None,
        });
        match strange {
            Some(field) => Err(Trouble::Field { field, allowed: groups.join(", ") }),
            None => Ok(template),
        }
    }

    /// The text, if each field has a value that is not empty.
    #[must_use]
    pub fn whole(&self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let part = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Field(name) => value(name).filter(|value| !value.is_empty()),
        };
        self.0.iter().map(part).collect()
    }

    /// Puts values into some fields for good: the captures of a branch, when the rule matched. Returning `None` keeps
    /// the field.
    #[must_use]
    pub fn bind(&self, value: impl Fn(&str) -> Option<String>) -> Self {
        let bound = |part: &Part| match part {
            Part::Field(name) => value(name).map_or_else(|| part.clone(), Part::Text),
            Part::Text(_) => part.clone(),
        };
        Self(self.0.iter().map(bound).collect())
    }

    /// The note. A field without a value leaves nothing behind: not its brackets, not a double space.
    #[must_use]
    pub fn render(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let mut note = String::new();
        let mut missing = false;
        for part in &self.0 {
            match part {
                Part::Text(text) => note.push_str(text),
                Part::Field(name) => match value(name).filter(|value| !value.is_empty()) {
                    Some(value) => note.push_str(&value),
                    None => missing = true,
                },
            }
        }
        if missing {
            note = note.replace("()", "").replace("[]", "");
            note = note.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        }
        note.trim().to_owned()
    }
}

fn is_field(name: &str, more: &[String]) -> bool {
    NOTE_FIELDS.contains(&name) || more.iter().any(|other| other == name)
}

fn allowed(more: &[String]) -> String {
    let fields = NOTE_FIELDS.iter().copied().chain(more.iter().map(String::as_str));
    fields.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => write!(f, "{}", text.replace('{', "{{").replace('}', "}}")),
            Part::Field(name) => write!(f, "{{{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(template: &str, values: &[(&str, &str)]) -> String {
        let value = |name: &str| values.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Template::parse(template, &["ticket".to_owned()]).expect(template).render(value)
    }

    #[test]
    fn fields_are_filled_and_missing_ones_leave_nothing() {
        let default = "{agent} in {repo} ({branch})";
        let (agent, repo, branch) = (("agent", "codex"), ("repo", "api"), ("branch", "main"));
        assert_eq!(note(default, &[agent, repo, branch]), "codex in api (main)");
        assert_eq!(note(default, &[agent, repo]), "codex in api");
        assert_eq!(note("{ticket}: {agent}", &[agent, ("ticket", "A-1")]), "A-1: codex");
        assert_eq!(note("{{{agent}}} f()", &[agent]), "{codex} f()");
        assert_eq!(note("plain", &[]), "plain");
    }

    #[test]
    fn unknown_fields_and_loose_braces_are_problems() {
        let trouble = |text: &str| Template::parse(text, &[]).expect_err(text);
        assert!(matches!(trouble("{agnt}"), Trouble::Field { field, .. } if field == "agnt"));
        assert!(matches!(trouble("{ticket}"), Trouble::Field { .. }));
        for bad in ["{agent", "agent}", "{", "{}"] {
            trouble(bad);
        }
    }

    #[test]
    fn a_bound_field_is_text_and_is_not_read_again() {
        let template = Template::parse("{ticket}: {agent}", &["ticket".to_owned()]).expect("good");
        let bound = template.bind(|name| (name == "ticket").then(|| "{agent}".to_owned()));
        assert_eq!(bound.render(|_| Some("x".to_owned())), "{agent}: x");
    }
}
