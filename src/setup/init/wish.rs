//! What the flags say. A question whose flag is given is not asked.

use std::path::PathBuf;

use rust_decimal::Decimal;
use secrecy::SecretString;

use crate::config::{CostBasis, EntryPer, Origin};

/// A project and a task in a person's words: ids, or names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The project.
    pub project: String,
    /// The task.
    pub task: String,
}

/// What becomes of usage that a subscription paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostWish {
    /// As the config's key has it.
    Basis(CostBasis),
    /// It is held until somebody chooses.
    Later,
}

/// What the flags say.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The company.
    pub account_id: Option<String>,
    /// The server.
    pub url: Option<Origin>,
    /// A file that holds the key.
    pub api_key_file: Option<PathBuf>,
    /// A key to be kept, from standard input.
    pub key: Option<SecretString>,
    /// A program that prints the key.
    pub api_key_command: Option<Vec<String>>,
    /// Whether a key that only this shell's environment has is kept in a file.
    pub store_key: Option<bool>,
    /// What the repository is linked to; `Some(None)`: it is not.
    pub link: Option<Option<Words>>,
    /// What everything else is linked to; `Some(None)`: to nothing.
    pub default: Option<Option<Words>>,
    /// How usage under a subscription is treated.
    pub cost: Option<CostWish>,
    /// What an entry stands for.
    pub entry: Option<EntryPer>,
    /// Workspace currency per USD.
    pub usd_rate: Option<Decimal>,
    /// The expense category.
    pub category: Option<String>,
    /// Write anew what is there.
    pub force: bool,
}
