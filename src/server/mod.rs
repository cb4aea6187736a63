//! The only owner of the HTTP server on the Unix socket, and of the small client that commands use.
//!
//! HTTP/1.1 with JSON, so that `curl --unix-socket` is a client. What is answered comes from [`Answers`], which the
//! daemon implements; nothing here knows how anything is computed.
//!
//! | file | duty |
//! | --- | --- |
//! | `answers` | what the daemon offers |
//! | `question`, `act`, `flush` | what can be asked for and done, in words and as a path |
//! | `failure` | an answer that is none |
//! | `routes`, `extract`, `reply` | paths → answers |
//! | `events` | what happens, as a stream |
//! | `tally` | what the server counts of itself |
//! | `socket` | where the socket is and who may hold it |
//! | `serve`, `pace`, `busy` | who is let in, how many, for how long |
//! | `client`, `quick`, `response` | the other side, blocking and without a runtime |

mod act;
mod answers;
mod busy;
mod client;
mod events;
mod extract;
mod failure;
mod flush;
mod pace;
mod question;
mod quick;
mod reply;
mod response;
mod routes;
mod serve;
mod socket;
#[cfg(test)]
mod stream_tests;
mod tally;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use act::{Act, Assign, Backfill};
pub use answers::{Answer, Answers};
pub use client::{CallError, Client};
pub use events::Event;
pub use failure::{Code, Failure};
pub use flush::Flush;
pub use question::{
    AuditQuery, NotAQuestion, Question, QueueQuery, ReportQuery, SessionsQuery, StatuslineQuery,
};
pub use routes::{ROUTES, Route};
pub use serve::{Limits, serve};
pub use socket::{BindError, Bound, Held, bind};
pub use tally::Seen;

/// Largest head, and largest body, of a request; bytes.
const REQUEST_LIMIT: usize = 64 * 1024;
