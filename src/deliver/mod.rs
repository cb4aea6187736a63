//! Pure: what to send next, what an outcome means, when to wake.

mod outcome;

pub use outcome::{Outcome, Refusal, Unsent};
