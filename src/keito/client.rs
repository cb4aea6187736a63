//! One request, one outcome. No retries, no redirects, no decisions.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{RequestBuilder, Response, Url, redirect, retry};

use super::catalogue::{Category, Project, Task};
use super::classify::{Answer, Body, Kind, classify};
use super::listed::{ListedEntry, ListedExpense};
use super::me::Me;
use super::page::{self, PER_PAGE, Page, Row};
use super::redact::Redactor;
use super::request::{Method, Range, Send};
use super::seen::Echo;
use super::settings::{Error, Origin, Settings, credentials};
use super::{me, retry_after, tls, transport};
use crate::deliver::Outcome;
use crate::model::{Instant, ProjectId};

/// The longest answer that is read: the cap of everything but lists.
const MAX_ANSWER: usize = 1 << 20;
/// The longest list that is read. 200 rows with 4 KiB of metadata and long notes each can pass 1 MiB, and a list that
/// is never read would stop all delivery.
const MAX_LIST: usize = 8 << 20;
/// Shorter than any server's keep-alive: a request written into a connection that is being closed has an unknown fate.
const POOL_IDLE: Duration = Duration::from_secs(5);

/// Speaks to one Keito as one user.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    origin: Url,
    redactor: Arc<Redactor>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("origin", &self.origin.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// Checks the settings; nothing is sent.
    ///
    /// # Errors
    /// Each variant of [`Error`] names the setting to correct.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let origin = Origin::parse(&settings.origin)?;
        let (bearer, account) = credentials(settings)?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer);
        headers.extend(account.map(|id| (HeaderName::from_static("keito-account-id"), id)));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));

        tls::choose();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("keitod/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .http1_only()
            .pool_idle_timeout(POOL_IDLE)
            .timeout(settings.request_timeout)
            .connect_timeout(settings.connect_timeout)
            .no_proxy();
        if origin.loopback {
            // The name must not lead elsewhere through a resolver: http is allowed here.
            let loopback = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), (Ipv6Addr::LOCALHOST, 0).into()];
            builder = builder.resolve_to_addrs("localhost", &loopback);
        } else if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|_| Error::Proxy)?);
        }
        if origin.url.scheme() == "http" {
            // Systems without trusted certificates can still speak to a sandbox.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self {
            http: builder.build().map_err(Error::Tls)?,
            origin: origin.url,
            redactor: Arc::new(Redactor::new(&settings.key, settings.account.as_deref())),
        })
    }

    /// Scheme, host and port, normalized: what delivery state is scoped to, beside the account.
    #[must_use]
    pub fn origin(&self) -> String {
        self.origin.origin().ascii_serialization()
    }

    /// `GET /users/me`.
    pub async fn me(&self) -> Outcome<Me> {
        self.read(self.url("/users/me", &[]), MAX_ANSWER, me::parse).await
    }

    /// The same, with what the server's clock says.
    pub async fn me_dated(&self) -> (Outcome<Me>, Option<Instant>) {
        match self.http.get(self.url("/users/me", &[])).send().await {
            Ok(response) => {
                let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
                let date = date.and_then(retry_after::instant);
                let answer = answer(response, MAX_ANSWER).await;
                (classify(&answer, Kind::Read, &self.redactor, me::parse), date)
            }
            Err(error) => (transport::failed(&error), None),
        }
    }

    /// `GET /projects`: active ones, or archived ones; with their tasks where the server embeds them.
    pub async fn projects(&self, active: bool, page: u32) -> Outcome<Page<Project>> {
        // Active ones are what is listed without a word: a server that knows no such word lists them too.
        let query = [("is_active", "false".to_owned())];
        self.list("/projects", if active { &[] } else { &query }, page).await
    }

    /// `GET /tasks`, all or those of one project.
    pub async fn tasks(&self, project: Option<&ProjectId>, page: u32) -> Outcome<Page<Task>> {
        let of = project.map(|id| ("project_id", id.as_str().to_owned()));
        self.list("/tasks", of.as_slice(), page).await
    }

    /// `GET /expense_categories`: not documented, so a 404 page, 403 or 405 says only that it does not exist.
    pub async fn expense_categories(&self) -> Outcome<Page<Category>> {
        self.list("/expense_categories", &[], 1).await
    }

    /// `GET /time_entries`, in no order, running ones included.
    pub async fn time_entries(&self, range: &Range<'_>) -> Outcome<Page<ListedEntry>> {
        self.list("/time_entries", &range.query(), range.page).await
    }

    /// `GET /expenses`, in no order.
    pub async fn expenses(&self, range: &Range<'_>) -> Outcome<Page<ListedExpense>> {
        self.list("/expenses", &range.query(), range.page).await
    }

    /// One attempt of a write. Dropping the future leaves its fate unknown.
    pub async fn send(&self, write: &Send<'_>) -> Outcome<Echo> {
        let method = match write.method {
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
        };
        let request = self
            .http
            .request(method, self.url(write.path, &[]))
            .header(CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", write.idempotency_key)
            .body(write.body.to_vec());
        self.exchange(request, Kind::Write, MAX_ANSWER, Echo::parse).await
    }

    async fn list<T: Row>(&self, path: &str, query: &[(&str, String)], asked: u32) -> Outcome<Page<T>> {
        let mut url = self.url(path, query);
        url.query_pairs_mut()
            .append_pair("page", &asked.to_string())
            .append_pair("per_page", &PER_PAGE.to_string());
        self.read(url, MAX_LIST, |json| page::parse(json, asked)).await
    }

    async fn read<T>(&self, url: Url, cap: usize, parse: impl FnOnce(&str) -> Option<T>) -> Outcome<T> {
        self.exchange(self.http.get(url), Kind::Read, cap, parse).await
    }

    async fn exchange<T>(
        &self,
        request: RequestBuilder,
        kind: Kind,
        cap: usize,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Outcome<T> {
        match request.send().await {
            Ok(response) => classify(&answer(response, cap).await, kind, &self.redactor, parse),
            Err(error) => transport::failed(&error),
        }
    }

    /// `set_path` escapes what could leave the path: the key goes to the origin alone.
    fn url(&self, path: &str, query: &[(&str, String)]) -> Url {
        let mut url = self.origin.clone();
        url.set_path(&format!("/api/v2{path}"));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// Reads the body to its end or to `cap`.
async fn answer(mut response: Response, cap: usize) -> Answer {
    let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
    let mut answer = Answer {
        status: response.status().as_u16(),
        html: header(CONTENT_TYPE).is_some_and(|kind| kind.to_ascii_lowercase().contains("html")),
        retry_after: retry_after::parse(header(RETRY_AFTER), header(DATE)),
        location: header(LOCATION).and_then(|to| {
            let to = response.url().join(to).ok()?;
            Some(to.origin().ascii_serialization())
        }),
        body: Body::Cut,
    };
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > cap => answer.body = Body::TooLong,
            Ok(Some(chunk)) => {
                bytes.extend_from_slice(&chunk);
                continue;
            }
            Ok(None) => answer.body = Body::Whole(bytes),
            Err(_) => {}
        }
        return answer;
    }
}

#[cfg(test)]
mod tests;
