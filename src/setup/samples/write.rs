//! Appends to real files.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use super::home::failed;
use super::{Append, Error};

/// Performs the appends in time, counted from `start`, and makes the directories that they need. One write an append,
/// as the agents do it.
///
/// # Errors
/// At the first append that fails.
pub async fn write_live(script: &[Append], start: tokio::time::Instant) -> Result<(), Error> {
    for append in script {
        tokio::time::sleep_until(start + append.after).await;
        write(append)?;
    }
    Ok(())
}

/// The same without waiting.
///
/// # Errors
/// At the first append that fails.
pub fn write_all(script: &[Append]) -> Result<(), Error> {
    script.iter().try_for_each(write)
}

fn write(append: &Append) -> Result<(), Error> {
    if let Some(dir) = append.file.parent() {
        fs::create_dir_all(dir).map_err(failed(dir))?;
    }
    let file = OpenOptions::new().create(true).append(true).open(&append.file);
    file.and_then(|mut file| file.write_all(&append.bytes)).map_err(failed(&append.file))
}
