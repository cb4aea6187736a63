//! Refusals and the body shapes they were seen in.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Body of an error answer; every one of these was seen somewhere on Keito's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{"error":"bad request","error_description":"…"}`: the documented one.
    Flat,
    /// Flat with `message` and further fields.
    Extra,
    /// `{"error":"…the text…"}`.
    Short,
    /// `{"message":"…"}`.
    Message,
    /// `{"error":{"code","message","field","docs_url"}}`: the superseded v1.
    Nested,
    /// An HTML page.
    Html,
    /// Nothing.
    Empty,
}

impl Shape {
    /// Content type and body for a label such as `bad request` and a text for people.
    #[must_use]
    pub fn render(self, status: u16, text: &str) -> (Option<&'static str>, String) {
        let label = label(status);
        let body = match self {
            Self::Flat => json!({ "error": label, "error_description": text }),
            Self::Extra => {
                json!({ "error": label.replace(' ', "_"), "error_description": text, "message": text,
                "running_entry": null, "running_entry_count": 0 })
            }
            Self::Short => json!({ "error": text }),
            Self::Message => json!({ "message": text }),
            Self::Nested => {
                json!({ "error": { "code": label.replace(' ', "_"), "message": text, "field": null,
                "docs_url": "https://keito.ai/docs/errors" } })
            }
            Self::Html => return (Some("text/html; charset=utf-8"), html(status, &label)),
            Self::Empty => return (None, String::new()),
        };
        (Some("application/json"), body.to_string())
    }
}

/// A request that an endpoint refuses; [`super::service`] renders it in the shape of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// `None`: a value of a field is wrong, and the settings know the status of that.
    pub(super) status: Option<u16>,
    pub(super) text: String,
    pub(super) retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status: Some(status), text: text.into(), retry_after: None }
    }

    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self { status: None, text: text.into(), retry_after: None }
    }

    pub(super) fn render(&self, shape: Shape, invalid_status: u16) -> Response {
        let status = self.status.unwrap_or(invalid_status);
        let (kind, body) = shape.render(status, &self.text);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        if let Some(kind) = kind {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Refusal {
    /// Only a carrier: the shape is a setting, which the place of the refusal need not know.
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

/// The framework's page for a route it does not have.
pub(super) fn not_found_page() -> Response {
    let mut response = Response::new(Body::from(html(404, "This page could not be found.")));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn html(status: u16, text: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><title>{status}: {text}</title></head>\
         <body><h1>{status}</h1><h2>{text}</h2></body></html>"
    )
}

fn label(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    match status {
        429 => "rate limited".to_owned(),
        _ => reason.unwrap_or("error").to_lowercase(),
    }
}
