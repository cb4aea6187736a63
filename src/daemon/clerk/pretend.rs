//! For a dry run: an account that was never asked.

use super::Clerk;
use crate::model::{CategoryId, Instant};
use crate::store::Error;

/// What is taken for the workspace's where the state knows nothing of it yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presumed {
    /// ISO 4217 code.
    pub currency: String,
    /// IANA zone.
    pub zone: Option<String>,
}

impl Default for Presumed {
    fn default() -> Self {
        Self { currency: "USD".to_owned(), zone: None }
    }
}

impl Clerk {
    /// Takes `/users/me` as answered with what is known, else with what is presumed, the category as found and projects as
    /// not listed where nothing is known of them, so that everything due can be sealed. Only for a copy of the state.
    ///
    /// # Errors
    /// Of the database.
    pub fn pretend(&mut self, category: &CategoryId, presumed: &Presumed, now: Instant) -> Result<(), Error> {
        if let Some(scope) = &mut self.account {
            scope.row.me_at = Some(now);
            scope.row.currency.get_or_insert_with(|| presumed.currency.clone());
            if scope.row.workspace_zone.is_none() {
                scope.row.workspace_zone = presumed.zone.clone();
            }
            scope.row.category.get_or_insert_with(|| category.clone());
        }
        self.books.presume(now);
        self.save_account()?;
        self.recheck_all()
    }
}
