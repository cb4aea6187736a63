//! Crush: `.crush/crush.db` in each project.
//!
//! By its public source (`internal/db`, `internal/agent/agent.go`, spring to autumn 2026); not measured. Tokens are not
//! observable: the two counts of a session are what its last request had in context. Cost is a running total of the
//! program's own sums, by its price list or, of OpenRouter, by what was charged; nothing for plans. What a subagent or a
//! title cost is added to the session that started it, so only sessions without a parent are asked.

mod decoder;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{About, Claim, Context, Environment, Lines, Query, Shape, Source, json};
use crate::model::{Agent, Cell, Facts};

/// The agent's name in every key.
const AGENT: &str = "crush";

const DATABASE: &str = "crush.db";

/// Seconds: rows are stamped by triggers as they are committed, and a clock may be set back.
const LATE: i64 = 600;

/// The session at the root and whether this is another one.
macro_rules! place {
    () => {
        "(WITH RECURSIVE up(id, parent, level) AS (SELECT s.id, s.parent_session_id, 0 UNION ALL \
           SELECT coalesce(p.id, up.parent), p.parent_session_id, level + 1 FROM up LEFT JOIN sessions p ON p.id = up.parent \
           WHERE up.parent IS NOT NULL AND level < 16) SELECT id FROM up ORDER BY level DESC LIMIT 1), \
         s.parent_session_id IS NOT NULL, "
    };
}

static QUERIES: [Query; 2] = [
    Query {
        needs: &[
            ("sessions", &["id", "parent_session_id", "cost", "updated_at"]),
            ("messages", &["session_id", "role", "model", "created_at"]),
        ],
        text: concat!(
            "SELECT s.updated_at, ",
            place!(),
            "s.id, s.updated_at, s.cost, (SELECT m.model FROM messages m WHERE m.session_id = s.id AND m.role = 'assistant' \
             AND m.model IS NOT NULL ORDER BY m.created_at DESC, m.rowid DESC LIMIT 1) \
             FROM sessions s WHERE s.parent_session_id IS NULL AND s.updated_at > ?1 ORDER BY s.updated_at"
        ),
        overlap: LATE,
    },
    Query {
        needs: &[
            ("messages", &["id", "session_id", "role", "created_at", "updated_at", "finished_at"]),
            ("sessions", &["id", "parent_session_id"]),
        ],
        text: concat!(
            "SELECT m.updated_at, ",
            place!(),
            "m.id, m.created_at, m.finished_at, m.role FROM messages m JOIN sessions s ON s.id = m.session_id \
             WHERE m.updated_at > ?1 ORDER BY m.updated_at"
        ),
        overlap: LATE,
    },
];

/// Crush's databases.
#[derive(Debug)]
pub struct Crush;

/// The projects that Crush was started in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Registry {
    projects: Vec<Project>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Project {
    path: PathBuf,
    data_dir: PathBuf,
}

const ABOUT: About = About {
    title: "Crush",
    reads: "`crush.db` in the data directory of each project that the registry `crush/projects.json` names",
    exact: "when each message was written, by whom",
    less: Some(
        "cost is a running total of the program's own sums: its steps are estimates, the first reading is the baseline",
    ),
    unseen: "tokens; cost of plans; the project of a data directory that is not called `.crush`",
    tested: "built to the documented shape",
};

impl Source for Crush {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn misses_usage(&self) -> bool {
        false
    }

    /// None that the environment tells: every project has its own.
    fn roots(&self, _env: &dyn Environment) -> Vec<PathBuf> {
        Vec::new()
    }

    fn registry(&self, env: &dyn Environment) -> Option<PathBuf> {
        let named = env.var("CRUSH_GLOBAL_DATA").map(PathBuf::from);
        let data = || env.var("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || data().unwrap_or_else(|| env.home().join(".local/share")).join("crush");
        Some(named.unwrap_or_else(home).join("projects.json"))
    }

    fn registered(&self, registry: &[u8]) -> Vec<PathBuf> {
        let registry: Registry = serde_json::from_slice(registry).unwrap_or_default();
        let mut roots: Vec<PathBuf> = Vec::new();
        for Project { path, data_dir } in registry.projects {
            let root = path.join(data_dir);
            if root.is_absolute() && !roots.contains(&root) {
                roots.push(root);
            }
        }
        roots
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join(".crush")).collect()
    }

    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(1)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        (path == Path::new(DATABASE)).then(Claim::default)
    }

    /// The database says nowhere in which project it lies; its path does, unless the data are kept elsewhere.
    fn placed(&self, context: &mut Context, root: &Path) {
        let mut memory: decoder::Memory = json::recalled(&context.state);
        let project = root.file_name().filter(|name| *name == ".crush").and_then(|_| root.parent());
        memory.dir = project.and_then(Path::to_str).map(str::to_owned);
        context.state = json::kept(&memory);
    }

    fn shape(&self, _path: &Path) -> Shape {
        Shape::Database
    }

    fn queries(&self) -> &'static [Query] {
        &QUERIES
    }

    fn decode_row(&self, context: &mut Context, query: usize, row: &[Cell], facts: &mut Facts) {
        let mut memory: decoder::Memory = json::recalled(&context.state);
        memory.row(query, row, facts);
        context.state = json::kept(&memory);
    }

    fn decode(&self, _context: &mut Context, _lines: Lines<'_>, _facts: &mut Facts) {}
}
