//! Lists: query parameters, order, pages and their envelope.

use super::body;
use super::faults::Twist;
use super::refusal::Refusal;
use super::reply::Reply;
use super::settings::{Order, Settings};
use crate::model::{Day, Instant};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::Serialize;
use serde::ser::SerializeMap;

/// The query of a list request. Parameters nobody asks for are ignored, as the real server is believed to do.
#[derive(Debug, Clone, Default)]
pub(super) struct Params {
    path: String,
    raw: String,
    pairs: Vec<(String, String)>,
    /// What a fault does to this list.
    pub(super) twist: Twist,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let pairs = Query::try_from_uri(&parts.uri).map(|Query(pairs)| pairs);
        Ok(Self {
            path: parts.uri.path().to_owned(),
            raw: parts.uri.query().unwrap_or_default().to_owned(),
            pairs: pairs.map_err(|_| Refusal::new(400, "Malformed query"))?,
            twist: parts.extensions.get().cloned().unwrap_or_default(),
        })
    }
}

impl Params {
    /// A parameter's last value; empty counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let found = self.pairs.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A filter, which a fault may make ineffective.
    pub(super) fn filter(&self, key: &str) -> Option<&str> {
        self.get(key).filter(|_| !self.twist.ignore_filters)
    }

    /// Whether a row's value passes the filter `key`.
    pub(super) fn passes(&self, key: &str, value: &str) -> bool {
        self.filter(key).is_none_or(|wanted| wanted == value)
    }

    /// The same for a boolean.
    pub(super) fn passes_flag(&self, key: &str, value: bool) -> bool {
        self.passes(key, if value { "true" } else { "false" })
    }

    /// Whether a word is in the comma list of the filter `key`.
    pub(super) fn passes_any(&self, key: &str, word: &str) -> bool {
        self.filter(key).is_none_or(|wanted| wanted.split(',').any(|each| each.trim() == word))
    }

    /// The range `from`..=`to` and `updated_since`.
    pub(super) fn range(&self) -> Result<Range, Refusal> {
        let day = |key: &str| {
            let parse =
                |text| body::day(text).ok_or_else(|| Refusal::new(400, format!("{key} must be YYYY-MM-DD")));
            self.filter(key).map(parse).transpose()
        };
        let instant =
            |text| Instant::parse(text).ok_or_else(|| Refusal::new(400, "updated_since must be ISO 8601"));
        Ok(Range {
            from: day("from")?,
            to: day("to")?,
            updated_since: self.filter("updated_since").map(instant).transpose()?,
        })
    }

    fn positive(&self, key: &str) -> Option<usize> {
        self.get(key)?.parse().ok().filter(|n| *n > 0)
    }

    /// One page of `rows` under `key`. `render` makes a row's JSON.
    pub(super) fn page<'r, T, J: Serialize>(
        &self,
        key: &str,
        settings: &Settings,
        rows: &'r [T],
        render: impl Fn(&'r T) -> J,
    ) -> Reply {
        let per_page =
            self.positive("per_page").unwrap_or(settings.per_page).min(settings.max_per_page).max(1);
        let page = self.positive("page").unwrap_or(1);
        let start = (page - 1).saturating_mul(per_page);
        // A shifted list is one whose rows moved between two requests: the first page is right, the others are off.
        let start = if page > 1 { start.saturating_add_signed(self.twist.shift) } else { start };
        let shown: Vec<J> = rows.iter().skip(start).take(per_page).map(render).collect();
        let links = self.links(page, per_page, rows.len().div_ceil(per_page));
        Reply::json(200, &Envelope { key, rows: shown, page, per_page, total: rows.len(), links })
    }

    fn links(&self, page: usize, per_page: usize, last: usize) -> Links {
        let filters = self.raw.split('&').filter(|pair| !pair.is_empty());
        let filters = filters.filter(|pair| !pair.starts_with("page=") && !pair.starts_with("per_page="));
        let filters: String = filters.flat_map(|pair| ["&", pair]).collect();
        let link = |page: usize| format!("{}?page={page}&per_page={per_page}{filters}", self.path);
        Links {
            first: link(1),
            next: (page < last).then(|| link(page + 1)),
            previous: (page > 1).then(|| link(page - 1)),
            last: link(last.max(1)),
        }
    }
}

/// What `from`, `to` and `updated_since` let through.
pub(super) struct Range {
    from: Option<Day>,
    to: Option<Day>,
    updated_since: Option<Instant>,
}

impl Range {
    pub(super) fn holds(&self, day: Day, updated_at: Instant) -> bool {
        self.from.is_none_or(|from| day >= from)
            && self.to.is_none_or(|to| day <= to)
            && self.updated_since.is_none_or(|since| updated_at >= since)
    }
}

/// Sorts rows by day, then creation, then id. `of` names the three.
pub(super) fn order<T>(rows: &mut [T], order: Order, seed: u64, of: impl Fn(&T) -> (Day, Instant, &str)) {
    match order {
        Order::NewestFirst => rows.sort_by(|a, b| of(b).cmp(&of(a))),
        Order::OldestFirst => rows.sort_by(|a, b| of(a).cmp(&of(b))),
        Order::Shuffled => rows.sort_by_key(|row| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&seed.to_le_bytes()).update(of(row).2.as_bytes());
            *hasher.finalize().as_bytes()
        }),
    }
}

struct Envelope<'a, J> {
    key: &'a str,
    rows: Vec<J>,
    page: usize,
    per_page: usize,
    total: usize,
    links: Links,
}

impl<J: Serialize> Serialize for Envelope<'_, J> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry(self.key, &self.rows)?;
        map.serialize_entry("page", &self.page)?;
        map.serialize_entry("per_page", &self.per_page)?;
        map.serialize_entry("total_pages", &self.total.div_ceil(self.per_page))?;
        map.serialize_entry("total_entries", &self.total)?;
        map.serialize_entry("links", &self.links)?;
        map.end()
    }
}

#[derive(Serialize)]
struct Links {
    first: String,
    next: Option<String>,
    previous: Option<String>,
    last: String,
}
