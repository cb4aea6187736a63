//! The table: rows by model and platform, aliases, and what the user lays over them.

use std::collections::HashMap;

use super::file::{self, Alias};
use super::names::{self, Name, Platform};
use super::overrides::Override;
use super::row::{Row, Source};
use super::{Error, Fault, Origin};
use crate::model::Instant;

const EMBEDDED: &str = include_str!("../../config/prices/table.json");

/// Dated prices of models by platform.
#[derive(Debug)]
pub struct Table {
    version: String,
    origin: Origin,
    sources: Vec<Source>,
    rows: Vec<Row>,
    /// Rows of one (platform, model), under the model.
    models: HashMap<String, Vec<Listing>>,
    aliases: HashMap<String, Vec<Alias>>,
    overrides: Vec<(Override, String)>,
}

/// Where the rows of one (platform, model) are; `Table::rows` is sorted so that they are neighbours.
#[derive(Debug)]
pub(super) struct Listing {
    platform: String,
    first: usize,
    end: usize,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found<'t> {
    /// All rows of the model on its platform; empty if the table does not know it.
    pub(super) rows: &'t [Row],
    pub(super) fast: bool,
    pub(super) batch: bool,
    pub(super) endpoint_assumed: bool,
}

impl Table {
    /// The table in the binary.
    ///
    /// # Errors
    /// A defect of the build; a test holds that there is none.
    pub fn embedded() -> Result<Self, Error> {
        Self::read(EMBEDDED, Origin::Embedded)
    }

    /// A table that was fetched.
    ///
    /// # Errors
    /// What is wrong with it; the one in use stays.
    pub fn refreshed(text: &str) -> Result<Self, Error> {
        Self::read(text, Origin::Refreshed)
    }

    /// The same table under the user's prices; later ones win over earlier ones that fit equally well.
    #[must_use]
    pub fn with_overrides(mut self, overrides: Vec<Override>) -> Self {
        self.overrides =
            overrides.into_iter().map(|price| (price.id(), price)).map(|(id, p)| (p, id)).collect();
        self
    }

    /// The table's date.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the table is from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// All rows, by platform and model.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The reason and address behind an id of [`Row::source`].
    #[must_use]
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    fn read(text: &str, origin: Origin) -> Result<Self, Error> {
        let content = file::read(text)?;
        let mut rows = content.rows;
        rows.sort_by(|a, b| (&a.platform, &a.model).cmp(&(&b.platform, &b.model)));
        let mut models: HashMap<String, Vec<Listing>> = HashMap::new();
        let mut first = 0;
        for group in rows.chunk_by(|a, b| a.platform == b.platform && a.model == b.model) {
            for (at, row) in group.iter().enumerate() {
                if group[..at].iter().any(|other| row.overlaps(other)) {
                    return Err(Error::Row { row: row.id.clone(), fault: Fault::Overlap });
                }
            }
            let (platform, model) = (group[0].platform.clone(), group[0].model.clone());
            models.entry(model).or_default().push(Listing { platform, first, end: first + group.len() });
            first += group.len();
        }
        let mut aliases: HashMap<String, Vec<Alias>> = HashMap::new();
        for alias in content.aliases {
            aliases.entry(alias.name.clone()).or_default().push(alias);
        }
        Ok(Self {
            version: content.version,
            origin,
            sources: content.sources,
            rows,
            models,
            aliases,
            overrides: Vec::new(),
        })
    }

