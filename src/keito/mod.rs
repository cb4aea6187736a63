//! The only owner of the HTTP client: wire types, and what became of a request. It classifies; `deliver` decides.
//!
//! | file | duty |
//! | --- | --- |
//! | `client`, `request` | one request, one outcome |
//! | `settings` | origin and credentials, checked |
//! | `tls` | whose ciphers |
//! | `classify`, `transport` | an answer, or a failed exchange → `Outcome` |
//! | `refusal`, `redact`, `retry_after` | the server's words, without our credentials |
//! | `page`, `fields`, `digits` | envelopes and objects, read tolerantly, amounts from their digits |
//! | `me`, `catalogue`, `listed`, `seen` | what comes back |
//! | `fetch` | a public file by its URL: price tables |
//! | `metadata`, `body` | what is sent, byte for byte |
//!
//! Where the sources on the API disagree, every shape is read and the best supported one is sent.

mod body;
mod catalogue;
mod classify;
mod client;
mod digits;
mod fetch;
mod fields;
mod listed;
mod me;
pub mod metadata;
mod page;
mod redact;
mod refusal;
mod request;
mod retry_after;
mod seen;
mod settings;
#[cfg(test)]
mod testing;
mod text;
mod tls;
mod transport;
mod trim;

pub use body::{
    EntryBody, ExpenseBody, entry_body, entry_move_body, entry_patch_body, expense_body, idempotency_key,
    moved_to,
};
pub use catalogue::{Category, Project, Task};
pub use client::Client;
pub use fetch::{Fetch, FetchError, Fetched, fetch};
pub use listed::{Listed, ListedEntry, ListedExpense};
pub use me::{Capabilities, Company, Me};
pub use metadata::{EntryMeta, ExpenseMeta, Extra, Identity, MetadataJson, Optional, TooLong};
pub use page::{PER_PAGE, Page};
pub use request::{Method, Range, Send, entry_path};
pub use seen::{Echo, Metadata};
pub use settings::{Error, Settings};
pub use text::{clean_notes, note_name};
pub use trim::trimmed;
