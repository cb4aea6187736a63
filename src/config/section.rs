//! One table of the configuration, read key by key.
//!
//! Each key is asked for by name and checked where it is read; what nobody asked for is unknown. A derived
//! deserializer would need the same keys twice and stops at the first error.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, Value};
use super::error::Trouble;

/// A check of one value: what it means, or what is wrong with it.
pub(super) type Check<T> = fn(&Value<'_>) -> Result<T, Trouble>;

pub(super) struct Section<'a> {
    document: &'a Document<'a>,
    path: String,
    user: Option<&'a DeTable<'a>>,
    defaults: Option<&'a DeTable<'a>>,
    /// Where the table begins in the user's file.
    offset: Option<usize>,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        document: &'a Document<'a>,
        path: String,
        user: Option<&'a DeTable<'a>>,
        defaults: Option<&'a DeTable<'a>>,
        offset: Option<usize>,
    ) -> Self {
        Self { document, path, user, defaults, offset, asked: Vec::new() }
    }

    fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn user_entry(&self, name: &str) -> Option<(usize, &'a Spanned<DeValue<'a>>)> {
        let (key, value) = self.user?.iter().find(|(key, _)| key.get_ref() == name)?;
        Some((key.span().start, value))
    }

    fn default_entry(&self, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.defaults?.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
    }

    fn ask(&mut self, name: &'static str) {
        self.asked.push(name);
        #[cfg(test)]
        self.document.asked.borrow_mut().insert(self.key(name));
    }

    /// Whether the user's file says anything for this key.
    pub(super) fn written(&self, name: &str) -> bool {
        self.user_entry(name).is_some()
    }

    /// Whether the user's file has this table at all.
    pub(super) fn present(&self) -> bool {
        self.user.is_some()
    }

    /// Notes a problem with one of the section's keys.
    pub(super) fn problem(&self, name: &str, trouble: Trouble) {
        let offset = self.user_entry(name).map(|(at, _)| at).or(self.offset);
        self.document.problem(offset, self.key(name), trouble);
    }

    /// Notes a problem with the section itself.
    pub(super) fn problem_here(&self, trouble: Trouble) {
        self.document.problem(self.offset, self.path.clone(), trouble);
    }

    /// The value of a key that may be unset.
    pub(super) fn get<T>(
        &mut self,
        name: &'static str,
        check: impl Fn(&Value<'_>) -> Result<T, Trouble>,
    ) -> Option<T> {
        self.ask(name);
        if let Some((at, value)) = self.user_entry(name) {
            let value = self.document.user_value(value);
            match check(&value) {
                Ok(good) => {
                    self.document.setting(self.key(name), value.text, Some(at));
                    return Some(good);
                }
                Err(trouble) => self.problem(name, trouble),
            }
        }
        let value = self.document.default_value(self.default_entry(name)?);
        let good = check(&value).ok()?;
        if !self.written(name) {
            self.document.setting(self.key(name), value.text, None);
        }
        Some(good)
    }

    /// The value of a key that must have one, in the user's file or in the defaults.
    pub(super) fn need<T>(
        &mut self,
        name: &'static str,
        check: impl Fn(&Value<'_>) -> Result<T, Trouble>,
    ) -> Option<T> {
        let value = self.get(name, check);
        if value.is_none() && !self.written(name) {
            self.problem(name, Trouble::Missing);
        }
        value
    }

    /// As [`Section::need`]; after a problem some value, so that reading goes on.
    pub(super) fn value<T: Default>(
        &mut self,
        name: &'static str,
        check: impl Fn(&Value<'_>) -> Result<T, Trouble>,
    ) -> T {
        self.need(name, check).unwrap_or_default()
    }

    /// A table of this section; an empty one if it is absent.
    pub(super) fn table(&mut self, name: &'static str) -> Section<'a> {
        self.ask(name);
        let defaults = self.default_entry(name).and_then(|value| value.get_ref().as_table());
        let found = self.user_entry(name);
        let user = found.and_then(|(_, value)| value.get_ref().as_table());
        if found.is_some() && user.is_none() {
            self.problem(name, Trouble::Expected("a table"));
        }
        Section::new(self.document, self.key(name), user, defaults, found.map(|(at, _)| at))
    }

    /// The elements of an array of tables; arrays have no defaults.
    pub(super) fn tables(&mut self, name: &'static str) -> Vec<Section<'a>> {
        self.ask(name);
        let Some((_, value)) = self.user_entry(name) else { return Vec::new() };
        let DeValue::Array(elements) = value.get_ref() else {
            self.problem(name, Trouble::Expected("an array of tables"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let path = format!("{}[{index}]", self.key(name));
            let offset = Some(element.span().start);
            match element.get_ref().as_table() {
                Some(table) => sections.push(Section::new(self.document, path, Some(table), None, offset)),
                None => self.document.problem(offset, path, Trouble::Expected("a table")),
            }
        }
        sections
    }

    /// The tables of a section whose keys are free names.
    pub(super) fn named(&mut self, name: &'static str) -> BTreeMap<String, Section<'a>> {
        let section = self.table(name);
        let mut sections = BTreeMap::new();
        for (key, value) in section.user.into_iter().flatten() {
            let name = key.get_ref().to_string();
            let (path, offset) = (section.key(&name), Some(key.span().start));
            match value.get_ref().as_table() {
                Some(table) => {
                    sections.insert(name, Section::new(self.document, path, Some(table), None, offset));
                }
                None => self.document.problem(offset, path, Trouble::Expected("a table")),
            }
        }
        sections
    }

    /// The free keys of this section with their values; for tables such as `[source.who]`.
    pub(super) fn free<T>(&mut self, name: &'static str, check: Check<T>) -> BTreeMap<String, T> {
        let section = self.table(name);
        let mut values = BTreeMap::new();
        for (key, value) in section.user.into_iter().flatten() {
            let name = key.get_ref().to_string();
            let value = self.document.user_value(value);
            match (check(&value), values.entry(name.clone())) {
                (Ok(good), Entry::Vacant(place)) => {
                    self.document.setting(section.key(&name), value.text, Some(key.span().start));
                    place.insert(good);
                }
                (Ok(_), Entry::Occupied(_)) => {}
                (Err(trouble), _) => section.problem(&name, trouble),
            }
        }
        values
    }

    /// Ends the reading of this table: every key that nobody asked for is a problem.
    pub(super) fn end(self) {
        for key in self.user.into_iter().flat_map(|table| table.keys()) {
            let name: &str = key.get_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let trouble = match name {
                "api_key" | "api_token" | "token" => Trouble::KeyInFile,
                _ => Trouble::UnknownKey(nearest(name, self.asked.iter().copied())),
            };
            self.document.problem(Some(key.span().start), self.key(name), trouble);
        }
    }
}

/// The name that was probably meant.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}
