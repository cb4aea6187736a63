//! The members of each object that the fast way reads: those of `wire`, under the names that the log has.

use super::super::skim::members;
use super::wire::{
    Any, Attribution, Block, Credits, Duration, Git, Info, Item, Limits, Marks, Payload, Record, Settings,
    Usage,
};

members!('a, Record<'a> {
    "timestamp" => timestamp,
    "ordinal" => ordinal,
    "type" => kind,
    "payload" => payload,
});

members!('a, Payload<'a> {
    "type" => kind,
    "id" => id,
    "session_id" => session_id,
    "forked_from_id" => forked_from_id,
    "parent_thread_id" => parent_thread_id,
    "timestamp" => timestamp,
    "source" => source,
    "thread_source" => thread_source,
    "model_provider" => model_provider,
    "subagent_history_start_ordinal" => subagent_history_start_ordinal,
    "history_base" => history_base,
    "git" => git,
    "cwd" => cwd,
    "turn_id" => turn_id,
    "model" => model,
    "approval_policy" => approval_policy,
    "thread_id" => thread_id,
    "response_id" => response_id,
    "usage" => usage,
    "info" => info,
    "rate_limits" => rate_limits,
    "turn_attribution" => turn_attribution,
    "duration_ms" => duration_ms,
    "thread_settings" => thread_settings,
    "item" => item,
    "duration" => duration,
    "role" => role,
    "call_id" => call_id,
    "name" => name,
    "content" => content,
    "output" => output,
    "internal_chat_message_metadata_passthrough" => marks,
});

members!('a, Any {});
members!('a, Git<'a> { "branch" => branch });

members!('a, Usage {
    "input_tokens" => input_tokens,
    "cached_input_tokens" => cached_input_tokens,
    "cache_write_input_tokens" => cache_write_input_tokens,
    "output_tokens" => output_tokens,
    "reasoning_output_tokens" => reasoning_output_tokens,
});

members!('a, Info<'a> {
    "total_token_usage" => total_token_usage,
    "last_token_usage" => last_token_usage,
    "model" => model,
});

members!('a, Limits<'a> {
    "plan_type" => plan_type,
    "credits" => credits,
    "rate_limit_reached_type" => rate_limit_reached_type,
});
members!('a, Credits { "has_credits" => has_credits, "unlimited" => unlimited });
members!('a, Attribution<'a> { "turn_trigger" => turn_trigger });

members!('a, Settings<'a> {
    "model" => model,
    "model_provider_id" => model_provider_id,
    "service_tier" => service_tier,
    "approval_policy" => approval_policy,
    "cwd" => cwd,
});

members!('a, Item<'a> { "type" => kind, "id" => id, "duration" => duration });
members!('a, Duration { "secs" => secs, "nanos" => nanos });
members!('a, Block<'a> { "type" => kind, "text" => text });
members!('a, Marks<'a> { "content_item_kinds" => content_item_kinds });

#[cfg(test)]
mod tests {
    use super::Record;
    use crate::sources::skim::tests::all_agree;

    all_agree!(Record);
}
