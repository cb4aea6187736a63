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
fn logged_names_of_other_models_resolve() {
    // The platform that the agent's log names, the name, the key, whether the name says fast.
    let cases = [
        (None, "gpt-5", "openai/gpt-5", false),
        (None, "gpt-5-2025-08-07", "openai/gpt-5", false),
        (None, "gpt-5-codex", "openai/gpt-5-codex", false),
        (None, "gpt-5.1-codex", "openai/gpt-5.1-codex", false),
        (None, "gpt-5.1-codex-max", "openai/gpt-5.1-codex-max", false),
        (None, "gpt-5.1-codex-mini", "openai/gpt-5.1-codex-mini", false),
        (None, "gpt-5.1-codex-high", "openai/gpt-5.1-codex", false),
        (None, "gpt-5.2-low", "openai/gpt-5.2", false),
        (None, "gpt-5.2-codex", "openai/gpt-5.2-codex", false),
        (None, "gpt-5-2-codex", "openai/gpt-5.2-codex", false),
        (None, "GPT-5.3 Codex (high reasoning)", "openai/gpt-5.3-codex", false),
        (None, "openai/gpt-5.5", "openai/gpt-5.5", false),
        (Some("openrouter"), "openai/gpt-5.5", "openrouter/openai/gpt-5.5", false),
        (None, "openai-codex:gpt-5.5", "openai/gpt-5.5", false),
        (None, "gpt-5.5-2026-04-23", "openai/gpt-5.5", false),
        (None, "gpt-5.5-fast", "openai/gpt-5.5", true),
        (None, "gpt-5.4-mini-2026-03-17", "openai/gpt-5.4-mini", false),
        (None, "azure/gpt-5.4", "azure/gpt-5.4", false),
        (None, "gpt-5.6", "openai/gpt-5.6-sol", false),
        (None, "gpt-5.2-20251211", "openai/gpt-5.2", false),
        (None, "models/gemini-2.5-pro", "google/gemini-2.5-pro", false),
        (None, "gemini-2.5-pro-preview-06-05", "google/gemini-2.5-pro", false),
        (None, "gemini-3-pro", "google/gemini-3-pro-preview", false),
        (None, "gemini-3.1-pro-high", "google/gemini-3.1-pro-preview", false),
        (None, "Gemini 3.5 Flash (Medium)", "google/gemini-3.5-flash", false),
        (None, "publishers/google/models/gemini-2.5-flash", "vertex/gemini-2.5-flash", false),
        (None, "grok-code-fast-1", "xai/grok-code-fast-1", false),
        (None, "grok-code-fast-1-0825", "xai/grok-code-fast-1", false),
        (None, "x-ai/grok-code-fast-1", "openrouter/x-ai/grok-code-fast-1", false),
        (Some("x-ai"), "x-ai/grok-4.5", "xai/grok-4.5", false),
        (None, "grok-4-fast", "xai/grok-4-fast-reasoning", false),
        (None, "grok-4.20-0309-reasoning", "xai/grok-4.20", false),
        (None, "kimi-k2-0905-preview", "moonshot/kimi-k2-0905", false),
        (None, "kimi-k2-thinking", "moonshot/kimi-k2-thinking", false),
        (None, "k3", "moonshot/kimi-k3", false),
        (None, "k2p6", "moonshot/kimi-k2.6", false),
        (None, "accounts/fireworks/models/kimi-k2p6", "fireworks/kimi-k2p6", false),
        (None, "glm-4.6", "zai/glm-4.6", false),
        (None, "GLM-4.6", "zai/glm-4.6", false),
        (Some("zai"), "zai-org/GLM-4.6", "zai/glm-4.6", false),
        (None, "glm-4.7-free", "opencode/glm-4.7-free", false),
        (None, "qwen3-coder-plus-2025-07-22", "dashscope/qwen3-coder-plus-2025-07-22", false),
        (None, "mistral-vibe-cli-latest", "mistral/mistral-medium-3-5", false),
        (None, "mistral-medium-latest", "mistral/mistral-medium-latest", false),
        (None, "devstral-2512", "mistral/devstral-2512", false),
        (None, "composer-2.5[fast=true]", "cursor/composer-2.5-fast", false),
        (Some("cursor"), "composer-2.5[fast=false]", "cursor/composer-2.5", false),
        (None, "copilot/claude-opus-4.8-fast", "github-copilot/claude-opus-4.8-fast", false),
        (Some("copilot"), "claude-haiku-4.5", "github-copilot/claude-haiku-4.5", false),
        (Some("github-copilot"), "claude-haiku-4-5", "github-copilot/claude-haiku-4.5", false),
        (None, "MiniMax-M2.1", "minimax/minimax-m2.1", false),
        (None, "openrouter/anthropic/claude-opus-4.6", "openrouter/anthropic/claude-opus-4.6", false),
        (Some("amazon-bedrock"), "anthropic.claude-opus-4-6-v1", "aws-regional/claude-opus-4-6", false),
        (Some("amazon-bedrock"), "global.anthropic.claude-opus-4-6-v1", "aws-global/claude-opus-4-6", false),
        (Some("google-vertex"), "claude-opus-4-6", "vertex/claude-opus-4-6", false),
    ];
    let table = Table::embedded().unwrap();
    for (hint, raw, key, fast) in cases {
        let found = table.find(hint, raw, Instant::from_seconds(1_790_000_000));
        let row = found.rows.first().map(|row| (format!("{}/{}", row.platform, row.model), found.fast));
        assert_eq!(row, Some((key.into(), fast)), "{hint:?} {raw}");
    }
}

