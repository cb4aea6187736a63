//! An embedded Keito v2 on loopback, faithful to what is known of the real one.
//!
//! `keitod demo`, `keitod run --sandbox`, `keitod sandbox` and the tests deliver to it. What the real server is not
//! known to do (status of a creation, meaning of `Idempotency-Key`, order of lists, …) is a switch of [`Settings`], so that the
//! daemon can be shown to be right under every answer. State lives in memory and ends with the process.
//!
//! ```text
//!  connection ─► service ─► (fault?) ─► router ─► accounts, catalogue, entries, expenses, team, view
//!  TCP, cuts     journal     faults                └────────────── workspace ──────────────┘
//! ```

mod access;
mod body;
mod catalogue;
mod clock;
mod connection;
mod entries;
mod expenses;
mod faults;
mod id;
mod idempotency;
mod journal;
mod listing;
mod number;
mod people;
mod refusal;
mod reply;
mod rounding;
mod routes;
mod rows;
mod running;
mod seed;
mod service;
mod settings;
mod state;
mod team;
mod timers;
mod view;
mod wire;
mod workspace;

pub use clock::Clock;
pub use faults::{Answer, Cut, End, Fault, Faults, Kind, Rule};
pub use journal::Request;
pub use number::Number;
pub use refusal::Shape;
pub use rounding::Rounding;
pub use rows::{Approval, Category, Client, Entry, Expense, Metadata, Person, Project, Role, Task, Via};
pub use running::{Error, Running, Sandbox};
pub use seed::{ACCOUNT, KEY, ids};
pub use settings::{
    Billability, Categories, Idempotency, Key, LimitPerMinute, Order, Scope, Settings, WrongCompany,
};
pub use state::State;
