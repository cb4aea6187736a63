//! The text form of a [`Format`] that the store keeps.

use std::collections::BTreeMap;

use super::{At, Format, Side, Silent};
use crate::model::Instant;

impl Format {
    /// Fields separated by `;`. New ones come at the end, so that older texts are read.
    #[must_use]
    pub fn to_text(&self) -> String {
        let silent = self.silent.iter().map(|(at, silent)| {
            format!("{} {:x} {}", of(*at), silent.session, if silent.answer { "a" } else { "t" })
        });
        let fields = [
            millis(self.usage_at),
            silent.collect::<Vec<_>>().join(","),
            self.input.to_text(),
            self.output.to_text(),
            if self.excused { "excused" } else { "" }.to_owned(),
        ];
        fields.join(";")
    }

    /// What [`Format::to_text`] gave; what cannot be read is not known.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let mut fields = text.split(';');
        let mut next = || fields.next().unwrap_or_default();
        let usage_at = instant(next());
        let silent = next().split(',').filter_map(|entry| {
            let mut words = entry.split(' ');
            let at = at(&mut words)?;
            let session = u64::from_str_radix(words.next()?, 16).ok()?;
            Some((at, Silent { session, answer: words.next()? == "a" }))
        });
        Self {
            usage_at,
            silent: silent.collect(),
            input: Side::from_text(next()),
            output: Side::from_text(next()),
            excused: next() == "excused",
        }
    }
}

impl Side {
    fn to_text(&self) -> String {
        let lacking: Vec<String> = self.lacking.keys().map(|at| of(*at)).collect();
        format!("{}:{}", millis(self.good_at), lacking.join(","))
    }

    fn from_text(text: &str) -> Self {
        let (good_at, lacking) = text.split_once(':').unwrap_or_default();
        let lacking: BTreeMap<At, ()> =
            lacking.split(',').filter_map(|entry| Some((at(&mut entry.split(' '))?, ()))).collect();
        Self { good_at: instant(good_at), lacking }
    }
}

fn millis(at: Option<Instant>) -> String {
    at.map_or_else(String::new, |at| at.millis().to_string())
}

fn instant(text: &str) -> Option<Instant> {
    text.parse().ok().map(Instant::from_millis)
}

fn of((at, key): At) -> String {
    format!("{} {key:x}", at.millis())
}

fn at<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<At> {
    let at = instant(words.next()?)?;
    Some((at, u64::from_str_radix(words.next()?, 16).ok()?))
}