#[test]
fn a_name_may_move_from_one_model_to_another() {
    let table = Table::embedded().unwrap();
    let model = |raw: &str, when: &str| {
        let rows = table.find(None, raw, Instant::parse(when).unwrap()).rows;
        rows.first().map(|row| row.model.clone())
    };
    for (raw, when, expected) in [
        ("kimi-for-coding", "2026-07-18T23:59:59Z", Some("kimi-k2.6")),
        ("kimi-for-coding", "2026-07-19T00:00:00Z", Some("kimi-k3")),
        ("gemini-flash-latest", "2026-11-09T23:59:59Z", None),
        ("gemini-flash-latest", "2026-11-10T00:00:00Z", Some("gemini-3.8-flash")),
        ("grok-latest", "2026-11-09T23:59:59Z", None),
        ("grok-latest", "2026-11-10T00:00:00Z", Some("grok-4.5")),
    ] {
        assert_eq!(model(raw, when).as_deref(), expected, "{raw} {when}");
    }
    let found = table.find(None, "kimi-for-coding", Instant::from_seconds(1_790_000_000));
    assert!(found.estimated);
}

#[test]
fn the_name_of_a_product_says_no_model() {
    let table = Table::embedded().unwrap();
    for raw in
        ["opus", "codex-auto-review", "gpt-5.3-codex-spark", "gpt-5.3-spark", "gemini-default", "big-pickle"]
            .into_iter()
            .chain(["coder-model", "cursor-auto", "gpt-5-fast", "openai/codex-auto-review"])
    {
        let found = table.find(None, raw, Instant::from_seconds(1_790_000_000));
        assert!(found.rows.is_empty() && found.unresolved.is_some(), "{raw}");
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
        // Another platform's list: never Anthropic's.
        "copilot/claude-opus-4.1-fast",
        "openrouter/anthropic/claude-opus-9.9",
        // A gateway's prefix is for the user to map, an organisation's for its own host.
        "cx/gpt-5.5",
        "zai-org/GLM-4.6",
        "gpt-5.55",
        "gpt-5.5-turbo",
        "grok-4.20x",
        "gemini-2.5-pro:free",
        "Gemini 3.5 Flash (Fast)",
        "kimi-k2p6",
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
    assert_eq!(platform("openrouter", "anthropic/claude-opus-4.6"), Some("openrouter"));
    assert_eq!(platform("github-copilot", "claude-haiku-4.5"), Some("github-copilot"));
    assert_eq!(platform("my-gateway", "claude-haiku-4.5"), None);
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
