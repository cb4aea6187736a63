//! Sums of days that are over.

use super::Clerk;
use crate::store::{Error, Keep};

impl Clerk {
    /// Keeps what was made of touched days.
    ///
    /// # Errors
    /// Of the database.
    pub fn keep_days(&mut self, keep: &Keep) -> Result<(), Error> {
        self.store.transact(|tx| tx.keep(keep))
    }
}
