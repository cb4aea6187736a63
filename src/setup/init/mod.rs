//! `keitod init`: from nothing to a daemon that delivers, in one conversation or with one line of flags.
//!
//! | file | duty |
//! | --- | --- |
//! | `wish` | what the flags say |
//! | `ask`, `hidden` | questions on a terminal |
//! | `key` | where the key is, and where a new one is kept |
//! | `workspace`, `projects`, `category` | what Keito says |
//! | `answers` | the questions, in their order |
//! | `there` | a config that is there already |
//! | `text` | the config that is written |
//! | `agents` | whose logs are on this machine |
//! | `flow`, `said` | all of it, and what is told on the way |
//!
//! Everything is asked and checked before the first byte is written.

mod agents;
mod answers;
mod ask;
mod category;
mod flow;
mod hidden;
mod key;
mod projects;
mod said;
mod text;
mod there;
mod wish;
mod workspace;

pub use agents::{FoundAgent, agents};
pub use ask::Terminal;
pub use category::Category;
pub use flow::{Done, init};
pub use projects::{Bookable, Chosen};
pub use said::{Told, Tone};
pub use wish::{CostWish, Wish, Words};
pub use workspace::{KeyKind, Workspace, client, look};
