//! Antigravity and its CLI: `brain/<conversation>/.system_generated/logs/transcript.jsonl` in `~/.gemini/antigravity` and
//! `~/.gemini/antigravity-cli`.
//!
//! By a transcript of mid-2026 that another project wrote to its shape. Conversations themselves are encrypted or in
//! protocol buffers without a published schema, so cost is not observable; the transcript tells when who did what, and
//! not where.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::loose::{Count, Text};
use super::page::Page;
use super::{About, Claim, Context, Environment, Line, Lines, Source, json};
use crate::model::{ActivityKey, Agent, Facts, Instant, RejectReason, Who, hash64};

/// The agent's name in every key.
const AGENT: &str = "antigravity";

/// Antigravity's transcripts.
#[derive(Debug)]
pub struct Antigravity;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Step<'a> {
    step_index: Count,
    /// `USER_EXPLICIT`, `MODEL`, `SYSTEM`.
    #[serde(borrow)]
    source: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    created_at: Text<'a>,
}

const ABOUT: About = About {
    title: "Antigravity",
    reads: "`brain/<conversation>/.system_generated/logs/transcript.jsonl` below `~/.gemini/antigravity` and `~/.gemini/antigravity-cli`",
    exact: "time: who typed, and when tools and the model answered",
    less: None,
    unseen: "tokens, cost and the working directory",
    tested: "public fixture of its shape",
};

impl Source for Antigravity {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn logs_usage(&self) -> bool {
        false
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        self.below(&["antigravity", "antigravity-cli"].map(|home| env.home().join(".gemini").join(home)))
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("brain")).collect()
    }

    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(4)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        let mut parts = path.components();
        let Component::Normal(session) = parts.next()? else { return None };
        let is_log = parts.as_path() == Path::new(".system_generated/logs/transcript.jsonl");
        is_log.then(|| session.to_str().map(|session| Claim { session: Some(session.to_owned()) })).flatten()
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let session = context.claim.session.as_deref();
        for line in lines {
            let read = read(session, line, facts);
            json::settle(&line, read, facts);
        }
    }
}

fn read(session: Option<&str>, line: Line<'_>, facts: &mut Facts) -> Result<(), RejectReason> {
    let bytes = json::trimmed(line.bytes);
    if bytes.is_empty() {
        return Ok(());
    }
    let mut spare = String::new();
    let step: Step<'_> = json::parse(bytes, &mut spare)?;
    let who = match (step.source.get(), step.kind.get()) {
        (Some("USER_EXPLICIT"), Some("USER_INPUT")) => Who::Prompt,
        // What is planned is the model's, and so is what comes of it: tools have steps of their own names.
        (Some("MODEL"), Some("PLANNER_RESPONSE")) => Who::Agent,
        (Some("MODEL"), Some(_)) => Who::Tool,
        _ => return Ok(()),
    };
    let at = step.created_at.get().and_then(Instant::parse).ok_or(RejectReason::NoInstant)?;
    let session = session.ok_or(RejectReason::Shape)?;
    // A step is written again when it is done.
    let index = match step.step_index {
        Count::Is(index) => index,
        _ => return Err(RejectReason::Shape),
    };
    let parts = [b"activity", AGENT.as_bytes(), session.as_bytes(), &index.to_be_bytes()];
    Page::new(facts, session, None, line.offset).act(ActivityKey(hash64(&parts)), at, who, 0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_tell_who_acts() {
        let path = "c-1/.system_generated/logs/transcript.jsonl";
        let mut context =
            Context { claim: Antigravity.claim(Path::new(path)).unwrap(), ..Context::default() };
        let step = |index: u32, source: &str, kind: &str| {
            format!(
                r#"{{"step_index":{index},"source":"{source}","type":"{kind}","created_at":"2026-06-21T13:32:{index:02}Z","content":"x"}}"#
            )
        };
        let lines = [
            step(0, "USER_EXPLICIT", "USER_INPUT"),
            step(1, "MODEL", "PLANNER_RESPONSE"),
            step(2, "MODEL", "RUN_COMMAND"),
            step(3, "SYSTEM", "CHECKPOINT"),
            r#"{"source":"MODEL","type":"PLANNER_RESPONSE"}"#.to_owned(),
        ];
        let mut facts = Facts::default();
        Antigravity.decode(&mut context, Lines::new((lines.join("\n") + "\n").as_bytes(), 0), &mut facts);
        let who: Vec<_> = facts.activities.iter().map(|activity| activity.who).collect();
        assert_eq!(who, [Who::Prompt, Who::Agent, Who::Tool]);
        assert_eq!(facts.rejects.len(), 1);
        for path in ["c-1/transcript.jsonl", "c-1/x/.system_generated/logs/transcript.jsonl", "../c"] {
            assert!(Antigravity.claim(Path::new(path)).is_none(), "{path}");
        }
    }
}
