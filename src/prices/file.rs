//! The table's file: JSON as `config/prices/generate.py` writes it, into rows.

use serde::Deserialize;

use super::row::{Context, Row, Source};
use super::{Error, Factor, Fault, Fee, Rate, Rates};
use crate::model::{Instant, Speed, Tier};

/// The schema that this version reads.
const SCHEMA: u32 = 1;

/// What a file holds, checked.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) version: String,
    pub(super) sources: Vec<Source>,
    pub(super) aliases: Vec<Alias>,
    pub(super) rows: Vec<Row>,
}

/// A name that no rule derives.
#[derive(Debug)]
pub(super) struct Alias {
    pub(super) platform: String,
    pub(super) name: String,
    pub(super) model: String,
    pub(super) from: Option<Instant>,
    pub(super) to: Option<Instant>,
}

/// The schema alone, so that a newer file is named as such instead of by its first unknown field.
#[derive(Deserialize)]
struct Head {
    schema: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable<'a> {
    #[serde(rename = "schema")]
    _schema: u32,
    version: String,
    sources: Vec<FileSource>,
    aliases: Vec<FileAlias>,
    #[serde(borrow)]
    rows: Vec<FileRow<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSource {
    id: String,
    reason: String,
    address: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileAlias {
    platform: String,
    name: String,
    model: String,
    from: Option<String>,
    to: Option<String>,
}

/// A class that is not listed here makes the file unreadable: dropping it would price too low.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRates<'a> {
    input: Option<&'a str>,
    cache_read: Option<&'a str>,
    cache_write_5m: Option<&'a str>,
    cache_write_1h: Option<&'a str>,
    output: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileContext<'a> {
    above: Option<u64>,
    from: Option<u64>,
    #[serde(borrow)]
    rates: FileRates<'a>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct FileFees {
    web_search: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct FileMultiply {
    batch: Option<String>,
    flex: Option<String>,
    priority: Option<String>,
    us: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRow<'a> {
    platform: String,
    model: String,
    speed: Option<&'a str>,
    service: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    #[serde(borrow)]
    rates: FileRates<'a>,
    #[serde(default, borrow)]
    context: Vec<FileContext<'a>>,
    #[serde(default)]
    fees: FileFees,
    #[serde(default)]
    multiply: FileMultiply,
    #[serde(default)]
    committed: bool,
    source: Vec<String>,
}

pub(super) fn read(text: &str) -> Result<Content, Error> {
    let head: Head = serde_json::from_str(text)?;
    if head.schema != SCHEMA {
        return Err(Error::Schema { found: head.schema, known: SCHEMA });
    }
    let table: FileTable<'_> = serde_json::from_str(text)?;
    let named = |row: String| move |fault| Error::Row { row, fault };
    let mut rows = Vec::with_capacity(table.rows.len());
    for file in table.rows {
        let name = format!("{}/{}", file.platform, file.model);
        rows.push(row(file).map_err(named(name))?);
    }
    let alias = |file: FileAlias| {
        let name = format!("{}/{}", file.platform, file.name);
        let range = (instant(file.from.as_deref()), instant(file.to.as_deref()));
        let (from, to) = match range {
            (Ok(from), Ok(to)) => (from, to),
            (Err(fault), _) | (_, Err(fault)) => return Err(named(name)(fault)),
        };
        Ok(Alias { platform: file.platform, name: file.name, model: file.model, from, to })
    };
    Ok(Content {
        version: table.version,
        sources: table
            .sources
            .into_iter()
            .map(|source| Source { id: source.id, reason: source.reason, address: source.address })
            .collect(),
        aliases: table.aliases.into_iter().map(alias).collect::<Result<_, _>>()?,
        rows,
    })
}

fn row(file: FileRow<'_>) -> Result<Row, Fault> {
    let speed = match file.speed {
        None => Speed::Standard,
        Some("fast") => Speed::Fast,
        Some(other) => return Err(Fault::Term(other.to_owned())),
    };
    let service = match file.service {
        None => Tier::Standard,
        Some("batch") => Tier::Batch,
        Some("flex") => Tier::Flex,
        Some("priority") => Tier::Priority,
        Some(other) => return Err(Fault::Term(other.to_owned())),
    };
    let mut context = Vec::with_capacity(file.context.len());
    for tier in &file.context {
        let least = match (tier.above, tier.from) {
            (Some(above), None) => above.saturating_add(1),
            (None, Some(from)) => from,
            _ => return Err(Fault::Threshold),
        };
        context.push(Context { least, rates: rates(&tier.rates)? });
    }
    context.sort_by_key(|tier| tier.least);
    let variant = |name: Option<&str>| name.map(|name| format!("+{name}")).unwrap_or_default();
    let id = format!(
        "{}/{}{}{}@{}",
        file.platform,
        file.model,
        variant(file.speed),
        variant(file.service),
        file.from.unwrap_or("start")
    );
    let factor = |text: Option<String>| read_as(text, Factor::parse);
    Ok(Row {
        id,
        platform: file.platform,
        model: file.model,
        speed,
        service,
        from: instant(file.from)?,
        to: instant(file.to)?,
        rates: rates(&file.rates)?,
        context,
        web_search: read_as(file.fees.web_search, Fee::per_thousand)?,
        batch: factor(file.multiply.batch)?,
        flex: factor(file.multiply.flex)?,
        priority: factor(file.multiply.priority)?,
        us: factor(file.multiply.us)?,
        committed: file.committed,
        source: file.source,
    })
}

fn rates(file: &FileRates<'_>) -> Result<Rates, Fault> {
    let rate = |text: Option<&str>| read_as(text, Rate::per_million);
    Ok(Rates::new([
        rate(file.input)?,
        rate(file.cache_read)?,
        rate(file.cache_write_5m)?,
        rate(file.cache_write_1h)?,
        rate(file.output)?,
    ]))
}

fn read_as<S: AsRef<str>, T>(text: Option<S>, parse: fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    text.map(|text| parse(text.as_ref()).ok_or_else(|| Fault::Number(text.as_ref().to_owned()))).transpose()
}

fn instant(text: Option<&str>) -> Result<Option<Instant>, Fault> {
    text.map(|text| Instant::parse(text).ok_or_else(|| Fault::Instant(text.to_owned()))).transpose()
}
