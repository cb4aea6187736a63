//! The table's file: JSON as `config/prices/generate.py` writes it, into rows.

use serde::Deserialize;

use super::row::{Context, Row, Source};
use super::{Class, Error, Factor, Fault, Fee, Rate, Rates, Window};
use crate::model::{Instant, Speed, Tier};

/// The schema that this version reads.
const SCHEMA: u32 = 2;

/// What a file holds, checked.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) version: String,
    pub(super) sources: Vec<Source>,
    pub(super) home: Vec<Home>,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) aliases: Vec<Alias>,
    pub(super) rows: Vec<Row>,
}

/// A platform where bare names belong.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Home {
    pub(super) platform: String,
    /// Only these models; absent: all.
    pub(super) models: Option<Vec<String>>,
}

/// The name of a product that no model can be told from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unresolved {
    pub(super) name: String,
    pub(super) reason: String,
}

/// A name that no rule derives.
#[derive(Debug)]
pub(super) struct Alias {
    pub(super) platform: String,
    pub(super) name: String,
    pub(super) model: String,
    pub(super) from: Option<Instant>,
    pub(super) to: Option<Instant>,
    /// The vendor does not say which model it is: the best evidence is used, and the price is flagged.
    pub(super) estimated: bool,
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
    home: Vec<Home>,
    unresolved: Vec<Unresolved>,
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
    #[serde(default)]
    estimated: bool,
}

/// A class that is not listed here makes the file unreadable: dropping it would price too low.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRates<'a> {
    input: Option<&'a str>,
    cache_read: Option<&'a str>,
    #[serde(alias = "cache_write_30m")]
    cache_write_5m: Option<&'a str>,
    #[serde(alias = "cache_write_12h")]
    cache_write_1h: Option<&'a str>,
    output: Option<&'a str>,
    reasoning: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileContext<'a> {
    above: Option<u64>,
    from: Option<u64>,
    #[serde(borrow)]
    rates: FileRates<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWindow<'a> {
    #[serde(borrow)]
    hours: Vec<&'a str>,
    #[serde(default)]
    weekdays: Vec<u8>,
    #[serde(default, borrow)]
    except: Vec<&'a str>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct FileFees<'a> {
    web_search: Option<&'a str>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct FileMultiply<'a> {
    batch: Option<&'a str>,
    flex: Option<&'a str>,
    priority: Option<&'a str>,
    us: Option<&'a str>,
    regional: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRow<'a> {
    platform: &'a str,
    model: &'a str,
    speed: Option<&'a str>,
    service: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    #[serde(borrow)]
    window: Option<FileWindow<'a>>,
    #[serde(borrow)]
    rates: FileRates<'a>,
    #[serde(default, borrow)]
    context: Vec<FileContext<'a>>,
    #[serde(default, borrow)]
    fees: FileFees<'a>,
    #[serde(default, borrow)]
    multiply: FileMultiply<'a>,
    #[serde(default)]
    committed: bool,
    #[serde(default)]
    searches_excluded: bool,
    #[serde(default, borrow)]
    assumed: Vec<&'a str>,
    source: Vec<String>,
}

pub(super) fn read(text: &str) -> Result<Content, Error> {
    let head: Head = serde_json::from_str(text)?;
    if head.schema != SCHEMA {
        return Err(Error::Schema { found: head.schema, known: SCHEMA });
    }
    let table: FileTable<'_> = serde_json::from_str(text)?;
    let alias = |file: FileAlias| {
        let range = (instant(file.from.as_deref()), instant(file.to.as_deref()));
        let (from, to) = match range {
            (Ok(from), Ok(to)) => (from, to),
            (Err(fault), _) | (_, Err(fault)) => {
                return Err(Error::Row { row: format!("{}/{}", file.platform, file.name), fault });
            }
        };
        let FileAlias { platform, name, model, estimated, .. } = file;
        Ok(Alias { platform, name, model, from, to, estimated })
    };
    Ok(Content {
        version: table.version,
        sources: table
            .sources
            .into_iter()
            .map(|source| Source { id: source.id, reason: source.reason, address: source.address })
            .collect(),
        home: table.home,
        unresolved: table.unresolved,
        aliases: table.aliases.into_iter().map(alias).collect::<Result<_, _>>()?,
        rows: of_file(table.rows)?,
    })
}

/// The rows of one platform, a piece of the packed table.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, Error> {
    of_file(serde_json::from_str(text)?)
}

fn of_file(files: Vec<FileRow<'_>>) -> Result<Vec<Row>, Error> {
    files
        .into_iter()
        .map(|file| {
            let name = (file.platform, file.model);
            row(file).map_err(|fault| Error::Row { row: format!("{}/{}", name.0, name.1), fault })
        })
        .collect()
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
    let assumed = |name: &&str| {
        Class::TOKENS.into_iter().find(|c| c.name() == *name).ok_or_else(|| Fault::Term((*name).to_owned()))
    };
    let window =
        |w: &FileWindow<'_>| Window::parse(&w.hours, w.weekdays.clone(), &w.except).map_err(Fault::Window);
    Ok(Row {
        id: id(&file),
        platform: file.platform.to_owned(),
        model: file.model.to_owned(),
        speed,
        service,
        from: instant(file.from)?,
        to: instant(file.to)?,
        window: file.window.as_ref().map(window).transpose()?,
        rates: rates(&file.rates)?,
        context,
        web_search: read_as(file.fees.web_search, Fee::per_thousand)?,
        batch: read_as(file.multiply.batch, Factor::parse)?,
        flex: read_as(file.multiply.flex, Factor::parse)?,
        priority: read_as(file.multiply.priority, Factor::parse)?,
        us: read_as(file.multiply.us, Factor::parse)?,
        regional: read_as(file.multiply.regional, Factor::parse)?,
        committed: file.committed,
        searches_excluded: file.searches_excluded,
        assumed: file.assumed.iter().map(assumed).collect::<Result<_, _>>()?,
        half_hour: matches!(file.platform, "openai" | "azure"),
        source: file.source,
    })
}

/// `anthropic/claude-opus-4-6+fast@2026-02-07T00:00:00Z`; a window is named by its first hour.
fn id(file: &FileRow<'_>) -> String {
    let mut id = format!("{}/{}", file.platform, file.model);
    let window = file.window.as_ref().and_then(|window| window.hours.first().copied());
    for variant in [file.speed, file.service, window].into_iter().flatten() {
        id.push('+');
        id.push_str(variant);
    }
    id.push('@');
    id.push_str(file.from.unwrap_or("start"));
    id
}

fn rates(file: &FileRates<'_>) -> Result<Rates, Fault> {
    let rate = |text: Option<&str>| read_as(text, Rate::per_million);
    Ok(Rates::new([
        rate(file.input)?,
        rate(file.cache_read)?,
        rate(file.cache_write_5m)?,
        rate(file.cache_write_1h)?,
        rate(file.output)?,
    ])
    .with_reasoning(rate(file.reasoning)?))
}

fn read_as<T>(text: Option<&str>, parse: fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    text.map(|text| parse(text).ok_or_else(|| Fault::Number(text.to_owned()))).transpose()
}

fn instant(text: Option<&str>) -> Result<Option<Instant>, Fault> {
    text.map(|text| Instant::parse(text).ok_or_else(|| Fault::Instant(text.to_owned()))).transpose()
}
