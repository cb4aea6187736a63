//! What `stat` says of a file, as far as it tells one state of a file from another.

/// Device, inode, size and modification time. Equal stats do not prove equal bytes; different ones ask for a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stat {
    /// Device number.
    pub dev: u64,
    /// Inode number. Reused at once by ext4 when a file is deleted and another created.
    pub ino: u64,
    /// Size in bytes.
    pub size: u64,
    /// Modification time in nanoseconds since the Unix epoch.
    pub mtime_ns: i64,
}

impl From<&rustix::fs::Stat> for Stat {
    fn from(stat: &rustix::fs::Stat) -> Self {
        Self {
            dev: unsigned(stat.st_dev),
            ino: unsigned(stat.st_ino),
            size: unsigned(stat.st_size),
            mtime_ns: signed(stat.st_mtime)
                .saturating_mul(1_000_000_000)
                .saturating_add(signed(stat.st_mtime_nsec)),
        }
    }
}

/// The fields' integer types differ by platform; a value outside of the range does not occur and becomes 0.
fn unsigned<T: TryInto<u64>>(value: T) -> u64 {
    value.try_into().unwrap_or_default()
}

/// [`unsigned`] for fields that may be below 0.
pub(super) fn signed<T: TryInto<i64>>(value: T) -> i64 {
    value.try_into().unwrap_or_default()
}
