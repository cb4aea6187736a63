//! Which bytes are new: discovery, watching, cursors, whole lines. What a line means is not known here.

/// A hash of some bytes and how many they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Number of bytes hashed.
    pub len: u32,
    /// 64 bits.
    pub hash: u64,
}

/// How far a file has been read.
#[allow(missing_docs)]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor {
    pub path: std::path::PathBuf,
    pub dev: u64,
    pub ino: u64,
    pub size: u64,
    pub mtime_ns: i64,
    pub offset: u64,
    pub generation: u32,
    pub head: Evidence,
    pub anchor: Evidence,
}
