//! The programs, from their packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::mock::Api;

/// An agent: its name here and in records, its package and version, its program, and where its log is.
#[derive(Debug)]
pub struct Package {
    pub agent: &'static str,
    pub name: &'static str,
    pub version: &'static str,
    pub program: &'static str,
    /// Below the home.
    pub logs: &'static str,
    pub api: Api,
}

pub static PACKAGES: [Package; 4] = [
    Package {
        agent: "claude-code",
        name: "@anthropic-ai/claude-code",
        version: "2.1.329",
        program: "claude",
        logs: ".claude/projects",
        api: Api::Anthropic,
    },
    Package {
        agent: "codex",
        name: "@openai/codex",
        version: "0.169.0",
        program: "codex",
        logs: ".codex/sessions",
        api: Api::Responses,
    },
    Package {
        agent: "gemini-cli",
        name: "@google/gemini-cli",
        version: "0.61.0",
        program: "gemini",
        logs: ".gemini/tmp",
        api: Api::Gemini,
    },
    Package {
        agent: "opencode",
        name: "opencode-ai",
        version: "1.18.33",
        program: "opencode",
        logs: ".local/share/opencode",
        api: Api::Chat,
    },
];

/// Where programs are installed: `KEITOD_LIVE_DIR`, else below `target`.
pub fn dir() -> PathBuf {
    let below = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/live");
    std::env::var_os("KEITOD_LIVE_DIR").map_or_else(below, PathBuf::from)
}

/// The agents that were asked for: `KEITOD_LIVE_AGENTS`, names with commas, else all.
pub fn wanted() -> Vec<&'static Package> {
    let names = std::env::var("KEITOD_LIVE_AGENTS").unwrap_or_default();
    let is_wanted =
        |package: &&Package| names.is_empty() || names.split(',').any(|name| name == package.agent);
    PACKAGES.iter().filter(is_wanted).collect()
}

impl Package {
    /// Each version has a folder of its own.
    fn folder(&self) -> PathBuf {
        dir().join(format!("{}-{}", self.agent, self.version))
    }

    pub fn path(&self) -> PathBuf {
        self.folder().join("node_modules/.bin").join(self.program)
    }

    /// With npm, unless it is there.
    pub fn install(&self) {
        let folder = self.folder();
        let done = folder.join("installed");
        if done.exists() {
            return;
        }
        let package = format!("{}@{}", self.name, self.version);
        println!("installing {package}");
        std::fs::create_dir_all(&folder).unwrap();
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
            .arg(&folder)
            .arg(&package);
        let status = npm.status().unwrap_or_else(|error| panic!("npm: {error}; install Node.js 20 or newer"));
        assert!(status.success(), "{package} could not be installed");
        std::fs::write(done, "").unwrap();
    }
}
