//! The `keitod` program.

use std::process::ExitCode;

use keitod::cli::{self, InProcess};

fn main() -> ExitCode {
    cli::main(&InProcess, std::env::args_os()).into()
}
