//! Cline, and Roo Code and the older Kilo Code, which are made from it.
//!
//! Two layouts. `sessions/<session>/<session>.messages.json` is what Cline writes since it stands on its own library,
//! on the command line and in editors (measured on Cline CLI 3.0.65); `tasks/<task>/ui_messages.json` in an editor's
//! storage is what its extension wrote up to 3.x and the other two do still (by their public sources: Cline 3.89, Roo
//! Code 3.53, Kilo Code 5.16). Both are documents that are written anew with each message. A message of the first is a
//! request if it has counts; in the second each request has an entry, which is there before its counts are.
//!
//! What a rewind to a checkpoint took out of a task before it was read is nowhere but in a sum, and not read.

mod aside;
mod paid;
mod place;
mod session;
mod shown;
mod task;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, NotWhole, Shape, Source, json};
use crate::model::{Agent, Facts};
use aside::State;

/// Which of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cline,
    Roo,
    Kilo,
}

impl Kind {
    /// The extension's id: its publisher and name.
    fn extension(self) -> &'static str {
        match self {
            Self::Cline => "saoudrizwan.claude-dev",
            Self::Roo => "rooveterinaryinc.roo-cline",
            Self::Kilo => "kilocode.kilo-code",
        }
    }
}

/// A program with these documents.
#[derive(Debug)]
pub struct Cline {
    /// The agent's name in every key.
    name: &'static str,
    kind: Kind,
}

/// Cline.
pub const CLINE: Cline = Cline { name: "cline", kind: Kind::Cline };

/// Roo Code.
pub const ROO: Cline = Cline { name: "roo-code", kind: Kind::Roo };

/// Kilo Code up to 5; its successor is Kilo CLI, in editors too.
pub const KILO_CODE: Cline = Cline { name: "kilo-code", kind: Kind::Kilo };

const ABOUT: About = About {
    title: "Cline",
    reads: "`sessions/<session>/<session>.messages.json` below `~/.cline/data` (command line and editors), and `tasks/<task>/ui_messages.json` in the storage of VS Code, its relatives and its servers",
    exact: "every request with its model, cache reads and writes; forks, copies between a task and the session that goes on with it, subagents; what the provider charged, for `cline` and `openrouter`",
    less: Some(
        "a cancelled request of the extension is a lower bound, its `subagent_usage` an estimate; a cost of 0 is no cost, and the request is priced by the list or held",
    ),
    unseen: "requests that a rewind deleted before they were read, those that condense, and those that a kill cut; requests that Claude Code or another agent made for it are that agent's",
    tested: "recorded: Cline CLI 3.0.65; the extension (3.89) built to its public source",
};

const ROO_ABOUT: About = About {
    title: "Roo Code",
    reads: "`tasks/<task>/ui_messages.json` in the storage of VS Code, its relatives and its servers",
    exact: "every request with its model, cache reads and writes; subtasks belong to the task that began them",
    tested: "built to its public source (3.53)",
    ..ABOUT
};

const KILO_CODE_ABOUT: About =
    About { title: "Kilo Code (up to 5)", tested: "built to its public source (5.16)", ..ROO_ABOUT };

impl Source for Cline {
    fn agent(&self) -> Agent {
        Agent::new(self.name)
    }

    fn about(&self) -> &'static About {
        match self.kind {
            Kind::Cline => &ABOUT,
            Kind::Roo => &ROO_ABOUT,
            Kind::Kilo => &KILO_CODE_ABOUT,
        }
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        place::roots(self.kind, env)
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        place::below(self.kind, homes)
    }

    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(place::DEPTH)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(self.kind, path)
    }

    fn beside(&self, path: &Path) -> Vec<PathBuf> {
        place::beside(self.kind, path)
    }

    fn inform(&self, context: &mut Context, path: &Path, beside: &[Vec<u8>]) {
        let mut state: State = json::recalled(&context.state);
        match beside {
            [manifest] => state.of_session(manifest),
            [item, conversation] => state.of_delegated(item, conversation),
            [metadata, copied, history, said] => state.of_task([metadata, copied, history, said], path),
            _ => {}
        }
        context.state = json::kept(&state);
    }

    fn shape(&self, _path: &Path) -> Shape {
        Shape::Document
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        let state: State = json::recalled(&context.state);
        let Some(session) = context.claim.session.as_deref() else { return Ok(()) };
        // A session is an object, a task a list.
        match json::trimmed(bytes).first() {
            Some(b'[') => task::document(self.name, self.kind, session, &state, bytes, facts),
            _ => session::document(self.name, session, &state, bytes, facts),
        }
    }

    fn decode(&self, _context: &mut Context, _lines: Lines<'_>, _facts: &mut Facts) {}
}
