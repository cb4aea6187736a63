//! The two layers of the configuration as parsed text: our defaults and the user's file.

use std::cell::RefCell;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Problem, Trouble};
use super::section::Section;
use super::show::{Setting, SettingOrigin};

/// A parsed text with its lines, so that each value keeps its place.
pub(super) struct Layer<'a> {
    text: &'a str,
    root: Spanned<DeTable<'a>>,
}

/// A value and its exact text in the file.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) de: &'a DeValue<'a>,
    pub(super) text: &'a str,
}

/// Both layers, and what reading them finds. A value of the user's hides that of the defaults; if it is wrong the
/// default stands in while the rest is read, so that one run shows all problems.
pub(super) struct Document<'a> {
    file: Option<&'a Path>,
    defaults: Layer<'a>,
    user: Layer<'a>,
    pub(super) problems: RefCell<Vec<Problem>>,
    pub(super) settings: RefCell<Vec<Setting>>,
    /// Every key that was asked for.
    #[cfg(test)]
    pub(super) asked: RefCell<std::collections::BTreeSet<String>>,
}

impl<'a> Layer<'a> {
    fn parse(text: &'a str) -> (Self, Vec<toml::de::Error>) {
        let (root, errors) = DeTable::parse_recoverable(text);
        (Self { text, root }, errors)
    }

    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }
}

impl<'a> Document<'a> {
    /// Parses both texts. What is no TOML becomes a problem; what could be read is kept.
    pub(super) fn parse(defaults: &'a str, user: &'a str, file: Option<&'a Path>) -> Self {
        let (defaults, _) = Layer::parse(defaults);
        let (user, errors) = Layer::parse(user);
        let problems = errors
            .iter()
            .map(|error| Problem {
                file: file.map(Path::to_owned),
                line: error.span().map(|span| user.line(span.start)),
                key: String::new(),
                // Display would quote the line, which may hold a secret.
                trouble: Trouble::Syntax(error.message().to_owned()),
            })
            .collect();
        Self {
            file,
            defaults,
            user,
            problems: RefCell::new(problems),
            settings: RefCell::default(),
            #[cfg(test)]
            asked: RefCell::default(),
        }
    }

    pub(super) fn root(&'a self) -> Section<'a> {
        Section::new(
            self,
            String::new(),
            Some(self.user.root.get_ref()),
            Some(self.defaults.root.get_ref()),
            None,
        )
    }

    pub(super) fn user_value(&'a self, value: &'a Spanned<DeValue<'a>>) -> Value<'a> {
        Value { de: value.get_ref(), text: self.user.text.get(value.span()).unwrap_or_default() }
    }

    pub(super) fn default_value(&'a self, value: &'a Spanned<DeValue<'a>>) -> Value<'a> {
        Value { de: value.get_ref(), text: self.defaults.text.get(value.span()).unwrap_or_default() }
    }

    /// Notes a problem of the user's file at a byte offset.
    pub(super) fn problem(&self, offset: Option<usize>, key: String, trouble: Trouble) {
        let line = offset.map(|offset| self.user.line(offset));
        let file = self.file.map(Path::to_owned);
        self.problems.borrow_mut().push(Problem { file, line, key, trouble });
    }

    /// Notes a value that is in force; `offset` is its place in the user's file, none for a default.
    pub(super) fn setting(&self, key: String, text: &str, offset: Option<usize>) {
        let origin = offset.map_or(SettingOrigin::Default, |at| SettingOrigin::File(self.user.line(at)));
        self.settings.borrow_mut().push(Setting { key, literal: text.to_owned(), origin });
    }
}
