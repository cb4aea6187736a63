//! Paths → answers: one route, one line.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::act::{DiscardBody, RetryBody, ZoneBody};
use super::extract::{Asked, Sent};
use super::reply::Document;
use super::{Act, Answers, Assign, Backfill, Code, Failure, Flush, REQUEST_LIMIT};

type Of = State<Arc<dyn Answers>>;
type Answered = Result<Document, Failure>;

pub(super) fn router(answers: Arc<dyn Answers>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/v1/status", get(async |State(of): Of| answered(of.status().await)))
        .route("/v1/sessions", get(async |State(of): Of, Asked(query)| answered(of.sessions(query).await)))
        .route("/v1/queue", get(async |State(of): Of, Asked(query)| answered(of.queue(query).await)))
        .route("/v1/queue/{id}", get(record))
        .route("/v1/queue/{id}/retry", post(retry))
        .route("/v1/queue/{id}/discard", post(discard))
        .route("/v1/queue/{id}/approve", post(approve))
        .route("/v1/set-zone", post(set_zone))
        .route("/v1/backfill", post(backfill))
        .route("/v1/assign", post(assign))
        .route("/v1/sources/{agent}/approve", post(approve_agent))
        .route("/v1/pause", post(async |State(of): Of| answered(of.act(Act::Pause).await)))
        .route("/v1/resume", post(async |State(of): Of| answered(of.act(Act::Resume).await)))
        .route("/v1/report", get(async |State(of): Of, Asked(query)| answered(of.report(query).await)))
        .route("/v1/audit", get(async |State(of): Of, Asked(query)| answered(of.audit(query).await)))
        .route("/v1/flush", post(flush))
        .route("/v1/rescan", post(rescan))
        .fallback(async || {
            Failure::new(
                Code::NotFound,
                "no such path: GET /v1/status, /v1/sessions, /v1/queue, /v1/report, /v1/audit",
            )
        })
        .method_not_allowed_fallback(async || {
            Failure::new(Code::MethodNotAllowed, "the path does not take this method: see the allow header")
        })
        .layer(DefaultBodyLimit::max(REQUEST_LIMIT))
        .with_state(answers)
}

fn answered(answer: Result<Vec<u8>, Failure>) -> Answered {
    answer.map(Document)
}

type Id = Result<Path<String>, PathRejection>;

fn named(id: Id) -> Result<String, Failure> {
    id.map(|Path(id)| id).map_err(|rejection| Failure::new(Code::InvalidInput, rejection.body_text()))
}

async fn record(State(of): Of, id: Id) -> Answered {
    answered(of.record(named(id)?).await)
}

async fn retry(State(of): Of, id: Id, Sent(RetryBody { reseal }): Sent<RetryBody>) -> Answered {
    answered(of.act(Act::Retry { id: named(id)?, reseal }).await)
}

async fn discard(State(of): Of, id: Id, Sent(DiscardBody { reason }): Sent<DiscardBody>) -> Answered {
    answered(of.act(Act::Discard { id: named(id)?, reason }).await)
}

async fn set_zone(State(of): Of, Sent(body): Sent<ZoneBody>) -> Answered {
    let ZoneBody { zone, from, sure } = body;
    answered(of.act(Act::SetZone { zone, from, sure }).await)
}

async fn backfill(State(of): Of, Sent(body): Sent<Backfill>) -> Answered {
    answered(of.act(Act::Backfill(body)).await)
}

async fn assign(State(of): Of, Sent(words): Sent<Assign>) -> Answered {
    answered(of.act(Act::Assign(Box::new(words))).await)
}

async fn approve(State(of): Of, id: Id) -> Answered {
    answered(of.act(Act::Approve { id: named(id)? }).await)
}

async fn approve_agent(State(of): Of, agent: Id) -> Answered {
    answered(of.act(Act::ApproveAgent { agent: named(agent)? }).await)
}

async fn flush(State(of): Of, Sent(flush): Sent<Flush>) -> Answered {
    answered(of.flush(flush).await)
}

async fn rescan(State(of): Of) -> (StatusCode, Document) {
    of.rescan();
    (StatusCode::ACCEPTED, Document(br#"{"schema_version":1,"accepted":true}"#.to_vec()))
}
