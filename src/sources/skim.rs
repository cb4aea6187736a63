//! The fast way from a line to what is read of it: one walk over the bytes that builds nothing of what is passed over.
//!
//! It takes only what the general parser would take in the same way, and gives `None` for everything else: bytes that
//! are no JSON, duplicate members, escapes in keys, white space other than blanks, numbers with an exponent or many
//! digits, deep nesting. Then the general parser decides. So a defect is found and named in one place alone.

use std::borrow::Cow;

use super::loose::{Count, Flag, List, Loose, Raw, Text};
use super::wide_bytes;
use crate::model::Tokens;

/// Deeper values are left to the general parser, which has a limit of its own.
const DEPTH: u32 = 60;

/// Longer numbers may be beyond what the general parser takes.
const DIGITS: usize = 17;

/// A place in a line that is UTF-8 without control characters.
pub(super) struct Skim<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

/// A string as it stands in the line.
struct Quoted<'a> {
    /// With its quotes.
    whole: &'a [u8],
    escaped: bool,
}

/// An object of which some members are known.
pub(super) trait Fill<'a>: Default {
    /// Takes the value of one member. `seen` has a bit for each known one that was there before.
    fn fill(&mut self, key: &[u8], seen: &mut u64, skim: &mut Skim<'a>) -> Option<()>;
}

/// A value that can be read in passing.
pub(super) trait Skimmed<'a>: Sized {
    /// Reads it; `None`: the general parser is to be asked.
    fn skimmed(skim: &mut Skim<'a>) -> Option<Self>;
}

/// Which members of an object are known, and the fields they go to.
macro_rules! members {
    ($life:lifetime, $type:ty { $($key:literal => $field:ident),* $(,)? }) => {
        impl<$life> $crate::sources::skim::Fill<$life> for $type {
            fn fill(
                &mut self,
                key: &[u8],
                seen: &mut u64,
                skim: &mut $crate::sources::skim::Skim<$life>,
            ) -> Option<()> {
                let _ = &seen;
                #[allow(non_camel_case_types, dead_code, reason = "one bit a field, under its name")]
                enum Bit { $($field),* }
                match key {
                    $(key if key == $key.as_bytes() => {
                        let bit = 1u64 << (Bit::$field as u32);
                        if *seen & bit != 0 {
                            return None;
                        }
                        *seen |= bit;
                        self.$field = $crate::sources::skim::Skimmed::skimmed(skim)?;
                        Some(())
                    })*
                    _ => skim.pass(),
                }
            }
        }
    };
}
pub(super) use members;

/// Reads a line that is one object.
pub(super) fn object<'a, T: Fill<'a>>(bytes: &'a [u8]) -> Option<T> {
    if bytes.first() != Some(&b'{') || !wide_bytes::is_text(bytes) {
        return None;
    }
    let mut skim = Skim { bytes, at: 0, depth: 0 };
    let value = skim.filled()?;
    skim.blanks();
    (skim.at == bytes.len()).then_some(value)
}

impl<'a> Skim<'a> {
    /// The next byte that is no blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.blanks();
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// An object, of which `each` reads the value of every member.
    pub(super) fn members(&mut self, mut each: impl FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        if self.peek()? != b'}' {
            loop {
                self.blanks();
                let key = self.quoted().filter(|key| !key.escaped)?;
                self.take(b':')?;
                each(self, inner(key.whole))?;
                match self.peek()? {
                    b',' => self.at += 1,
                    b'}' => break,
                    _ => return None,
                }
            }
        }
        self.at += 1;
        self.depth -= 1;
        Some(())
    }

    /// A list, of which `each` reads every element.
    pub(super) fn elements(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        if self.peek()? != b']' {
            loop {
                each(self)?;
                match self.peek()? {
                    b',' => self.at += 1,
                    b']' => break,
                    _ => return None,
                }
            }
        }
        self.at += 1;
        self.depth -= 1;
        Some(())
    }

