//! The members of each object that the fast way reads: those of `wire`, under the names that the log has.

use super::super::skim::members;
use super::wire::{
    Block, CacheCreation, Decision, Message, Nested, Origin, OutputDetails, Progress, Quota, Record,
    ServerTools, Usage,
};

members!('a, Record<'a> {
    "type" => kind,
    "subtype" => subtype,
    "sessionId" => session_id,
    "uuid" => uuid,
    "parentUuid" => parent_uuid,
    "timestamp" => timestamp,
    "cwd" => cwd,
    "gitBranch" => git_branch,
    "requestId" => request_id,
    "requestSessionId" => request_session_id,
    "advisorModel" => advisor_model,
    "isApiErrorMessage" => is_api_error_message,
    "isSidechain" => is_sidechain,
    "isMeta" => is_meta,
    "isCompactSummary" => is_compact_summary,
    "isVisibleInTranscriptOnly" => is_visible_in_transcript_only,
    "turnCompanion" => turn_companion,
    "interruptedMessageId" => interrupted_message_id,
    "permissionMode" => permission_mode,
    "entrypoint" => entrypoint,
    "sessionKind" => session_kind,
    "promptSource" => prompt_source,
    "turnOrigin" => turn_origin,
    "origin" => origin,
    "permissionDecision" => permission_decision,
    "toolUseResult" => tool_use_result,
    "durationMs" => duration_ms,
    "message" => message,
    "data" => data,
    "quotaLimits" => quota_limits,
});

members!('a, Quota<'a> { "rateLimitType" => rate_limit_type, "isUsingOverage" => is_using_overage });
members!('a, Origin<'a> { "kind" => kind });
members!('a, Decision<'a> { "decision" => decision, "source" => source });
members!('a, Progress<'a> { "message" => message });

members!('a, Nested<'a> {
    "uuid" => uuid,
    "timestamp" => timestamp,
    "requestId" => request_id,
    "advisorModel" => advisor_model,
    "message" => message,
});

members!('a, Message<'a> {
    "id" => id,
    "role" => role,
    "model" => model,
    "stop_reason" => stop_reason,
    "usage" => usage,
    "content" => content,
});

members!('a, Block<'a> {
    "type" => kind,
    "id" => id,
    "name" => name,
    "tool_use_id" => tool_use_id,
    "is_error" => is_error,
    "text" => text,
    "content" => content,
});

members!('a, Usage<'a> {
    "type" => kind,
    "model" => model,
    "input_tokens" => input_tokens,
    "cache_read_input_tokens" => cache_read_input_tokens,
    "cache_creation_input_tokens" => cache_creation_input_tokens,
    "cache_creation" => cache_creation,
    "output_tokens" => output_tokens,
    "output_tokens_details" => output_tokens_details,
    "server_tool_use" => server_tool_use,
    "service_tier" => service_tier,
    "speed" => speed,
    "inference_geo" => inference_geo,
    "iterations" => iterations,
});

members!('a, CacheCreation {
    "ephemeral_5m_input_tokens" => ephemeral_5m_input_tokens,
    "ephemeral_1h_input_tokens" => ephemeral_1h_input_tokens,
});
members!('a, OutputDetails { "thinking_tokens" => thinking_tokens });
members!('a, ServerTools { "web_search_requests" => web_search_requests });

#[cfg(test)]
mod tests {
    use super::Record;
    use crate::sources::skim::tests::all_agree;

    all_agree!(Record);
}
