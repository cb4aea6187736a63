//! Ids in the shapes that the agent and its vendor use, made from a seed and a label.

use std::fmt::Write as _;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The source of all that the seed decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    pub(super) seed: u64,
}

impl Ids {
    fn bytes(self, label: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"keitod sample");
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(label.as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// A random UUID (version 4).
    pub(super) fn uuid(self, label: &str) -> String {
        let mut bytes = self.bytes(label);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut text = String::with_capacity(36);
        for (index, byte) in bytes[..16].iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// `msg_01…`, `req_011C…`, `toolu_01…`: 24 characters after the first underscore.
    pub(super) fn vendor(self, prefix: &str, label: &str) -> String {
        let fixed = prefix.split_once('_').map_or(0, |(_, fixed)| fixed.len());
        let bytes = self.bytes(&format!("{prefix} {label}"));
        let letters = bytes.iter().take(24 - fixed.min(24));
        let letters = letters.map(|byte| char::from(BASE58[usize::from(*byte) % BASE58.len()]));
        prefix.chars().chain(letters).collect()
    }

    /// A subagent's id: `a` and 16 hex digits.
    pub(super) fn agent(self, label: &str) -> String {
        let mut text = String::from("a");
        for byte in &self.bytes(&format!("agent {label}"))[..8] {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(self, end: usize, label: &str) -> usize {
        let bytes = self.bytes(label);
        usize::from(u16::from_le_bytes([bytes[0], bytes[1]])) % end
    }
}
