//! A public file by its URL: no credentials, no redirects, never more than was asked for.

use std::time::Duration;

use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{StatusCode, Url, redirect, retry};
use secrecy::{ExposeSecret as _, SecretString};

use super::tls;

/// What to fetch, and how much of it at most.
#[derive(Debug)]
pub struct Fetch<'a> {
    /// `https://…`, or `http://` on loopback.
    pub url: &'a str,
    /// The tag of the copy at hand.
    pub etag: Option<&'a str>,
    /// The most bytes that are read.
    pub most: usize,
    /// For the whole exchange.
    pub timeout: Duration,
    /// A proxy, unless the file is on loopback.
    pub proxy: Option<&'a SecretString>,
}

/// What came back.
#[derive(Debug)]
pub enum Fetched {
    /// The copy at hand is the newest.
    Unchanged,
    /// Another one.
    Body {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Its tag.
        etag: Option<String>,
    },
}

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an address that is fetched from.
    #[error("`{0}` is not an https URL without a password")]
    Url(String),
    /// The proxy of the config.
    #[error("keito.proxy is not a proxy")]
    Proxy,
    /// Another status than 200 or 304. Redirects are not followed.
    #[error("the server answered {0}")]
    Status(u16),
    /// More than was asked for.
    #[error("the file is longer than {0} bytes")]
    TooLong(usize),
    /// The exchange failed.
    #[error("no answer: {}", root(.0))]
    Exchange(#[source] reqwest::Error),
}

/// The innermost cause: it names what failed without the URL.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Fetches it.
///
/// # Errors
/// Why nothing came; nothing is tried twice.
pub async fn fetch(of: &Fetch<'_>) -> Result<Fetched, FetchError> {
    let refused = || FetchError::Url(of.url.to_owned());
    let url = Url::parse(of.url).map_err(|_| FetchError::Url(of.url.to_owned()))?;
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let secret = !url.username().is_empty() || url.password().is_some();
    if secret {
        // The address may not be shown: it holds a password.
        return Err(FetchError::Url(url.host_str().unwrap_or_default().to_owned()));
    }
    if !(url.scheme() == "https" || (loopback && url.scheme() == "http")) {
        return Err(refused());
    }
    tls::choose();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("keitod/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .http1_only()
        .timeout(of.timeout)
        .no_proxy();
    if let Some(proxy) = of.proxy.filter(|_| !loopback) {
        let proxy = reqwest::Proxy::all(proxy.expose_secret()).map_err(|_| FetchError::Proxy)?;
        builder = builder.proxy(proxy);
    }
    if url.scheme() == "http" {
        builder = builder.tls_certs_only([]);
    }
    let mut request = builder.build().map_err(FetchError::Exchange)?.get(url);
    if let Some(etag) = of.etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    let mut answer = request.send().await.map_err(FetchError::Exchange)?;
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED if of.etag.is_some() => return Ok(Fetched::Unchanged),
        other => return Err(FetchError::Status(other.as_u16())),
    }
    let etag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(FetchError::Exchange)? {
        if bytes.len() + chunk.len() > of.most {
            return Err(FetchError::TooLong(of.most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Fetched::Body { bytes, etag })
}
