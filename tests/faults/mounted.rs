//! File systems of our own, taken down again in any case.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::world::{run, works};

pub struct Mounted {
    at: PathBuf,
}

impl Mounted {
    /// A file system in memory; `None` without the right to mount.
    pub fn memory(at: &Path, size: &str) -> Option<Self> {
        Self::mount(at, &["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
    }

    /// ext4 in a file.
    pub fn image(image: &Path, at: &Path) -> Option<Self> {
        if !image.exists() {
            let file = std::fs::File::create(image).unwrap();
            file.set_len(64 << 20).unwrap();
            if !works("mkfs.ext4", &["-qF", image.to_str().unwrap()]) {
                return None;
            }
        }
        Self::mount(at, &["-o", "loop,errors=remount-ro", image.to_str().unwrap()])
    }

    fn mount(at: &Path, words: &[&str]) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mut words = words.to_vec();
        words.push(at.to_str()?);
        works("mount", &words).then(|| {
            // A file system that went bad is mounted for looking at alone.
            let _ = std::fs::set_permissions(at, std::fs::Permissions::from_mode(0o700));
            Self { at: at.to_owned() }
        })
    }

    /// The loop device below it.
    pub fn device(&self) -> Option<String> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
        let line = mounts.lines().rfind(|line| line.split(' ').nth(1) == self.at.to_str())?;
        line.split(' ').next()?.strip_prefix("/dev/").map(str::to_owned)
    }

    pub fn unmount(self) {
        run("umount", &[self.at.to_str().unwrap()]);
        std::mem::forget(self);
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a test that failed may still have a process in there.
        works("umount", &["-l", self.at.to_str().unwrap_or_default()]);
    }
}
