//! Paths → answers: one route, one line of [`ROUTES`].

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use tokio_util::sync::CancellationToken;

use super::act::{DiscardBody, RetryBody, ZoneBody};
use super::events::{Streams, stream};
use super::extract::{Asked, Sent};
use super::reply::{Document, Text};
use super::tally::Tally;
use super::{Act, Answers, Assign, Backfill, Code, Failure, Flush, REQUEST_LIMIT};

/// What handlers work with.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) answers: Arc<dyn Answers>,
    pub(super) tally: Arc<Tally>,
    pub(super) streams: Streams,
    /// Streams of events end with it: no answer else is endless.
    pub(super) stop: CancellationToken,
}

type Of = State<Site>;
type Answered = Result<Document, Failure>;

/// A line of the table.
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// With `{names}` for what varies.
    pub path: &'static str,
    handler: fn() -> MethodRouter<Site>,
}

const fn ask(path: &'static str, handler: fn() -> MethodRouter<Site>) -> Route {
    Route { method: "GET", path, handler }
}

const fn act(path: &'static str, handler: fn() -> MethodRouter<Site>) -> Route {
    Route { method: "POST", path, handler }
}

/// All that the socket answers; `docs/openapi.json` names the same.
pub const ROUTES: &[Route] = &[
    ask("/healthz", || get(async || "ok")),
    ask("/metrics", || get(metrics)),
    ask("/v1/events", || get(events)),
    ask("/v1/status", || get(async |State(of): Of| answered(of.answers.status().await))),
    ask("/v1/statusline", || {
        get(async |State(of): Of, Asked(query)| answered(of.answers.statusline(query).await))
    }),
    ask("/v1/sessions", || {
        get(async |State(of): Of, Asked(query)| answered(of.answers.sessions(query).await))
    }),
    ask("/v1/queue", || get(async |State(of): Of, Asked(query)| answered(of.answers.queue(query).await))),
    ask("/v1/queue/{id}", || get(record)),
    ask("/v1/explain/{id}", || get(explain)),
    ask("/v1/report", || get(async |State(of): Of, Asked(query)| answered(of.answers.report(query).await))),
    ask("/v1/audit", || get(async |State(of): Of, Asked(query)| answered(of.answers.audit(query).await))),
    act("/v1/queue/{id}/retry", || post(retry)),
    act("/v1/queue/{id}/discard", || post(discard)),
    act("/v1/queue/{id}/approve", || post(approve)),
    act("/v1/sources/{agent}/approve", || post(approve_agent)),
    act("/v1/assign", || post(assign)),
    act("/v1/backfill", || post(backfill)),
    act("/v1/set-zone", || post(set_zone)),
    act("/v1/pause", || post(async |State(of): Of| answered(of.answers.act(Act::Pause).await))),
    act("/v1/resume", || post(async |State(of): Of| answered(of.answers.act(Act::Resume).await))),
    act("/v1/flush", || post(flush)),
    act("/v1/rescan", || post(rescan)),
];

pub(super) fn router(site: Site) -> Router {
    let router =
        ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    router
        .fallback(async || Failure::new(Code::NotFound, format!("no such path: {}", known().join(", "))))
        .method_not_allowed_fallback(async || {
            Failure::new(Code::MethodNotAllowed, "the path does not take this method: see the allow header")
        })
        .layer(DefaultBodyLimit::max(REQUEST_LIMIT))
        .with_state(site)
}

fn known() -> Vec<String> {
    ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect()
}

async fn metrics(State(of): Of) -> Result<Text, Failure> {
    let seen = of.tally.seen(of.streams.taken());
    Ok(Text(of.answers.metrics(seen).await?))
}

async fn events(State(of): Of) -> Result<Response, Failure> {
    let seat = of.streams.seat().ok_or_else(|| {
        Failure::new(Code::Busy, "too many streams of events: close one, or ask for /v1/status now and then")
    })?;
    // Heard first, so that nothing that happens between the two is missed.
    let events = of.answers.events();
    let first = of.answers.status().await?;
    Ok(stream(first, events, of.stop, seat).into_response())
}

fn answered(answer: Result<Vec<u8>, Failure>) -> Answered {
    answer.map(Document)
}

type Id = Result<Path<String>, PathRejection>;

fn named(id: Id) -> Result<String, Failure> {
    id.map(|Path(id)| id).map_err(|rejection| Failure::new(Code::InvalidInput, rejection.body_text()))
}

async fn record(State(of): Of, id: Id) -> Answered {
    answered(of.answers.record(named(id)?).await)
}

async fn explain(State(of): Of, id: Id) -> Answered {
    answered(of.answers.explain(named(id)?).await)
}

async fn retry(State(of): Of, id: Id, Sent(RetryBody { reseal }): Sent<RetryBody>) -> Answered {
    answered(of.answers.act(Act::Retry { id: named(id)?, reseal }).await)
}

async fn discard(State(of): Of, id: Id, Sent(DiscardBody { reason }): Sent<DiscardBody>) -> Answered {
    answered(of.answers.act(Act::Discard { id: named(id)?, reason }).await)
}

async fn set_zone(State(of): Of, Sent(body): Sent<ZoneBody>) -> Answered {
    let ZoneBody { zone, from, sure } = body;
    answered(of.answers.act(Act::SetZone { zone, from, sure }).await)
}

async fn backfill(State(of): Of, Sent(body): Sent<Backfill>) -> Answered {
    answered(of.answers.act(Act::Backfill(body)).await)
}

async fn assign(State(of): Of, Sent(words): Sent<Assign>) -> Answered {
    answered(of.answers.act(Act::Assign(Box::new(words))).await)
}

async fn approve(State(of): Of, id: Id) -> Answered {
    answered(of.answers.act(Act::Approve { id: named(id)? }).await)
}

async fn approve_agent(State(of): Of, agent: Id) -> Answered {
    answered(of.answers.act(Act::ApproveAgent { agent: named(agent)? }).await)
}

async fn flush(State(of): Of, Sent(flush): Sent<Flush>) -> Answered {
    answered(of.answers.flush(flush).await)
}

async fn rescan(State(of): Of) -> (StatusCode, Document) {
    of.answers.rescan();
    (StatusCode::ACCEPTED, Document(br#"{"schema_version":1,"accepted":true}"#.to_vec()))
}
