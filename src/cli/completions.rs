//! `keitod completions`.

use std::io::Write;

use clap::{Args as ClapArgs, CommandFactory as _};
use clap_complete::Shell;

use super::{Args, Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  keitod completions bash > ~/.local/share/bash-completion/completions/keitod
  keitod completions zsh > ~/.zfunc/_keitod
  keitod completions fish > ~/.config/fish/completions/keitod.fish";

/// Completions for a shell
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// For this shell
    pub shell: Shell,
}

impl Command {
    pub(super) fn call(&self, out: &mut dyn Write) -> Result<Exit, Failure> {
        // Into memory first: the generator panics where it cannot write.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Args::command(), "keitod", &mut script);
        out.write_all(&script)?;
        Ok(Exit::Ok)
    }
}
