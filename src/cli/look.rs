//! What the terminal can do.

use std::io::IsTerminal;

use crate::config::Env;

/// How output may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Colours and bold.
    pub color: bool,
    /// Columns of the terminal; `None`: lines as long as they need, for whatever reads them next.
    pub width: Option<u16>,
}

impl Look {
    /// Of a stream. Colours need a terminal that is not `dumb`, no `--no-color` and no `NO_COLOR` (any value counts,
    /// as no-color.org has it, but an empty one).
    pub fn of(stream: &impl IsTerminal, no_color: bool, env: Option<&Env>) -> Self {
        let terminal = stream.is_terminal();
        let var = |name| env.and_then(|env| env.get(name));
        let color = terminal && !no_color && var("NO_COLOR").is_none() && var("TERM") != Some("dumb");
        Self { color, width: if terminal { comfy_table::Table::new().width() } else { None } }
    }
}
