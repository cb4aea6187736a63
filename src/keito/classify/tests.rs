use std::time::Duration;

use crate::deliver::{Outcome, Refusal, Unsent};
use crate::keito::Echo;
use crate::keito::testing::{Reply, Server, http, json, post};

const ENTRY: &str = r#"{"id":"te_1","hours":0.1,"metadata":{"keitod_id":"k1"}}"#;
const ERROR: &str = r#"{"error":"bad request","error_description":"no"}"#;
const PAGE: &str = "<!DOCTYPE html><html><title>Sign in</title>";

/// The outcome without its words.
fn sort<T>(outcome: &Outcome<T>) -> String {
    let wait =
        |wait: &Option<Duration>| wait.map_or(String::new(), |wait| format!(" wait {}", wait.as_secs()));
    match outcome {
        Outcome::Applied(_) => "applied".to_owned(),
        Outcome::AppliedUnread { status } => format!("unread {status}"),
        Outcome::NotSent(Unsent::Unreachable(_)) => "unreachable".to_owned(),
        Outcome::NotSent(Unsent::Certificate(_)) => "certificate".to_owned(),
        Outcome::Unknown { status, retry_after, .. } => format!("unknown {status:?}{}", wait(retry_after)),
        Outcome::Refused(Refusal { status, html, retry_after, .. }) => {
            format!("refused {status}{}{}", if *html { " html" } else { "" }, wait(retry_after))
        }
    }
}

#[tokio::test]
async fn every_status_of_a_post_has_its_outcome() {
    let page = |status| http(status, &["Content-Type: text/html; charset=utf-8"], PAGE);
    let later = |status, body| http(status, &["Content-Type: application/json", "Retry-After: 7"], body);
    let mut table: Vec<(Reply, String)> = vec![
        (json(200, ENTRY), "applied".into()),
        (json(201, ENTRY), "applied".into()),
        (json(201, &format!(r#"{{"time_entry":{ENTRY}}}"#)), "applied".into()),
        (http(200, &["Content-Type: text/html"], ENTRY), "applied".into()),
        (json(202, ENTRY), "unread 202".into()),
        (http(204, &[], ""), "unread 204".into()),
        (json(200, ""), "unread 200".into()),
        (json(200, "{}"), "unread 200".into()),
        (json(200, &ENTRY[..20]), "unread 200".into()),
        (json(201, r#"{"id":null}"#), "unread 201".into()),
        (json(200, ERROR), "unread 200".into()),
        (page(200), "refused 200 html".into()),
        (http(200, &[], PAGE), "refused 200 html".into()),
        (page(201), "unread 201".into()),
        (json(408, ERROR), "unknown Some(408)".into()),
        (page(404), "refused 404 html".into()),
        (json(409, ERROR), "refused 409".into()),
        (later(429, ERROR), "refused 429 wait 7".into()),
        (http(429, &["Retry-After: soon"], ""), "refused 429".into()),
        (
            http(
                429,
                &["Date: Sat, 21 Nov 2026 10:00:00 GMT", "Retry-After: Sat, 21 Nov 2026 11:00:00 GMT"],
                "",
            ),
            "refused 429 wait 3600".into(),
        ),
        (later(425, ERROR), "refused 425 wait 7".into()),
        (json(503, ERROR), "unknown Some(503)".into()),
        (later(503, ERROR), "refused 503 wait 7".into()),
        (later(503, "busy"), "unknown Some(503) wait 7".into()),
        (later(503, r#"{"status":"busy"}"#), "unknown Some(503) wait 7".into()),
        (later(502, ERROR), "unknown Some(502) wait 7".into()),
        (page(511), "refused 511 html".into()),
        (json(600, ERROR), "unknown Some(600)".into()),
    ];
    let refused =
        [300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 410, 412, 413, 415, 418]
            .into_iter()
            .chain([422, 426, 428, 451, 499, 501, 505, 511]);
    table.extend(refused.map(|status| (json(status, ERROR), format!("refused {status}"))));
    let unknown = [500, 502, 504, 506, 507, 508, 520, 524, 527, 530, 599];
    table.extend(unknown.map(|status| (json(status, ERROR), format!("unknown Some({status})"))));
    table.extend([521, 522, 523, 525, 526].map(|status| (page(status), "unreachable".to_owned())));

    let server = Server::start(table.iter().map(|(reply, _)| reply.clone()).collect()).await;
    let client = server.client();
    for (reply, want) in &table {
        assert_eq!(sort(&post(&client).await), *want, "{reply:?}");
    }
    assert_eq!(server.seen().len(), table.len(), "one request each: nothing is repeated or followed");
}

#[tokio::test]
async fn a_2xx_that_cannot_be_read_tells_a_get_nothing() {
    let table = [
        (json(200, r#"{"id":"u1"}"#), "applied"),
        (json(200, r#"{"user":{"id":"u1"}}"#), "applied"),
        (json(200, r#"{"id":"u1""#), "unknown Some(200)"),
        (json(200, "{}"), "unknown Some(200)"),
        (http(204, &[], ""), "unknown Some(204)"),
        (http(200, &["Content-Type: text/html"], PAGE), "refused 200 html"),
        (json(401, ERROR), "refused 401"),
        (json(500, ERROR), "unknown Some(500)"),
    ];
    let server = Server::start(table.iter().map(|(reply, _)| reply.clone()).collect()).await;
    let client = server.client();
    for (reply, want) in &table {
        assert_eq!(sort(&client.me().await), *want, "{reply:?}");
    }
}

#[tokio::test]
async fn a_refusal_brings_the_servers_words() {
    let moved = http(308, &["Location: https://elsewhere.example:8443/login?token=x"], "");
    let server = Server::start(vec![json(422, ERROR), moved]).await;
    let client = server.client();
    let Outcome::<Echo>::Refused(refusal) = post(&client).await else { panic!("not refused") };
    assert_eq!((refusal.code.as_deref(), refusal.message.as_str()), (Some("bad_request"), "no"));
    let Outcome::Refused(refusal) = post(&client).await else { panic!("not refused") };
    assert_eq!(refusal.message, "redirected to https://elsewhere.example:8443: check keito.url");
}
