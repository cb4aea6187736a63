//! What a flush may set aside.

use serde::{Deserialize, Serialize};

/// The body of `POST /v1/flush`. Neither switch sets aside the grace time, the cut-off, holds or the limiter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flush {
    /// Time counts as settled: entries go although their sessions are not quiet yet.
    pub settle: bool,
    /// Expenses count as settled too.
    pub expenses: bool,
}
