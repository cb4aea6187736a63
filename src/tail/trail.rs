//! The bytes that a cursor's evidence is made of, carried along while reading so that none is read twice.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::cursor::{ANCHOR, Cursor, Evidence, HEAD, Observed};
use super::stat::Stat;
use crate::model::hash64;

/// The first ≤ 4096 and the last ≤ 512 bytes of what has been consumed.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail {
    head: Vec<u8>,
    anchor: Vec<u8>,
    /// Of a head that is full and changes no more.
    full: Option<Evidence>,
}

impl Trail {
    /// Takes in the next consumed bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        let last = &bytes[bytes.len().saturating_sub(ANCHOR)..];
        let surplus = (self.anchor.len() + last.len()).saturating_sub(ANCHOR);
        self.anchor.drain(..surplus);
        self.anchor.extend_from_slice(last);
    }

    /// Hashes of head and anchor.
    pub(super) fn evidence(&mut self) -> (Evidence, Evidence) {
        let head = self.full.unwrap_or_else(|| evidence(&self.head));
        self.full = (self.head.len() == HEAD).then_some(head);
        (head, evidence(&self.anchor))
    }
}

fn evidence(bytes: &[u8]) -> Evidence {
    if bytes.is_empty() {
        return Evidence::default();
    }
    Evidence { len: u32::try_from(bytes.len()).unwrap_or(u32::MAX), hash: hash64(&[bytes]) }
}

/// What is in the file now, where the cursor has its evidence. Three system calls at most, 4.5 KiB.
///
/// # Errors
/// Those of `fstat` and `pread`. That the file ends early is no error.
pub fn observe(file: &File, cursor: &Cursor) -> io::Result<Observed> {
    look(file, cursor).map(|(observed, _)| observed)
}

/// [`observe`], and the bytes themselves to go on from. They are worth something only if the evidence matches.
pub(super) fn look(file: &File, cursor: &Cursor) -> io::Result<(Observed, Trail)> {
    // Before the bytes, so that growth in between is seen as a change next time.
    let stat = Stat::from(&rustix::fs::fstat(file)?);
    let head = bytes_at(file, 0, cursor.head.len)?;
    let anchor = match cursor.offset.checked_sub(u64::from(cursor.anchor.len)) {
        Some(at) => bytes_at(file, at, cursor.anchor.len)?,
        None => None,
    };
    let hash = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(|bytes| evidence(bytes).hash);
    let observed = Observed { stat, head: hash(&head), anchor: hash(&anchor) };
    Ok((observed, Trail { head: head.unwrap_or_default(), anchor: anchor.unwrap_or_default(), full: None }))
}

fn bytes_at(file: &File, at: u64, len: u32) -> io::Result<Option<Vec<u8>>> {
    // A cursor that came from elsewhere must not make us allocate more than evidence can be.
    let Some(len) = usize::try_from(len).ok().filter(|&len| len <= HEAD) else { return Ok(None) };
    let mut bytes = vec![0; len];
    match file.read_exact_at(&mut bytes, at) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_does_not_depend_on_how_the_bytes_were_cut() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect();
        for total in [0, 1, 511, 512, 513, 4095, 4096, 4097, 10_000] {
            for step in [1, 3, 511, 512, 513, 5000, 10_000] {
                let mut trail = Trail::default();
                bytes[..total].chunks(step).for_each(|chunk| trail.feed(chunk));
                assert_eq!(trail.head, bytes[..total.min(HEAD)], "{total} by {step}");
                assert_eq!(trail.anchor, bytes[total.saturating_sub(ANCHOR)..total], "{total} by {step}");
            }
        }
    }
}
