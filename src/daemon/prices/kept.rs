//! Fetched price tables in the state directory: the newest, and the one before it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::model::Instant;
use crate::prices::{Error, MOST_BYTES, Refusal, Table};

/// The fetched table.
const NEWEST: &str = "prices.json";
/// The one that was in use before it.
const BEFORE: &str = "prices.before.json";
/// Where the newest is from: its URL, a line end, its tag.
const TAG: &str = "prices.etag";

/// Why a file of the state directory is not used.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It cannot be read.
    #[error("cannot read the prices in {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not a table that may replace the one in the binary.
    #[error("the prices in {} are not used ({refusal}); take them again with `keitod prices update --from FILE|URL`", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        refusal: Box<Refusal>,
    },
}

/// The table in force, without the user's prices.
#[derive(Debug)]
pub struct Kept {
    /// The newest that is good.
    pub table: Table,
    /// What is wrong with those that are not.
    pub troubles: Vec<Trouble>,
}

/// The newest good table: fetched, fetched before, or in the binary. A fetched one that is not newer than the binary's
/// has served and is passed over in silence.
///
/// # Errors
/// If the table in the binary is broken, which a test rules out.
pub fn load(state_dir: &Path, now: Instant) -> Result<Kept, Error> {
    let mut table = Table::embedded()?;
    let mut troubles = Vec::new();
    for name in [NEWEST, BEFORE] {
        let path = state_dir.join(name);
        let text = match read(&path) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(source) => {
                troubles.push(Trouble::Io { path, source });
                continue;
            }
        };
        match table.replaced_by(&text, now) {
            Ok(newer) if newer.version() > table.version() => {
                table = newer;
                break;
            }
            Ok(_) | Err(Refusal::Older { .. }) => {}
            Err(refusal) => troubles.push(Trouble::Refused { path, refusal: Box::new(refusal) }),
        }
    }
    Ok(Kept { table, troubles })
}

/// The files that a newer table may come from.
#[must_use]
pub fn files(state_dir: &Path) -> [PathBuf; 2] {
    [NEWEST, BEFORE].map(|name| state_dir.join(name))
}

/// Puts a table in the place of the newest, which is kept as the one before if it was `good`.
pub(super) fn put(state_dir: &Path, text: &str, good: bool) -> io::Result<()> {
    let newest = state_dir.join(NEWEST);
    if good && newest.exists() {
        std::fs::rename(&newest, state_dir.join(BEFORE))?;
    }
    write(state_dir, NEWEST, text)
}

/// The tag of the newest table, if it is from this URL and still there.
pub(super) fn tag(state_dir: &Path, url: &str) -> Option<String> {
    if !state_dir.join(NEWEST).exists() {
        return None;
    }
    let text = read(&state_dir.join(TAG)).ok()??;
    let (from, tag) = text.split_once('\n')?;
    (from == url).then(|| tag.to_owned())
}

/// Remembers the tag of the newest table; without one the next update reads it again.
pub(super) fn put_tag(state_dir: &Path, url: &str, tag: Option<&str>) -> io::Result<()> {
    write(state_dir, TAG, &tag.map(|tag| format!("{url}\n{tag}")).unwrap_or_default())
}

/// Gives a rehearsal the tables of the state that it rehearses. What cannot be copied is missing there, and said.
pub fn copy(real: &Path, to: &Path) {
    for name in [NEWEST, BEFORE] {
        let from = real.join(name);
        if from.exists()
            && let Err(error) = std::fs::copy(&from, to.join(name))
        {
            tracing::warn!(%error, "the fetched prices could not be copied");
        }
    }
}

/// A text of bounded length; `None` if there is no such file.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    // One byte more than is allowed: then the table says that it is too long.
    file.take(MOST_BYTES as u64 + 1).read_to_string(&mut text)?;
    Ok(Some(text))
}

fn write(state_dir: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(state_dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(state_dir.join(name)).map_err(|error| error.error)?;
    File::open(state_dir)?.sync_all()
}
