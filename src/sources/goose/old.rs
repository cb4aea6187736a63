//! From a session of before to its facts: its first line describes it, every other is a message. It is written anew as a
//! whole. Its counts are sums; a database that is made later takes the session in under the same name.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, List, Text};
use super::super::page::Page;
use super::super::totals::{Counted, Total, Totals};
use super::super::{NotWhole, json};
use super::AGENT;
use super::decoder::{activity, speaker, stamp, tokens};
use crate::model::{Facts, Instant, Reject, RejectReason, Who};

/// A line: the description, or a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    working_dir: Text<'a>,
    accumulated_input_tokens: Count,
    accumulated_output_tokens: Count,
    accumulated_total_tokens: Count,
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
pub(super) fn document(
    session: &str,
    bytes: &[u8],
    totals: &mut Totals,
    facts: &mut Facts,
) -> Result<(), NotWhole> {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').map(json::trimmed).collect();
    let last = lines.iter().rfind(|line| !line.is_empty()).ok_or(NotWhole)?;
    json::parse::<Line<'_>>(last, &mut String::new()).map_err(|_| NotWhole)?;
    let (mut dir, mut typed) = (None, Who::Prompt);
    let (mut used, mut newest) = (None, None);
    for line in lines.iter().filter(|line| !line.is_empty()) {
        let mut spare = String::new();
        let read = json::parse::<Line<'_>>(line, &mut spare);
        facts.lines += 1;
        let read = match read {
            Err(reason) => Err(reason),
            Ok(line) if line.role.get().is_none() => {
                let Line {
                    accumulated_input_tokens,
                    accumulated_output_tokens,
                    accumulated_total_tokens,
                    ..
                } = line;
                used = Some([accumulated_input_tokens, accumulated_output_tokens, accumulated_total_tokens]);
                dir = line.working_dir.get().map(str::to_owned).or(dir);
                typed = if line.schedule_id.get().is_some() { Who::Script } else { typed };
                Ok(())
            }
            Ok(line) => {
                newest = newest.max(at(&line));
                message(session, dir.as_deref(), &line, typed, facts)
            }
        };
        if let Err(reason) = read {
            facts.rejects.push(Reject { offset: 0, length: line.len() as u64, reason });
        }
    }
    if let (Some([input, output, total]), Some(at)) = (used, newest) {
        let tokens = tokens([input, output, total, Count::Absent, Count::Absent]);
        let total = tokens.map(|tokens| Total { tokens, ..Total::default() });
        if let Some(growth) = totals.read(Counted { agent: AGENT, session, of: "" }, total) {
            // It names no model.
            growth.put(&mut Page::new(facts, session, dir.as_deref(), 0), at, None);
        }
    }
    Ok(())
}

fn at(line: &Line<'_>) -> Option<Instant> {
    line.created.and_then(|number| number.get().parse().ok()).and_then(stamp)
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
    let at = at(line).ok_or(RejectReason::NoInstant)?;
    let key = activity(line.id.get().ok_or(session), role, at);
    Page::new(facts, session, dir, 0).act(key, at, who, 0);
    Ok(())
}
