//! Where each number came from: a record, a session or a day taken apart into gaps, requests, prices and places. Values
//! in, a document out; who reads the database, the logs and the configuration for it, others know.
//!
//! | file | duty |
//! | --- | --- |
//! | `document` | the document |
//! | `evidence` | what it is made from |
//! | `stands` | on which record a second or a request is, or why on none |
//! | `time` | gaps → lines |
//! | `money` | requests → lines |
//! | `story` | a session |
//! | `check` | a record's sums against what was sent |

mod check;
mod document;
mod evidence;
mod money;
mod stands;
mod story;
mod time;

pub use check::{Posted, check};
pub use document::{
    Check, Echoed, EntryState, EventLine, Explanation, FileLine, GapLine, Kind, OnRecord, PartLine,
    PlaceLine, RequestLine, Source, StandSum, Story, TimeRule, Totals, Waits,
};
pub use evidence::{Bill, Evidence, Held, Only, Origins};
pub use story::{story, totals};
