//! From a logged model name to the names it may stand for: syntax only, no substring, prefix or distance matching.
//!
//! Each step takes one known decoration off. The table is asked before every step, so that a real key always wins over
//! stripping.

/// One reading of a name, with what was taken off to get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The name.
    pub text: String,
    /// A suffix said fast.
    pub fast: bool,
    /// A suffix said batch.
    pub batch: bool,
}

/// All readings of a name, the least stripped first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Who bills, as far as the name shows it.
    pub platform: Option<Platform>,
    /// The readings.
    pub forms: Vec<Form>,
}

/// Who bills, as a name shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// A decoration that only this platform writes (Bedrock's prefix, Vertex's `@`).
    Certain(&'static str),
    /// A route prefix: what the log says elsewhere goes before it.
    Route(&'static str),
}

const ROUTES: [(&str, &str); 18] = [
    ("openrouter/", "openrouter"),
    ("github-copilot/", "github-copilot"),
    ("copilot/", "github-copilot"),
    ("azure/", "azure"),
    ("vertex_ai/", "vertex"),
    ("anthropic/", "anthropic"),
    ("anthropic--", "anthropic"),
    ("openai/", "openai"),
    ("openai-codex:", "openai"),
    ("openai:", "openai"),
    ("google/", "google"),
    ("gemini/", "google"),
    ("xai/", "xai"),
    // Only OpenRouter writes xAI so; its key keeps the prefix.
    ("x-ai/", "openrouter"),
    ("moonshotai/", "moonshot"),
    ("moonshot/", "moonshot"),
    ("dashscope/", "dashscope"),
    ("zai/", "zai"),
];
const REGIONS: [&str; 7] = ["us.", "eu.", "apac.", "au.", "jp.", "us-gov.", "in."];
/// Vendors on Bedrock, as its ids name them.
const ON_BEDROCK: [&str; 8] =
    ["anthropic.", "moonshotai.", "openai.", "amazon.", "deepseek.", "minimax.", "qwen.", "zai."];
/// Where hosts keep the names of Fireworks apart: they are keys as they are.
const FIREWORKS: &str = "accounts/fireworks/";
/// Effort and context settings: they change how many tokens are used, not what one costs.
const SETTINGS: [&str; 9] =
    ["-minimal", "-low", "-medium", "-high", "-xhigh", "-max", "-thinking", "-none", "-1m"];

/// Reads a name. `hint` is the platform that the log names: an organisation's prefix may only go on its own platform.
#[must_use]
pub fn read(raw: &str, hint: Option<&str>) -> Name {
    let mut name = Name { platform: None, forms: Vec::with_capacity(4) };
    let mut text = raw.trim().to_ascii_lowercase();
    if text.starts_with("arn:") || text.starts_with("publishers/") || text.contains("/publishers/") {
        if !text.starts_with("arn:") {
            name.platform = Some(Platform::Certain("vertex"));
        }
        text = text.rsplit('/').next().unwrap_or_default().to_owned();
    } else if let Some(rest) = text.strip_prefix("models/") {
        text = rest.to_owned();
    } else if text.starts_with(FIREWORKS) {
        name.platform = Some(Platform::Certain("fireworks"));
    } else if let (Some(rest), Some("zai")) = (text.strip_prefix("zai-org/"), hint) {
        text = rest.to_owned();
    }
    let (mut fast, mut batch) = (false, false);
    loop {
        name.push(&text, fast, batch);
        match step(&text) {
            Some(Step::Platform(platform, rest)) => {
                name.platform = name.platform.or(Some(platform));
                text = rest;
            }
            Some(Step::Text(rest)) => text = rest,
            Some(Step::Fast(rest)) => (text, fast) = (rest, true),
            Some(Step::Batch(rest)) => (text, batch) = (rest, true),
            None => break,
        }
    }
    name
}

impl Name {
    fn push(&mut self, text: &str, fast: bool, batch: bool) {
        let mut add = |text: String| {
            if !self.forms.iter().any(|form| form.text == text) {
                self.forms.push(Form { text, fast, batch });
            }
        };
        add(text.to_owned());
        if text.starts_with("claude") {
            let dashed = dashed(text);
            if let Some(other) = reordered(&dashed) {
                add(dashed);
                add(other);
            } else {
                add(dashed);
            }
        }
    }
}

enum Step {
    Platform(Platform, String),
    Text(String),
    Fast(String),
    Batch(String),
}

fn step(text: &str) -> Option<Step> {
    for (prefix, platform) in ROUTES {
        if let Some(rest) = text.strip_prefix(prefix) {
            return Some(Step::Platform(Platform::Route(platform), rest.to_owned()));
        }
    }
    if let Some((platform, rest)) = bedrock(text) {
        return Some(Step::Platform(Platform::Certain(platform), rest.to_owned()));
    }
    if let Some((rest, version)) = text.rsplit_once('@')
        && (version == "default" || is_date(version))
    {
        return Some(Step::Platform(Platform::Certain("vertex"), rest.to_owned()));
    }
    if let Some((rest, inside)) = bracketed(text, '[', ']') {
        return Some(Step::Text(if inside == "fast=true" {
            format!("{rest}-fast")
        } else {
            rest.to_owned()
        }));
    }
    if let Some((rest, inside)) = bracketed(text, '(', ')')
        && is_effort(inside)
    {
        return Some(Step::Text(rest.trim_end_matches([' ', '-']).to_owned()));
    }
    // A display name, once its effort is off.
    if text.contains(' ') && !text.ends_with(')') {
        return Some(Step::Text(text.replace(' ', "-")));
    }
    if let Some(rest) = text.strip_suffix(":batch") {
        return Some(Step::Batch(rest.to_owned()));
    }
    if let Some(rest) = text.strip_suffix("-fast-mode").or_else(|| text.strip_suffix("-fast")) {
        return Some(Step::Fast(rest.to_owned()));
    }
    if let Some(rest) = SETTINGS.iter().find_map(|setting| text.strip_suffix(setting)) {
        return Some(Step::Text(rest.to_owned()));
    }
    undated(text).or_else(|| unversioned(text)).map(|rest| Step::Text(rest.to_owned()))
}

/// `us.anthropic.claude-…`, `global.anthropic.claude-…`, `anthropic.claude-…` (in one region).
fn bedrock(text: &str) -> Option<(&'static str, &str)> {
    let vendor = |text: &'_ str| ON_BEDROCK.iter().any(|vendor| text.starts_with(vendor));
    let model = |text| str::split_once(text, '.').map(|(_, model)| model);
    if let Some(rest) = text.strip_prefix("global.").filter(|rest| vendor(rest)) {
        return Some(("aws-global", model(rest)?));
    }
    let inner = REGIONS.iter().find_map(|region| text.strip_prefix(region)).unwrap_or(text);
    vendor(inner).then_some(("aws-regional", model(inner)?))
}

/// `High`, `high reasoning`.
fn is_effort(inside: &str) -> bool {
    let word = inside.strip_suffix(" reasoning").unwrap_or(inside).trim();
    SETTINGS.iter().any(|setting| setting.strip_prefix('-') == Some(word))
}

fn bracketed(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    text.strip_suffix(close)?.rsplit_once(open)
}

/// Without `-YYYYMMDD` or `-YYYY-MM-DD`; `None` if there is none.
pub(super) fn undated(text: &str) -> Option<&str> {
    if let Some((rest, date)) = text.rsplit_once('-')
        && is_date(date)
    {
        return Some(rest);
    }
    let at = text.len().checked_sub(11)?;
    let (rest, date) = (text.get(..at)?, text.get(at..)?);
    let digits = |range: std::ops::Range<usize>| date.as_bytes()[range].iter().all(u8::is_ascii_digit);
    let dashes = [0, 5, 8].iter().all(|at| date.as_bytes()[*at] == b'-');
    (dashes && digits(1..5) && digits(6..8) && digits(9..11)).then_some(rest)
}

/// Without Bedrock's `-v1:0` or `-v1`.
fn unversioned(text: &str) -> Option<&str> {
    let (rest, version) = text.rsplit_once("-v")?;
    let (major, minor) = version.split_once(':').unwrap_or((version, "0"));
    let number = |part: &str| !part.is_empty() && part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
    (number(major) && number(minor)).then_some(rest)
}

fn is_date(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) && text.starts_with("20")
}

/// Dots between digits as dashes: Claude's versions are written both ways.
fn dashed(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let swap = |(at, c): (usize, char)| {
        if c == '.' && digit(at.checked_sub(1)) && digit(Some(at + 1)) { '-' } else { c }
    };
    text.char_indices().map(swap).collect()
}

/// `claude-4-6-opus` as `claude-opus-4-6`, and the reverse.
fn reordered(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    if parts.next() != Some("claude") {
        return None;
    }
    let rest: Vec<&str> = parts.collect();
    let version =
        |part: &&str| !part.is_empty() && part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
    let word = |part: &&str| part.bytes().all(|b| b.is_ascii_lowercase()) && part.len() > 2;
    let (first, last) = (rest.first()?, rest.last()?);
    if word(last) && rest[..rest.len() - 1].iter().all(version) && rest.len() > 1 {
        return Some(format!("claude-{last}-{}", rest[..rest.len() - 1].join("-")));
    }
    (word(first) && rest.len() > 1 && rest[1..].iter().all(version))
        .then(|| format!("claude-{}-{first}", rest[1..].join("-")))
}
