//! The nearest `.keito` directory.

use std::fs;
use std::path::{Path, PathBuf};

use super::KeitoFile;
use super::read::{self, ReadError};
use super::tree::{Tree, upward};

/// Looks from `dir` up to the root of its repository, then in the repositories that this one counts as: round a
/// submodule, and for a worktree at the same place of the main work tree (the file is usually not under version
/// control, so a worktree lacks it). Without a repository it looks up to home.
pub(super) fn nearest(dir: &Path, home: &Path, trees: &[Tree]) -> KeitoFile {
    places(dir, home, trees).iter().find_map(|place| at(place)).unwrap_or_default()
}

fn places(dir: &Path, home: &Path, trees: &[Tree]) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    let Some(outer) = trees.last() else { return upward(dir, home).map(Path::to_owned).collect() };
    places.extend(between(dir, &outer.root));
    let elsewhere =
        outer.main_root().filter(|main| *main != outer.root && (main == home || !home.starts_with(main)));
    if let Some(main) = elsewhere {
        let same_place =
            dir.strip_prefix(&outer.root).map(|rest| main.join(rest)).unwrap_or_else(|_| main.clone());
        places.extend(between(&same_place, &main));
    }
    places
}

/// `from` and what is above it, ending with `to`.
fn between(from: &Path, to: &Path) -> Vec<PathBuf> {
    from.ancestors().take_while(|path| path.starts_with(to)).map(Path::to_owned).collect()
}

/// What the `.keito` in `place` says; `None` if there is none, or one with a sample only.
fn at(place: &Path) -> Option<KeitoFile> {
    let folder = place.join(".keito");
    match read::is_dir(&folder) {
        Ok(true) => {}
        Ok(false) => return None,
        Err(kind) => return Some(KeitoFile::Unreadable { path: folder, kind }),
    }
    let path = folder.join("config.yml");
    match read::text(&path) {
        Ok(Some(text)) => Some(KeitoFile::Text { path, text }),
        Ok(None) => match disabled(&folder) {
            Ok(path) => path.map(|path| KeitoFile::Disabled { path }),
            Err(kind) => Some(KeitoFile::Unreadable { path: folder, kind }),
        },
        Err(kind) => Some(KeitoFile::Unreadable { path, kind }),
    }
}

fn disabled(folder: &Path) -> Result<Option<PathBuf>, ReadError> {
    let entries = fs::read_dir(folder).map_err(|error| ReadError::of(&error))?;
    let is_disabled = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("config.yml.disabled"))
    };
    // The smallest name, so that the answer does not depend on the file system's order.
    Ok(entries.flatten().map(|entry| entry.path()).filter(is_disabled).min())
}
