//! Who answered a request, who pays for it, and what it cost.

use serde_json::value::RawValue;

use super::super::cost;
use crate::model::{Facts, Instant, Meaning, Payer, Plan, Reported, Tokens};

/// Providers that are other agents: their own logs have the requests.
const AGENTS: [&str; 2] = ["claude-code", "opencode"];

/// Providers whose answers name what they charge for them.
const CHARGING: [&str; 2] = ["cline", "openrouter"];

/// Providers that are reached by a subscription's login alone.
const PLANS: [&str; 2] = ["openai-codex", "qwen-code"];

/// Whether another agent made the request.
pub(super) fn is_agent(provider: Option<&str>) -> bool {
    provider.is_some_and(|provider| AGENTS.contains(&provider))
}

/// The platform whose list applies. To the extension `openai` is any server that speaks as OpenAI does.
pub(super) fn platform(provider: Option<&str>, is_task: bool) -> Option<&str> {
    match provider? {
        "unknown" => None,
        "openai" if is_task => Some("openai-compatible"),
        "openai-native" => Some("openai"),
        provider => Some(provider),
    }
}

/// The cost as the log has it: what the provider charged, or the program's own sum by a list. It is zero where the
/// program knows no price.
pub(super) fn reported(provider: Option<&str>, number: Option<&RawValue>) -> Option<Reported> {
    let usd = cost::usd(number).filter(|usd| usd.0 > 0)?;
    let is_charge = provider.is_some_and(|provider| CHARGING.contains(&provider));
    Some(Reported { usd, meaning: if is_charge { Meaning::Charged } else { Meaning::Listed } })
}

/// Adds who pays, as far as the provider tells.
pub(super) fn plan(session: &str, provider: Option<&str>, tokens: &Tokens, at: Instant, facts: &mut Facts) {
    let Some(provider) = provider.filter(|_| !tokens.is_zero()) else { return };
    let payer = if PLANS.contains(&provider) { Payer::Subscription } else { Payer::Metered };
    let session = facts.names.intern(session);
    facts.plans.push(Plan { session, at, payer });
}
