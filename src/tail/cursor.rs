//! How far a file has been read, and whether what lies before that point is still the same. Pure.

use std::path::PathBuf;

use super::stat::Stat;

/// How much of a file's beginning is evidence.
pub(super) const HEAD: usize = 4096;
/// How much before the offset is evidence.
pub(super) const ANCHOR: usize = 512;

/// A hash of some bytes and how many they were. Without bytes the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Number of bytes hashed.
    pub len: u32,
    /// 64 bits of BLAKE3 over them.
    pub hash: u64,
}

/// How far a file has been read. `offset` is the end of the last whole line consumed; `head` and `anchor` are hashes
/// of content up to there, so an incomplete line is never part of the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The file, absolute.
    pub path: PathBuf,
    /// Device when it was last read.
    pub dev: u64,
    /// Inode when it was last read.
    pub ino: u64,
    /// Size before the last read that came to the end of the file; 0 while more was there than has been read, so that
    /// such a file is never taken for unchanged.
    pub size: u64,
    /// Modification time belonging to `size`, nanoseconds since the Unix epoch; 0 like `size`.
    pub mtime_ns: i64,
    /// Bytes consumed.
    pub offset: u64,
    /// How often the file was begun anew.
    pub generation: u32,
    /// The first min(offset, 4096) bytes. It grows with the file, so a file shorter than that is compared by what it
    /// had.
    pub head: Evidence,
    /// The last min(offset, 512) bytes before the offset.
    pub anchor: Evidence,
}

impl Cursor {
    /// Of a file that has never been read.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// Whether nothing a `stat` shows has changed since the file was read to its end. Saves the opening; a change of
    /// bytes that keeps size and time is only seen by [`judge`], so recently active files are opened now and then.
    #[must_use]
    pub fn is_unchanged(&self, stat: &Stat) -> bool {
        self.stat() == *stat
    }

    /// This cursor for the same bytes under another path: the file was renamed, or has a second name.
    #[must_use]
    pub fn renamed(&self, path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..self.clone() }
    }

    /// The beginning of the file's next generation.
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self { generation: self.generation.saturating_add(1), ..Self::new(self.path.clone()) }
    }

    fn stat(&self) -> Stat {
        Stat { dev: self.dev, ino: self.ino, size: self.size, mtime_ns: self.mtime_ns }
    }
}

/// What is at a cursor's path now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// From the open file.
    pub stat: Stat,
    /// Hash of the first `cursor.head.len` bytes; `None` if the file ends before.
    pub head: Option<u64>,
    /// Hash of the `cursor.anchor.len` bytes before `cursor.offset`; `None` if the file ends before.
    pub anchor: Option<u64>,
}

/// Why a file is read again from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartReason {
    /// It is shorter than what was consumed.
    Shrunk,
    /// It begins differently: another file under the same name, or one rewritten.
    HeadDiffers,
    /// The bytes before the offset are others: rewritten, or cut and grown again.
    AnchorDiffers,
}

/// What to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to read.
    Unchanged,
    /// Go on at the cursor's offset, whatever the inode says.
    Resume,
    /// Go on at offset 0 in the next generation.
    Restart(RestartReason),
    /// No file is there. The cursor is kept for good: it is small, and dropping it means reading all again.
    Gone,
}

/// Decides from evidence. `observed` is `None` if there is no file at the path.
///
/// A changed inode alone decides nothing: editors and `sed -i` copy a file under a new one, and a file deleted and
/// created again often gets the old one back. Head and anchor must both match; an agreement of one of them is not
/// worth the risk, since reading again costs time only.
#[must_use]
pub fn judge(cursor: &Cursor, observed: Option<&Observed>) -> Verdict {
    let Some(observed) = observed else { return Verdict::Gone };
    if observed.stat.size < cursor.offset {
        return Verdict::Restart(RestartReason::Shrunk);
    }
    if differs(cursor.head, observed.head) {
        return Verdict::Restart(RestartReason::HeadDiffers);
    }
    if differs(cursor.anchor, observed.anchor) {
        return Verdict::Restart(RestartReason::AnchorDiffers);
    }
    if cursor.is_unchanged(&observed.stat) { Verdict::Unchanged } else { Verdict::Resume }
}

fn differs(before: Evidence, now: Option<u64>) -> bool {
    before.len > 0 && now != Some(before.hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Stat = Stat { dev: 1, ino: 7, size: 900, mtime_ns: 50 };

    fn cursor() -> Cursor {
        Cursor {
            path: "/log".into(),
            dev: READ.dev,
            ino: READ.ino,
            size: READ.size,
            mtime_ns: READ.mtime_ns,
            offset: 800,
            generation: 3,
            head: Evidence { len: 800, hash: 11 },
            anchor: Evidence { len: 512, hash: 22 },
        }
    }

    #[test]
    fn every_row_of_the_identity_table() {
        use RestartReason::{AnchorDiffers, HeadDiffers, Shrunk};
        let same = Observed { stat: READ, head: Some(11), anchor: Some(22) };
        let stat = |change: fn(&mut Stat)| {
            let mut stat = READ;
            change(&mut stat);
            Observed { stat, ..same }
        };
        let rows: [(&str, Option<Observed>, Verdict); 14] = [
            ("nothing changed", Some(same), Verdict::Unchanged),
            ("grown", Some(stat(|s| s.size = 901)), Verdict::Resume),
            ("touched", Some(stat(|s| s.mtime_ns = 51)), Verdict::Resume),
            ("time set back", Some(stat(|s| s.mtime_ns = 1)), Verdict::Resume),
            ("partial line taken back", Some(stat(|s| s.size = 800)), Verdict::Resume),
            ("replaced by a copy", Some(stat(|s| s.ino = 8)), Verdict::Resume),
            ("moved to another disk", Some(stat(|s| s.dev = 2)), Verdict::Resume),
            ("cut to the middle", Some(stat(|s| s.size = 799)), Verdict::Restart(Shrunk)),
            ("cut to nothing", Some(stat(|s| s.size = 0)), Verdict::Restart(Shrunk)),
            ("other tail", Some(Observed { anchor: Some(9), ..same }), Verdict::Restart(AnchorDiffers)),
            ("other beginning", Some(Observed { head: Some(9), ..same }), Verdict::Restart(HeadDiffers)),
            ("both", Some(Observed { head: Some(9), anchor: None, ..same }), Verdict::Restart(HeadDiffers)),
            ("cut while looking", Some(Observed { anchor: None, ..same }), Verdict::Restart(AnchorDiffers)),
            ("deleted", None, Verdict::Gone),
        ];
        for (what, observed, expected) in rows {
            assert_eq!(judge(&cursor(), observed.as_ref()), expected, "{what}");
        }
    }

    #[test]
    fn a_file_never_read_is_read_even_if_empty_evidence_matches_anything() {
        let observed = Observed { stat: READ, head: Some(1), anchor: Some(2) };
        assert_eq!(judge(&Cursor::new("/log"), Some(&observed)), Verdict::Resume);
    }

    #[test]
    fn a_file_not_read_to_its_end_is_never_unchanged() {
        let half = Cursor { size: 0, mtime_ns: 0, ..cursor() };
        let observed = Observed { stat: READ, head: Some(11), anchor: Some(22) };
        assert!(!half.is_unchanged(&READ));
        assert_eq!(judge(&half, Some(&observed)), Verdict::Resume);
    }

    #[test]
    fn a_restart_keeps_the_path_and_counts() {
        let next = cursor().restarted();
        assert_eq!(next, Cursor { generation: 4, ..Cursor::new("/log") });
    }
}
