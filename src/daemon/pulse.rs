//! Whether each part of the daemon makes progress or has nothing to do. A process that is merely alive may have been
//! hanging for days.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::hooks;

/// What can hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The reading thread.
    Reader,
    /// The clerk's thread, which writes.
    Clerk,
    /// The delivering task.
    Sender,
}

impl Part {
    /// All of them, the one first that the others wait for: if several make no progress, it is to blame.
    pub const ALL: [Self; 3] = [Self::Clerk, Self::Reader, Self::Sender];

    /// Its name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Clerk => "clerk",
            Self::Sender => "sender",
        }
    }
}

/// Steps of each part: odd while it works, even while it waits for work.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<[AtomicU64; 3]>);

impl Pulse {
    /// A part has got work, or has done a piece of it.
    pub fn works(&self, part: Part) {
        self.to(part, |steps| if steps % 2 == 0 { steps + 1 } else { steps + 2 });
        hooks::point(part.name());
    }

    /// A part waits for work.
    pub fn waits(&self, part: Part) {
        self.to(part, |steps| if steps % 2 == 0 { steps } else { steps + 1 });
    }

    fn to(&self, part: Part, next: impl Fn(u64) -> u64) {
        let steps = &self.0[part as usize];
        // Only the part itself writes its own.
        steps.store(next(steps.load(Ordering::Relaxed)), Ordering::Relaxed);
    }

    /// The part that works and has made no step since `seen` was taken, if any; takes `seen` anew.
    pub fn stuck(&self, seen: &mut [u64; 3]) -> Option<Part> {
        let mut stuck = None;
        for part in Part::ALL {
            let steps = self.0[part as usize].load(Ordering::Relaxed);
            let before = std::mem::replace(&mut seen[part as usize], steps);
            if steps % 2 == 1 && steps == before {
                stuck = stuck.or(Some(part));
            }
        }
        stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_and_idleness_are_life_and_nothing_else_is() {
        for part in Part::ALL {
            let (pulse, mut seen) = (Pulse::default(), [0; 3]);
            assert_eq!(pulse.stuck(&mut seen), None, "nothing has begun");
            pulse.works(part);
            assert_eq!(pulse.stuck(&mut seen), None, "it has just begun");
            assert_eq!(pulse.stuck(&mut seen), Some(part));
            pulse.works(part);
            assert_eq!(pulse.stuck(&mut seen), None, "a piece was done");
            assert_eq!(pulse.stuck(&mut seen), Some(part));
            pulse.waits(part);
            pulse.waits(part);
            assert_eq!(pulse.stuck(&mut seen), None);
            assert_eq!(pulse.stuck(&mut seen), None, "idle for hours");
        }
    }
}
