//! A JSON answer of an endpoint.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::ser::SerializeMap;

/// Status and JSON body; a clone of it is what an honoured `Idempotency-Key` gets again.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    status: u16,
    body: Vec<u8>,
}

impl Reply {
    /// Any JSON value.
    pub(super) fn json(status: u16, value: &impl Serialize) -> Self {
        Self { status, body: serde_json::to_vec(value).unwrap_or_default() }
    }

    /// A single object, bare or as `{"name": {…}}`.
    pub(super) fn single(status: u16, wrap_as: Option<&str>, value: &impl Serialize) -> Self {
        match wrap_as {
            Some(name) => Self::json(status, &Named { name, value }),
            None => Self::json(status, value),
        }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, body: Vec::new() }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let has_body = !self.body.is_empty();
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        if has_body {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        response
    }
}

struct Named<'a, T> {
    name: &'a str,
    value: &'a T,
}

impl<T: Serialize> Serialize for Named<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.name, self.value)?;
        map.end()
    }
}
