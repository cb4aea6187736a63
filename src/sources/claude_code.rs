//! Claude Code.

use std::path::{Path, PathBuf};

use super::{Claim, Context, Environment, Lines, Source};
use crate::model::{Agent, Facts};

/// Claude Code's session logs.
#[derive(Debug)]
pub struct ClaudeCode;

impl Source for ClaudeCode {
    fn agent(&self) -> Agent {
        Agent::claude_code()
    }
    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        vec![env.home().join(".claude")]
    }
    fn claim(&self, _path: &Path) -> Option<Claim> {
        None
    }
    fn decode(&self, _context: &mut Context, _lines: Lines<'_>, _facts: &mut Facts) {}
}
