//! The table: rows by platform and model, aliases, and what the user lays over them.

use std::collections::HashMap;

use super::file::{self, Alias, Content, Home, Unresolved};
use super::names::{self, Form, Name, Platform};
use super::overrides::Override;
use super::row::{Row, Source};
use super::shelf::Shelf;
use super::{Error, Origin, packed, platform};
use crate::model::{Instant, hash64};

const EMBEDDED: &[u8] = include_bytes!("../../config/prices/table.bin");

/// Dated prices of models by platform.
pub struct Table {
    version: String,
    origin: Origin,
    sources: Vec<Source>,
    home: Vec<Home>,
    unresolved: Vec<Unresolved>,
    shelves: Vec<Shelf>,
    aliases: HashMap<String, Vec<Alias>>,
    overrides: Vec<(Override, String)>,
    unused: Vec<String>,
    /// Of the text that it was read from.
    digest: u64,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found<'t> {
    /// All rows of the model on its platform; empty if the table does not know it.
    pub(super) rows: &'t [Row],
    pub(super) fast: bool,
    pub(super) batch: bool,
    pub(super) endpoint_assumed: bool,
    pub(super) estimated: bool,
    /// Why the name stands for no model, where that is known.
    pub(super) unresolved: Option<&'t str>,
}

impl std::fmt::Debug for Table {
    /// Without the rows: there are thousands.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("version", &self.version)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Table {
    /// The table in the binary.
    ///
    /// # Errors
    /// A defect of the build; a test holds that there is none.
    pub fn embedded() -> Result<Self, Error> {
        let mut pieces = packed::pieces(EMBEDDED)?.into_iter();
        let (_, head) = pieces.next().ok_or(Error::Packed)?;
        let content = file::read(&packed::text(head)?)?;
        let shelves = pieces.map(|(platform, piece)| Shelf::packed(platform, piece)).collect();
        Ok(Self::of(content, shelves, Origin::Embedded, hash64(&[EMBEDDED])))
    }

    /// A table that was fetched.
    ///
    /// # Errors
    /// What is wrong with it; the one in use stays.
    pub fn refreshed(text: &str) -> Result<Self, Error> {
        let mut content = file::read(text)?;
        let mut by_platform: Vec<(String, Vec<Row>)> = Vec::new();
        for row in std::mem::take(&mut content.rows) {
            match by_platform.iter_mut().find(|(platform, _)| *platform == row.platform) {
                Some((_, rows)) => rows.push(row),
                None => by_platform.push((row.platform.clone(), vec![row])),
            }
        }
        by_platform.sort_by(|a, b| a.0.cmp(&b.0));
        let shelves = by_platform.into_iter().map(|(platform, rows)| Shelf::of(platform, rows));
        let shelves = shelves.collect::<Result<_, _>>()?;
        Ok(Self::of(content, shelves, Origin::Refreshed, hash64(&[text.as_bytes()])))
    }

    fn of(content: Content, shelves: Vec<Shelf>, origin: Origin, digest: u64) -> Self {
        let mut aliases: HashMap<String, Vec<Alias>> = HashMap::with_capacity(content.aliases.len());
        for alias in content.aliases {
            aliases.entry(alias.name.clone()).or_default().push(alias);
        }
        Self {
            version: content.version,
            origin,
            sources: content.sources,
            home: content.home,
            unresolved: content.unresolved,
            shelves,
            aliases,
            overrides: Vec::new(),
            unused: Vec::new(),
            digest,
        }
    }

    /// The same table under the user's prices; later ones win over earlier ones that fit equally well.
    #[must_use]
    pub fn with_overrides(mut self, overrides: Vec<Override>) -> Self {
        self.overrides =
            overrides.into_iter().map(|price| (price.id(), price)).map(|(id, p)| (p, id)).collect();
        self
    }

    /// The same table, knowing which newer ones were found and are not used: a message for each.
    #[must_use]
    pub fn instead_of(mut self, unused: Vec<String>) -> Self {
        self.unused = unused;
        self
    }

    /// Why newer tables that were found are not used.
    #[must_use]
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// The table's date.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Equal ones price everything alike.
    #[must_use]
    pub fn print(&self) -> String {
        let overrides: String = self.overrides.iter().map(|(_, id)| format!(" {id}")).collect();
        format!("{:016x}{overrides}", self.digest)
    }

