//! Faults of the daemon itself on demand: debug builds have hooks for them.

use std::fs;
use std::path::PathBuf;

use crate::place::{Place, until};

pub struct Hooks(PathBuf);

impl Hooks {
    /// For the daemons that are started from here on.
    pub fn arm(place: &mut Place) -> Self {
        let dir = place.path("hooks");
        fs::create_dir_all(&dir).unwrap();
        place.more.push(("KEITOD_TEST_HOOKS", dir.display().to_string()));
        Self(dir)
    }

    pub fn dir(&self) -> &std::path::Path {
        &self.0
    }

    pub fn set(&self, name: &str, text: &str) {
        // Whole or not at all: it is read at any moment.
        let new = self.0.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.0.join(name)).unwrap();
    }

    /// Waits until a part has come to what is set for it.
    #[track_caller]
    pub fn reached(&self, part: &str) {
        until("the part comes to its fault", || (!self.0.join(part).exists()).then_some(()));
    }
}
