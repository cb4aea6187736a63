use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::*;
use crate::keito::testing::{Reply, Server, json, post, settings};
use crate::keito::{Client, Echo};

const SHORT: Duration = Duration::from_millis(300);

/// A client that gives up early.
fn hasty(origin: &str) -> Client {
    let mut settings = settings(origin);
    (settings.request_timeout, settings.connect_timeout) = (SHORT, SHORT);
    Client::new(&settings).unwrap()
}

fn unread(status: u16) -> Outcome<Echo> {
    Outcome::AppliedUnread { status }
}

fn unknown(why: &str) -> Outcome<Echo> {
    Outcome::Unknown { status: None, why: why.to_owned(), retry_after: None }
}

#[tokio::test]
async fn a_post_that_breaks_after_the_connection_stood() {
    let head = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{\"id\":\"te_1\"".to_vec();
    let half = b"HTTP/1.1 201 Crea".to_vec();
    let late = "no answer within the time limit";
    let ended = "the connection ended before a whole answer came";
    let large = {
        let mut large =
            b"HTTP/1.1 201 Created\r\nContent-Length: 10000000\r\n\r\n{\"id\":\"te_1\",\"x\":\"".to_vec();
        large.resize(10_000_000, b'x');
        large
    };
    let wide = [b"HTTP/1.1 201 Created\r\nX-Wide: ".as_slice(), &vec![b'x'; 1 << 20], b"\r\n\r\n"].concat();
    let table = [
        (Reply::Bytes(Vec::new()), unknown(ended)),
        (Reply::Bytes(half.clone()), unknown(ended)),
        (Reply::Bytes(b"SSH-2.0-OpenSSH_9\r\n".to_vec()), unknown(ended)),
        (Reply::Bytes(wide), unknown(ended)),
        (Reply::Silence(Vec::new()), unknown(late)),
        (Reply::Silence(half.clone()), unknown(late)),
        (Reply::Drip(Vec::new(), head.clone()), unknown(late)),
        (Reply::Bytes(head.clone()), unread(201)),
        (Reply::Silence(head.clone()), unread(201)),
        (Reply::Drip(head.clone(), vec![b' '; 300]), unread(201)),
        (Reply::Bytes(large), unread(201)),
    ];
    let server = Server::start(table.iter().map(|(reply, _)| reply.clone()).collect()).await;
    let client = hasty(&format!("http://{}", server.at));
    for (n, (_, want)) in table.iter().enumerate() {
        assert_eq!(post(&client).await, *want, "row {n}");
    }
    assert_eq!(server.seen().len(), table.len(), "nothing is repeated");
}

#[tokio::test]
async fn a_reset_leaves_the_fate_unknown() {
    let server = Server::start(vec![Reply::Reset(Vec::new())]).await;
    assert_eq!(post(&server.client()).await, unknown("the connection was reset before a whole answer came"));
    assert_eq!(server.seen().len(), 1, "nothing is repeated");
}

#[tokio::test]
async fn what_never_connected_was_not_sent() {
    let unsent = |why: &str| Outcome::<Echo>::NotSent(Unsent::Unreachable(why.to_owned()));
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(post(&hasty(&format!("http://{free}"))).await, unsent("the connection was refused"));
    let nowhere = Client::new(&settings("https://keito.invalid")).unwrap();
    assert_eq!(post(&nowhere).await, unsent("the host's name could not be resolved"));

    // The TLS handshake belongs to the connection: a server that is silent or no TLS server got nothing to apply.
    let silent = Server::start(vec![Reply::Silence(Vec::new())]).await;
    let mut patient = settings(&format!("https://{}", silent.at));
    patient.connect_timeout = SHORT;
    let late = "the connection took longer than the connect timeout";
    assert_eq!(post(&Client::new(&patient).unwrap()).await, unsent(late));
    let plain = plain_server().await;
    assert_eq!(post(&hasty(&format!("https://{plain}"))).await, unsent("the TLS handshake failed"));

    let write = crate::keito::Send {
        method: crate::keito::Method::Post,
        path: "/expenses",
        body: b"{}",
        idempotency_key: "line\nbreak",
    };
    let server = Server::start(vec![json(201, "{}")]).await;
    assert!(matches!(server.client().send(&write).await, Outcome::NotSent(_)));
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_told_apart() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    let outcome = post(&Client::new(&settings(&format!("https://{at}"))).unwrap()).await;
    assert!(matches!(outcome, Outcome::NotSent(Unsent::Certificate(_))), "{outcome:?}");
}

#[test]
fn only_bad_certificates_mean_somebody_in_between() {
    use rustls::{CertificateError as Bad, Error as Tls};
    for bad in [Bad::Expired, Bad::NotValidForName, Bad::UnknownIssuer, Bad::BadSignature] {
        assert!(matches!(handshake(&Tls::InvalidCertificate(bad)), Unsent::Certificate(_)));
    }
    let alert = Tls::AlertReceived(rustls::AlertDescription::HandshakeFailure);
    assert!(matches!(handshake(&alert), Unsent::Unreachable(_)));
}

/// Answers any connection with text, before it is asked.
async fn plain_server() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail.example ready\r\n").await;
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1024]).await;
        }
    });
    at
}
