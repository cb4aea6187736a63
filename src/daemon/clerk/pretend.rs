//! For a dry run: an account that was never asked.

use super::Clerk;
use crate::model::{CategoryId, Instant};
use crate::store::Error;

impl Clerk {
    /// Takes `/users/me` as answered with what is known, USD and this category where nothing is, so that everything due
    /// can be sealed. Only for a copy of the state.
    ///
    /// # Errors
    /// Of the database.
    pub fn pretend(&mut self, category: &CategoryId, now: Instant) -> Result<(), Error> {
        if let Some(scope) = &mut self.account {
            scope.row.me_at = Some(now);
            scope.row.currency.get_or_insert_with(|| "USD".to_owned());
            scope.row.category.get_or_insert_with(|| category.clone());
        }
        self.save_account()?;
        self.recheck_all()
    }
}
