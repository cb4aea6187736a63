//! GitHub Copilot's chat in VS Code: `workspaceStorage/<hash>/chatSessions/<session>.json`, since 2026 a journal in
//! `<session>.jsonl`; without a folder open in `globalStorage/emptyWindowChatSessions`.
//!
//! By readers of other projects; not measured. Tokens are only in traces that must be turned on, so cost, which is
//! counted in premium requests, is not observable. A request tells when it was sent and how long it took until the end
//! of its answer, waits for a permission included: that is no proof of work.

mod decoder;
mod place;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, NotWhole, Shape, Source, json};
use crate::model::{Agent, Facts};
use decoder::Memory;

/// The agent's name in every key.
const AGENT: &str = "copilot-vscode";

/// Copilot's chats in VS Code.
#[derive(Debug)]
pub struct CopilotVsCode;

const ABOUT: About = About {
    title: "GitHub Copilot in VS Code",
    reads: "`chatSessions` of each workspace and `emptyWindowChatSessions` of VS Code, its Insiders edition and VSCodium",
    exact: "time: when each request was sent, and when its answer ended",
    less: None,
    unseen: "tokens and cost, which is in premium requests; when tools ran in between",
    tested: "built to the documented shape",
};

impl Source for CopilotVsCode {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn logs_usage(&self) -> bool {
        false
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        self.below(&place::homes(env))
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().flat_map(|home| place::BELOW.map(|below| home.join(below))).collect()
    }

    /// Extensions keep whole checkouts and caches beside.
    fn depth(&self, root: &Path) -> Option<usize> {
        Some(if root.ends_with("workspaceStorage") { 3 } else { 1 })
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(path)
    }

    fn beside(&self, path: &Path) -> Vec<PathBuf> {
        place::workspace(path).into_iter().collect()
    }

    fn inform(&self, context: &mut Context, _path: &Path, beside: &[Vec<u8>]) {
        let mut memory: Memory = json::recalled(&context.state);
        if let Some(dir) = beside.first().and_then(|bytes| place::folder(bytes)) {
            memory.dir = Some(dir);
        }
        context.state = json::kept(&memory);
    }

    fn shape(&self, path: &Path) -> Shape {
        if path.extension().is_some_and(|extension| extension == "json") {
            Shape::Document
        } else {
            Shape::Lines
        }
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        let mut memory: Memory = json::recalled(&context.state);
        memory.document(context.claim.session.as_deref(), bytes, facts)
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut memory: Memory = json::recalled(&context.state);
        let session = context.claim.session.as_deref();
        for line in lines {
            let read = memory.line(session, line, facts);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&memory);
    }
}
