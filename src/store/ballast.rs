//! Space that is kept so that what is on its way can still be recorded on a full disk.
//!
//! On a full disk SQLite cannot even delete: without a reserve an answer that says "applied" could not be stored, and
//! would be ambiguous for ever.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Error, backup};

const MIB: u64 = 1 << 20;

/// The reserve of one state directory.
#[derive(Debug, Clone)]
pub struct Ballast {
    path: PathBuf,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes that we may still write.
    pub free: u64,
    /// Bytes of the file system.
    pub total: u64,
}

impl Room {
    /// Below this nothing is sent: 32 MiB, on small file systems a thirty-second part.
    #[must_use]
    pub fn low(self) -> u64 {
        (32 * MIB).min(self.total / 32)
    }

    /// Above this the ballast is made again: 256 MiB, on small file systems a quarter.
    #[must_use]
    pub fn plenty(self) -> u64 {
        (256 * MIB).min(self.total / 4)
    }

    /// Size of the ballast: 8 MiB, on small file systems a sixty-fourth part.
    #[must_use]
    pub fn ballast(self) -> u64 {
        (8 * MIB).min(self.total / 64)
    }

    /// Whether it is getting tight.
    #[must_use]
    pub fn is_low(self) -> bool {
        self.free < self.low()
    }
}

impl Ballast {
    /// Of the state directory.
    #[must_use]
    pub fn new(state_dir: &Path) -> Self {
        Self { path: state_dir.join("ballast") }
    }

    /// Whether it is there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.path.exists()
    }

    /// Writes it; holes would reserve nothing.
    ///
    /// # Errors
    /// If there is no room after all.
    pub fn make(&self, room: Room) -> Result<(), Error> {
        let fresh = self.path.with_extension("new");
        let done = fill(&fresh, room.ballast())
            .and_then(|()| fs::rename(&fresh, &self.path).map_err(Error::file("name", &self.path)));
        if done.is_err() {
            // Half a ballast must not be what fills the disk.
            let _ = fs::remove_file(&fresh);
        }
        done
    }

    /// Gives it up. `false` if there was none.
    ///
    /// # Errors
    /// If the file system lets nothing be removed.
    pub fn release(&self) -> Result<bool, Error> {
        match fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::file("remove", &self.path)(error)),
        }
    }

    /// How much room its file system has; `None` if the system does not say.
    #[must_use]
    pub fn room(&self) -> Option<Room> {
        let found = rustix::fs::statvfs(self.path.parent()?).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Some(Room { free: bytes(found.f_bavail), total: bytes(found.f_blocks) })
    }
}

fn fill(path: &Path, size: u64) -> Result<(), Error> {
    let mut file: File = backup::private(path)?;
    // File systems that compress or find equal blocks would keep nothing free for zeros.
    let mut noise = blake3::Hasher::new().finalize_xof();
    let mut block = vec![0_u8; 64 << 10];
    let mut left = size;
    let failed = || Error::file("write", path);
    while left > 0 {
        noise.fill(&mut block);
        let part = usize::try_from(left).unwrap_or(block.len()).min(block.len());
        file.write_all(&block[..part]).map_err(failed())?;
        left -= part as u64;
    }
    file.sync_all().map_err(failed())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn it_is_written_out_and_given_up_once() {
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::new(dir.path());
        let room = ballast.room().unwrap();
        assert!(room.total > room.free && room.free > 0);
        ballast.make(Room { free: 0, total: 64 * MIB }).unwrap();
        let meta = fs::metadata(dir.path().join("ballast")).unwrap();
        assert_eq!(meta.len(), MIB);
        assert!(meta.blocks() * 512 >= MIB, "sparse: {} blocks", meta.blocks());
        assert!(ballast.release().unwrap());
        assert!(!ballast.release().unwrap() && !ballast.is_there());
    }

    #[test]
    fn thresholds_shrink_with_the_file_system() {
        let of = |total| Room { free: 0, total };
        let large = of(1 << 40);
        assert_eq!((large.low(), large.plenty(), large.ballast()), (32 * MIB, 256 * MIB, 8 * MIB));
        let small = of(64 * MIB);
        assert_eq!((small.low(), small.plenty(), small.ballast()), (2 * MIB, 16 * MIB, MIB));
    }
}
