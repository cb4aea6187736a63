//! A small client that keeps what came back as it came.

use keitod::sandbox::{ACCOUNT, KEY, Running, Sandbox, Settings, ids};
use serde_json::{Value, json};

pub struct Client {
    http: reqwest::Client,
    pub sandbox: Running,
    key: String,
    account: Option<String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON; panics with the body if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("no id: {self:?}")).to_owned()
    }

    pub fn is_html(&self) -> bool {
        self.text.starts_with("<!DOCTYPE html>")
            && self.headers["content-type"].to_str().unwrap().contains("html")
    }
}

/// Without proxy and redirects. It wants to know whose TLS it would use, though it never does.
pub fn http() -> reqwest::Client {
    // Fails where another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

impl Client {
    pub async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings);
        let sandbox = Sandbox::start(settings).await.unwrap();
        let http = http();
        Self { http, sandbox, key: KEY.to_owned(), account: Some(ACCOUNT.to_owned()) }
    }

    pub fn with_key(mut self, key: &str) -> Self {
        key.clone_into(&mut self.key);
        self
    }

    pub fn with_account(mut self, account: Option<&str>) -> Self {
        self.account = account.map(str::to_owned);
        self
    }

    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
        idempotency: Option<&str>,
    ) -> reqwest::Result<Answer> {
        let url = format!("{}{path}", self.sandbox.origin());
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.key);
        if let Some(account) = &self.account {
            request = request.header("Keito-Account-Id", account);
        }
        if let Some(key) = idempotency {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.try_send("GET", &format!("/api/v2/{path}"), None, None).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.raw("POST", path, &body.to_string()).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.raw("PATCH", path, &body.to_string()).await
    }

    pub async fn raw(&self, method: &str, path: &str, body: &str) -> Answer {
        self.try_send(method, &format!("/api/v2/{path}"), Some(body.to_owned()), None).await.unwrap()
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.try_send("DELETE", &format!("/api/v2/{path}"), None, None).await.unwrap()
    }
}

/// A valid time entry with `change` merged in; a null takes the field away.
pub fn entry(change: Value) -> Value {
    merged(
        json!({ "project_id": ids::WEBSITE, "task_id": ids::DEVELOPMENT, "spent_date": "2026-03-04",
            "hours": 1.5, "notes": "claude-code in shop", "source": "agent" }),
        change,
    )
}

/// The same for an expense.
pub fn expense(change: Value) -> Value {
    merged(
        json!({ "project_id": ids::WEBSITE, "expense_category_id": ids::LLM_USAGE, "spent_date": "2026-03-04",
            "total_cost": 0.135, "source": "agent" }),
        change,
    )
}

fn merged(mut base: Value, change: Value) -> Value {
    let base_fields = base.as_object_mut().unwrap();
    for (key, value) in change.as_object().unwrap().clone() {
        match value {
            Value::Null => base_fields.remove(&key),
            value => base_fields.insert(key, value),
        };
    }
    base
}
