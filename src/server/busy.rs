//! One client too many: told so, then closed.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{Code, Failure, REQUEST_LIMIT};

/// Enough for a client on the same machine to read a line.
pub(super) const GOODBYE: Duration = Duration::from_millis(500);

/// Answers 503 without reading a request first. What the client is sending meanwhile is read and dropped: closing over
/// unread bytes would reset the connection before the answer is seen.
pub(super) async fn refuse(mut stream: UnixStream) {
    let body = Failure::new(Code::Busy, "too many clients: close one, or try again in a moment").document();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let goodbye = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await?;
        let mut rest = stream.take(REQUEST_LIMIT as u64);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    let _ = timeout(GOODBYE, goodbye).await;
}
