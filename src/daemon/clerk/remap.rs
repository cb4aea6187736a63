//! Directories that lead elsewhere than before: their waiting facts are looked at again.

use super::Clerk;
use crate::model::Instant;
use crate::store::Error;

impl Clerk {
    /// Looks at every directory of sessions with work that waits. Returns whether one leads elsewhere now.
    ///
    /// # Errors
    /// Of the database.
    pub fn look_at_mapping(&mut self, now: Instant) -> Result<bool, Error> {
        let Self { store, policy, .. } = self;
        store.transact(|tx| {
            let mut any = false;
            for dir in tx.waiting_dirs()? {
                any |= policy.changed(tx, dir, now)?;
            }
            if any {
                tx.recheck_waiting()?;
            }
            let hooks = policy.look_again();
            if hooks {
                tx.recheck_all()?;
            }
            Ok(any | hooks)
        })
    }
}
