//! Who calls: both headers, the key's owner and scope, the rate.

use super::refusal::Refusal;
use super::rows::{Person, Role};
use super::settings::{Key, Scope, WrongCompany};
use super::state::State;
use super::workspace::Workspace;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::time::Duration;

/// The owner of the key of a request, and what else of its head the endpoints look at.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) person: Person,
    pub(super) scope: Scope,
    pub(super) idempotency_key: Option<String>,
}

impl Caller {
    /// 403 for a read-only key.
    pub(super) fn may_write(&self) -> Result<(), Refusal> {
        self.full("This key is read-only")
    }

    /// 403 for a read-only key, in the endpoint's own words.
    pub(super) fn full(&self, text: &str) -> Result<(), Refusal> {
        match self.scope {
            Scope::Full => Ok(()),
            Scope::Sync => Err(Refusal::new(403, text)),
        }
    }

    pub(super) fn admin(&self) -> Result<(), Refusal> {
        match self.person.role {
            Role::Admin => Ok(()),
            Role::Member => Err(Refusal::new(403, "You do not have permission to do this")),
        }
    }

    /// Whether rows of `user` are shown to the caller.
    pub(super) fn sees(&self, user: &str) -> bool {
        self.person.role == Role::Admin || self.person.id == user
    }
}

impl FromRequestParts<State> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        state.with(|workspace| {
            let caller = identify(workspace, &parts.headers)?;
            meter(workspace)?;
            Ok(caller)
        })
    }
}

fn identify(workspace: &Workspace, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    let token = text("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let account = text("keito-account-id");
    // The live server asks for the account before it looks at the key.
    if account.is_none() && !Key::is_jwt(token) {
        return Err(Refusal::new(400, "Missing Keito-Account-Id header"));
    }
    let key = workspace.settings.keys.iter().find(|key| key.token == token);
    let person = key.and_then(|key| workspace.person(&key.user));
    let (Some(key), Some(person)) = (key, person) else { return Err(Refusal::new(401, "Invalid API key")) };
    if account.is_some_and(|account| account != workspace.settings.account) {
        return Err(match workspace.settings.wrong_company {
            WrongCompany::Forbidden => Refusal::new(403, "You do not have access to this company"),
            WrongCompany::NotFound => Refusal::new(404, "Company not found"),
        });
    }
    Ok(Caller {
        person: person.clone(),
        scope: key.scope,
        idempotency_key: text("idempotency-key").map(str::to_owned),
    })
}

fn meter(workspace: &mut Workspace) -> Result<(), Refusal> {
    let Some(limit) = workspace.settings.rate_limit else { return Ok(()) };
    let now = workspace.now();
    let minute = Duration::from_secs(60);
    while workspace.recent.front().is_some_and(|at| now.since(*at) >= minute) {
        workspace.recent.pop_front();
    }
    if workspace.recent.len() < limit.0 {
        workspace.recent.push_back(now);
        return Ok(());
    }
    let oldest = workspace.recent.front().copied().unwrap_or(now);
    let wait = oldest.plus(minute).since(now).as_millis().div_ceil(1000);
    let mut refusal = Refusal::new(429, "Rate limit exceeded");
    refusal.retry_after = u64::try_from(wait).ok();
    Err(refusal)
}
