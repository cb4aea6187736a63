//! `keitod explain`: what an id stands for, all that the database and the logs tell of it, and the document of that.
//!
//! | file | duty |
//! | --- | --- |
//! | `subject` | id → record, held work, session or day |
//! | `gather` | one moment of the database, session by session |
//! | `led` | where a session's work went, and what said so |
//! | `origins` | file and line of each fact, by reading the logs again |
//! | `tell` | all of it → the document |

mod gather;
mod led;
mod origins;
mod subject;
mod tell;

use super::documents::{Documents, internal};
use super::time;
use crate::server::Failure;

/// Explains a record, a session or a day.
///
/// # Errors
/// If there is nothing of that name, or several things, or the database cannot be read.
pub(super) fn explain(of: &Documents, text: &str) -> Result<Vec<u8>, Failure> {
    let reader = of.reader()?;
    let now = time::now();
    let account = reader.account_view().map_err(internal)?;
    let calendar = of.calendar(&account);
    let subject = subject::find(&reader, account.id, &calendar, text)?;
    let onlooker = of.setup.onlooker(of.table.clone(), calendar.clone(), now);
    let mut onlooker =
        onlooker.map_err(|error| Failure::new(crate::server::Code::Internal, error.to_string()))?;
    let gathered = reader
        .moment(|tx| gather::gather(tx, of, (account.id, &mut onlooker), &subject, now))
        .map_err(internal)?;
    // Not while the moment is held: its log of changes could not be written back meanwhile.
    let found = origins::find(&of.setup, &gathered);
    tell::tell(of, &reader, tell::Asked { subject, calendar, account: account.id }, &gathered, &found)
}