    /// Passes over a value of any kind.
    pub(super) fn pass(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.quoted().map(drop),
            b'{' => self.members(|skim, _| skim.pass()),
            b'[' => self.elements(Self::pass),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number().map(drop),
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.blanks();
        self.bytes.get(self.at..)?.starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<&'a str> {
        self.blanks();
        let (bytes, from) = (self.bytes, self.at);
        let digits = |from: usize| {
            let rest = bytes.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let whole = from + usize::from(bytes.get(from) == Some(&b'-'));
        let mut end = digits(whole);
        let is_padded = end > whole + 1 && bytes[whole] == b'0';
        if end == whole || is_padded {
            return None;
        }
        if bytes.get(end) == Some(&b'.') {
            let part = end + 1;
            end = digits(part);
            if end == part {
                return None;
            }
        }
        let has_exponent = matches!(bytes.get(end), Some(b'e' | b'E'));
        self.at = end;
        let fits = !has_exponent && end - from <= DIGITS;
        fits.then(|| std::str::from_utf8(bytes.get(from..end)?).ok())?
    }

    fn quoted(&mut self) -> Option<Quoted<'a>> {
        let from = self.at;
        if self.bytes.get(from) != Some(&b'"') {
            return None;
        }
        let end = wide_bytes::string_end(self.bytes, from + 1)?;
        self.at = end.at + 1;
        Some(Quoted { whole: self.bytes.get(from..self.at)?, escaped: end.escaped })
    }

    /// A string as it stands in the line, with its quotes.
    pub(super) fn raw_string(&mut self) -> Option<Raw<'a>> {
        self.blanks();
        self.quoted().map(|quoted| Raw(quoted.whole))
    }

    /// Any value as it stands in the line.
    pub(super) fn raw(&mut self) -> Option<Raw<'a>> {
        self.blanks();
        let from = self.at;
        self.pass()?;
        self.bytes.get(from..self.at).map(Raw)
    }

    fn filled<T: Fill<'a>>(&mut self) -> Option<T> {
        let (mut value, mut seen) = (T::default(), 0);
        self.members(|skim, key| value.fill(key, &mut seen, skim))?;
        Some(value)
    }
}

/// Without the quotes.
fn inner(whole: &[u8]) -> &[u8] {
    whole.get(1..whole.len() - 1).unwrap_or_default()
}

impl<'a> Skimmed<'a> for Text<'a> {
    fn skimmed(skim: &mut Skim<'a>) -> Option<Self> {
        match skim.peek()? {
            b'"' => {
                let quoted = skim.quoted()?;
                Some(Self::Is(match quoted.escaped {
                    true => Cow::Owned(serde_json::from_slice(quoted.whole).ok()?),
                    false => Cow::Borrowed(std::str::from_utf8(inner(quoted.whole)).ok()?),
                }))
            }
            b'n' => skim.pass().map(|()| Self::Absent),
            _ => skim.pass().map(|()| Self::Odd),
        }
    }
}

impl<'a> Skimmed<'a> for Count {
    fn skimmed(skim: &mut Skim<'a>) -> Option<Self> {
        match skim.peek()? {
            b'0'..=b'9' => Some(match skim.number()?.parse() {
                Ok(count) if count <= Tokens::MAX_PER_CLASS => Self::Is(count),
                _ => Self::Bad,
            }),
            b'n' => skim.pass().map(|()| Self::Absent),
            _ => skim.pass().map(|()| Self::Bad),
        }
    }
}

impl<'a> Skimmed<'a> for Flag {
    fn skimmed(skim: &mut Skim<'a>) -> Option<Self> {
        let is_true = skim.peek()? == b't';
        skim.pass().map(|()| Self(is_true))
    }
}

impl<'a, T: Fill<'a>> Skimmed<'a> for Loose<T> {
    fn skimmed(skim: &mut Skim<'a>) -> Option<Self> {
        match skim.peek()? {
            b'{' => skim.filled().map(Self::Is),
            b'n' => skim.pass().map(|()| Self::Absent),
            _ => skim.pass().map(|()| Self::Odd),
        }
    }
}

impl<'a, T: Fill<'a>> Skimmed<'a> for List<T> {
    fn skimmed(skim: &mut Skim<'a>) -> Option<Self> {
        if skim.peek()? != b'[' {
            return skim.pass().map(|()| Self::default());
        }
        let mut found = Vec::new();
        skim.elements(|skim| {
            found.push(match Loose::skimmed(skim)? {
                Loose::Is(value) => Some(value),
                _ => None,
            });
            Some(())
        })?;
        Some(Self(found))
    }
}

impl<'a> Skimmed<'a> for Option<Raw<'a>> {
    fn skimmed(skim: &mut Skim<'a>) -> Option<Self> {
        let raw = skim.raw()?;
        Some((raw.0 != b"null").then_some(raw))
    }
}

#[cfg(test)]
#[path = "skim_tests.rs"]
pub(super) mod tests;
