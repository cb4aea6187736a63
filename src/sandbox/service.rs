//! One request from its last byte to its answer: journal, faults, endpoint.

use super::connection::Sever;
use super::faults::{Answer, Cut, End, Fault, Kind, Made, Struck};
use super::journal::{Request as Seen, Seq, kept_headers};
use super::refusal::Refusal;
use super::settings::Settings;
use super::state::State;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use hyper::body::{Frame, Incoming};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Largest request body.
const BODY_LIMIT: usize = 1024 * 1024;

/// The endpoints behind journal and faults, for one connection.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) state: State,
    pub(super) router: Router,
    pub(super) sever: UnboundedSender<Sever>,
}

impl Front {
    pub(super) async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let (mut parts, body) = request.into_parts();
        let body = to_bytes(Body::new(body), BODY_LIMIT).await;
        let seq = self.begin(&parts, body.as_ref().ok().cloned().unwrap_or_default());
        let struck = match Kind::of(parts.uri.path()) {
            Some(kind) => self.state.faults().strike(parts.method.as_str(), kind),
            None => Struck::default(),
        };
        parts.extensions.insert(struck.twist);
        let response = match body {
            _ if !is_loopback_name(&parts.headers) => {
                self.finish(Refusal::new(403, "Unknown host").into_response())
            }
            Err(_) => self.finish(Refusal::new(413, "Request body is too large").into_response()),
            Ok(body) => self.under(struck.fault, seq, parts, body).await,
        };
        self.note(seq, |seen| seen.answered = Some(response.status().as_u16()));
        Ok(response)
    }

    /// Answers under a fault. A fault that ends the connection leaves this future pending: the connection drops it.
    async fn under(&self, fault: Option<Fault>, seq: Seq, parts: Parts, body: Bytes) -> Response<Body> {
        match fault {
            Some(Fault::Drop(end)) => self.cut(Sever::silent(end)).await,
            Some(Fault::CommitLate(after, end)) => {
                let late = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    late.handle(seq, parts, body).await;
                });
                self.cut(Sever::silent(end)).await
            }
            Some(Fault::Answer(answer)) => made(&answer),
            Some(Fault::CommitAnswer(answer)) => {
                self.handle(seq, parts, body).await;
                made(&answer)
            }
            Some(Fault::Commit(cut)) => {
                let response = self.handle(seq, parts, body).await;
                self.cut_answer(cut, response).await
            }
            _ => self.handle(seq, parts, body).await,
        }
    }

    async fn handle(&self, seq: Seq, parts: Parts, body: Bytes) -> Response<Body> {
        let request = Request::from_parts(parts, Body::from(body));
        let Ok(response) = TowerToHyperService::new(self.router.clone()).call(request).await;
        let response = self.finish(response);
        self.note(seq, |seen| seen.handled = Some(response.status().as_u16()));
        response
    }

    /// Gives a refusal its shape and every answer the version header.
    fn finish(&self, response: Response<Body>) -> Response<Body> {
        let mut response = match response.extensions().get::<Refusal>() {
            Some(refusal) => {
                let how = |settings: &Settings| (settings.error_shape, settings.invalid_status);
                let (shape, invalid_status) = self.state.with(|workspace| how(&workspace.settings));
                refusal.render(shape, invalid_status)
            }
            None => response,
        };
        response.headers_mut().insert("x-keito-api-version", HeaderValue::from_static("2"));
        response
    }

    async fn cut_answer(&self, cut: Cut, response: Response<Body>) -> Response<Body> {
        let sever = match cut {
            Cut::NoBytes(end) => Sever::silent(end),
            Cut::Silence(wait) => Sever { wait, ..Sever::silent(End::Reset) },
            Cut::Delay(by) => {
                tokio::time::sleep(by).await;
                return response;
            }
            Cut::HalfHeader(end) => {
                let (head, _) = flat(response).await;
                Sever { bytes: head[..head.len() / 2].to_vec(), ..Sever::silent(end) }
            }
            Cut::HalfBody(end) => {
                let (mut bytes, body) = flat(response).await;
                bytes.extend_from_slice(&body[..body.len() / 2]);
                Sever { bytes, ..Sever::silent(end) }
            }
            Cut::Slow(pause) => {
                let (mut bytes, body) = flat(response).await;
                bytes.extend_from_slice(&body);
                Sever { bytes, pause, ..Sever::silent(End::Close) }
            }
        };
        self.cut(sever).await
    }

    async fn cut(&self, sever: Sever) -> Response<Body> {
        let _closed = self.sever.send(sever);
        self.state.announce();
        std::future::pending().await
    }

    fn begin(&self, parts: &Parts, body: Bytes) -> Seq {
        let at = self.state.with(|workspace| workspace.now());
        self.state.journal().begin(Seen {
            at,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: kept_headers(&parts.headers),
            body,
            handled: None,
            answered: None,
        })
    }

    fn note(&self, seq: Seq, note: impl FnOnce(&mut Seen)) {
        self.state.journal().note(seq, note);
        self.state.announce();
    }
}

/// A name that resolves to us only because somebody's DNS says so is a browser being used against its owner.
fn is_loopback_name(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return true };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost")
}

fn made(answer: &Answer) -> Response<Body> {
    let (kind, body) = match &answer.body {
        Made::Shape(shape) => {
            let (kind, text) = shape.render(answer.status, "Made by a test");
            (kind, Body::from(text))
        }
        Made::Bytes(bytes) => (None, Body::from(bytes.clone())),
        Made::Flood(bytes) => (None, Body::new(Flood(*bytes))),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("x-keito-api-version", HeaderValue::from_static("2"));
    if let Some(kind) = kind {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()))
        {
            headers.insert(name, value);
        }
    }
    response
}

/// Head and body of an answer as they would go over the wire.
async fn flat(response: Response<Body>) -> (Vec<u8>, Bytes) {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut head = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    for (name, value) in &parts.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    (head, body)
}

/// A body of so many spaces.
struct Flood(u64);

impl hyper::body::Body for Flood {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 8192] = [b' '; 8192];
        let size = usize::try_from(self.0).unwrap_or(usize::MAX).min(CHUNK.len());
        self.0 -= u64::try_from(size).unwrap_or(0);
        Poll::Ready((size > 0).then(|| Ok(Frame::data(Bytes::from_static(&CHUNK).slice(..size)))))
    }
}

impl Sever {
    fn silent(end: End) -> Self {
        Self { bytes: Vec::new(), pause: Duration::ZERO, wait: Duration::ZERO, end }
    }
}
