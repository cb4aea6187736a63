//! `/time_entries`: rules of creation, change and deletion.

use crate::client::{Client, entry};
use keitod::model::Instant;
use keitod::sandbox::{Billability, Clock, Idempotency, ids};
use serde_json::{Value, json};

#[tokio::test]
async fn a_creation_answers_with_the_bare_entry() {
    let client = Client::start(|_| ()).await;
    let answer =
        client.post("time_entries", &entry(json!({ "metadata": { "session_id": "s1", "part": 1 } }))).await;
    assert_eq!(answer.status, 201);
    let row = answer.json();
    assert!(row["id"].as_str().unwrap().len() == 25 && row["id"].as_str().unwrap().starts_with('c'));
    let wanted = [
        ("user_id", json!(ids::ME)),
        ("project", json!({ "id": ids::WEBSITE, "name": "Website relaunch" })),
        ("task", json!({ "id": ids::DEVELOPMENT, "name": "Development" })),
        ("spent_date", json!("2026-03-04")),
        ("hours", json!(1.5)),
        ("duration_seconds", json!(5400)),
        ("is_running", json!(false)),
        ("billable", json!(true)),
        ("source", json!("agent")),
        ("metadata", json!({ "session_id": "s1", "part": 1 })),
    ];
    for (key, value) in wanted {
        assert_eq!(row[key], value, "{key}");
    }
    client.sandbox.change(|settings| (settings.create_status, settings.wrap_single) = (200, true));
    let answer = client.post("time_entries", &entry(json!({}))).await;
    assert_eq!((answer.status, answer.json()["time_entry"]["hours"].clone()), (200, json!(1.5)));
}

#[tokio::test]
async fn each_rule_of_a_creation() {
    let client = Client::start(|settings| settings.invalid_status = 422).await;
    let research = json!({ "task_id": ids::RESEARCH });
    let table: Vec<(Value, u16, &str)> = vec![
        (json!({ "project_id": null }), 422, "project_id is required"),
        (json!({ "task_id": null }), 422, "task_id is required"),
        (json!({ "spent_date": null }), 422, "spent_date is required"),
        (json!({ "spent_date": "04.03.2026" }), 422, "YYYY-MM-DD"),
        (json!({ "spent_date": "2026-02-30" }), 422, "YYYY-MM-DD"),
        (json!({ "hours": 24.01 }), 422, "between 0 and 24"),
        (json!({ "hours": -0.01 }), 422, "between 0 and 24"),
        (json!({ "hours": "1" }), 422, "must be a number"),
        (json!({ "hours": 24 }), 201, ""),
        (json!({ "hours": 0 }), 201, ""),
        (research, 422, "Task is not assigned to this project"),
        (json!({ "project_id": "cmnowhere" }), 404, "Project not found"),
        (json!({ "task_id": "cmnowhere" }), 404, "Task not found"),
        (json!({ "source": "robot" }), 422, "source"),
        (json!({ "source": "calendar" }), 201, ""),
        (json!({ "metadata": [1] }), 422, "metadata must be an object"),
        (json!({ "notes": 5 }), 422, "notes must be a string"),
        (json!({ "duration": 5 }), 400, "Unrecognized field: duration"),
        (json!({ "started_time": "9:00" }), 422, "HH:mm"),
        (json!({ "user_id": "cmnobody" }), 404, "User not found"),
        (json!({ "user_id": ids::COLLEAGUE }), 201, ""),
    ];
    for (change, status, text) in table {
        let before = client.sandbox.entries().len();
        let answer = client.post("time_entries", &entry(change.clone())).await;
        assert!(answer.status == status && answer.text.contains(text), "{change}: {answer:?}");
        assert_eq!(client.sandbox.entries().len() - before, usize::from(status == 201), "{change}");
    }
    assert_eq!(client.raw("POST", "time_entries", "[1]").await.status, 400);
    assert_eq!(client.raw("POST", "time_entries", &"x".repeat(1_100_000)).await.status, 413);
    client.sandbox.change(|settings| settings.strict_create = false);
    assert_eq!(client.post("time_entries", &entry(json!({ "duration": 5 }))).await.status, 201);
}

