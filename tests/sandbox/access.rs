//! Keys, account header, scopes, routes that are not there.

use crate::client::{Client, entry, expense};
use keitod::sandbox::{KEY, Key, LimitPerMinute, Role, Shape, WrongCompany, ids};
use serde_json::json;

#[tokio::test]
async fn the_account_header_is_asked_for_first() {
    let client = Client::start(|_| ()).await.with_account(None).with_key("kto_nobody");
    for path in ["users/me", "projects", "time_entries?from=junk"] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        let body = json!({"error": "bad request", "error_description": "Missing Keito-Account-Id header"});
        assert_eq!(answer.json(), body);
        assert_eq!(answer.headers["x-keito-api-version"], "2");
    }
    let posted = client.raw("POST", "time_entries", "not json").await;
    assert_eq!((posted.status, posted.text.contains("Keito-Account-Id")), (400, true));
}

#[tokio::test]
async fn a_bad_key_is_401_and_another_company_is_403_or_404() {
    let client = Client::start(|_| ()).await.with_key("kto_nobody");
    assert_eq!(client.get("users/me").await.status, 401);
    let client = Client::start(|_| ()).await.with_account(Some("co_other"));
    assert_eq!(client.get("users/me").await.status, 404);
    client.sandbox.change(|settings| settings.wrong_company = WrongCompany::Forbidden);
    assert_eq!(client.get("users/me").await.status, 403);
}

#[tokio::test]
async fn a_jwt_needs_no_account_header() {
    let settings =
        |settings: &mut keitod::sandbox::Settings| settings.keys = vec![Key::full("aaa.bbb.ccc", ids::ME)];
    let client = Client::start(settings).await.with_account(None).with_key("aaa.bbb.ccc");
    assert_eq!(client.get("users/me").await.status, 200);
    let client = Client::start(settings).await.with_account(None).with_key("aaa.bbb.ddd");
    assert_eq!(client.get("users/me").await.status, 401);
}

#[tokio::test]
async fn a_revoked_key_stops_working_and_a_new_one_works() {
    let client = Client::start(|_| ()).await;
    assert_eq!(client.get("users/me").await.status, 200);
    client.sandbox.change(|settings| settings.keys.clear());
    assert_eq!(client.get("users/me").await.status, 401);
    client.sandbox.change(|settings| settings.keys.push(Key::full("kto_next", ids::ME)));
    assert_eq!(client.with_key("kto_next").get("users/me").await.status, 200);
}

#[tokio::test]
async fn users_me_tells_the_company_its_zone_and_its_rounding() {
    let client = Client::start(|settings| {
        settings.currency = "EUR".to_owned();
        settings.zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        settings.rounding = "up_15".parse().unwrap();
    })
    .await;
    let me = client.get("users/me").await.json();
    assert_eq!(me["id"], ids::ME);
    assert_eq!(me["company"]["currency"], "EUR");
    assert_eq!(me["company"]["timezone"], "Europe/Berlin");
    assert_eq!(me["company"]["time_rounding"], "up_15");
    assert_eq!(me["capabilities"]["can_track_expenses"], true);
}

#[tokio::test]
async fn a_sync_key_reads_but_neither_writes_nor_sees_tasks_and_company() {
    let client = Client::start(|settings| settings.keys = vec![Key::sync(KEY, ids::ME)]).await;
    let me = client.get("users/me").await.json();
    assert!(me.get("company").is_none() && me.get("timezone").is_none(), "{me}");
    assert_eq!(me["capabilities"]["can_read_projects"], true);
    assert_eq!(client.get("projects").await.status, 200);
    assert_eq!(client.get("tasks").await.status, 403);
    assert_eq!(client.post("time_entries", &entry(json!({}))).await.status, 403);
    assert_eq!(client.post("expenses", &expense(json!({}))).await.status, 403);
    assert!(client.sandbox.entries().is_empty() && client.sandbox.expenses().is_empty());
}

