//! OTLP in JSON, as far as it is needed. Texts of prompts, answers and tools are among the attributes and are passed over.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, List, Loose, Text};
use super::super::usage::{Bad, Gross};
use crate::model::{Instant, Tokens};

/// A line: what was exported together.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Export<'a> {
    #[serde(borrow)]
    resource_spans: List<Resource<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resource<'a> {
    #[serde(borrow)]
    scope_spans: List<Scope<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Scope<'a> {
    #[serde(borrow)]
    spans: List<Span<'a>>,
}

/// A request, a call of a tool, or a turn around them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Span<'a> {
    #[serde(borrow)]
    pub(super) trace_id: Text<'a>,
    #[serde(borrow)]
    pub(super) span_id: Text<'a>,
    #[serde(borrow)]
    pub(super) parent_span_id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    start_time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    end_time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: List<Attribute<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attribute<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    value: Loose<Value<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Value<'a> {
    #[serde(borrow)]
    string_value: Text<'a>,
    #[serde(borrow)]
    int_value: Option<&'a RawValue>,
}

/// What a span is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Turn,
    Request,
    Tool,
}

impl<'a> Export<'a> {
    pub(super) fn spans(&self) -> impl Iterator<Item = &Span<'a>> {
        let scopes = self.resource_spans.0.iter().flatten().flat_map(|resource| &resource.scope_spans.0);
        scopes.flatten().flat_map(|scope| &scope.spans.0).flatten()
    }
}

impl Span<'_> {
    /// By its attribute; before there was one by its name.
    pub(super) fn operation(&self) -> Option<Operation> {
        let name = self.name.get().and_then(|name| name.split(' ').next());
        match self.text("gen_ai.operation.name").or(name)? {
            "invoke_agent" => Some(Operation::Turn),
            "chat" => Some(Operation::Request),
            "execute_tool" => Some(Operation::Tool),
            _ => None,
        }
    }

    fn value(&self, key: &str) -> Option<&Value<'_>> {
        let mut found = self.attributes.0.iter().flatten().filter(|attribute| attribute.key.is(key));
        found.next()?.value.get()
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.value(key)?.string_value.get()
    }

    /// Numbers of 64 bits are strings in OTLP's JSON; some write them plain.
    fn count(&self, key: &str) -> Count {
        let Some(raw) = self.value(key).and_then(|value| value.int_value) else { return Count::Absent };
        match plain(raw).parse::<u64>() {
            Ok(count) if count <= Tokens::MAX_PER_CLASS => Count::Is(count),
            _ => Count::Bad,
        }
    }

    /// What was read from the cache and written to it is a part of the input, and reasoning a part of the output.
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        let count = |name: &str| self.count(&format!("gen_ai.usage.{name}"));
        let gross = Gross {
            prompt: count("input_tokens"),
            cached: count("cache_read.input_tokens"),
            output: count("output_tokens"),
            thoughts: count("reasoning.output_tokens"),
            total: Count::Absent,
        };
        let tokens = gross.thoughts_by_total()?;
        let cache_write_5m = super::super::usage::number(count("cache_creation.input_tokens"))?;
        let input = tokens.input.checked_sub(cache_write_5m).ok_or(Bad)?;
        Ok(Tokens { input, cache_write_5m, ..tokens })
    }

    pub(super) fn start(&self) -> Option<Instant> {
        instant(self.start_time_unix_nano)
    }

    pub(super) fn end(&self) -> Option<Instant> {
        instant(self.end_time_unix_nano)
    }
}

fn plain(raw: &RawValue) -> &str {
    raw.get().trim_matches('"')
}

/// Nanoseconds since the Unix epoch.
fn instant(raw: Option<&RawValue>) -> Option<Instant> {
    let nanos = plain(raw?).parse::<i64>().ok().filter(|nanos| *nanos > 0)?;
    Some(Instant::from_millis(nanos / 1_000_000))
}
