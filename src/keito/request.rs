//! What is asked of Keito.

use crate::model::{Day, RemoteId, UserId};

/// Which records are listed.
#[derive(Debug, Clone, Copy)]
pub struct Range<'a> {
    /// First day, inclusive.
    pub from: Day,
    /// Last day, inclusive.
    pub to: Day,
    /// Only this user's. The server may ignore it: check the rows.
    pub user: Option<&'a UserId>,
    /// Only this source, such as `agent`. The server may ignore it: check the rows.
    pub source: Option<&'a str>,
    /// Page, from 1.
    pub page: u32,
}

/// The methods that write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Creates a record.
    Post,
    /// Changes an entry to absolute values.
    Patch,
}

impl Method {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// One attempt of one write.
#[derive(Debug, Clone, Copy)]
pub struct Send<'a> {
    /// How.
    pub method: Method,
    /// Below `/api/v2`: `/time_entries`, `/expenses`, or [`entry_path`].
    pub path: &'a str,
    /// The sealed bytes.
    pub body: &'a [u8],
    /// Equal for each attempt of the same bytes.
    pub idempotency_key: &'a str,
}

/// Path of an existing entry. The id is escaped: whatever it holds, it stays one segment below `/time_entries`.
#[must_use]
pub fn entry_path(id: &RemoteId) -> String {
    let escaped = id.as_str().bytes().map(|b| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    });
    format!("/time_entries/{}", escaped.collect::<String>())
}

impl Range<'_> {
    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = vec![("from", self.from.to_string()), ("to", self.to.to_string())];
        query.extend(self.user.map(|user| ("user_id", user.as_str().to_owned())));
        query.extend(self.source.map(|source| ("source", source.to_owned())));
        query
    }
}
