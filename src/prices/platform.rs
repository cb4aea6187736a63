//! Names of platforms as agents write them, to the table's.

/// Bedrock, whose name does not say whether the global or a regional list applies: the model's name does.
pub const BEDROCK: &str = "bedrock";

const SAME: [(&str, &[&str]); 18] = [
    ("anthropic", &["claude", "claude-platform-on-aws", "anthropic-aws"]),
    ("openai", &["openai-codex", "chatgpt", "codex", "openai-responses"]),
    ("google", &["gemini", "google-ai-studio", "google-generative-ai", "gemini-cli"]),
    ("xai", &["x-ai", "x.ai", "grok"]),
    ("moonshot", &["moonshotai", "kimi", "kimi-code", "kimi-for-coding"]),
    ("dashscope", &["alibaba", "qwen", "qwencloud", "aliyun", "modelstudio"]),
    ("zai", &["z-ai", "z.ai", "zai-coding-plan", "zai-coding"]),
    ("mistral", &["mistralai", "mistral-vibe"]),
    ("minimax", &["minimaxai"]),
    ("github-copilot", &["copilot", "github_copilot", "githubcopilot"]),
    ("azure", &["azure-openai", "azure_openai", "azure-cognitive-services"]),
    ("vertex", &["google-vertex", "vertex_ai", "vertexai", "vertex-ai", "google-vertex-anthropic"]),
    (BEDROCK, &["aws", "amazon-bedrock", "aws-bedrock"]),
    ("fireworks", &["fireworks-ai", "fireworks_ai"]),
    ("together", &["togetherai", "together_ai", "together-ai"]),
    ("openrouter", &["open-router"]),
    ("opencode", &["opencode-zen", "zen"]),
    ("meta", &["meta-llama", "llama"]),
];

/// The table's name of a platform; what it does not know stays as it is, and has no rows.
#[must_use]
pub fn of(name: &str) -> &str {
    let known = SAME.iter().find(|(own, others)| {
        own.eq_ignore_ascii_case(name) || others.iter().any(|other| other.eq_ignore_ascii_case(name))
    });
    known.map_or(name, |(own, _)| own)
}
