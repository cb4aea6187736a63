//! What is said of each agent in `docs/agents.md`, which is made from here.

/// One agent, in the words of its users.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The program's name.
    pub title: &'static str,
    /// Where its logs lie, and the variables that move them.
    pub reads: &'static str,
    /// What is exact to the token.
    pub exact: &'static str,
    /// What is estimated or held, if anything.
    pub less: Option<&'static str>,
    /// What no log of it tells.
    pub unseen: &'static str,
    /// The log versions that the tests read, and whether they were recorded from the program.
    pub tested: &'static str,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::all;

    const INTRODUCTION: &str = "\
# What is read of each agent

**Exact** means: each request with its model and token counts, once, equal to what the provider counted. What is an
**estimate** or a **lower bound** is marked so on each row of `keitod report`. What a log does not hold cannot be billed;
it is named here. The names in `code` are those of `[sources.<agent>]` in the config.

This page is made from the sources' own words (`src/sources`); a test compares the two.
";

    /// Programs that leave nothing on the disk from which an hour or a cost could be billed.
    const NOT_READ: &str = "
## What cannot be read

Nothing is billed from these by itself. What keitod would have to guess, it leaves out; a program of yours that knows the
instants can tell them in the [open session format](session-format.md). What is said of these rests on public reports, not
on an installation.

- **Windsurf** (Cascade; now Devin Desktop): conversations in `~/.codeium/windsurf/cascade` are encrypted, and the editor's
  `state.vscdb` holds none. Its hooks are told the conversation and the time (`trajectory_id`, `timestamp`), which is enough
  to write the open session format.
- **Trae** (the editor; its CLI is above): current versions keep conversations in an encrypted database; in the older
  `state.vscdb` the times of messages were found to be unreliable.
- **GitHub Copilot in JetBrains' editors**: its database has neither tokens nor a public shape.
";

    fn page() -> String {
        let mut page = INTRODUCTION.to_owned();
        for source in all() {
            let about = source.about();
            write!(page, "\n## {} (`{}`)\n\n", about.title, source.agent().as_str()).unwrap();
            writeln!(page, "- **Read:** {}", about.reads).unwrap();
            writeln!(page, "- **Exact:** {}", about.exact).unwrap();
            if let Some(less) = about.less {
                writeln!(page, "- **Estimated or held:** {less}").unwrap();
            }
            writeln!(page, "- **Not observable:** {}", about.unseen).unwrap();
            writeln!(page, "- **Tested with:** {}", about.tested).unwrap();
        }
        page + NOT_READ
    }

    #[test]
    fn the_page_says_what_the_sources_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/agents.md");
        if std::env::var_os("KEITOD_WRITE_DOCS").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            there == page(),
            "docs/agents.md is of another state: KEITOD_WRITE_DOCS=1 cargo test --lib about"
        );
    }
}
