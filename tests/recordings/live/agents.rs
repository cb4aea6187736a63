//! How each agent is told where its server is, how it is started, and how it names its session.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::packages::Package;

/// Longest that an agent may take for a run.
const PATIENCE: Duration = Duration::from_secs(180);

/// How a run begins.
#[derive(Debug, Clone)]
pub enum How {
    New,
    /// Goes on with this session.
    Resume(String),
    /// Goes on with a copy of this session.
    Fork(String),
}

/// An agent in a user's home.
pub struct Agent<'a> {
    pub package: &'static Package,
    pub home: &'a Path,
    pub project: PathBuf,
    /// The mock's.
    pub origin: &'a str,
}

impl<'a> Agent<'a> {
    /// With its configuration, and a repository to work in.
    pub fn new(package: &'static Package, home: &'a Path, origin: &'a str) -> Self {
        let project = home.join("work").join(package.agent);
        fs::create_dir_all(&project).unwrap();
        fs::write(project.join("README.md"), "# A small project\n").unwrap();
        let git =
            Command::new("git").args(["init", "--quiet", "--initial-branch=main"]).arg(&project).status();
        assert!(git.unwrap().success());
        let agent = Self { package, home, project, origin };
        agent.configure();
        agent
    }

    fn write(&self, below: &str, text: &str) {
        let path = self.home.join(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn configure(&self) {
        let origin = self.origin;
        match self.package.agent {
            "codex" => {
                let text = format!(
                    r#"model_provider = "live"
check_for_update_on_startup = false
[model_providers.live]
name = "live"
base_url = "{origin}/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
[analytics]
enabled = false
"#
                );
                self.write(".codex/config.toml", &text);
            }
            "gemini-cli" => {
                let settings = json!({
                    "general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
                    "privacy": {"usageStatisticsEnabled": false},
                    "telemetry": {"enabled": false},
                    "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}},
                    "experimental": {"enableAgents": true},
                });
                self.write(".gemini/settings.json", &settings.to_string());
            }
            "opencode" => {
                let model = json!({"name": "Live", "reasoning": true, "tool_call": true, "limit": {"context": 200_000, "output": 32_000}});
                let provider = json!({"npm": "@ai-sdk/openai-compatible", "name": "Live",
                    "options": {"baseURL": format!("{origin}/v1"), "apiKey": "none"},
                    "models": {"live-model-1": model, "live-model-2": model}});
                let settings = json!({"autoupdate": false, "share": "disabled", "permission": "allow", "provider": {"live": provider}});
                self.write(".config/opencode/opencode.json", &settings.to_string());
                self.write(".config/opencode/models.json", "{}");
            }
            _ => {}
        }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let fixed: &[(&str, &str)] = match self.package.agent {
            "claude-code" => &[
                ("ANTHROPIC_API_KEY", "none"),
                ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
                ("DISABLE_AUTOUPDATER", "1"),
                // As root it refuses to run without asking, unless it is told that it is shut in.
                ("IS_SANDBOX", "1"),
            ],
            "codex" => &[("OPENAI_API_KEY", "none")],
            "gemini-cli" => &[("GEMINI_API_KEY", "none"), ("GEMINI_CLI_TRUST_WORKSPACE", "true")],
            _ => &[
                ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
                ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
                ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
                ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
            ],
        };
        let mut variables: Vec<_> = fixed.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        match self.package.agent {
            "claude-code" => variables.push(("ANTHROPIC_BASE_URL", self.origin.to_owned())),
            "gemini-cli" => variables.push(("GOOGLE_GEMINI_BASE_URL", self.origin.to_owned())),
            "opencode" => {
                let models = self.home.join(".config/opencode/models.json");
                variables.push(("OPENCODE_MODELS_PATH", models.display().to_string()));
            }
            _ => {}
        }
        variables
    }

    /// The first model, and the one that a session is changed to.
    pub fn models(&self) -> [&'static str; 2] {
        match self.package.agent {
            "claude-code" => ["claude-opus-4-6", "claude-sonnet-4-6"],
            "codex" => ["gpt-5.3-codex", "gpt-5.2"],
            "gemini-cli" => ["gemini-2.5-pro", "gemini-2.5-flash"],
            _ => ["live-model-1", "live-model-2"],
        }
    }

    fn words(&self, how: &How, model: &str, prompt: &str) -> Vec<String> {
        let mut words: Vec<&str> = Vec::new();
        let named = format!("live/{model}");
        match (self.package.agent, how) {
            ("claude-code", how) => {
                words.extend(["--dangerously-skip-permissions", "--model", model]);
                if let How::Resume(id) | How::Fork(id) = how {
                    words.extend(["--resume", id]);
                }
                if let How::Fork(_) = how {
                    words.push("--fork-session");
                }
                words.extend(["--output-format", "json", "-p", prompt]);
            }
            ("codex", how) => {
                words.push("exec");
                match how {
                    How::New => {}
                    How::Resume(_) => words.push("resume"),
                    How::Fork(_) => words.push("fork"),
                }
                words.extend(["--json", "--dangerously-bypass-approvals-and-sandbox", "--model", model]);
                if let How::Resume(id) | How::Fork(id) = how {
                    words.push(id);
                }
                words.push(prompt);
            }
            ("gemini-cli", how) => {
                words.extend(["--model", model, "--approval-mode", "yolo", "--skip-trust"]);
                if let How::Resume(_) = how {
                    // It takes no id: the project's last session.
                    words.extend(["--resume", "latest"]);
                }
                words.extend(["--output-format", "json", "--prompt", prompt]);
            }
            (_, how) => {
                words.extend(["run", "--format", "json", "--model", &named]);
                if let How::Resume(id) | How::Fork(id) = how {
                    words.extend(["--session", id]);
                }
                if let How::Fork(_) = how {
                    words.push("--fork");
                }
                words.push(prompt);
            }
        }
        words.into_iter().map(str::to_owned).collect()
    }

    /// One run to its end; the session's id, as the agent says it.
    pub fn run(&self, how: &How, model: &str, prompt: &str) -> String {
        let words = self.words(how, model, prompt);
        session(&self.start(&words, &[]), &words)
    }

    /// Several prompts to one process, one after the other. Only Claude Code takes them so.
    pub fn talk(&self, model: &str, prompts: &[String]) -> Option<String> {
        if self.package.agent != "claude-code" {
            return None;
        }
        let mut words = vec!["--dangerously-skip-permissions", "--verbose", "--model", model];
        words.extend(["--input-format", "stream-json", "--output-format", "stream-json", "-p"]);
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let line = |text: &String| {
            let message = json!({"role": "user", "content": [{"type": "text", "text": text}]});
            format!("{}\n", json!({"type": "user", "message": message}))
        };
        let lines: Vec<String> = prompts.iter().map(line).collect();
        Some(session(&self.start(&words, &lines), &words))
    }

    /// What it says until it ends. Each of `lines` is given to it once it has told the result of the one before.
    fn start(&self, words: &[String], lines: &[String]) -> String {
        let log = self.home.join(format!("said-by-{}", self.package.agent));
        let out = fs::File::create(&log).unwrap();
        let errors = fs::File::create(log.with_extension("errors")).unwrap();
        let mut command = Command::new(self.package.path());
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.home)
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb");
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.variables()).args(words).current_dir(&self.project);
        command.stdin(Stdio::piped()).stdout(out).stderr(errors);
        let mut child = command.spawn().unwrap();
        let (mut input, mut given) = (child.stdin.take(), 0);
        let begun = Instant::now();
        let status = loop {
            let told = fs::read_to_string(&log).unwrap().matches(r#""type":"result""#).count();
            match (&mut input, lines.get(given)) {
                (Some(input), Some(line)) if told == given => {
                    input.write_all(line.as_bytes()).unwrap();
                    given += 1;
                }
                (Some(_), Some(_)) => {}
                (_, None) if told < given => {}
                _ => input = None,
            }
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                let _ = child.kill();
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let said = fs::read_to_string(&log).unwrap();
        let errors = fs::read_to_string(log.with_extension("errors")).unwrap();
        assert!(status.success(), "{} {words:?}: {status}\n{said}\n{errors}", self.package.program);
        said
    }
}

/// The first id of a session in what an agent said: one document, or one a line.
fn session(said: &str, words: &[String]) -> String {
    let whole: Vec<Value> = serde_json::from_str::<Value>(said).ok().into_iter().collect();
    let lines: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let each = whole.iter().chain(&lines).flat_map(|value| match value {
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    });
    let mut found = each.filter_map(|value| {
        ["session_id", "thread_id", "sessionID"].iter().find_map(|name| value[*name].as_str())
    });
    found.next().map(str::to_owned).unwrap_or_else(|| panic!("no session: {words:?}\n{said}"))
}
