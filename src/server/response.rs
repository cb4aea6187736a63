//! An HTTP/1.1 response with a Content-Length, read from a blocking stream.

use std::io::{BufRead, Read as _};

use serde::Deserialize;

use super::CallError;

/// Largest head; bytes.
const HEAD_LIMIT: u64 = 64 * 1024;
/// Largest document; bytes. A report over years by session stays far below.
const BODY_LIMIT: u64 = 256 * 1024 * 1024;

/// Status and body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Response {
    /// What a status other than 2xx means.
    pub(super) fn refusal(&self) -> CallError {
        #[derive(Deserialize)]
        struct Words {
            code: String,
            message: String,
        }
        match serde_json::from_slice::<Words>(&self.body) {
            Ok(Words { code, message }) => CallError::Refused { status: self.status, code, message },
            Err(_) => CallError::Unintelligible("a refusal without words"),
        }
    }
}

pub(super) fn read(mut stream: impl BufRead) -> Result<Response, CallError> {
    let mut head = (&mut stream).take(HEAD_LIMIT);
    let status = line(&mut head)?
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .ok_or(CallError::Unintelligible("no HTTP/1.1 status line"))?;
    let mut length: Option<u64> = None;
    loop {
        let header = line(&mut head)?;
        if header.is_empty() {
            break;
        }
        let (name, value) =
            header.split_once(':').ok_or(CallError::Unintelligible("a header without a colon"))?;
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse().map_err(|_| CallError::Unintelligible("a bad length"))?);
        }
    }
    let length = length.ok_or(CallError::Unintelligible("no length"))?;
    if length > BODY_LIMIT {
        return Err(CallError::Unintelligible("a document over 256 MiB"));
    }
    let mut body = Vec::new();
    let got = stream.take(length).read_to_end(&mut body).map_err(CallError::Broken)?;
    if got as u64 != length {
        return Err(CallError::Unintelligible("less than was announced"));
    }
    Ok(Response { status, body })
}

fn line(head: &mut impl BufRead) -> Result<String, CallError> {
    let mut bytes = Vec::new();
    head.read_until(b'\n', &mut bytes).map_err(CallError::Broken)?;
    let text = bytes.strip_suffix(b"\r\n").ok_or(CallError::Unintelligible("half a head"))?;
    String::from_utf8(text.to_vec()).map_err(|_| CallError::Unintelligible("a head that is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_strange_responses_are_errors() {
        let ok = read(&b"HTTP/1.1 404 Not Found\r\nContent-LENGTH: 2\r\n\r\n{}more"[..]).unwrap();
        assert_eq!(ok, Response { status: 404, body: b"{}".to_vec() });
        let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(70_000));
        for bad in [
            "",
            "HTTP/1.1 200 OK",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 2\r\ncontent-length: 0\r\n\r\n",
            "SSH-2.0\r\n",
            &long,
        ] {
            assert!(matches!(read(bad.as_bytes()), Err(CallError::Unintelligible(_))), "{bad:?}");
        }
    }
}
