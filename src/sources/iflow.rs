//! iFlow CLI: `~/.iflow/projects/<directory>/session-<id>.jsonl`, lines in the manner of Claude Code's.
//!
//! By a recorded session of early 2026, version 1.0.0. Counts of tokens are there and always zero, so cost is not
//! observable and time is all that is read. A message is written once for each part that is added to it.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::loose::{Flag, List, Loose, Text};
use super::page::Page;
use super::{About, Claim, Context, Environment, Line, Lines, Source, json};
use crate::model::{ActivityKey, Agent, Facts, Instant, RejectReason, Who, hash64};

/// The agent's name in every key.
const AGENT: &str = "iflow";

/// iFlow's logs.
#[derive(Debug)]
pub struct Iflow;

/// Where the session works: only lines of the person's side say it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    dir: Option<String>,
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow)]
    uuid: Text<'a>,
    #[serde(borrow)]
    session_id: Text<'a>,
    #[serde(borrow)]
    timestamp: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    is_sidechain: Flag,
    #[serde(borrow)]
    cwd: Text<'a>,
    #[serde(borrow)]
    git_branch: Text<'a>,
    #[serde(borrow)]
    message: Loose<Message<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    content: List<Block<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

const ABOUT: About = About {
    title: "iFlow CLI",
    reads: "`projects/<directory>/session-*.jsonl` below `~/.iflow`",
    exact: "time: who typed, and when tools and the model answered",
    less: None,
    unseen: "tokens and cost: the counts are always zero",
    tested: "public fixture: 1.0.0",
};

impl Source for Iflow {
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
        self.below(&[env.home().join(".iflow")])
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("projects")).collect()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        let parts: Vec<_> = path.components().collect();
        let [Component::Normal(_), Component::Normal(name)] = parts.as_slice() else { return None };
        let session = name.to_str()?.strip_suffix(".jsonl").filter(|name| name.starts_with("session-"))?;
        Some(Claim { session: Some(session.to_owned()) })
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut memory = json::recalled(&context.state);
        let session = context.claim.session.as_deref();
        for line in lines {
            let read = read(session, &mut memory, line, facts);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&memory);
    }
}

fn read(
    session: Option<&str>,
    memory: &mut Memory,
    line: Line<'_>,
    facts: &mut Facts,
) -> Result<(), RejectReason> {
    let bytes = json::trimmed(line.bytes);
    if bytes.is_empty() {
        return Ok(());
    }
    let mut spare = String::new();
    let record: Record<'_> = json::parse(bytes, &mut spare)?;
    for (known, said) in [(&mut memory.dir, &record.cwd), (&mut memory.branch, &record.git_branch)] {
        if let Some(said) = said.get() {
            *known = Some(said.to_owned());
        }
    }
    let Some(who) = record.who() else { return Ok(()) };
    let at = record.timestamp.get().and_then(Instant::parse).ok_or(RejectReason::NoInstant)?;
    let session = record.session_id.get().or(session).ok_or(RejectReason::Shape)?;
    let id = record.uuid.get().map_or(bytes, str::as_bytes);
    let key = ActivityKey(hash64(&[b"activity", AGENT.as_bytes(), id]));
    let mut page = Page::new(facts, session, memory.dir.as_deref(), line.offset).on(memory.branch.as_deref());
    page.act(key, at, who, 0);
    Ok(())
}

impl Record<'_> {
    fn who(&self) -> Option<Who> {
        let blocks = self.message.get().map_or(&[][..], |message| &message.content.0);
        match self.kind.get()? {
            "assistant" => Some(Who::Agent),
            "user" if blocks.iter().flatten().any(|block| block.kind.is("tool_result")) => Some(Who::Tool),
            "user" if !self.is_sidechain.0 => Some(Who::Prompt),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &[u8] = include_bytes!(
        "../../tests/fixtures/iflow/projects/-C-exp-docker-image-retagger/session-5de701fc-7454-4858-a249-95cac4fd3b51.jsonl"
    );

    #[test]
    fn a_recorded_session_has_time_and_no_usage() {
        let path = "-C-exp/session-5de701fc-7454-4858-a249-95cac4fd3b51.jsonl";
        let mut context = Context { claim: Iflow.claim(Path::new(path)).unwrap(), ..Context::default() };
        let mut facts = Facts::default();
        Iflow.decode(&mut context, Lines::new(LOG, 0), &mut facts);
        assert_eq!((facts.rejects.len(), facts.sightings.len()), (0, 0));
        let count = |who| facts.activities.iter().filter(|activity| activity.who == who).count();
        assert_eq!((count(Who::Prompt), count(Who::Agent), count(Who::Tool)), (1, 9, 6));
        let last = facts.activities.last().unwrap();
        assert_eq!(facts.names.text(last.dir.unwrap()), "C:\\exp\\docker-image-retagger");
        assert_eq!(last.at.millis() - facts.activities[0].at.millis(), 28_998);
        assert!(Iflow.claim(Path::new("a/b/session-1.jsonl")).is_none());
        assert!(Iflow.claim(Path::new("a/other.jsonl")).is_none());
    }
}
