//! File systems whose changes can happen on another machine, where the kernel here sends no events for them.

use std::path::Path;

/// Whether `path` lies on one. If the system does not say: no.
#[cfg(target_os = "linux")]
#[must_use]
pub fn is_network(path: &Path) -> bool {
    // `statfs(2)`, and `linux/magic.h` for the newer ones. FUSE too: it may be sshfs.
    const TYPES: [u64; 10] = [
        0x6969,      // NFS
        0x517B,      // SMB
        0xFE53_4D42, // SMB2
        0xFF53_4D42, // CIFS
        0x0102_1997, // 9p, which WSL and virtual machines use for the host's files
        0x6573_5546, // FUSE
        0x5346_414F, // AFS
        0x7375_7245, // Coda
        0x00C3_6400, // Ceph
        0x786F_4256, // VirtualBox shared folders
    ];
    let Ok(statfs) = rustix::fs::statfs(path) else { return false };
    // A signed 32-bit field on some platforms: only the low half carries the number.
    let kind = super::stat::signed(statfs.f_type).cast_unsigned() & 0xFFFF_FFFF;
    TYPES.contains(&kind)
}

/// Whether `path` lies on one. If the system does not say: no.
#[cfg(target_os = "macos")]
#[must_use]
pub fn is_network(path: &Path) -> bool {
    /// `MNT_LOCAL` of `sys/mount.h`.
    const LOCAL: u32 = 0x1000;
    rustix::fs::statfs(path).is_ok_and(|statfs| statfs.f_flags & LOCAL == 0)
}

/// Whether `path` lies on one. If the system does not say: no.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[must_use]
pub fn is_network(_path: &Path) -> bool {
    false
}
