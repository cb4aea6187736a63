//! What can be wrong with the configuration.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there, or was asked for by name, and cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file says something that is not allowed: every such thing, in the order of the file.
    #[error("{}", Lines(.0))]
    Invalid(Vec<Problem>),
}

impl ConfigError {
    /// Every problem of an invalid file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid(problems) => problems,
            Self::Unreadable { .. } => &[],
        }
    }
}

/// One thing that is wrong, and where. Never holds a value: values may be secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file; `None` for a variable of the environment.
    pub file: Option<PathBuf>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// The key with its tables (`rule[0].path`), or the variable; empty if the file is no TOML there.
    pub key: String,
    /// What is wrong with it.
    pub trouble: Trouble,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", file.display())?;
            if let Some(line) = self.line {
                write!(f, "{line}:")?;
            }
            f.write_str(" ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{} ", self.key)?;
        }
        write!(f, "{}", self.trouble)
    }
}

struct Lines<'a>(&'a [Problem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// What is wrong with a key, worded to follow it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The parser's own words, without the line's text.
    #[error("not TOML: {0}")]
    Syntax(String),
    /// A key that nothing reads.
    #[error("is not a key{}", nearest(.0.as_deref()))]
    UnknownKey(Option<String>),
    /// A table for an agent that is neither read by keitod nor declared in `[[source]]`.
    #[error("names no agent that is read{}", nearest(.0.as_deref()))]
    UnknownAgent(Option<String>),
    /// A value of another type or out of its range; says what is allowed.
    #[error("must be {0}")]
    Expected(&'static str),
    /// A money value as a float.
    #[error("must be a decimal in quotes, such as \"0.79\": a bare float is not exact")]
    Float,
    /// A key that must be given.
    #[error("is missing")]
    Missing,
    /// Two keys of which only one may be given.
    #[error("cannot be given together with {0}")]
    Both(&'static str),
    /// A value that may appear once.
    #[error("says the same as an earlier one")]
    Twice,
    /// No time zone has this name.
    #[error("must be an IANA time zone, such as \"Europe/London\"")]
    Zone,
    /// Not a glob; with the pattern compiler's words.
    #[error("is not a glob: {0}")]
    Glob(String),
    /// Not a regular expression; with the pattern compiler's words.
    #[error("is not a regular expression: {0}")]
    Regex(String),
    /// A URL that is no API origin.
    #[error("{0}")]
    Origin(#[from] super::OriginError),
    /// A template field that does not exist.
    #[error("has no field {{{field}}}{}; there are {allowed}", nearest(meant.as_deref()))]
    Field {
        /// The name in braces.
        field: String,
        /// What was probably meant, in braces.
        meant: Option<String>,
        /// All that exist here.
        allowed: String,
    },
    /// `overlap = "all"` in a rule, where it could only narrow.
    #[error("must be \"sum\" or \"project\" here: \"all\" belongs in [time]")]
    OverlapAll,
    /// A rule that would match everything.
    #[error("needs a path, a remote or a branch; for everything else there is [default]")]
    MatchesAll,
    /// The API key itself in the file.
    #[error("must not be in this file: put the key into a file with mode 0600 and name it in api_key_file")]
    KeyInFile,
}

fn nearest(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}
