//! `Idempotency-Key`: equal for each attempt of the same bytes, different for every other write.

use std::collections::HashMap;
use std::sync::Arc;

/// Method (PATCH or not) and body.
type Bytes = (bool, Arc<[u8]>);

/// Every key that ever left, and what with.
#[derive(Debug, Default)]
pub struct Attempts {
    of_key: HashMap<String, Bytes>,
    of_bytes: HashMap<Bytes, String>,
}

impl Attempts {
    /// A write leaves.
    pub fn hold(&mut self, patch: bool, body: &Arc<[u8]>, key: &str) {
        let bytes = (patch, Arc::clone(body));
        let before = self.of_bytes.entry(bytes.clone()).or_insert_with(|| key.to_owned());
        assert_eq!(before, key, "another Idempotency-Key for the same bytes");
        let before = self.of_key.entry(key.to_owned()).or_insert_with(|| bytes.clone());
        assert!(*before == bytes, "other bytes under the Idempotency-Key {key}");
    }
}
