//! Pure: what to send next, what an outcome means, when to wake.

mod backoff;
mod clock;
mod desk;
mod outcome;
mod plan;
mod reading;
mod verdict;

pub use backoff::{Backoff, delay};
pub use clock::{Base, Clocks, Step};
pub use desk::{Desk, Pause, PauseReason};
pub use outcome::{Outcome, Refusal, Unsent};
pub use plan::{Freshness, LISTING_LIFE, Line, Need, Plan, plan};
pub use reading::{Reading, judge};
pub use verdict::{Verdict, verdict};
