//! What a check found.

use serde::Serialize;

use crate::model::Instant;

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

/// What kind of thing failed: the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Config, files, this machine.
    Config,
    /// The key.
    Auth,
    /// Nobody answers.
    Network,
    /// Keito fails.
    Server,
    /// Keito asks to wait.
    RateLimited,
    /// Records are dead or in conflict.
    Conflict,
    /// The database is of a newer keitod.
    NewerState,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Which check.
    pub check: &'static str,
    /// What of it: an agent, a project, a directory; null if the check looks at one thing.
    pub subject: Option<String>,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do; null if nothing need be done.
    pub remedy: Option<String>,
    /// Numbers and paths behind it, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
    /// Of a failure.
    #[serde(skip)]
    pub blame: Option<Blame>,
}

impl Finding {
    fn new(verdict: Verdict, seen: impl Into<String>) -> Self {
        let seen = seen.into();
        Self { check: "", subject: None, verdict, seen, remedy: None, detail: None, blame: None }
    }

    pub(super) fn ok(seen: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, seen)
    }

    pub(super) fn warn(seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(Verdict::Warn, seen) }
    }

    pub(super) fn fail(blame: Blame, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { remedy, blame: Some(blame), ..Self::new(Verdict::Fail, seen) }
    }

    pub(super) fn of(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    pub(super) fn with(self, detail: serde_json::Value) -> Self {
        Self { detail: Some(detail), ..self }
    }
}

/// All findings: the document of `keitod doctor`.
#[derive(Debug, Clone, Serialize)]
pub struct Diagnosis {
    /// Always 1.
    pub schema_version: u32,
    /// Of this program.
    pub version: &'static str,
    /// When.
    pub at: String,
    /// The worst verdict.
    pub verdict: Verdict,
    /// How many are as they should be.
    pub ok: usize,
    /// How many somebody should look at.
    pub warn: usize,
    /// How many failed.
    pub fail: usize,
    /// All of them, causes first.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    pub(super) fn new(at: Instant, findings: Vec<Finding>) -> Self {
        let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
        Self {
            schema_version: 1,
            version: env!("CARGO_PKG_VERSION"),
            at: at.to_string(),
            verdict: findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok),
            ok: count(Verdict::Ok),
            warn: count(Verdict::Warn),
            fail: count(Verdict::Fail),
            findings,
        }
    }

    /// What the first failure is, if anything failed.
    #[must_use]
    pub fn blame(&self) -> Option<Blame> {
        self.findings.iter().find_map(|finding| finding.blame)
    }
}