#[tokio::test]
async fn metadata_may_have_4096_bytes_and_no_more() {
    let client = Client::start(|_| ()).await;
    let of_size =
        |bytes: usize| entry(json!({ "metadata": { "a": "x".repeat(bytes - r#"{"a":""}"#.len()) } }));
    assert_eq!(client.post("time_entries", &of_size(4096)).await.status, 201);
    let over = client.post("time_entries", &of_size(4097)).await;
    assert!(over.status == 400 && over.text.contains("metadata exceeds 4096 bytes"), "{over:?}");
    let id = client.sandbox.entries()[0].id.clone();
    let grown = client.patch(&format!("time_entries/{id}"), &json!({ "metadata": { "b": 1 } })).await;
    assert_eq!(grown.status, 400);
}

#[tokio::test]
async fn hours_keep_their_digits_until_the_workspace_rounds() {
    let client = Client::start(|_| ()).await;
    let body = entry(json!({})).to_string().replace("1.5", "0.10");
    let answer = client.raw("POST", "time_entries", &body).await;
    assert!(answer.text.contains(r#""hours":0.10,"#), "{}", answer.text);
    assert_eq!(client.sandbox.entries()[0].hours.digits(), "0.10");
    client.sandbox.change(|settings| settings.rounding = "up_15".parse().unwrap());
    let row = client.get("time_entries").await.json()["time_entries"][0].clone();
    let shown = (row["hours"].clone(), row["rounded_hours"].clone(), row["duration_seconds"].clone());
    assert_eq!(shown, (json!(0.25), json!(0.25), json!(360)));
    assert_eq!(client.sandbox.entries()[0].hours.digits(), "0.10");
}

#[tokio::test]
async fn a_patch_merges_metadata_and_null_clears_it() {
    let client = Client::start(|_| ()).await;
    let id = client.post("time_entries", &entry(json!({ "metadata": { "a": 1, "b": "x" } }))).await.id();
    let path = format!("time_entries/{id}");
    let merged = client.patch(&path, &json!({ "hours": 2.25, "metadata": { "b": "y", "c": 3 } })).await;
    assert_eq!((merged.status, merged.json()["hours"].clone()), (200, json!(2.25)));
    assert_eq!(merged.json()["metadata"], json!({ "a": 1, "b": "y", "c": 3 }));
    assert_eq!(merged.json()["notes"], "claude-code in shop");
    let cleared = client.patch(&path, &json!({ "metadata": null, "notes": null })).await.json();
    assert_eq!((cleared["metadata"].clone(), cleared["notes"].clone()), (Value::Null, Value::Null));
}

#[tokio::test]
async fn a_patch_is_strict() {
    let client = Client::start(|_| ()).await;
    let id = client.post("time_entries", &entry(json!({}))).await.id();
    let path = format!("time_entries/{id}");
    let before = client.sandbox.entries();
    let table = [
        (json!({ "source": "web" }), 400),
        (json!({ "is_running": false, "hours": 2 }), 400),
        (json!({ "user_id": ids::COLLEAGUE }), 400),
        (json!({ "hours": 25 }), 400),
        (json!({ "task_id": ids::RESEARCH }), 400),
    ];
    for (body, status) in table {
        assert_eq!(client.patch(&path, &body).await.status, status, "{body}");
    }
    assert_eq!(client.sandbox.entries(), before);
    assert_eq!(client.patch("time_entries/cmnothing", &json!({ "hours": 1 })).await.status, 404);
    let moved = json!({ "project_id": ids::PIPELINE, "task_id": ids::RESEARCH });
    assert_eq!(client.patch(&path, &moved).await.json()["project"]["name"], "Data pipeline");
}

#[tokio::test]
async fn what_people_did_decides_over_changes() {
    let client = Client::start(|_| ()).await;
    let people: [(&str, u16); 3] = [("lock", 403), ("approve", 409), ("bill", 403)];
    for (action, status) in people {
        let id = client.post("time_entries", &entry(json!({}))).await.id();
        match action {
            "lock" => client.sandbox.lock(&id).unwrap(),
            "approve" => client.sandbox.approve(&id).unwrap(),
            _ => client.sandbox.bill(&id).unwrap(),
        }
        let path = format!("time_entries/{id}");
        assert_eq!(client.patch(&path, &json!({ "hours": 2 })).await.status, status, "patch after {action}");
        assert_eq!(client.delete(&path).await.status, status, "delete after {action}");
    }
    let id = client.post("time_entries", &entry(json!({}))).await.id();
    client.sandbox.edit_hours(&id, "0.75").unwrap();
    client.sandbox.edit_notes(&id, "by hand").unwrap();
    let listed = client.get("time_entries").await.json();
    let row = listed["time_entries"].as_array().unwrap().iter().find(|row| row["id"] == *id).unwrap().clone();
    assert_eq!((row["hours"].clone(), row["notes"].clone()), (json!(0.75), json!("by hand")));
    let path = format!("time_entries/{id}");
    let deleted = client.delete(&path).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(client.delete(&path).await.status, 404);
    assert!(client.sandbox.lock(&id).is_err());
    client.sandbox.archive_project(ids::WEBSITE).unwrap();
    let refused = client.post("time_entries", &entry(json!({}))).await;
    assert!(refused.status == 400 && refused.text.contains("archived"), "{refused:?}");
    assert_eq!(client.get("projects").await.json()["total_entries"], 2);
    assert_eq!(client.get("projects?is_active=false").await.json()["total_entries"], 1);
}

#[tokio::test]
async fn workspace_rules_on_notes_age_and_billable() {
    let noon = Instant::parse("2026-03-10T12:00:00Z").unwrap();
    let client = Client::start(|settings| {
        settings.clock = Clock::from_fn(move || noon);
        settings.require_notes = true;
        settings.lock_after_days = Some(6);
        settings.billability = Billability::Refused;
    })
    .await;
    let table = [
        (json!({ "notes": null }), 400),
        (json!({ "notes": "  " }), 400),
        (json!({ "spent_date": "2026-03-03" }), 403),
        (json!({ "spent_date": "2026-03-04" }), 201),
        (json!({ "billable": false }), 403),
    ];
    for (change, status) in table {
        assert_eq!(client.post("time_entries", &entry(change.clone())).await.status, status, "{change}");
    }
    client.sandbox.change(|settings| settings.billability = Billability::Ignored);
    assert_eq!(
        client.post("time_entries", &entry(json!({ "billable": false }))).await.json()["billable"],
        true
    );
}

#[tokio::test]
async fn one_timer_a_person() {
    let client = Client::start(|_| ()).await;
    let timer = entry(json!({ "hours": null, "is_running": true }));
    let id = client.post("time_entries", &timer).await.id();
    assert_eq!(client.post("time_entries", &timer).await.status, 409);
    let second =
        client.post("time_entries", &entry(json!({ "is_running": true, "replace_running": true }))).await;
    assert_eq!(second.json()["is_running"], true);
    assert!(client.sandbox.entries()[0].running_since.is_none());
    let stop = format!("time_entries/{id}/stop");
    assert_eq!(client.raw("PATCH", &stop, "").await.status, 409);
    assert_eq!(client.raw("PATCH", &format!("time_entries/{id}/restart"), "").await.status, 409);
    let stopped =
        client.patch(&format!("time_entries/{}/stop", second.id()), &json!({ "notes": "done" })).await.json();
    assert_eq!((stopped["is_running"].clone(), stopped["notes"].clone()), (json!(false), json!("done")));
}

#[tokio::test]
async fn an_idempotency_key_means_what_the_setting_says() {
    for (rule, statuses, stored) in [
        (Idempotency::Ignored, [201, 201], 2),
        (Idempotency::Honoured, [201, 201], 1),
        (Idempotency::Conflict, [201, 409], 1),
    ] {
        let client = Client::start(|settings| settings.time_idempotency = rule).await;
        let send = |body: Value, key: &'static str| {
            let body = Some(body.to_string());
            async { client.try_send("POST", "/api/v2/time_entries", body, Some(key)).await.unwrap() }
        };
        let refused = send(entry(json!({ "hours": 99 })), "k1").await;
        assert_eq!(refused.status, 400, "a refused request does not use its key up");
        let (one, two) = (send(entry(json!({})), "k1").await, send(entry(json!({})), "k1").await);
        assert_eq!([one.status, two.status], statuses, "{rule:?}");
        assert_eq!(client.sandbox.entries().len(), stored, "{rule:?}");
        assert_eq!(one.text == two.text, rule == Idempotency::Honoured, "{rule:?}");
        assert_eq!(send(entry(json!({})), "k2").await.status, 201);
    }
}
