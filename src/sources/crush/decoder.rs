//! From a row to its facts.

use serde::{Deserialize, Serialize};

use super::super::cells::{flag, instant, settle, text, usd};
use super::super::page::Page;
use super::super::totals::{Counted, Total, Totals};
use super::super::usage::Bad;
use super::AGENT;
use crate::model::{ActivityKey, Cell, Facts, Instant, Meaning, RejectReason, Reported, Tokens, Who, hash64};

/// What is known from earlier readings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    #[serde(rename = "t")]
    totals: Totals,
    /// The project.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
}

impl Memory {
    /// Adds what a row holds.
    pub(super) fn row(&mut self, query: usize, row: &[Cell], facts: &mut Facts) {
        let [_, root, is_child, id, at, rest @ ..] = row else { return };
        let (Some(root), Some(id)) = (text(root), text(id)) else { return };
        let read = match (instant(at), query, rest) {
            (None, ..) => Err(RejectReason::NoInstant),
            (Some(at), 0, [cost, model]) => {
                self.cost(id, at, cost, text(model), facts);
                Ok(())
            }
            (Some(at), 1, [finished, role]) => {
                let end = instant(finished);
                self.message(root, id, (at, end), (text(role), flag(is_child)), facts);
                Ok(())
            }
            _ => Ok(()),
        };
        settle(read, facts);
    }

    fn cost(&mut self, session: &str, at: Instant, cost: &Cell, model: Option<&str>, facts: &mut Facts) {
        let total = usd(cost).map(|usd| Total { tokens: Tokens::default(), usd }).ok_or(Bad);
        let Some(growth) = self.totals.read(Counted { agent: AGENT, session, of: "" }, total) else { return };
        // There are no tokens that a list could price: the program's own sum is the amount, or there is none. As an
        // estimate it is held until the user allows it.
        let reported = (growth.usd.0 > 0).then_some(Reported { usd: growth.usd, meaning: Meaning::Charged });
        let mut page = Page::new(facts, session, self.dir.as_deref(), 0).costing(reported);
        growth.put(&mut page, at, model);
    }

    fn message(
        &self,
        session: &str,
        id: &str,
        (start, end): (Instant, Option<Instant>),
        (role, is_child): (Option<&str>, bool),
        facts: &mut Facts,
    ) {
        let who = match role {
            Some("assistant") => Who::Agent,
            Some("tool") => Who::Tool,
            // A subagent's prompt is its parent's.
            Some("user") if !is_child => Who::Prompt,
            _ => return,
        };
        let mut page = Page::new(facts, session, self.dir.as_deref(), 0);
        for at in [Some(start), end.filter(|_| who == Who::Agent)].into_iter().flatten() {
            let parts = [b"activity", AGENT.as_bytes(), id.as_bytes(), &at.millis().to_be_bytes()];
            page.act(ActivityKey(hash64(&parts)), at, who, 0);
        }
    }
}
