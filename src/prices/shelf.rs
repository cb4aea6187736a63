//! The rows of one platform, read when somebody first asks for them.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::row::Row;
use super::{Error, Fault, file, packed};

/// A platform and its rows.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) platform: String,
    /// Compressed rows of the table in the binary, if they are not read yet.
    packed: &'static [u8],
    rows: OnceLock<Rows>,
}

/// Rows with those of one model side by side.
#[derive(Debug, Default)]
struct Rows {
    rows: Vec<Row>,
    models: HashMap<String, (usize, usize)>,
}

impl Shelf {
    /// Rows that are read on demand. A test holds that every piece in the binary can be.
    pub(super) fn packed(platform: &str, packed: &'static [u8]) -> Self {
        Self { platform: platform.to_owned(), packed, rows: OnceLock::new() }
    }

    /// Rows at hand, all of this platform.
    pub(super) fn of(platform: String, rows: Vec<Row>) -> Result<Self, Error> {
        Ok(Self { platform, packed: &[], rows: OnceLock::from(Rows::new(rows)?) })
    }

    /// All rows, by model.
    pub(super) fn rows(&self) -> &[Row] {
        &self.read().rows
    }

    /// All rows of a model.
    pub(super) fn key(&self, model: &str) -> Option<&[Row]> {
        let rows = self.read();
        let (first, end) = rows.models.get(model)?;
        rows.rows.get(*first..*end)
    }

    fn read(&self) -> &Rows {
        self.rows.get_or_init(|| Rows::unpacked(self.packed).unwrap_or_default())
    }

    /// What is wrong with a piece in the binary.
    #[cfg(test)]
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.packed.is_empty() { Ok(()) } else { Rows::unpacked(self.packed).map(drop) }
    }
}

impl Rows {
    fn unpacked(piece: &[u8]) -> Result<Self, Error> {
        Self::new(file::rows(&packed::text(piece)?)?)
    }

    fn new(mut rows: Vec<Row>) -> Result<Self, Error> {
        rows.sort_by(|a, b| a.model.cmp(&b.model));
        let mut models = HashMap::with_capacity(rows.len());
        let mut first = 0;
        for group in rows.chunk_by(|a, b| a.model == b.model) {
            for (at, row) in group.iter().enumerate() {
                if group[..at].iter().any(|other| row.overlaps(other)) {
                    return Err(Error::Row { row: row.id.clone(), fault: Fault::Overlap });
                }
            }
            models.insert(group[0].model.clone(), (first, first + group.len()));
            first += group.len();
        }
        Ok(Self { rows, models })
    }
}
