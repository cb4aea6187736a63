//! Single files that may change at any time: a config, a key. Hints only, as all events are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// Tells of changes of some files until dropped.
#[derive(Debug)]
pub struct Files {
    _watcher: Option<RecommendedWatcher>,
}

impl Files {
    /// `tell` is called from a thread of the watcher's after one of these has changed, come or gone. Their directories are
    /// watched, since files are replaced more often than written; where a file is a link, that of its target too. A
    /// directory that is not there is not waited for: whoever must know of it looks from time to time.
    #[must_use]
    pub fn watch(paths: &[PathBuf], tell: impl Fn() + Send + 'static) -> Self {
        let mut files: BTreeSet<PathBuf> = paths.iter().cloned().collect();
        files.extend(paths.iter().filter_map(|path| path.canonicalize().ok()));
        // The system names what it saw by the directory's real path.
        files.extend(
            paths.iter().filter_map(|path| Some(parent(path)?.canonicalize().ok()?.join(path.file_name()?))),
        );
        let places: BTreeSet<PathBuf> =
            files.iter().filter_map(|path| parent(path).map(Path::to_owned)).collect();
        let seen = move |event: notify::Result<notify::Event>| {
            let ours = match &event {
                Ok(event) => {
                    is_change(event.kind)
                        && (event.need_rescan() || event.paths.iter().any(|path| files.contains(path)))
                }
                // What it missed may have been ours.
                Err(_) => true,
            };
            if ours {
                tell();
            }
        };
        let Ok(mut watcher) = notify::recommended_watcher(seen) else { return Self { _watcher: None } };
        for place in &places {
            if let Err(error) = watcher.watch(place, RecursiveMode::NonRecursive) {
                tracing::debug!(path = %place.display(), "not watched: {error}");
            }
        }
        Self { _watcher: Some(watcher) }
    }
}

fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|parent| !parent.as_os_str().is_empty())
}

/// Reading a file is none; on Linux its end of writing is told besides each write.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_way_to_change_a_file_is_told_and_its_neighbours_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let (real, linked) = (dir.path().join("real"), dir.path().join("linked"));
        fs::create_dir_all(&real).unwrap();
        fs::create_dir_all(&linked).unwrap();
        let (file, target) = (real.join("config.toml"), linked.join("dotfile.toml"));
        fs::write(&target, "a").unwrap();
        let link = real.join("link.toml");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let (tell, told) = mpsc::channel();
        let _files = Files::watch(&[file.clone(), link, dir.path().join("no/such/key")], move || {
            let _ = tell.send(());
        });
        let changes: [&dyn Fn(); 5] = [
            &|| fs::write(&file, "made").unwrap(),
            &|| fs::write(&file, "written").unwrap(),
            &|| {
                fs::write(real.join("new"), "replaced").unwrap();
                fs::rename(real.join("new"), &file).unwrap();
            },
            &|| fs::write(&target, "behind the link").unwrap(),
            &|| fs::remove_file(&file).unwrap(),
        ];
        for (number, change) in changes.iter().enumerate() {
            while told.recv_timeout(Duration::from_millis(200)).is_ok() {}
            change();
            told.recv_timeout(Duration::from_secs(20))
                .unwrap_or_else(|_| panic!("change {number} is not told"));
        }
        while told.recv_timeout(Duration::from_millis(200)).is_ok() {}
        fs::write(real.join("neighbour"), "x").unwrap();
        fs::read(&target).unwrap();
        assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
    }
}
