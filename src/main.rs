//! The `keitod` program.

use std::process::ExitCode;

use keitod::cli::{self, Detached};

fn main() -> ExitCode {
    cli::main(&Detached, std::env::args_os()).into()
}
