//! The branch of a record's directory while the daemon runs: several agents log the one they were started on for ever.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Intake;
use crate::daemon::time;
use crate::model::{Facts, Sym};
use crate::repo;

/// Of a record that is older than this when it is read the directory's branch of today says nothing.
const FRESH: Duration = Duration::from_secs(300);

impl Intake {
    /// Has branches looked up in directories, in repositories that do not begin above this home.
    #[must_use]
    pub fn seeing_branches(mut self, home: &Path) -> Self {
        self.home = Some(PathBuf::from(home));
        self
    }

    /// Puts what directories are on in place of what fresh records say.
    pub(super) fn see_branches(&self, facts: &mut Facts) {
        let Some(home) = self.home.as_deref().filter(|_| self.live) else { return };
        let oldest = time::now().minus(FRESH);
        let Facts { names, sightings, activities, .. } = facts;
        let mut seen: HashMap<Sym, Option<Sym>> = HashMap::new();
        let requests = sightings.iter_mut().map(|fact| (fact.at, fact.dir, &mut fact.branch));
        let events = activities.iter_mut().map(|fact| (fact.at, fact.dir, &mut fact.branch));
        for (at, dir, branch) in requests.chain(events) {
            let Some(dir) = dir.filter(|_| at >= oldest) else { continue };
            let on = *seen.entry(dir).or_insert_with(|| {
                let on = repo::branch_of(Path::new(names.text(dir)), home);
                on.map(|on| names.intern(&on))
            });
            *branch = on.or(*branch);
        }
    }
}
