//! Pure: what to send next, what an outcome means, when to wake.

mod backoff;
mod clock;
mod desk;
mod desk_text;
mod outcome;
mod pause;
mod plan;
mod reading;
mod refusals;
mod verdict;

pub use backoff::{Backoff, delay};
pub use clock::{Base, Clocks, Step};
pub use desk::{Desk, Gate};
pub use outcome::{Outcome, Refusal, Unsent};
pub use pause::{Pause, PauseReason};
pub use plan::{Freshness, LISTING_LIFE, Line, Need, Plan, plan};
pub use reading::{Judged, Known, Reading, counts, deleted, judge};
pub use refusals::{Like, PARKED, Park, Reach, Refusals};
pub use verdict::{Verdict, verdict};
