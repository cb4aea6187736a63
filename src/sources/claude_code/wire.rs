//! The lines as Claude Code writes them, as far as a fact depends on them. Content text is never built: it is skipped,
//! or looked at where it stands.

use serde::Deserialize;

use super::super::loose::{Count, Flag, List, Loose, Raw, Text};
use super::content::{Content, ToolReport};

/// Any line. Which fields are there depends on its type and on the version; `session_id`, which 2.1.329 writes beside
/// `sessionId`, still names the old session after `/clear` and is therefore not read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Record<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) subtype: Text<'a>,
    #[serde(borrow)]
    pub(super) session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) uuid: Text<'a>,
    #[serde(borrow)]
    pub(super) parent_uuid: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    #[serde(borrow)]
    pub(super) git_branch: Text<'a>,
    #[serde(borrow)]
    pub(super) request_id: Text<'a>,
    /// 2.1.329: the session that made the request, on lines that a fork copied.
    #[serde(borrow)]
    pub(super) request_session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) advisor_model: Text<'a>,
    pub(super) is_api_error_message: Flag,
    pub(super) is_sidechain: Flag,
    pub(super) is_meta: Flag,
    pub(super) is_compact_summary: Flag,
    pub(super) is_visible_in_transcript_only: Flag,
    /// 2.1.329: this record goes with a stream that the network cut.
    pub(super) turn_companion: Flag,
    /// 2.1.329: the message that Esc cut.
    #[serde(borrow)]
    pub(super) interrupted_message_id: Text<'a>,
    #[serde(borrow)]
    pub(super) permission_mode: Text<'a>,
    #[serde(borrow)]
    pub(super) entrypoint: Text<'a>,
    #[serde(borrow)]
    pub(super) session_kind: Text<'a>,
    #[serde(borrow)]
    pub(super) prompt_source: Text<'a>,
    #[serde(borrow)]
    pub(super) turn_origin: Text<'a>,
    #[serde(borrow)]
    pub(super) origin: Loose<Origin<'a>>,
    #[serde(borrow)]
    pub(super) permission_decision: Loose<Decision<'a>>,
    pub(super) tool_use_result: ToolReport,
    pub(super) duration_ms: Count,
    #[serde(borrow)]
    pub(super) message: Loose<Message<'a>>,
    #[serde(borrow)]
    pub(super) data: Loose<Progress<'a>>,
    #[serde(borrow)]
    pub(super) quota_limits: Loose<Quota<'a>>,
}

/// The state of a plan's windows, which a login with a plan writes and an API key does not.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Quota<'a> {
    /// `five_hour`, `seven_day`.
    #[serde(borrow)]
    pub(super) rate_limit_type: Text<'a>,
    /// The plan is used up: requests are charged on top of it.
    pub(super) is_using_overage: Flag,
}

/// Who spoke (2.1.329).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Origin<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
}

/// How a tool call was allowed (2.1.329): `source` is `config` where nobody was asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Decision<'a> {
    #[serde(borrow)]
    pub(super) decision: Text<'a>,
    #[serde(borrow)]
    pub(super) source: Text<'a>,
}

/// `progress` lines (2.0, 2.1) may nest a copy of a subagent's own line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Progress<'a> {
    #[serde(borrow)]
    pub(super) message: Loose<Nested<'a>>,
}

/// The nested copy.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Nested<'a> {
    #[serde(borrow)]
    pub(super) uuid: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) request_id: Text<'a>,
    #[serde(borrow)]
    pub(super) advisor_model: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Loose<Message<'a>>,
}

/// A message of the vendor's API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) stop_reason: Text<'a>,
    #[serde(borrow)]
    pub(super) usage: Loose<Usage<'a>>,
    #[serde(borrow)]
    pub(super) content: Content<'a>,
}

/// A content block of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_use_id: Text<'a>,
    pub(super) is_error: Flag,
    #[serde(borrow)]
    pub(super) text: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) content: Option<Raw<'a>>,
}

/// Usage of a message, or of one of its iterations, which have a type and may have a model of their own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    pub(super) input_tokens: Count,
    pub(super) cache_read_input_tokens: Count,
    pub(super) cache_creation_input_tokens: Count,
    pub(super) cache_creation: Loose<CacheCreation>,
    pub(super) output_tokens: Count,
    pub(super) output_tokens_details: Loose<OutputDetails>,
    pub(super) server_tool_use: Loose<ServerTools>,
    #[serde(borrow)]
    pub(super) service_tier: Text<'a>,
    #[serde(borrow)]
    pub(super) speed: Text<'a>,
    #[serde(borrow)]
    pub(super) inference_geo: Text<'a>,
    #[serde(borrow)]
    pub(super) iterations: List<Usage<'a>>,
}

/// Cache writes by lifetime.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CacheCreation {
    pub(super) ephemeral_5m_input_tokens: Count,
    pub(super) ephemeral_1h_input_tokens: Count,
}

/// What the output consists of.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OutputDetails {
    pub(super) thinking_tokens: Count,
}

/// Calls of the vendor's own tools, billed per call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServerTools {
    pub(super) web_search_requests: Count,
}

#[cfg(test)]
mod tests {
    use super::super::super::json;
    use super::*;

    #[test]
    fn duplicate_keys_and_lone_surrogates_do_not_cost_the_line() {
        let cases = [
            r#"{"uuid":"a","type":"user","uuid":"b"}"#,
            r#"{"uuid":"b","message":{"id":"x","id":"y"}}"#,
            r#"{"uuid":"b","message":{"content":"\ud83d"},"toolUseResult":"\ude00"}"#,
        ];
        for line in cases {
            let mut spare = String::new();
            let record: Record<'_> = json::parse(line.as_bytes(), &mut spare).unwrap();
            assert!(record.uuid.is("b"), "{line}");
        }
    }
}
