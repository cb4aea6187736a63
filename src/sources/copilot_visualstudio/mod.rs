//! GitHub Copilot in Visual Studio: `VSGitHubCopilotLogs/traces/*_VSGitHubCopilot_traces.jsonl` in the temporary directory
//! of a user of Windows, lines of OTLP that Visual Studio 2026 (18.x) writes by itself.
//!
//! Each request is a span `chat <model>` with its counts; the span around a turn and those of tools have times alone.
//! keitod does not run on Windows, but in its Linux (WSL), from where those files are reached: no default can name them.
//! No span names a directory. By public samples of 18.6, which have no spans of requests, and public readers of 18.10.

mod decoder;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Source, json};
use crate::model::{Agent, Facts};

/// The agent's name in every key.
const AGENT: &str = "copilot-visualstudio";

/// What Visual Studio tells of Copilot.
#[derive(Debug)]
pub struct CopilotVisualStudio;

const ABOUT: About = About {
    title: "GitHub Copilot in Visual Studio",
    reads: "`VSGitHubCopilotLogs/traces/*_VSGitHubCopilot_traces.jsonl` below the directories of `[sources.copilot-visualstudio] roots`: from Windows' Linux (WSL) `/mnt/c/Users/<name>/AppData/Local/Temp`",
    exact: "every request with its model, cached tokens and reasoning; when each turn began, and when tools and the model answered",
    less: Some(
        "paid for by the plan: held as `no_basis` until `cost` is chosen; requests with a key of one's own are priced by the list",
    ),
    unseen: "the directory; completions in the editor; what Windows deleted from its temporary directory before it was read",
    tested: "public fixtures: 18.6, without requests; requests built to the shape that public readers of 18.10 found",
};

impl Source for CopilotVisualStudio {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// Versions up to 18.6 log no requests.
    fn misses_usage(&self) -> bool {
        false
    }

    /// None: it runs on another system.
    fn roots(&self, _env: &dyn Environment) -> Vec<PathBuf> {
        Vec::new()
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("VSGitHubCopilotLogs/traces")).collect()
    }

    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(1)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        let is_alone = path.components().count() == 1;
        let is_ours = path.to_str()?.ends_with("_VSGitHubCopilot_traces.jsonl");
        (is_alone && is_ours).then(Claim::default)
    }

    fn decode(&self, _context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        for line in lines {
            let read = decoder::read(line, facts);
            json::settle(&line, read, facts);
        }
    }
}
