//! `keitod prices update`: fetches a table, looks at it, and puts it where the next start finds it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::kept::{self, Kept};
use crate::config::Config;
use crate::daemon::lock;
use crate::keito::{Fetch, FetchError, Fetched, fetch};
use crate::model::Instant;
use crate::prices::{MOST_BYTES, Refusal, Table};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Why the prices stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Nothing came.
    #[error("the prices stay as they are: {url}: {source}")]
    Fetch {
        /// Where it was looked for.
        url: String,
        /// Why.
        source: FetchError,
    },
    /// The file cannot be read.
    #[error("the prices stay as they are: cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The table does not pass.
    #[error("the prices stay as they are, the table from {from} is refused: {refusal}")]
    Refused {
        /// Where it is from.
        from: String,
        /// Why.
        refusal: Box<Refusal>,
    },
    /// The state directory cannot be written.
    #[error("the prices stay as they are: cannot write to {}: {source}", path.display())]
    State {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The state directory cannot be used.
    #[error(transparent)]
    Directory(#[from] lock::LockError),
    /// The table in the binary.
    #[error(transparent)]
    Table(#[from] crate::prices::Error),
}

/// Fetches the table at `from`, a URL or a file. The document says what became of it. There is no place to look by
/// itself: a table that nobody chose must not decide what is billed.
///
/// # Errors
/// Why the prices stay as they are.
pub async fn update(
    config: &Config,
    state_dir: &Path,
    from: &str,
    now: Instant,
) -> Result<Value, UpdateError> {
    lock::private_dir(state_dir)?;
    let Kept { table: have, troubles } = kept::load(state_dir, now)?;
    let document = |what: &str, table: &Table| {
        json!({"schema_version": 1, "result": what, "from": shown(from), "version": table.version(),
               "before": have.version(), "rows": table.rows().count()})
    };
    let (text, etag) = if from.contains("://") {
        // A tag is worth something only while the file that it belongs to is good.
        let etag = if troubles.is_empty() { kept::tag(state_dir, from) } else { None };
        match fetched(config, from, etag.as_deref()).await? {
            None => return Ok(document("unchanged", &have)),
            Some(found) => found,
        }
    } else {
        let path = PathBuf::from(from);
        let failed = |source| UpdateError::File { path: path.clone(), source };
        let missing = || failed(io::Error::from(io::ErrorKind::NotFound));
        (kept::read(&path).map_err(failed)?.ok_or_else(missing)?, None)
    };
    let refused = |refusal| UpdateError::Refused { from: shown(from), refusal: Box::new(refusal) };
    let table = have.replaced_by(&text, now).map_err(refused)?;
    let failed = |source| UpdateError::State { path: state_dir.to_path_buf(), source };
    if table.version() == have.version() {
        return Ok(document("unchanged", &table));
    }
    kept::put(state_dir, &text, troubles.is_empty()).map_err(failed)?;
    kept::put_tag(state_dir, from, etag.as_deref()).map_err(failed)?;
    Ok(document("updated", &table))
}

/// Text and tag of the file at a URL; `None` if the tag is still right.
async fn fetched(
    config: &Config,
    url: &str,
    etag: Option<&str>,
) -> Result<Option<(String, Option<String>)>, UpdateError> {
    let failed = |source| UpdateError::Fetch { url: shown(url), source };
    let proxy = config.keito.proxy.as_ref();
    let of = Fetch { url, etag, most: MOST_BYTES, timeout: TIMEOUT, proxy };
    match fetch(&of).await.map_err(failed)? {
        Fetched::Unchanged => Ok(None),
        // What is not UTF-8 is no table; its parser says so.
        Fetched::Body { bytes, etag } => Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), etag))),
    }
}

/// The URL without what stands before an `@`: that may be a password.
fn shown(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, rest)| rest))
        }
        None => url.to_owned(),
    }
}
