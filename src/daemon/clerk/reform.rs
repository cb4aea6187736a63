//! Another configuration or price table comes into force while the daemon runs.

use super::{Clerk, Policy, Settings};
use crate::model::{Agent, Instant};
use crate::store::Error;

impl Clerk {
    /// Goes by these from now on: everything that is not billed is computed again, what was held and need not be any
    /// more is due, and what Keito refused is tried at once. `logging`: agents whose logs hold usage.
    ///
    /// What is sealed stays as it is. A cut-off that the settings do not name stays, too: a start found it.
    ///
    /// # Errors
    /// Of the database: then the earlier ones stay in force.
    pub fn reform(
        &mut self,
        mut settings: Settings,
        policy: Box<dyn Policy + Send>,
        logging: Vec<Agent>,
        now: Instant,
    ) -> Result<(), Error> {
        // First: it alone can fail before anything has changed.
        self.recheck_all()?;
        self.watch_formats(logging)?;
        settings.since = settings.since.or(self.settings.since);
        (self.settings, self.policy) = (settings, policy);
        self.policy.deliver_to(self.account.as_ref().map(|scope| &scope.of));
        // Whose time it is goes by rules, too.
        self.shares.clear();
        self.try_now(now)
    }
}
