//! The `keitod` program.

fn main() {}
