//! The document of `keitod backfill` and of `POST /v1/backfill`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::clerk::{Foreseen, Range, Seen, Sent, Waits};
use crate::ledger::held::Held;
use crate::model::{Amount, Hours};

/// What was seen at Keito.
#[derive(Debug, Clone, Default)]
pub(super) struct Looked {
    /// Whole listings of both kinds, or none.
    pub(super) seen: Vec<Seen>,
    /// Why there are none.
    pub(super) why: Option<String>,
}

impl Looked {
    pub(super) fn failed(why: &str) -> Self {
        Self { seen: Vec::new(), why: Some(why.to_owned()) }
    }
}

/// `{schema_version, act, state, backfill: {…}}`: `state` is `preview`, or `admitted` once it is written down.
pub(super) fn document(range: &Range, looked: &Looked, found: &Foreseen, state: &str) -> Vec<u8> {
    let (mut sent, mut held): (Sent, BTreeMap<&str, Waits>) = (Sent::default(), BTreeMap::new());
    for line in found.lines.values() {
        sent.add(&line.sent);
        line.held.iter().for_each(|(reason, waits)| held.entry(reason).or_default().add(waits));
    }
    let rows = found.lines.iter().map(|((day, project), line)| {
        let mut row = json!({
            "day": day,
            "project": Some(project).filter(|project| !project.is_empty()),
            "project_name": found.names.get(project),
        });
        fill(&mut row, &line.sent, line.held.iter().map(|(reason, waits)| (reason.as_str(), waits)));
        row
    });
    let rows: Vec<Value> = rows.collect();
    let mut totals = json!({
        "sessions": found.sessions,
        "excluded_seconds": found.excluded.0,
        "excluded_requests": found.excluded.1,
        "below_min_seconds": found.below_min_seconds,
        "capped_seconds": found.capped_seconds,
    });
    fill(&mut totals, &sent, held.iter().map(|(reason, waits)| (*reason, waits)));
    let records: usize = looked.seen.iter().map(|seen| seen.rows.len()).sum();
    let document = json!({
        "schema_version": 1,
        "act": "backfill",
        "state": state,
        "backfill": {
            "from": range.from.to_string(),
            "to": range.to.to_string(),
            "from_at": range.earlier.from.to_string(),
            "until": range.earlier.until.to_string(),
            "timezone": range.zone,
            "cut_off": range.since.to_string(),
            "agent": range.earlier.agent.as_ref().map(crate::model::Agent::as_str),
            "project": range.earlier.project.as_ref().map(crate::model::ProjectId::as_str),
            "currency": found.currency,
            "keito": {"listed": looked.why.is_none(), "records": records, "why": looked.why},
            "rows": rows,
            "totals": totals,
        },
    });
    document.to_string().into_bytes()
}

fn fill<'a>(row: &mut Value, sent: &Sent, held: impl Iterator<Item = (&'a str, &'a Waits)>) {
    let hours = Hours { hundredths: u64::try_from(sent.hundredths).unwrap_or(0) };
    let held = held.map(|(reason, waits)| {
        let (word, remedy) = match Held::parse(reason) {
            Some(held) => (held.code(), held.remedy()),
            // Neither held nor sealed: it rounds to nothing, or its agent is stopped.
            None => {
                ("waits", "it rounds to nothing yet, or a format alarm stops its agent: see `keitod status`")
            }
        };
        json!({
            "reason": word,
            "remedy": remedy,
            "seconds": waits.seconds,
            "hours": Hours::from_seconds(waits.seconds).to_string(),
            "requests": waits.requests,
            "cost_usd": waits.usd.map(|usd| usd.to_string()),
        })
    });
    row["entries"] = sent.entries.into();
    row["seconds"] = sent.seconds.into();
    row["hours"] = hours.to_string().into();
    row["expenses"] = sent.expenses.into();
    row["requests"] = sent.requests.into();
    row["cost_usd"] = sent.usd.to_string().into();
    row["amount"] = Amount { units: sent.amount, decimals: 12 }.to_string().into();
    row["held"] = held.collect();
}