    /// Where the table is from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// All rows, by platform and model.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.shelves.iter().flat_map(Shelf::rows)
    }

    /// The user's prices, with their ids.
    #[must_use]
    pub fn overrides(&self) -> &[(Override, String)] {
        &self.overrides
    }

    /// The reason and address behind an id of [`Row::source`].
    #[must_use]
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// All rows of the model that a logged name stands for, at any instant; `hint` as [`super::Request::platform`].
    #[must_use]
    pub fn known(&self, hint: Option<&str>, raw: &str, at: Instant) -> &[Row] {
        self.find(hint, raw, at).rows
    }

    /// Why a logged name stands for no model, where that is known.
    #[must_use]
    pub fn why_unresolved(&self, hint: Option<&str>, raw: &str, at: Instant) -> Option<&str> {
        self.find(hint, raw, at).unresolved
    }

    /// The rows that a logged name stands for at an instant.
    pub(super) fn find(&self, hint: Option<&str>, raw: &str, at: Instant) -> Found<'_> {
        let hint = hint.map(platform::of);
        // Most logged names are keys, or keys with a date: 60,000 of them should not be taken apart.
        let undated = || names::undated(raw).filter(|_| !self.aliases.contains_key(raw));
        let direct = self.key(hint, raw).or_else(|| self.key(hint, undated()?));
        if let Some(rows) = direct {
            return Found { rows, ..Found::default() };
        }
        let name = names::read(raw, hint);
        let platform = certain(hint, &name);
        name.forms.iter().find_map(|form| self.form(platform, form, hint, at)).unwrap_or_default()
    }

    /// What one reading of a name stands for: the exact key goes before an alias.
    fn form(
        &self,
        platform: Option<&str>,
        form: &Form,
        hint: Option<&str>,
        at: Instant,
    ) -> Option<Found<'_>> {
        if let Some(known) = self.unresolved.iter().find(|known| known.name == form.text) {
            return Some(Found { unresolved: Some(&known.reason), ..Found::default() });
        }
        let by_key = self.key(platform, &form.text).map(|rows| (rows, false));
        let (rows, estimated) = by_key.or_else(|| self.alias(platform, &form.text, at))?;
        let claude = || rows.first().is_some_and(|row| row.model.starts_with("claude-"));
        Some(Found {
            rows,
            fast: form.fast,
            batch: form.batch,
            endpoint_assumed: platform == Some("vertex") && hint.is_none() && claude(),
            estimated,
            unresolved: None,
        })
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

    /// The rows of a key: on a platform, or wherever the bare name belongs.
    fn key(&self, platform: Option<&str>, model: &str) -> Option<&[Row]> {
        match platform {
            Some(platform) => self.shelf(platform)?.key(model),
            None => self.homes(model).find_map(|platform| self.shelf(platform)?.key(model)),
        }
    }

    fn alias(&self, platform: Option<&str>, name: &str, at: Instant) -> Option<(&[Row], bool)> {
        let holds =
            |alias: &&Alias| alias.from.is_none_or(|from| from <= at) && alias.to.is_none_or(|to| at < to);
        let known = self.aliases.get(name)?;
        let on = |platform: &str| {
            let alias = known.iter().filter(holds).find(|alias| alias.platform == platform)?;
            Some((self.key(Some(platform), &alias.model)?, alias.estimated))
        };
        match platform {
            Some(platform) => on(platform),
            None => self.homes(name).find_map(on),
        }
    }

    /// The platforms of vendors: all their models are at home there.
    pub(super) fn homes_all(&self) -> impl Iterator<Item = &str> {
        self.home.iter().filter(|home| home.models.is_none()).map(|home| home.platform.as_str())
    }

    /// Where bare names belong, in order.
    pub(super) fn home_names(&self) -> Vec<(&str, Option<&[String]>)> {
        self.home.iter().map(|home| (home.platform.as_str(), home.models.as_deref())).collect()
    }

    pub(super) fn aliases(&self) -> impl Iterator<Item = &Alias> {
        self.aliases.values().flatten()
    }

    /// The platforms where a bare name may belong.
    fn homes<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a str> {
        let own =
            move |home: &&Home| home.models.as_ref().is_none_or(|models| models.iter().any(|m| m == model));
        self.home.iter().filter(own).map(|home| home.platform.as_str())
    }

    fn shelf(&self, platform: &str) -> Option<&Shelf> {
        self.shelves.iter().find(|shelf| shelf.platform == platform)
    }
}

/// Whose list applies: a decoration of the name that cannot lie, else what the log says, else the name's route;
/// `None`: wherever the bare name belongs.
fn certain<'a>(hint: Option<&'a str>, name: &Name) -> Option<&'a str> {
    match (name.platform, hint) {
        // `vertex-regional` says more than the name's `@`.
        (Some(Platform::Certain("vertex")), Some(hint)) if hint.starts_with("vertex") => Some(hint),
        (Some(Platform::Certain(platform)), _) => Some(platform),
        // A name without a region in it is one in the caller's region.
        (_, Some(platform::BEDROCK)) => Some("aws-regional"),
        (_, Some(hint)) => Some(hint),
        (Some(Platform::Route(platform)), None) => Some(platform),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::Fault;

    #[test]
    fn each_row_names_sources_that_exist() {
        let table = Table::embedded().unwrap();
        assert_eq!(table.version(), "2026-11-21");
        for shelf in &table.shelves {
            shelf.check().unwrap();
        }
        assert!(table.rows().count() > 2000);
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
    fn what_is_packed_is_what_can_be_read() {
        let written = Table::refreshed(include_str!("../../config/prices/table.json")).unwrap();
        let packed = Table::embedded().unwrap();
        assert!(packed.rows().eq(written.rows()));
        assert_eq!(packed.version(), written.version());
        assert_eq!(packed.home_names(), written.home_names());
        assert_eq!(packed.aliases().count(), written.aliases().count());
    }

    #[test]
    fn ids_of_rows_are_distinct() {
        let table = Table::embedded().unwrap();
        let mut ids: Vec<_> = table.rows().map(|row| row.id.as_str()).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn a_table_that_is_not_understood_is_refused() {
        let with = |rows: &str| {
            let text = format!(
                r#"{{"schema":2,"version":"v","sources":[],"home":[],"unresolved":[],"aliases":[],"rows":[{rows}]}}"#
            );
            Table::refreshed(&text).map(|table| table.rows().count())
        };
        let row = |rest: &str| format!(r#"{{"platform":"p","model":"m","source":[],{rest}}}"#);
        let fault = |result: Result<usize, Error>| match result {
            Err(Error::Row { row, fault }) => (row, fault),
            other => panic!("{other:?}"),
        };
        assert_eq!(with(&row(r#""rates":{"input":"1"}"#)).unwrap(), 1);
        assert!(matches!(with(&row(r#""rates":{"cache_write_7d":"1"}"#)), Err(Error::Shape(_))));
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
        let newer = r#"{"schema":3,"rows":"otherwise"}"#;
        assert!(matches!(Table::refreshed(newer), Err(Error::Schema { found: 3, known: 2 })));
    }
}
