//! `keitod man`.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args as ClapArgs, CommandFactory as _};
use clap_mangen::Man;

use super::{Args, Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  keitod man | man -l -
  keitod man --dir ~/.local/share/man/man1     every page, one a subcommand";

/// The manual page
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Write the pages of all subcommands into this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

impl Command {
    pub(super) fn call(&self, out: &mut dyn Write) -> Result<Exit, Failure> {
        let command = Args::command();
        match &self.dir {
            Some(dir) => {
                fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir)).map_err(
                    |error| Failure::new(Exit::Config, format!("cannot write to {}: {error}", dir.display())),
                )?;
            }
            None => Man::new(command).render(&mut &mut *out)?,
        }
        Ok(Exit::Ok)
    }
}
