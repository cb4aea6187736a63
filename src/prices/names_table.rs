//! Logged names of Claude models against the embedded table.

use super::Table;
use crate::model::Instant;

/// The canonical model, who bills, and whether the name says fast.
fn found(raw: &str) -> Option<(String, bool)> {
    let table = Table::embedded().unwrap();
    let found = table.find(None, raw, Instant::from_seconds(1_790_000_000));
    found.rows.first().map(|row| (format!("{}/{}", row.platform, row.model), found.fast))
}

#[test]
fn logged_names_of_claude_models_resolve() {
    let cases = [
        ("claude-sonnet-4-20250514", "anthropic/claude-sonnet-4"),
        ("claude-sonnet-4@20250514", "vertex/claude-sonnet-4"),
        ("claude-4-sonnet", "anthropic/claude-sonnet-4"),
        ("claude-4-sonnet-1m", "anthropic/claude-sonnet-4"),
        ("claude-4-sonnet-thinking", "anthropic/claude-sonnet-4"),
        ("claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
        ("claude-sonnet-4.5", "anthropic/claude-sonnet-4-5"),
        ("claude-4.5-sonnet-thinking", "anthropic/claude-sonnet-4-5"),
        ("Claude Sonnet 4.5", "anthropic/claude-sonnet-4-5"),
        ("anthropic--claude-4.5-sonnet", "anthropic/claude-sonnet-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws-regional/claude-sonnet-4-5"),
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws-regional/claude-sonnet-4-5"),
        ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws-regional/claude-sonnet-4-5"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws-global/claude-sonnet-4-5"),
        ("anthropic.claude-opus-4-6-v1", "aws-regional/claude-opus-4-6"),
        (
            "arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic.claude-opus-4-6-v1",
            "aws-regional/claude-opus-4-6",
        ),
        ("claude-opus-4-5-20251101", "anthropic/claude-opus-4-5"),
        ("claude-opus-4-6", "anthropic/claude-opus-4-6"),
        ("claude-opus-4-6[1m]", "anthropic/claude-opus-4-6"),
        ("claude-opus-4-6-20260205", "anthropic/claude-opus-4-6"),
        ("claude-opus-4.6", "anthropic/claude-opus-4-6"),
        ("anthropic/claude-4.6-opus-20260205", "anthropic/claude-opus-4-6"),
        ("claude-4.6-opus-high-thinking", "anthropic/claude-opus-4-6"),
        ("claude-opus-4-7-thinking-high", "anthropic/claude-opus-4-7"),
        ("claude-opus-4-1-20250805", "anthropic/claude-opus-4-1"),
        ("claude-opus-4-20250514", "anthropic/claude-opus-4"),
        ("claude-3-7-sonnet-20250219", "anthropic/claude-3-7-sonnet"),
        ("claude-sonnet-3.7", "anthropic/claude-3-7-sonnet"),
        ("claude-3-5-haiku-latest", "anthropic/claude-3-5-haiku"),
        ("claude-haiku-4-5-20251001", "anthropic/claude-haiku-4-5"),
        ("claude-haiku-4.5", "anthropic/claude-haiku-4-5"),
        ("claude-fable-5[1m]", "anthropic/claude-fable-5"),
        ("claude-fable-5-1", "anthropic/claude-fable-5-1"),
        ("claude-opus-5", "anthropic/claude-opus-5"),
        ("claude-opus-5-5", "anthropic/claude-opus-5-5"),
        ("Claude Opus 4.6 (High)", "anthropic/claude-opus-4-6"),
        ("claude-3-5-sonnet-v2@20241022", "vertex/claude-3-5-sonnet"),
        ("publishers/anthropic/models/claude-opus-4-6", "vertex/claude-opus-4-6"),
        ("claude-opus-4-5-2025-11-01", "anthropic/claude-opus-4-5"),
    ];
    for (raw, canonical) in cases {
        assert_eq!(found(raw), Some((canonical.into(), false)), "{raw}");
    }
    for (raw, canonical) in [
        ("claude-4.6-opus-fast-mode", "anthropic/claude-opus-4-6"),
        ("claude-4-7-opus-xhigh-fast", "anthropic/claude-opus-4-7"),
        ("claude-opus-5[fast=true]", "anthropic/claude-opus-5"),
    ] {
        assert_eq!(found(raw), Some((canonical.into(), true)), "{raw}");
    }
}

#[test]
fn a_name_that_no_rule_derives_stays_unknown() {
    for raw in [
        "opus",
        "haiku",
        "claude",
        "",
        "claude-opus-9-9",
        "claude-opus-4-66",
        "claude-opus-4-6-turbo",
        "claude-opus-4-6:free",
        "my-claude-opus-4-6",
        "cursor-auto",
        "glm-5.1",
        // Another platform's list: never Anthropic's.
        "copilot/claude-opus-4.8-fast",
        "openrouter/anthropic/claude-opus-4.6",
        // The profile names no model.
        "arn:aws:bedrock:us-east-1:123:application-inference-profile/abcd1234",
        "arn:aws:bedrock",
        "claude-opus-4-6\u{301}",
        "é-2026-01-01",
    ] {
        assert_eq!(found(raw), None, "{raw}");
    }
}

#[test]
fn what_the_log_says_about_the_platform_goes_before_a_route_prefix() {
    let table = Table::embedded().unwrap();
    let at = Instant::from_seconds(1_790_000_000);
    let platform = |hint, raw| table.find(Some(hint), raw, at).rows.first().map(|row| row.platform.as_str());
    assert_eq!(platform("openrouter", "anthropic/claude-opus-4.6"), None);
    assert_eq!(platform("github-copilot", "claude-haiku-4.5"), None);
    assert_eq!(platform("anthropic", "us.anthropic.claude-opus-4-6-v1"), Some("aws-regional"));
    assert_eq!(platform("vertex-regional", "claude-haiku-4-5@20251001"), Some("vertex-regional"));
    assert_eq!(platform("vertex-regional", "claude-opus-5"), Some("vertex-regional"));
}

#[test]
fn the_models_of_the_recorded_sessions_are_known() {
    for raw in
        ["claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"]
    {
        assert!(found(raw).is_some(), "{raw}");
    }
    for raw in ["claude-opus-4-6", "claude-sonnet-4-6", "claude-opus-4-5-20251101"] {
        assert!(found(raw).is_some(), "{raw}");
    }
}
