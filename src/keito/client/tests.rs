use std::process::Command;

use super::*;
use crate::deliver::Unsent;
use crate::keito::entry_path;
use crate::keito::testing::{ACCOUNT, KEY, Reply, Server, header, http, json, post, settings};
use crate::model::{RemoteId, TaskId, UserId};

#[tokio::test]
async fn a_write_carries_key_account_and_idempotency_key_and_its_exact_bytes() {
    let reply =
        json(200, r#"{"id":"te/1","hours":0.5,"metadata":{"keitod_id":"k1","duration_seconds":1800}}"#);
    let server = Server::start(vec![reply]).await;
    let client = server.client();
    let body = br#"{"hours":0.50,  "notes":"\u00e4"}"#;
    let path = entry_path(&RemoteId::new("te/1?x=../#"));
    let write = Send { method: Method::Patch, path: &path, body, idempotency_key: "k1-7" };
    let Outcome::Applied(echo) = client.send(&write).await else { panic!("not applied") };
    assert_eq!((echo.id.as_str(), echo.duration_seconds), ("te/1", Some(1800)));
    assert_eq!(echo.hours.unwrap().to_string(), "0.5");

    let request = &server.seen()[0];
    assert!(
        request.starts_with("PATCH /api/v2/time_entries/te%2F1%3Fx%3D%2E%2E%2F%23 HTTP/1.1\r\n"),
        "{request}"
    );
    assert_eq!(header(request, "authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(header(request, "keito-account-id"), Some(ACCOUNT));
    assert_eq!(header(request, "user-agent"), Some(concat!("keitod/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(header(request, "idempotency-key"), Some("k1-7"));
    assert_eq!(header(request, "content-type"), Some("application/json"));
    assert_eq!(header(request, "accept-encoding"), None);
    assert!(request.as_bytes().ends_with(body));
}

#[tokio::test]
async fn a_jwt_goes_without_an_account() {
    let server = Server::start(vec![json(200, r#"{"id":"u"}"#)]).await;
    let mut settings = settings(&format!("http://{}", server.at));
    settings.key = "eyJhbGciOi.J9.sig".into();
    assert!(matches!(Client::new(&settings).unwrap().me().await, Outcome::Applied(_)));
    let request = &server.seen()[0];
    assert_eq!(header(request, "authorization"), Some("Bearer eyJhbGciOi.J9.sig"));
    assert_eq!(header(request, "keito-account-id"), None);
}

#[tokio::test]
async fn lists_are_asked_for_with_their_filters() {
    let server = Server::start(vec![
        json(
            200,
            r#"{"time_entries":[{"id":"e","hours":1e-3}],"page":2,"total_pages":2,"total_entries":201}"#,
        ),
        json(200, r#"{"expenses":[]}"#),
        json(200, r#"{"data":[{"id":"t"}]}"#),
        json(200, r#"{"projects":[]}"#),
        http(404, &["Content-Type: text/html"], "<html>"),
    ])
    .await;
    let client = server.client();
    let user = UserId::new("u 1&");
    let day = |text: &str| text.parse().unwrap();
    let range =
        Range { from: day("2026-03-04"), to: day("2026-03-05"), user: Some(&user), source: None, page: 2 };
    let Outcome::Applied(page) = client.time_entries(&range).await else { panic!("no page") };
    assert_eq!((page.page, page.total_entries, page.has_next), (2, Some(201), false));
    assert_eq!(page.rows[0].hours.unwrap().to_string(), "0.001");
    let range = Range { user: None, source: Some("agent"), page: 1, ..range };
    assert!(matches!(client.expenses(&range).await, Outcome::Applied(page) if page.rows.is_empty()));
    let tasks = client.tasks(Some(&ProjectId::new("p")), 1).await;
    assert!(matches!(tasks, Outcome::Applied(page) if page.rows[0].id == Some(TaskId::new("t"))));
    assert!(matches!(client.projects(true, 3).await, Outcome::Applied(_)));
    assert!(matches!(client.expense_categories().await, Outcome::Refused(refusal) if refusal.html));

    let asked: Vec<_> =
        server.seen().iter().map(|text| text.split(' ').nth(1).unwrap_or_default().to_owned()).collect();
    assert_eq!(
        asked,
        [
            "/api/v2/time_entries?from=2026-03-04&to=2026-03-05&user_id=u+1%26&page=2&per_page=200",
            "/api/v2/expenses?from=2026-03-04&to=2026-03-05&source=agent&page=1&per_page=200",
            "/api/v2/tasks?project_id=p&page=1&per_page=200",
            "/api/v2/projects?page=3&per_page=200",
            "/api/v2/expense_categories?page=1&per_page=200",
        ]
    );
}

#[tokio::test]
async fn a_list_of_full_rows_is_read_and_an_endless_one_is_not() {
    let row = format!(r#"{{"id":"e","notes":"{}","metadata":{{}}}}"#, "n".repeat(8000));
    let rows = vec![row.as_str(); 200].join(",");
    let whole = json(200, &format!(r#"{{"time_entries":[{rows}],"page":1,"total_pages":1}}"#));
    let endless = json(200, &format!(r#"{{"time_entries":[],"x":"{}"}}"#, "x".repeat(10_000_000)));
    let server = Server::start(vec![whole, endless]).await;
    let client = server.client();
    let day = "2026-03-04".parse().unwrap();
    let range = Range { from: day, to: day, user: None, source: None, page: 1 };
    assert!(matches!(client.time_entries(&range).await, Outcome::Applied(page) if page.rows.len() == 200));
    let outcome = client.time_entries(&range).await;
    assert!(matches!(outcome, Outcome::Unknown { status: Some(200), .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::start(vec![json(200, r#"{"id":"u"}"#)]).await;
    let to = format!("Location: http://{}/api/v2/time_entries", other.at);
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(vec![http(status, &[&to], "")]).await;
        let client = server.client();
        assert!(matches!(post(&client).await, Outcome::Refused(refusal) if refusal.status == status));
        assert!(matches!(client.me().await, Outcome::Refused(refusal) if refusal.status == status));
    }
    assert!(other.seen().is_empty(), "the key went to another port");
}

#[tokio::test]
async fn the_key_is_in_no_text() {
    let mut told = Vec::new();
    for status in [200, 307, 400, 401, 422, 429, 500, 503, 521] {
        for kind in ["application/json", "text/html", "text/plain"] {
            let server = Server::start(vec![Reply::Mirror(status, kind)]).await;
            let client = server.client();
            told.push(format!("{:?} {:?} {client:?}", post(&client).await, client.me().await));
        }
    }
    let words = told.iter().filter(|text| text.contains("Bearer ***")).count();
    assert!(words >= 12, "the server's echo is shown, without the key: {told:#?}");
    let mut bad = settings("http://keito.example");
    told.push(format!("{bad:?} {:?}", Client::new(&bad).unwrap_err()));
    bad.origin = format!("https://{KEY}:{ACCOUNT}@keito.example");
    let error = Client::new(&bad).unwrap_err();
    told.push(format!("{bad:?} {error:?} {error}"));
    bad = settings("https://keito.example");
    bad.proxy = Some(format!("ftp:://{KEY}@"));
    told.push(format!("{bad:?} {:?}", Client::new(&bad).unwrap_err()));
    for text in told {
        let text = text.to_lowercase();
        assert!(!text.contains("canary") && !text.contains("co_hush"), "{text}");
    }
}

#[test]
fn an_insecure_origin_is_refused() {
    assert!(matches!(Client::new(&settings("http://192.0.2.1")), Err(Error::Insecure { .. })));
    assert_eq!(Client::new(&settings("https://App.Keito.ai:443/")).unwrap().origin(), "https://app.keito.ai");
}

#[tokio::test]
async fn a_configured_proxy_is_used_and_gets_no_key() {
    let proxy = Server::start(vec![http(403, &[], "")]).await;
    let mut settings = settings("https://keito.example");
    settings.proxy = Some(format!("http://{}", proxy.at));
    let outcome = post(&Client::new(&settings).unwrap()).await;
    assert!(matches!(outcome, Outcome::NotSent(Unsent::Unreachable(_))), "{outcome:?}");
    let request = &proxy.seen()[0];
    assert!(request.starts_with("CONNECT keito.example:443 "), "{request}");
    assert!(!request.contains(KEY) && !request.contains(ACCOUNT));
}

/// The environment belongs to the whole process, so the test above runs again in one of its own.
#[test]
fn the_environments_proxies_are_ignored() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "keito::client::tests::a_jwt_goes_without_an_account"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, "http://127.0.0.1:9");
    }
    let output = child.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
