//! A TCP server on loopback that answers as scripted, byte for byte, and remembers what it was sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Client, Method, Send, Settings};
use crate::deliver::Outcome;
use crate::keito::Echo;

/// The key of all tests: it may show up nowhere but in the request's header.
pub(super) const KEY: &str = "kto_Canary7f3a";
/// The account of all tests, likewise.
pub(super) const ACCOUNT: &str = "co_hush";

/// What the server does once it has read a whole request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Sends the bytes and closes.
    Bytes(Vec<u8>),
    /// Sends the bytes and stays silent until the client gives up.
    Silence(Vec<u8>),
    /// Sends the first bytes at once, then one byte every 20 ms.
    Drip(Vec<u8>, Vec<u8>),
    /// Sends the bytes, then resets the connection.
    Reset(Vec<u8>),
    /// Repeats the request's head as the body of an answer with this status and content type.
    Mirror(u16, &'static str),
}

/// An answer that ends with the connection.
pub(super) fn http(status: u16, headers: &[&str], body: &str) -> Reply {
    let mut head =
        format!("HTTP/1.1 {status} Scripted\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    headers.iter().for_each(|header| head.extend([header, "\r\n"]));
    // These have no body by definition; a length would contradict it.
    let head = if status == 204 || status == 304 {
        format!("HTTP/1.1 {status} Scripted\r\nConnection: close\r\n")
    } else {
        head
    };
    Reply::Bytes(format!("{head}\r\n{body}").into_bytes())
}

pub(super) fn json(status: u16, body: &str) -> Reply {
    http(status, &["Content-Type: application/json"], body)
}

pub(super) struct Server {
    pub(super) at: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers the n-th request with the n-th reply, and all further ones with the last.
    pub(super) async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            for n in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                log.lock().unwrap().push(String::new());
                let reply = replies.get(n).or(replies.last()).unwrap().clone();
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    log.lock().unwrap()[n].clone_from(&request);
                    // The client may have left: that is its right.
                    let _ = answer(stream, &request, reply).await;
                });
            }
        });
        Self { at, seen }
    }

    pub(super) fn client(&self) -> Client {
        Client::new(&settings(&format!("http://{}", self.at))).unwrap()
    }

    /// Requests so far; an entry is empty while its request is not whole.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Settings with limits that a test can wait for.
pub(super) fn settings(origin: &str) -> Settings {
    Settings {
        origin: origin.to_owned(),
        account: Some(ACCOUNT.to_owned()),
        key: KEY.into(),
        request_timeout: Duration::from_secs(20),
        connect_timeout: Duration::from_secs(10),
        proxy: None,
    }
}

/// Posts an entry.
pub(super) async fn post(client: &Client) -> Outcome<Echo> {
    let write = Send {
        method: Method::Post,
        path: "/time_entries",
        body: br#"{"hours":0.1}"#,
        idempotency_key: "k1-00",
    };
    client.send(&write).await
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length").map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
            _ => return text,
        }
    }
}

/// A header of a request, whatever its case.
pub(super) fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split("\r\n\r\n").next()?;
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

async fn answer(mut stream: TcpStream, request: &str, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Reply::Silence(bytes) => {
            stream.write_all(&bytes).await?;
            until_closed(&mut stream).await
        }
        Reply::Drip(bytes, slow) => {
            stream.set_nodelay(true)?;
            stream.write_all(&bytes).await?;
            for byte in slow {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        }
        Reply::Reset(bytes) => {
            stream.write_all(&bytes).await?;
            stream.set_zero_linger()
        }
        Reply::Mirror(status, kind) => {
            let quoted = if kind.contains("json") {
                serde_json::json!({ "error": request, "message": request }).to_string()
            } else {
                format!("<title>{request}</title>")
            };
            let Reply::Bytes(bytes) = http(status, &[&format!("Content-Type: {kind}")], &quoted) else {
                return Ok(());
            };
            stream.write_all(&bytes).await
        }
    }
}

async fn until_closed(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut rest = [0; 64];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
