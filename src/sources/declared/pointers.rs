//! Where a line holds what, and what stands there.

use serde_json::Value;

use super::super::loose::Count;
use super::super::stamp;
use super::super::usage::{Bad, number};
use crate::model::{Instant, Tokens};

/// JSON pointers (RFC 6901) into a line. One that leads nowhere is as one that is not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pointers {
    /// Session id.
    pub session: Option<String>,
    /// Instant: RFC 3339, or Unix seconds, ms or µs by magnitude.
    pub at: String,
    /// Who wrote the line.
    pub who: Option<String>,
    /// Request id.
    pub request: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Working directory.
    pub cwd: Option<String>,
    /// Input tokens.
    pub input: Option<String>,
    /// Whether `input` counts those read from and written to a cache too.
    pub input_includes_cached: bool,
    /// Whether `output` counts the reasoning too.
    pub output_includes_reasoning: bool,
    /// Tokens read from a cache.
    pub cache_read: Option<String>,
    /// Tokens written to a cache.
    pub cache_write: Option<String>,
    /// Reasoning tokens.
    pub reasoning: Option<String>,
    /// Output tokens.
    pub output: Option<String>,
}

/// What a pointer leads to, unless it is null.
pub(super) fn at<'v>(line: &'v Value, pointer: Option<&str>) -> Option<&'v Value> {
    line.pointer(pointer?).filter(|value| !value.is_null())
}

/// A string that holds anything, or a number as its digits: ids are both.
pub(super) fn text(line: &Value, pointer: Option<&str>) -> Option<String> {
    match at(line, pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Pointers {
    /// When the line was written.
    pub(super) fn instant(&self, line: &Value) -> Option<Instant> {
        match at(line, Some(&self.at))? {
            Value::String(text) => Instant::parse(text).or_else(|| stamp::by_magnitude(text)),
            Value::Number(number) => stamp::by_magnitude(&number.to_string()),
            _ => None,
        }
    }

    /// The counts; `None` if the line has none.
    pub(super) fn tokens(&self, line: &Value) -> Option<Result<Tokens, Bad>> {
        let all = [&self.input, &self.cache_read, &self.cache_write, &self.output, &self.reasoning];
        let found = all.map(|pointer| at(line, pointer.as_deref()));
        found.iter().any(Option::is_some).then(|| self.disjoint(found.map(count)))
    }

    fn disjoint(&self, [input, read, write, output, reasoning]: [Count; 5]) -> Result<Tokens, Bad> {
        let (cache_read, cache_write_5m, reasoning) = (number(read)?, number(write)?, number(reasoning)?);
        let (mut input, mut output) = (number(input)?, number(output)?);
        if self.input_includes_cached {
            input =
                input.checked_sub(cache_read).and_then(|rest| rest.checked_sub(cache_write_5m)).ok_or(Bad)?;
        }
        if !self.output_includes_reasoning {
            output += reasoning;
        }
        let reasoning = reasoning.min(output);
        Ok(Tokens { input, cache_read, cache_write_5m, cache_write_1h: 0, output, reasoning })
    }
}

fn count(value: Option<&Value>) -> Count {
    match value {
        None => Count::Absent,
        Some(value) => match value.as_u64() {
            Some(count) if count <= Tokens::MAX_PER_CLASS => Count::Is(count),
            _ => Count::Bad,
        },
    }
}
