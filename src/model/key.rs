//! Keys made from content. Never from a path, an inode, an offset, the time of reading or a price, so that
//! reading a file again from its first byte is always harmless.

use std::fmt;

/// 128 bits of a hash over parts. Each part is preceded by its length, so no two lists of parts collide by shifting.
#[must_use]
pub fn hash128(parts: &[&[u8]]) -> u128 {
    let hash = in_one_piece(parts).unwrap_or_else(|| {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize()
    });
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_be_bytes(bytes)
}

/// The hash of the same bytes put together first, if they are few: several are made of every line, and feeding a hasher
/// piece by piece costs more than the hash.
fn in_one_piece(parts: &[&[u8]]) -> Option<blake3::Hash> {
    let mut all = [0; 256];
    let mut end = 0;
    for part in parts {
        let start = end + 8;
        all.get_mut(end..start)?.copy_from_slice(&(part.len() as u64).to_le_bytes());
        end = start + part.len();
        all.get_mut(start..end)?.copy_from_slice(part);
    }
    Some(blake3::hash(&all[..end]))
}

/// The first 64 bits of [`hash128`].
#[must_use]
pub fn hash64(parts: &[&[u8]]) -> u64 {
    u64::try_from(hash128(parts) >> 64).unwrap_or_default()
}

/// A request's key: hash of (agent, `message.id`, requestId) of its earliest copy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(pub u128);

impl RequestKey {
    /// Of a request whose line has both ids.
    #[must_use]
    pub fn with_request_id(agent: &str, message: &str, request: &str) -> Self {
        Self(hash128(&[b"request", agent.as_bytes(), message.as_bytes(), request.as_bytes()]))
    }

    /// Of a request whose line lacks the request id.
    #[must_use]
    pub fn with_instant(agent: &str, message: &str, at: super::Instant) -> Self {
        Self(hash128(&[b"instant", agent.as_bytes(), message.as_bytes(), &at.millis().to_be_bytes()]))
    }

    /// Of a request without any id of its own: the session and the line stand for it.
    #[must_use]
    pub fn with_line(agent: &str, session: &str, line: &str) -> Self {
        Self(hash128(&[b"line", agent.as_bytes(), session.as_bytes(), line.as_bytes()]))
    }

    /// The first three bytes, which an expense lists in `keys`.
    #[must_use]
    pub fn prefix(self) -> [u8; 3] {
        let bytes = self.0.to_be_bytes();
        [bytes[0], bytes[1], bytes[2]]
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Hash of (agent, `message.id`): copies of one message meet under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(pub u64);

impl MessageKey {
    /// Of a message by its own id.
    #[must_use]
    pub fn new(agent: &str, message: &str) -> Self {
        Self(hash64(&[b"message", agent.as_bytes(), message.as_bytes()]))
    }
}

/// Hash of a line's own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey(pub u64);

impl LineKey {
    /// Of a line by its id.
    #[must_use]
    pub fn new(agent: &str, line: &str) -> Self {
        Self(hash64(&[b"uuid", agent.as_bytes(), line.as_bytes()]))
    }
}

/// Content key of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActivityKey(pub u64);

/// Hash of (agent, session): what an entry's `covers` sums.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub u128);

impl SessionKey {
    /// Of a session.
    #[must_use]
    pub fn new(agent: &str, session: &str) -> Self {
        Self(hash128(&[b"session", agent.as_bytes(), session.as_bytes()]))
    }

    /// Its first three bytes: what the `keys` of a day's entry hold.
    #[must_use]
    pub const fn prefix(self) -> [u8; 3] {
        let bytes = self.0.to_be_bytes();
        [bytes[0], bytes[1], bytes[2]]
    }
}

/// The sum mod 2^128 of the keys that a record covers: equal for equal sets, in any order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Covers(pub u128);

impl Covers {
    /// Adds one key.
    pub fn add(&mut self, key: u128) {
        self.0 = self.0.wrapping_add(key);
    }

    /// Over all keys.
    #[must_use]
    pub fn of(keys: impl IntoIterator<Item = u128>) -> Self {
        let mut sum = Self::default();
        keys.into_iter().for_each(|key| sum.add(key));
        sum
    }

    /// Reads the 32 hex digits of [`fmt::Display`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl fmt::Display for Covers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Covers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_few_bytes_is_that_of_many() {
        for length in 0..300 {
            let bytes = vec![7; length];
            let parts: [&[u8]; 3] = [b"a", &bytes, b""];
            let whole: Vec<u8> = parts
                .iter()
                .flat_map(|part| [&(part.len() as u64).to_le_bytes()[..], part].concat())
                .collect();
            assert_eq!(hash128(&parts).to_be_bytes(), blake3::hash(&whole).as_bytes()[..16], "{length}");
        }
    }
}
