//! Query and body of a request as values, or a failure in JSON: axum's own rejections are plain text.

use std::time::Duration;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::{Code, Failure, REQUEST_LIMIT};

/// A body must be here this long after its head; a client on the same machine needs no more.
const BODY_TIME: Duration = Duration::from_secs(2);

/// The query string.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Failure::new(Code::InvalidInput, rejection.body_text()))
    }
}

/// A JSON body; the default if there is none. Its Content-Type is not asked for: `curl -d` sends a form's.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let too_large = || Failure::new(Code::TooLarge, "the body is over 64 KiB");
        // What is announced as too much is not awaited.
        if request.body().size_hint().lower() > REQUEST_LIMIT as u64 {
            return Err(too_large());
        }
        let body = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, state))
            .await
            .map_err(|_| {
                Failure::new(Code::RequestTimeout, "the body did not arrive in time: send it again")
            })?
            .map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => too_large(),
                _ => Failure::new(Code::InvalidInput, "the body could not be read"),
            })?;
        if body.trim_ascii().is_empty() {
            return Ok(Self(T::default()));
        }
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            Failure::new(Code::InvalidInput, format!("the body is not as expected: {error}"))
        })
    }
}