#[tokio::test]
async fn a_member_sees_own_rows_and_assigned_projects_only() {
    let client = Client::start(|settings| {
        settings.keys.push(Key::full("kto_alex", ids::COLLEAGUE));
        settings.projects[1].people = Some(vec![ids::ME.to_owned()]);
    })
    .await;
    client.post("time_entries", &entry(json!({}))).await;
    client.post("expenses", &expense(json!({}))).await;
    let client = client.with_key("kto_alex");
    for (list, key) in [("time_entries", "time_entries"), ("expenses", "expenses")] {
        assert_eq!(client.get(list).await.json()[key].as_array().unwrap().len(), 0, "{list}");
    }
    assert_eq!(client.get("clients").await.status, 403);
    assert_eq!(client.get("reports/time/team?from=20260301&to=20260331").await.status, 403);
    let projects = client.get("projects").await.json();
    let names: Vec<_> =
        projects["projects"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Website relaunch", "Data pipeline"]);
    assert_eq!(projects["projects"][0]["client"]["name"], "");
    let foreign = client.post("time_entries", &entry(json!({ "user_id": ids::ME }))).await;
    assert_eq!(foreign.status, 403);
    let unassigned = client.post("time_entries", &entry(json!({ "project_id": ids::BILLING }))).await;
    assert_eq!(unassigned.status, 404);
    assert_eq!(client.post("time_entries", &entry(json!({}))).await.status, 201);
    client.sandbox.change(|settings| settings.people[1].role = Role::Admin);
    assert_eq!(client.get("time_entries").await.json()["total_entries"], 2);
}

#[tokio::test]
async fn unknown_routes_are_html_and_missing_methods_405() {
    let client = Client::start(|_| ()).await;
    for path in
        ["/api/v2/me", "/api/v2/time-entries", "/api/v1/expenses", "/nowhere", "/api/v2/expense_categories"]
    {
        let answer = client.try_send("GET", path, None, None).await.unwrap();
        assert!(answer.status == 404 && answer.is_html(), "{path}: {answer:?}");
    }
    let id = client.post("time_entries", &entry(json!({}))).await.id();
    let cost = client.post("expenses", &expense(json!({}))).await.id();
    let table = [
        ("GET", format!("time_entries/{id}")),
        ("PUT", format!("time_entries/{id}")),
        ("GET", format!("expenses/{cost}")),
        ("PATCH", format!("expenses/{cost}")),
        ("DELETE", format!("expenses/{cost}")),
        ("POST", "users/me".to_owned()),
    ];
    for (method, path) in table {
        assert_eq!(client.raw(method, &path, "{}").await.status, 405, "{method} {path}");
    }
    let health = client.with_account(None).try_send("GET", "/api/health", None, None).await.unwrap();
    assert_eq!(health.status, 200);
}

#[tokio::test]
async fn refusals_come_in_every_shape_that_was_seen() {
    let client = Client::start(|_| ()).await.with_key("kto_nobody");
    let table = [
        (Shape::Flat, r#"{"error":"unauthorized","error_description":"Invalid API key"}"#),
        (Shape::Short, r#"{"error":"Invalid API key"}"#),
        (Shape::Message, r#"{"message":"Invalid API key"}"#),
        (Shape::Extra, r#""running_entry_count":0"#),
        (Shape::Nested, r#""code":"unauthorized""#),
        (Shape::Html, "<!DOCTYPE html>"),
        (Shape::Empty, ""),
    ];
    for (shape, part) in table {
        client.sandbox.change(|settings| settings.error_shape = shape);
        let answer = client.get("users/me").await;
        assert!(answer.status == 401 && answer.text.contains(part), "{shape:?}: {answer:?}");
    }
}

#[tokio::test]
async fn the_rate_limit_says_when_to_come_back() {
    let client = Client::start(|settings| settings.rate_limit = Some(LimitPerMinute(2))).await;
    assert_eq!(client.get("users/me").await.status, 200);
    assert_eq!(client.get("users/me").await.status, 200);
    let third = client.get("users/me").await;
    let seconds: u64 = third.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(third.status == 429 && (1..=60).contains(&seconds), "{third:?}");
}

#[tokio::test]
async fn a_foreign_host_name_is_refused() {
    let client = Client::start(|_| ()).await;
    let ask = |host: &str| {
        let url = format!("{}/state", client.sandbox.origin());
        crate::client::http().get(url).header("Host", host).send()
    };
    assert_eq!(ask("attacker.example:80").await.unwrap().status(), 403);
    assert_eq!(ask(&format!("localhost:{}", client.sandbox.addr().port())).await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_journal_holds_requests_without_the_key() {
    let client = Client::start(|settings| settings.journal = 2).await;
    client.get("projects?page=1").await;
    client.post("time_entries", &entry(json!({}))).await;
    client.get("users/me").await;
    let requests = client.sandbox.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/api/v2/time_entries"));
    assert_eq!((requests[0].handled, requests[0].answered), (Some(201), Some(201)));
    assert_eq!(requests[0].header("keito-account-id"), Some(keitod::sandbox::ACCOUNT));
    assert!(requests[0].text().contains("claude-code in shop"));
    let all = format!("{requests:?} {:?}", requests[0].headers);
    assert!(!all.contains(KEY), "{all}");
    assert!(!format!("{:?}", client.sandbox.settings()).contains(KEY));
    client.sandbox.forget_requests();
    assert!(client.sandbox.requests().is_empty());
}

#[tokio::test]
async fn stopping_frees_the_port_and_keeps_the_records() {
    let client = Client::start(|_| ()).await;
    client.post("time_entries", &entry(json!({}))).await;
    let (addr, state) = (client.sandbox.addr(), client.sandbox.state());
    client.sandbox.stop().await;
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
    assert_eq!(state.entries().len(), 1);
}
