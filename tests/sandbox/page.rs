//! The page in a real browser.

use crate::client::{Client, entry, expense};
use keitod::sandbox::ids;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name))).find(|file| file.is_file())
}

/// Runs headless Chromium on the sandbox's page and returns what it prints.
async fn browse(browser: &Path, origin: &str, more: &[OsString]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut user_data = OsString::from("--user-data-dir=");
    user_data.push(profile.path());
    let printed = profile.path().join("printed");
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--no-proxy-server", "--virtual-time-budget=4000"])
        .arg(user_data)
        .args(more)
        .arg(format!("{origin}/"))
        .stdout(std::fs::File::create(&printed).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("the browser did not end");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    String::from_utf8_lossy(&std::fs::read(printed).unwrap()).into_owned()
}

/// A few days as they look when keitod delivers; see [`pictures_of_the_page`].
async fn deliver_some(client: &Client) {
    let (one, two) = ("9d3c2f1e-6a57-4a55-9d55-0c1f1b2a7e10", "019aa0c4-77e2-7c31-b1d0-5a8f0e21c9aa");
    let meta = |agent: &str, session: &str, model: &str, more: Value| {
        let mut meta = json!({ "keitod_id": "k1", "agent_type": agent, "session_id": session, "model": model, "part": 1 });
        meta.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        meta
    };
    let time = [
        (
            json!({ "spent_date": "2026-03-03", "hours": 2.31, "notes": "claude-code in shop (main)" }),
            "claude-code",
            one,
            "claude-opus-4-6",
            8316,
        ),
        (
            json!({ "spent_date": "2026-03-04", "hours": 1.27, "notes": "claude-code in shop (checkout-redesign)" }),
            "claude-code",
            one,
            "claude-opus-4-6",
            4560,
        ),
        (
            json!({ "spent_date": "2026-03-04", "hours": 0.42, "project_id": ids::PIPELINE, "notes": "codex in ingest (main)" }),
            "codex",
            two,
            "gpt-5.2-codex",
            1500,
        ),
        (
            json!({ "spent_date": "2026-03-04", "hours": 0.08, "project_id": ids::BILLING, "task_id": ids::REVIEW, "notes": "gemini-cli in billing (fix/rounding)" }),
            "gemini-cli",
            "b7c1f0aa-20e4",
            "gemini-3-pro",
            290,
        ),
    ];
    for (change, agent, session, model, seconds) in time {
        let mut change = change;
        change["metadata"] = meta(agent, session, model, json!({ "duration_seconds": seconds }));
        assert_eq!(client.post("time_entries", &entry(change)).await.status, 201);
    }
    let costs = [
        (
            json!({ "spent_date": "2026-03-03", "total_cost": 14.2087 }),
            "claude-code",
            one,
            "claude-opus-4-6",
            [412_300, 96_211, 18_422_017, 388_102, 187],
        ),
        (
            json!({ "spent_date": "2026-03-04", "total_cost": 6.0312 }),
            "claude-code",
            one,
            "claude-opus-4-6",
            [120_400, 41_002, 7_200_118, 201_334, 92],
        ),
        (
            json!({ "spent_date": "2026-03-04", "total_cost": 0.0214 }),
            "claude-code",
            one,
            "claude-haiku-4-5",
            [9_120, 2_310, 40_000, 0, 6],
        ),
        (
            json!({ "spent_date": "2026-03-04", "total_cost": 0.8731, "project_id": ids::PIPELINE }),
            "codex",
            two,
            "gpt-5.2-codex",
            [210_008, 18_119, 1_920_000, 0, 41],
        ),
    ];
    for (change, agent, session, model, [input, output, read, written, requests]) in costs {
        let mut change = change;
        let counts = json!({ "input_tokens": input, "output_tokens": output, "cached_input_tokens": read,
            "cache_write_tokens": written, "requests": requests });
        change["notes"] = json!(format!("{model}: tokens"));
        change["metadata"] = meta(agent, session, model, counts);
        assert_eq!(client.post("expenses", &expense(change)).await.status, 201);
    }
    let ids: Vec<String> = client.sandbox.entries().into_iter().map(|entry| entry.id).collect();
    client.sandbox.bill(&ids[0]).unwrap();
    client.sandbox.approve(&ids[2]).unwrap();
}

#[tokio::test]
async fn state_has_exact_totals_and_says_when_nothing_changed() {
    let client = Client::start(|_| ()).await;
    deliver_some(&client).await;
    let answer = client.try_send("GET", "/state", None, None).await.unwrap();
    let totals = answer.json()["totals"].clone();
    assert_eq!(
        totals,
        json!({ "hours": "4.08", "cost": "21.1344", "entries": 4, "expenses": 4, "sessions": 3 })
    );
    assert_eq!(answer.json()["days"][0]["totals"]["cost"], "6.9257");
    let again = |tag: reqwest::header::HeaderValue| {
        let url = format!("{}/state", client.sandbox.origin());
        crate::client::http().get(url).header("if-none-match", tag).send()
    };
    assert_eq!(again(answer.headers["etag"].clone()).await.unwrap().status(), 304);
    client.post("time_entries", &entry(json!({}))).await;
    assert_eq!(again(answer.headers["etag"].clone()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_page_allows_itself_alone() {
    let client = Client::start(|_| ()).await;
    let page = client.try_send("GET", "/", None, None).await.unwrap();
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe") && !page.text.contains("{{nonce}}"));
    for outside in ["src=\"http", "href=\"http", "@import", "url(http", "innerHTML", "document.write"] {
        assert!(!page.text.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn a_browser_shows_what_arrived_and_runs_none_of_it() {
    let Some(browser) = chromium() else {
        assert!(std::env::var_os("CI").is_none(), "install chromium: CI must look at the page");
        eprintln!("skipped: no chromium on PATH");
        return;
    };
    let client = Client::start(|_| ()).await;
    deliver_some(&client).await;
    let nasty = json!({ "notes": "<img src=x onerror=\"document.body.id='owned'\">", "metadata": { "agent_type": "<b>x</b>" } });
    let id = client.post("time_entries", &entry(nasty)).await.id();
    let dom = browse(&browser, &client.sandbox.origin(), &["--dump-dom".into()]).await;
    for part in [
        &format!("data-id=\"{id}\""),
        "claude-code in shop (checkout-redesign)",
        "Website relaunch",
        "4 March 2026",
        "$21.1344",
        "claude-opus-4-6",
        "billed",
        "&lt;img src=x",
        "&lt;b&gt;x&lt;/b&gt;",
    ] {
        assert!(dom.contains(part), "{part} is not in {dom}");
    }
    assert!(!dom.contains("<body id=\"owned\""), "a note was run");
}

#[tokio::test]
#[ignore = "for people: writes pictures into target/tmp"]
async fn pictures_of_the_page() {
    let browser = chromium().expect("install chromium");
    let (full, empty) = (Client::start(|_| ()).await, Client::start(|_| ()).await);
    deliver_some(&full).await;
    let table = [
        ("light", &full, "1280,1100", "1"),
        ("dark", &full, "1280,1100", "0"),
        ("narrow", &full, "420,1700", "1"),
        ("empty", &empty, "1280,600", "1"),
    ];
    for (name, client, window, scheme) in table {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{name}.png"));
        let mut shot = OsString::from("--screenshot=");
        shot.push(&file);
        let window = format!("--window-size={window}").into();
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}").into();
        browse(&browser, &client.sandbox.origin(), &[shot, window, scheme, "--hide-scrollbars".into()]).await;
        assert!(file.is_file());
        eprintln!("{}", file.display());
    }
}
