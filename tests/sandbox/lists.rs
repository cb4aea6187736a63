//! Envelope, pages, order, filters.

use crate::client::{Client, entry, expense};
use keitod::model::Instant;
use keitod::sandbox::{Clock, Order, ids};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

fn rows(list: &Value, key: &str) -> Vec<Value> {
    list[key].as_array().unwrap().clone()
}

async fn with_entries(count: u32) -> Client {
    let client = Client::start(|_| ()).await;
    for day in 1..=count {
        client.post("time_entries", &entry(json!({ "spent_date": format!("2026-03-{day:02}") }))).await;
    }
    client
}

#[tokio::test]
async fn an_empty_list_has_the_whole_envelope() {
    let client = Client::start(|_| ()).await;
    let wanted = json!({
        "time_entries": [], "page": 1, "per_page": 100, "total_pages": 0, "total_entries": 0,
        "links": { "first": "/api/v2/time_entries?page=1&per_page=100", "next": null, "previous": null,
            "last": "/api/v2/time_entries?page=1&per_page=100" },
    });
    assert_eq!(client.get("time_entries").await.json(), wanted);
}

#[tokio::test]
async fn following_the_links_shows_each_row_once() {
    let client = with_entries(7).await;
    let mut next = Some("/api/v2/time_entries?from=2026-03-02&per_page=2".to_owned());
    let (mut seen, mut pages) = (Vec::new(), 0);
    while let Some(path) = next {
        let list = client.try_send("GET", &path, None, None).await.unwrap().json();
        pages += 1;
        assert_eq!(
            (&list["page"], &list["total_pages"], &list["total_entries"]),
            (&json!(pages), &json!(3), &json!(6))
        );
        assert_eq!(list["links"]["previous"].is_null(), pages == 1);
        seen.extend(
            rows(&list, "time_entries").iter().map(|row| row["spent_date"].as_str().unwrap().to_owned()),
        );
        next = list["links"]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(pages, 3);
    let newest_first: Vec<String> = (2..=7).rev().map(|day| format!("2026-03-{day:02}")).collect();
    assert_eq!(seen, newest_first);
    assert_eq!(rows(&client.get("time_entries?page=9&per_page=2").await.json(), "time_entries").len(), 0);
}

#[tokio::test]
async fn per_page_is_cut_and_junk_is_the_default() {
    let client = with_entries(3).await;
    client.sandbox.change(|settings| (settings.per_page, settings.max_per_page) = (25, 200));
    for (sent, used) in
        [("per_page=500", 200), ("per_page=0", 25), ("per_page=x", 25), ("per_page=1", 1), ("", 25)]
    {
        assert_eq!(client.get(&format!("time_entries?{sent}")).await.json()["per_page"], used, "{sent}");
    }
}

#[tokio::test]
async fn order_is_a_switch_and_shuffled_pages_are_consistent() {
    let client = with_entries(12).await;
    let days = async |query: &str| -> Vec<String> {
        let list = client.get(&format!("time_entries?{query}")).await.json();
        rows(&list, "time_entries").iter().map(|row| row["spent_date"].as_str().unwrap().to_owned()).collect()
    };
    let newest = days("").await;
    client.sandbox.change(|settings| settings.order = Order::OldestFirst);
    let oldest = days("").await;
    assert_eq!(oldest, newest.iter().rev().cloned().collect::<Vec<_>>());
    client.sandbox.change(|settings| settings.order = Order::Shuffled);
    let shuffled = days("").await;
    assert!(shuffled != newest && shuffled != oldest);
    let (one, two) = (days("per_page=6&page=1").await, days("per_page=6&page=2").await);
    assert_eq!([one, two].concat(), shuffled);
}

#[tokio::test]
async fn filters_of_time_entries() {
    let asked = AtomicI64::new(1_772_600_000);
    let ticking = move || Instant::from_seconds(asked.fetch_add(1, Ordering::SeqCst));
    let client = Client::start(|settings| settings.clock = Clock::from_fn(ticking)).await;
    client.post("time_entries", &entry(json!({ "spent_date": "2026-03-01" }))).await;
    client
        .post(
            "time_entries",
            &entry(json!({ "spent_date": "2026-03-02", "source": "web", "user_id": ids::COLLEAGUE })),
        )
        .await;
    let third = json!({ "spent_date": "2026-03-03", "source": "cli", "project_id": ids::PIPELINE, "task_id": ids::RESEARCH });
    let billed = client.post("time_entries", &entry(third)).await.id();
    client.sandbox.bill(&billed).unwrap();
    let updated = client.sandbox.entries()[2].updated_at;
    let table = [
        (String::new(), 3),
        (format!("user_id={}", ids::ME), 2),
        (format!("project_id={}", ids::PIPELINE), 1),
        (format!("client_id={}", ids::ACME), 2),
        (format!("task_id={}", ids::RESEARCH), 1),
        ("from=2026-03-02".to_owned(), 2),
        ("to=2026-03-02".to_owned(), 2),
        ("from=2026-03-02&to=2026-03-02".to_owned(), 1),
        ("source=agent".to_owned(), 1),
        ("source=agent,cli".to_owned(), 2),
        ("is_billed=true".to_owned(), 1),
        ("is_running=true".to_owned(), 0),
        (format!("updated_since={updated}"), 1),
        ("metadata=x&external_reference=y&nonsense".to_owned(), 3),
    ];
    for (query, count) in table {
        let list = client.get(&format!("time_entries?{query}")).await.json();
        assert_eq!(
            (rows(&list, "time_entries").len(), &list["total_entries"]),
            (count, &json!(count)),
            "{query}"
        );
    }
    for bad in ["from=yesterday", "to=20260301", "updated_since=soon"] {
        assert_eq!(client.get(&format!("time_entries?{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn filters_of_expenses() {
    let client = Client::start(|_| ()).await;
    client.post("expenses", &expense(json!({ "spent_date": "2026-03-01" }))).await;
    client.post("expenses", &expense(json!({ "spent_date": "2026-03-02", "source": "web" }))).await;
    client
        .post(
            "expenses",
            &expense(json!({ "project_id": ids::PIPELINE, "expense_category_id": ids::TRAVEL })),
        )
        .await;
    for (query, count) in [
        ("from=2026-03-01&to=2026-03-01".to_owned(), 1),
        (format!("project_id={}", ids::WEBSITE), 2),
        (format!("user_id={}", ids::COLLEAGUE), 0),
        ("source=agent".to_owned(), 2),
        (format!("expense_category_id={}", ids::TRAVEL), 3),
    ] {
        assert_eq!(client.get(&format!("expenses?{query}")).await.json()["total_entries"], count, "{query}");
    }
}

#[tokio::test]
async fn projects_embed_the_tasks_that_may_be_used_on_them() {
    let client = Client::start(|_| ()).await;
    let projects = rows(&client.get("projects").await.json(), "projects");
    let tasks = |at: usize| -> Vec<Value> {
        rows(&projects[at], "tasks").iter().map(|task| task["name"].clone()).collect()
    };
    assert_eq!(tasks(0), [json!("Development"), json!("Code review")]);
    assert_eq!(tasks(2), [json!("Development"), json!("Research")]);
    assert_eq!(projects[2]["client"], json!({ "id": ids::NORTHWIND, "name": "Northwind Traders" }));
    let of_project = client.get(&format!("tasks?project_id={}", ids::PIPELINE)).await.json();
    assert_eq!(of_project["total_entries"], 2);
    assert_eq!(client.get("tasks").await.json()["total_entries"], 3);
    assert_eq!(client.get("clients").await.json()["clients"][0]["name"], "Acme Corp");
    let all: BTreeSet<_> = [ids::ME, ids::WEBSITE, ids::DEVELOPMENT, ids::LLM_USAGE, ids::ACME].into();
    assert!(all.iter().all(|id| id.len() == 25), "ids look like Keito's: {all:?}");
}