    /// The rows that a logged name stands for at an instant.
    pub(super) fn find(&self, hint: Option<&str>, raw: &str, at: Instant) -> Found<'_> {
        // Most logged names are keys, or keys with a date: 60,000 of them should not be taken apart.
        if let Some(home) = hint.or_else(|| names::home(raw)) {
            let direct = self.key(home, raw).or_else(|| self.key(home, names::undated(raw)?));
            if let Some(rows) = direct {
                return Found { rows, ..Found::default() };
            }
        }
        let name = names::read(raw);
        let Some(platform) = platform(hint, &name) else { return Found::default() };
        let by_key = |form: &&names::Form| self.key(platform, &form.text).is_some();
        let by_alias = || name.forms.iter().find(|form| self.alias(platform, &form.text, at).is_some());
        let Some(form) = name.forms.iter().find(by_key).or_else(by_alias) else { return Found::default() };
        let rows = self.key(platform, &form.text).or_else(|| self.alias(platform, &form.text, at));
        Found {
            rows: rows.unwrap_or_default(),
            fast: form.fast,
            batch: form.batch,
            endpoint_assumed: platform == "vertex" && hint.is_none(),
        }
    }

    /// The best override for a request, and its id.
    pub(super) fn over<'t>(
        &'t self,
        platform: Option<&str>,
        raw: &str,
        canonical: Option<&str>,
        at: Instant,
    ) -> Option<&'t (Override, String)> {
        let fits = self.overrides.iter().filter(|(price, _)| price.holds(at));
        fits.filter_map(|item| Some((item.0.fit(platform, raw, canonical)?, item)))
            .max_by_key(|(fit, _)| *fit)
            .map(|(_, item)| item)
    }

    fn key(&self, platform: &str, model: &str) -> Option<&[Row]> {
        let listing = self.models.get(model)?.iter().find(|listing| listing.platform == platform)?;
        self.rows.get(listing.first..listing.end)
    }

    fn alias(&self, platform: &str, name: &str, at: Instant) -> Option<&[Row]> {
        let holds = |alias: &&Alias| {
            alias.platform == platform
                && alias.from.is_none_or(|from| from <= at)
                && alias.to.is_none_or(|to| at < to)
        };
        self.key(platform, &self.aliases.get(name)?.iter().find(holds)?.model)
    }
}

/// Whose list applies: a decoration of the name that cannot lie, else what the log says, else the name's route, else
/// the vendor that the name belongs to.
fn platform<'a>(hint: Option<&'a str>, name: &Name) -> Option<&'a str> {
    match (name.platform, hint) {
        // `vertex-regional` says more than the name's `@`.
        (Some(Platform::Certain("vertex")), Some(hint)) if hint.starts_with("vertex") => Some(hint),
        (Some(Platform::Certain(platform)), _) => Some(platform),
        (_, Some(hint)) => Some(hint),
        (Some(Platform::Route(platform)), None) => Some(platform),
        (None, None) => name.forms.iter().find_map(|form| names::home(&form.text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_names_sources_that_exist() {
        let table = Table::embedded().unwrap();
        assert_eq!(table.version(), "2026-11-21");
        assert!(table.rows().len() > 100);
        for row in table.rows() {
            assert!(!row.source.is_empty(), "{}", row.id);
            for id in &row.source {
                assert!(
                    table.source(id).is_some_and(|source| source.address.starts_with("https://")),
                    "{id}"
                );
            }
        }
    }

    #[test]
    fn ids_of_rows_are_distinct() {
        let table = Table::embedded().unwrap();
        let mut ids: Vec<_> = table.rows().iter().map(|row| row.id.as_str()).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn a_table_that_is_not_understood_is_refused() {
        let with = |rows: &str| {
            let text = format!(r#"{{"schema":1,"version":"v","sources":[],"aliases":[],"rows":[{rows}]}}"#);
            Table::refreshed(&text).map(|table| table.rows().len())
        };
        let row = |rest: &str| format!(r#"{{"platform":"p","model":"m","source":[],{rest}}}"#);
        let fault = |result: Result<usize, Error>| match result {
            Err(Error::Row { row, fault }) => (row, fault),
            other => panic!("{other:?}"),
        };
        assert_eq!(with(&row(r#""rates":{"input":"1"}"#)).unwrap(), 1);
        assert!(matches!(with(&row(r#""rates":{"cache_write_30m":"1"}"#)), Err(Error::Shape(_))));
        let cases = [
            (r#""rates":{"input":"-1"}"#, Fault::Number("-1".into())),
            (r#""rates":{"input":"0.0000001"}"#, Fault::Number("0.0000001".into())),
            (r#""rates":{},"speed":"warp""#, Fault::Term("warp".into())),
            (r#""rates":{},"from":"monday""#, Fault::Instant("monday".into())),
            (r#""rates":{},"context":[{"rates":{}}]"#, Fault::Threshold),
        ];
        for (rest, expected) in cases {
            assert_eq!(fault(with(&row(rest))), ("p/m".into(), expected));
        }
        let late = row(r#""rates":{},"from":"2026-01-01T00:00:00Z""#);
        let early = row(r#""rates":{},"to":"2026-01-01T00:00:00Z""#);
        assert_eq!(with(&format!("{early},{late}")).unwrap(), 2);
        assert_eq!(fault(with(&format!("{late},{}", row(r#""rates":{}"#)))).1, Fault::Overlap);
        let newer = r#"{"schema":2,"rows":"otherwise"}"#;
        assert!(matches!(Table::refreshed(newer), Err(Error::Schema { found: 2, known: 1 })));
    }
}
