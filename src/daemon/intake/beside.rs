//! Files beside a log that say what it leaves out.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::sources::{Context, Source};
use crate::tail::Root;

/// Registries are small, conversations are not; of more only the end is read, which tells the latest of a log.
const MOST: u64 = 16 << 20;

/// What stands beside a log.
pub(super) struct Beside<'a> {
    source: &'a dyn Source,
    relative: &'a Path,
    contents: Vec<Vec<u8>>,
}

impl<'a> Beside<'a> {
    /// Looks for what `source` asks for.
    pub(super) fn of(source: &'a dyn Source, root: &Path, relative: &'a Path) -> Self {
        let wanted = source.beside(relative);
        let contents = wanted.iter().map(|path| content(root, path).unwrap_or_default()).collect();
        Self { source, relative, contents }
    }

    /// Tells the source, if it asked for anything.
    pub(super) fn inform(&self, context: &mut Context) {
        if !self.contents.is_empty() {
            self.source.inform(context, self.relative, &self.contents);
        }
    }
}

/// Opened like a log: never blocking, through no link, and only if it is ours.
fn content(root: &Path, path: &Path) -> Option<Vec<u8>> {
    let (root, path) = match path.strip_prefix("..") {
        Ok(rest) => (root.parent()?, rest),
        Err(_) => (root, path),
    };
    let mut file = Root::open(root).ok()?.open_file(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST))).ok()?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
