//! `/expenses`: rules of creation; nothing else exists.

use crate::client::{Client, expense};
use keitod::model::Instant;
use keitod::sandbox::{Categories, Clock, Idempotency, Role, ids};
use rust_decimal::Decimal;
use serde_json::{Value, json};

#[tokio::test]
async fn each_rule_of_a_creation() {
    let noon = Instant::parse("2026-03-04T12:00:00Z").unwrap();
    let client = Client::start(|settings| settings.clock = Clock::from_fn(move || noon)).await;
    let table: Vec<(Value, u16, &str)> = vec![
        (json!({ "project_id": null }), 400, "project_id is required"),
        (json!({ "expense_category_id": null }), 400, "expense_category_id is required"),
        (json!({ "spent_date": null }), 400, "spent_date is required"),
        (json!({ "total_cost": null }), 400, "Either total_cost or units is required"),
        (json!({ "total_cost": -0.01 }), 400, "at least 0"),
        (json!({ "total_cost": 0 }), 201, ""),
        (json!({ "total_cost": null, "units": 0 }), 400, "integer of at least 1"),
        (json!({ "total_cost": null, "units": 1.5 }), 400, "integer of at least 1"),
        (json!({ "total_cost": null, "units": 3 }), 201, ""),
        (json!({ "expense_category_id": "cmnone" }), 404, "Expense category not found"),
        (json!({ "project_id": "cmnone" }), 404, "Project not found"),
        (json!({ "source": "desktop" }), 400, "source"),
        (json!({ "source": "cli" }), 201, ""),
        (json!({ "hours": 1 }), 400, "Unrecognized field: hours"),
        (json!({ "spent_date": "2026-03-05" }), 400, "future"),
        (json!({ "metadata": { "a": "é".repeat(2100) } }), 400, "4096"),
    ];
    for (change, status, text) in table {
        let before = client.sandbox.expenses().len();
        let answer = client.post("expenses", &expense(change.clone())).await;
        assert!(answer.status == status && answer.text.contains(text), "{change}: {answer:?}");
        assert_eq!(client.sandbox.expenses().len() - before, usize::from(status == 201), "{change}");
    }
    client.sandbox.change(|settings| settings.future_expense_dates = true);
    assert_eq!(client.post("expenses", &expense(json!({ "spent_date": "2026-03-05" }))).await.status, 201);
    client.sandbox.change(|settings| settings.expenses = false);
    assert_eq!(client.post("expenses", &expense(json!({}))).await.status, 403);
}

#[tokio::test]
async fn today_is_the_companys() {
    let late = Instant::parse("2026-03-04T23:30:00Z").unwrap();
    let client = Client::start(|settings| {
        settings.clock = Clock::from_fn(move || late);
        settings.zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    })
    .await;
    assert_eq!(client.post("expenses", &expense(json!({ "spent_date": "2026-03-05" }))).await.status, 201);
    assert_eq!(client.post("expenses", &expense(json!({ "spent_date": "2026-03-06" }))).await.status, 400);
}

#[tokio::test]
async fn a_cost_keeps_its_digits_or_is_cut_as_the_setting_says() {
    let client = Client::start(|_| ()).await;
    let body = |digits| expense(json!({})).to_string().replace("0.135", digits);
    for digits in ["0.1350", "1.005", "12345678.123456789012", "1.5e-3"] {
        let answer = client.raw("POST", "expenses", &body(digits)).await;
        assert!(answer.text.contains(&format!("\"total_cost\":{digits},")), "{}", answer.text);
        assert_eq!(client.sandbox.expenses().last().unwrap().total_cost.digits(), digits);
    }
    client.sandbox.change(|settings| settings.cost_decimals = Some(2));
    let answer = client.raw("POST", "expenses", &body("0.139")).await;
    assert!(answer.text.contains("\"total_cost\":0.13,"), "{}", answer.text);
}

#[tokio::test]
async fn units_take_the_price_of_the_category() {
    let client = Client::start(|settings| settings.categories[0].unit_price = Some(Decimal::new(3, 3))).await;
    let row = client.post("expenses", &expense(json!({ "total_cost": null, "units": 45 }))).await.json();
    assert_eq!((row["units"].clone(), row["total_cost"].clone()), (json!(45), json!(0.135)));
    assert_eq!(row["expense_category"], json!({ "id": ids::LLM_USAGE, "name": "LLM Usage" }));
    assert_eq!(row["approval_status"], "unsubmitted");
}

#[tokio::test]
async fn categories_are_listed_only_where_the_setting_says() {
    let client = Client::start(|_| ()).await;
    assert!(client.get("expense_categories").await.is_html());
    client.sandbox.change(|settings| settings.list_categories = Categories::Listed);
    let list = client.get("expense_categories").await.json();
    assert_eq!(list["expense_categories"][0]["name"], "LLM Usage");
    client.sandbox.change(|settings| settings.list_categories = Categories::Forbidden);
    assert_eq!(client.get("expense_categories").await.status, 403);
}

#[tokio::test]
async fn expenses_have_their_own_idempotency() {
    let client = Client::start(|settings| settings.expense_idempotency = Idempotency::Honoured).await;
    let send = |path: &'static str, body: Value| {
        let body = Some(body.to_string());
        async { client.try_send("POST", path, body, Some("k1")).await.unwrap() }
    };
    let one = send("/api/v2/expenses", expense(json!({}))).await;
    let other_body = send("/api/v2/expenses", expense(json!({ "total_cost": 9 }))).await;
    assert_eq!((one.text, client.sandbox.expenses().len()), (other_body.text, 1));
    for _ in 0..2 {
        send("/api/v2/time_entries", crate::client::entry(json!({}))).await;
    }
    assert_eq!(client.sandbox.entries().len(), 2);
}

#[tokio::test]
async fn the_team_report_sums_shown_hours() {
    let client = Client::start(|settings| settings.rounding = "up_15".parse().unwrap()).await;
    for (hours, user) in [(0.1, ids::ME), (1.0, ids::ME), (0.3, ids::COLLEAGUE)] {
        client.post("time_entries", &crate::client::entry(json!({ "hours": hours, "user_id": user }))).await;
    }
    for range in ["from=20260301&to=20260331", "from=2026-03-04&to=2026-03-04"] {
        let report = client.get(&format!("reports/time/team?{range}")).await.json();
        let hours: Vec<_> =
            report["results"].as_array().unwrap().iter().map(|row| row["total_hours"].clone()).collect();
        assert_eq!(hours, [json!(1.25), json!(0.5)], "{range}");
    }
    for bad in ["from=20260301", "to=20260301", "from=x&to=y", "from=20250101&to=20260331"] {
        assert_eq!(client.get(&format!("reports/time/team?{bad}")).await.status, 400, "{bad}");
    }
    client.sandbox.change(|settings| settings.people[0].role = Role::Member);
    assert_eq!(client.get("reports/time/team?from=20260301&to=20260331").await.status, 403);
}
