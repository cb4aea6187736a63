//! Ids in the shape of Keito's: 25 lower-case letters and digits, opaque.

use fastrand::Rng;

/// A source of ids that look like `cmtundo0r00595gmk2zlnem9u`; the same seed gives the same ids.
#[derive(Debug)]
pub(super) struct Ids(Rng);

impl Ids {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    pub(super) fn fresh(&mut self) -> String {
        let mut id = String::from("cm");
        id.extend((0..23).map(|_| char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[self.0.usize(..36)])));
        id
    }
}
