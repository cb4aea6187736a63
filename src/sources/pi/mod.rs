//! Pi and the programs made from it: OMP, Prime Agent and OpenClaw.
//!
//! Measured on Pi 0.87.1 and OpenClaw 2026.9.6; OMP and Prime Agent by public readers of their logs. A session is a tree of
//! entries in one file, of which every branch was paid. Forks, clones and exports copy entries into new files, and a file
//! of an older version is rewritten when it is loaded: an answer is known by its instant, model, counts and response id.
//! OpenClaw 2026.9.6 keeps the same entries in a database instead.

mod decoder;
mod place;
mod rows;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Query, Shape, Source, json};
use crate::model::{Agent, Cell, Facts};
use decoder::Decoder;
use place::Kind;

/// A program of this family.
#[derive(Debug)]
pub struct Pi {
    /// The agent's name in every key.
    name: &'static str,
    kind: Kind,
}

/// Pi.
pub const PI: Pi = Pi { name: "pi", kind: Kind::Pi };

/// OMP.
pub const OMP: Pi = Pi { name: "omp", kind: Kind::Omp };

/// Prime Agent.
pub const PRIME: Pi = Pi { name: "prime-agent", kind: Kind::Prime };

/// OpenClaw.
pub const OPENCLAW: Pi = Pi { name: "openclaw", kind: Kind::OpenClaw };

const ABOUT: About = About {
    title: "Pi",
    reads: "`sessions/**/*.jsonl` below `~/.pi/agent` or `PI_CODING_AGENT_DIR`, and `PI_CODING_AGENT_SESSION_DIR`",
    exact: "every answer with its model, cache reads and writes, on every branch of a session; forks, clones and exports that copy entries; what the provider charged, where it said so",
    less: None,
    unseen: "requests of extensions that log nothing; answers that were cut",
    tested: "recorded: 0.87.1; public fixtures",
};

const OMP_ABOUT: About = About {
    title: "OMP",
    reads: "`sessions/**/*.jsonl` below `~/.omp/agent`",
    tested: "built by public readers of its logs",
    ..ABOUT
};

const PRIME_ABOUT: About = About {
    title: "Prime Agent",
    reads: "`sessions/**/*.jsonl` below `~/.prime/agent`",
    tested: "built by public readers of its logs",
    ..ABOUT
};

const OPENCLAW_ABOUT: About = About {
    title: "OpenClaw",
    reads: "`agents/<agent>/sessions/*.jsonl` and `agents/<agent>/agent/openclaw-agent.sqlite` below `~/.openclaw`, its profiles and its older names, or `OPENCLAW_STATE_DIR`",
    tested: "recorded: 2026.9.6 (its database); the older files built by public readers",
    ..ABOUT
};

impl Source for Pi {
    fn agent(&self) -> Agent {
        Agent::new(self.name)
    }

    fn about(&self) -> &'static About {
        match self.kind {
            Kind::Pi => &ABOUT,
            Kind::Omp => &OMP_ABOUT,
            Kind::Prime => &PRIME_ABOUT,
            Kind::OpenClaw => &OPENCLAW_ABOUT,
        }
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        place::roots(self.kind, env)
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join(self.kind.folder())).collect()
    }

    /// OpenClaw keeps far more below its agents than their sessions.
    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(3)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(self.kind, path)
    }

    fn shape(&self, path: &Path) -> Shape {
        if path.ends_with(place::DATABASE) { Shape::Database } else { Shape::Lines }
    }

    fn queries(&self) -> &'static [Query] {
        if self.kind == Kind::OpenClaw { &rows::ALL } else { &[] }
    }

    fn decode_row(&self, _context: &mut Context, _query: usize, row: &[Cell], facts: &mut Facts) {
        rows::row(self.name, self.kind, row, facts);
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let Some(session) = context.claim.session.as_deref() else { return };
        let mut memory = json::recalled(&context.state);
        for line in lines {
            let mut decoder =
                Decoder { agent: self.name, kind: self.kind, session, memory: &mut memory, facts };
            let read = decoder.line(line);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&memory);
    }
}
