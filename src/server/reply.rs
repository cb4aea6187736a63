//! Documents and failures as HTTP responses. Bodies are whole, so hyper writes their Content-Length.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Failure;

/// A ready JSON document.
pub(super) struct Document(pub(super) Vec<u8>);

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], self.0).into_response()
    }
}

/// What Prometheus reads.
pub(super) struct Text(pub(super) Vec<u8>);

impl IntoResponse for Text {
    fn into_response(self) -> Response {
        // The exposition format's own type: a scraper picks its parser by it.
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        ([(header::CONTENT_TYPE, kind)], self.0).into_response()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Document(self.document())).into_response()
    }
}
