//! From a session of before to its facts: its first line describes it, every other is a message. It is written anew as a
//! whole. Its counts are sums; a database that is made later takes the session in under the same name.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{List, Text};
use super::super::page::Page;
use super::super::{NotWhole, json};
use super::decoder::{activity, speaker, stamp};
use crate::model::{Facts, Reject, RejectReason, Who};

/// A line: the description, or a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    working_dir: Text<'a>,
    /// Of a session that a scheduler started.
    #[serde(borrow)]
    schedule_id: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    role: Text<'a>,
    /// Seconds.
    #[serde(borrow)]
    created: Option<&'a RawValue>,
    #[serde(borrow)]
    content: List<Block<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

/// Adds what the document holds.
pub(super) fn document(session: &str, bytes: &[u8], facts: &mut Facts) -> Result<(), NotWhole> {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').map(json::trimmed).collect();
    let last = lines.iter().rposition(|line| !line.is_empty()).ok_or(NotWhole)?;
    let (mut dir, mut typed) = (None, Who::Prompt);
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        let mut spare = String::new();
        let read = json::parse::<Line<'_>>(line, &mut spare);
        facts.lines += 1;
        let read = match read {
            Err(_) if number == last => return Err(NotWhole),
            Err(reason) => Err(reason),
            Ok(line) if line.role.get().is_none() => {
                dir = line.working_dir.get().map(str::to_owned).or(dir);
                typed = if line.schedule_id.get().is_some() { Who::Script } else { typed };
                Ok(())
            }
            Ok(line) => message(session, dir.as_deref(), &line, typed, facts),
        };
        if let Err(reason) = read {
            facts.rejects.push(Reject { offset: 0, length: line.len() as u64, reason });
        }
    }
    Ok(())
}

fn message(
    session: &str,
    dir: Option<&str>,
    line: &Line<'_>,
    typed: Who,
    facts: &mut Facts,
) -> Result<(), RejectReason> {
    let role = line.role.get().unwrap_or_default();
    let blocks = line.content.0.iter().flatten().filter_map(|block| block.kind.get());
    let Some(who) = speaker(role, blocks, Some(typed)) else { return Ok(()) };
    let created = line.created.and_then(|number| number.get().parse().ok());
    let at = created.and_then(stamp).ok_or(RejectReason::NoInstant)?;
    let key = activity(line.id.get().ok_or(session), role, at);
    Page::new(facts, session, dir, 0).act(key, at, who, 0);
    Ok(())
}
