//! The file of decisions: it outlives a wiped state.

use std::io;
use std::sync::{Arc, Mutex};

use keitod::daemon::clerk::{Decision, Journal};

/// Lines in order.
#[derive(Debug, Clone, Default)]
pub struct Diary(Arc<Mutex<Vec<Decision>>>);

impl Diary {
    /// What a new process finds.
    pub fn found(&self) -> Vec<Decision> {
        self.0.lock().unwrap().clone()
    }
}

impl Journal for Diary {
    fn write(&mut self, decisions: &[Decision]) -> io::Result<()> {
        self.0.lock().unwrap().extend_from_slice(decisions);
        Ok(())
    }
}
