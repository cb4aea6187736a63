//! The price table in force: the one in the binary, or a newer one that was fetched, under the user's `[[price]]`.
//!
//! | file | duty |
//! | --- | --- |
//! | `kept` | fetched tables in the state directory |
//! | `update` | `keitod prices update` |
//! | `documents` | `keitod prices list`, `show`, `check` |
//! | `explained` | `keitod prices explain` |

mod documents;
mod explained;
mod kept;
mod update;

use std::path::Path;

use super::{Error, policy};
use crate::config::Config;
use crate::model::Instant;
use crate::prices::Table;

pub use documents::{Wanted, check, list, show};
pub use explained::{Usage, explain, quoted};
pub use kept::{Kept, Trouble, copy, files, load};
pub use update::{UpdateError, update};

/// The table in force. A fetched one that cannot be used is named in the log and the status, and the last good one is used.
///
/// # Errors
/// If the table in the binary is broken, which a test rules out.
pub fn table(config: &Config, state_dir: &Path, now: Instant) -> Result<Table, Error> {
    let Kept { table, troubles } = load(state_dir, now).map_err(Error::Prices)?;
    for trouble in &troubles {
        tracing::warn!(version = table.version(), "{trouble}: {} prices are used", table.origin().name());
    }
    let unused = troubles.iter().map(ToString::to_string).collect();
    Ok(table.instead_of(unused).with_overrides(policy::overrides(config)))
}
