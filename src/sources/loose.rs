//! Values that never cost us a line: what is of another type than expected is told apart from what is absent, instead
//! of failing the whole record. Since 2.1.257 `iterations[].model` may be null, and readers with strict types lost
//! more than half of the requests by it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::Tokens;

/// A string, borrowed from the line where it holds no escapes.
#[derive(Debug, Default, Clone)]
pub(super) enum Text<'a> {
    /// Missing or null.
    #[default]
    Absent,
    /// A string.
    Is(Cow<'a, str>),
    /// Something else.
    Odd,
}

impl Text<'_> {
    /// The string, if it is one and holds anything.
    pub(super) fn get(&self) -> Option<&str> {
        match self {
            Self::Is(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether this is exactly `other`.
    pub(super) fn is(&self, other: &str) -> bool {
        self.get() == Some(other)
    }
}

/// A token or call count.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// Missing or null.
    #[default]
    Absent,
    /// A whole number up to [`Tokens::MAX_PER_CLASS`].
    Is(u64),
    /// Negative, fractional, absurdly large, or no number.
    Bad,
}

/// `true`, or anything else.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Flag(pub(super) bool);

/// An object.
#[derive(Debug, Default)]
pub(super) enum Loose<T> {
    /// Missing or null.
    #[default]
    Absent,
    /// An object.
    Is(T),
    /// Something else.
    Odd,
}

impl<T> Loose<T> {
    /// The object, if it is one.
    pub(super) fn get(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            _ => None,
        }
    }
}

/// A value as it stands in the line: bytes of a line that is UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> Raw<'a> {
    /// Its JSON.
    pub(super) fn get(self) -> &'a str {
        std::str::from_utf8(self.0).unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&'de RawValue>::deserialize(from).map(|raw| Self(raw.get().as_bytes()))
    }
}

/// A list of objects; what is no object in it keeps its place as `None`.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<Option<T>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A visitor for every JSON type, of which each value above overrides what it accepts.
macro_rules! odd {
    ($($method:ident: $type:ty),*) => {$(
        fn $method<E: Error>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Self::ODD)
        }
    )*};
}

macro_rules! odd_list {
    ($de:lifetime) => {
        fn visit_seq<A: SeqAccess<$de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::ODD)
        }
    };
}

macro_rules! odd_map {
    ($de:lifetime) => {
        fn visit_map<A: MapAccess<$de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::ODD)
        }
    };
}

struct TextVisitor<'a>(PhantomData<&'a ()>);

impl<'a> TextVisitor<'a> {
    const ODD: Text<'a> = Text::Odd;
}

impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
    type Value = Text<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text::Is(Cow::Borrowed(text)))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text::Is(Cow::Owned(text.to_owned())))
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Text::Absent)
    }
    odd!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
    odd_list!('de);
    odd_map!('de);
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor(PhantomData))
    }
}

struct CountVisitor;

impl CountVisitor {
    const ODD: Count = Count::Bad;
}

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_u64<E: Error>(self, count: u64) -> Result<Self::Value, E> {
        Ok(if count <= Tokens::MAX_PER_CLASS { Count::Is(count) } else { Count::Bad })
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Count::Absent)
    }
    odd!(visit_bool: bool, visit_i64: i64, visit_f64: f64, visit_str: &str);
    odd_list!('de);
    odd_map!('de);
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(CountVisitor)
    }
}

struct FlagVisitor;

impl FlagVisitor {
    const ODD: Flag = Flag(false);
}

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = Flag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Flag(value))
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Self::ODD)
    }
    odd!(visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
    odd_list!('de);
    odd_map!('de);
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FlagVisitor)
    }
}

struct LooseVisitor<T>(PhantomData<T>);

impl<T> LooseVisitor<T> {
    const ODD: Loose<T> = Loose::Odd;
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for LooseVisitor<T> {
    type Value = Loose<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Loose::Is)
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Loose::Absent)
    }
    odd!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
    odd_list!('de);
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(LooseVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<T> ListVisitor<T> {
    const ODD: List<T> = List(Vec::new());
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(element) = list.next_element::<Loose<T>>()? {
            found.push(match element {
                Loose::Is(value) => Some(value),
                _ => None,
            });
        }
        Ok(List(found))
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Self::ODD)
    }
    odd!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
    odd_map!('de);
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ListVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_whole_number_within_reason() {
        let cases = [
            ("0", Count::Is(0)),
            ("1099511627776", Count::Is(1 << 40)),
            ("1099511627777", Count::Bad),
            ("99999999999999999999999", Count::Bad),
            ("-1", Count::Bad),
            ("1.5", Count::Bad),
            ("\"12\"", Count::Bad),
            ("true", Count::Bad),
            ("[1]", Count::Bad),
            ("{\"a\":1}", Count::Bad),
            ("null", Count::Absent),
        ];
        for (text, expected) in cases {
            assert_eq!(serde_json::from_str::<Count>(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn every_json_type_is_taken_by_every_value() {
        for text in ["null", "true", "1", "-1", "1.5", "\"a\\nb\"", "[1,[2],{}]", "{\"a\":{\"b\":[]}}"] {
            serde_json::from_str::<Text<'_>>(text).unwrap();
            serde_json::from_str::<Flag>(text).unwrap();
            serde_json::from_str::<Loose<std::collections::HashMap<String, IgnoredAny>>>(text).unwrap();
            serde_json::from_str::<List<std::collections::HashMap<String, IgnoredAny>>>(text).unwrap();
        }
    }
}
