//! The exact requests of a dry run: `{requests: [{method, path, body}]}`.

use std::io::Write;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::plain;
use crate::cli::{Exit, Failure};

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    requests: Vec<Request<'a>>,
}

#[derive(Deserialize)]
struct Request<'a> {
    method: String,
    path: String,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Each request as method, path and the very bytes of its body: a parsed and printed body could differ in a digit.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_requests(json: &[u8], out: &mut dyn Write) -> Result<(), Failure> {
    let document: Document<'_> = serde_json::from_slice(json)
        .map_err(|error| Failure::new(Exit::Server, format!("the dry run is no JSON document: {error}")))?;
    if document.requests.is_empty() {
        writeln!(out, "nothing is due")?;
    }
    for request in &document.requests {
        writeln!(out, "{} {}", plain(&request.method), plain(&request.path))?;
        if let Some(body) = request.body {
            writeln!(out, "{}", plain(body.get()))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
