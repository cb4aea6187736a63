//! `decisions.jsonl`: what people decided, outside the state, append-only. With the logs and Keito it is all that a
//! wiped database is made of again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::Instant;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    at: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

/// The file.
#[derive(Debug, Clone)]
pub struct Decisions {
    path: PathBuf,
}

impl Decisions {
    /// In this data directory; made at the first decision.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join("decisions.jsonl") }
    }

    /// The last cut-off that was written.
    ///
    /// # Errors
    /// If the file is there and cannot be read. A line of a later keitod is not an error.
    pub fn since(&self) -> io::Result<Option<Instant>> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut since = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Line>(line).ok())
            .filter(|line| line.kind == "since")
            .filter_map(|line| Instant::parse(&line.since?));
        Ok(since.next_back())
    }

    /// Writes a cut-off, durably.
    ///
    /// # Errors
    /// If it could not be written and synced.
    pub fn write_since(&self, now: Instant, since: Instant) -> io::Result<()> {
        let line =
            Line { at: now.to_string(), kind: "since".into(), account: None, since: Some(since.to_string()) };
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // The name of a new file is durable only when its directory is.
        self.path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cut_off_counts_and_strange_lines_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let decisions = Decisions::new(&dir.path().join("data"));
        assert_eq!(decisions.since().unwrap(), None);
        decisions.write_since(Instant::from_seconds(5), Instant::from_seconds(1)).unwrap();
        decisions.write_since(Instant::from_seconds(6), Instant::from_seconds(2)).unwrap();
        let mut file = OpenOptions::new().append(true).open(&decisions.path).unwrap();
        file.write_all(b"{\"at\":\"x\",\"kind\":\"later\"}\n{half").unwrap();
        assert_eq!(decisions.since().unwrap(), Some(Instant::from_seconds(2)));
    }
}
