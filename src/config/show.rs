//! The configuration in force, as TOML, each key with its origin.

use std::collections::BTreeMap;
use std::fmt;

use super::Env;
use crate::model::hash64;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingOrigin {
    /// `config/default.toml`.
    Default,
    /// The user's file, at this line.
    File(usize),
    /// A variable of the environment.
    Env(&'static str),
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(line) => write!(f, "line {line}"),
            Self::Env(name) => f.write_str(name),
        }
    }
}

/// One key in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// With its tables: `time.idle_gap`, `rule[0].path`.
    pub key: String,
    /// The value as TOML, as it was written; secrets are hidden.
    pub literal: String,
    /// Who said so.
    pub origin: SettingOrigin,
}

/// Variables that hide a key of the file. The later of two that are set wins.
const OVERRIDES: [(&str, &str); 4] = [
    ("keito.url", "KEITO_API_URL"),
    ("keito.account_id", "KEITO_WORKSPACE_ID"),
    ("keito.account_id", "KEITO_ACCOUNT_ID"),
    ("socket.path", "KEITOD_SOCKET"),
];

/// What each key says, before anything is hidden. A default that the user wrote is another choice than one that he did not.
pub(super) fn prints(settings: &[Setting]) -> BTreeMap<String, u64> {
    let print = |setting: &Setting| {
        let written: &[u8] = if setting.origin == SettingOrigin::Default { b"default" } else { b"written" };
        hash64(&[written, setting.literal.as_bytes()])
    };
    settings.iter().map(|setting| (setting.key.clone(), print(setting))).collect()
}

/// Hides secrets and lays the environment over the file.
pub(super) fn finish(mut settings: Vec<Setting>, env: &Env) -> Vec<Setting> {
    for (key, name) in OVERRIDES {
        if let Some(value) = env.get(name) {
            settings.retain(|setting| setting.key != key);
            let literal = toml_escape::basic(value);
            settings.push(Setting { key: key.to_owned(), literal, origin: SettingOrigin::Env(name) });
        }
    }
    for setting in &mut settings {
        // A command's arguments and a URL's user info can hold a key.
        let hidden = match setting.key.as_str() {
            "keito.api_key_command" => true,
            "keito.proxy" | "keito.url" => setting.literal.contains('@'),
            _ => false,
        };
        if hidden {
            setting.literal = "\"(hidden)\"".to_owned();
        }
    }
    settings
}

/// The settings as one TOML text.
#[must_use]
pub fn render(settings: &[Setting]) -> String {
    render_with(settings, ToString::to_string)
}

/// The same with other words for the origins.
#[must_use]
pub fn render_with(settings: &[Setting], origin: impl Fn(&SettingOrigin) -> String) -> String {
    let mut text = String::new();
    let mut open = "";
    let table_of = |setting: &Setting| setting.key.rsplit_once('.').map_or(0, |(table, _)| table.len());
    let (roots, others): (Vec<_>, Vec<_>) = settings.iter().partition(|setting| table_of(setting) == 0);
    let mut tables: Vec<&str> = Vec::new();
    for setting in &others {
        let table = &setting.key[..table_of(setting)];
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    let line = |setting: &Setting| {
        let name = setting.key.rsplit_once('.').map_or(setting.key.as_str(), |(_, name)| name);
        format!("{name} = {}  # {}\n", setting.literal, origin(&setting.origin))
    };
    text.extend(roots.iter().map(|setting| line(setting)));
    for table in tables {
        if open != table {
            text.push_str(&header(table));
            open = table;
        }
        text.extend(others.iter().filter(|s| &s.key[..table_of(s)] == table).map(|s| line(s)));
    }
    text
}

/// `rule[0]` is `[[rule]]`; `source[0].fields` is `[source.fields]`, which TOML reads as the last element's.
fn header(table: &str) -> String {
    let plain: String = table
        .split('.')
        .map(|part| part.split_once('[').map_or(part, |(name, _)| name))
        .collect::<Vec<_>>()
        .join(".");
    if table.ends_with(']') { format!("\n[[{plain}]]\n") } else { format!("\n[{plain}]\n") }
}

mod toml_escape {
    /// A basic string of TOML.
    pub(super) fn basic(text: &str) -> String {
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
                c => out.push(c),
            }
        }
        out.push('"');
        out
    }
}
