//! Who the key belongs to and what the workspace demands: `/users/me`, in the words of a person.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{Credentials, Keito};
use crate::deliver::{Outcome, Refusal, Unsent};
use crate::keito::{Capabilities, Client, Me, Settings};
use crate::model::AccountId;
use crate::setup::Error;

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A `kto_` key that may write.
    Full,
    /// A token of a signed-in person or program, with its end if it tells one.
    Jwt(Option<Timestamp>),
}

/// A key that Keito accepts, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The company.
    pub account: Option<AccountId>,
    /// Its name.
    pub name: Option<String>,
    /// What the key is.
    pub key: KeyKind,
    /// The company's zone, else the user's.
    pub zone: Option<String>,
    /// ISO 4217 code of all amounts.
    pub currency: Option<String>,
    /// Rounding of saved hours, such as `up_15`.
    pub rounding: Option<String>,
    /// Rights of the key.
    pub may: Capabilities,
}

impl Workspace {
    /// Whether each entry is rounded up: many short ones then cost the client more than they took.
    #[must_use]
    pub fn rounds_up(&self) -> bool {
        self.rounding.as_deref().is_some_and(|how| how.starts_with("up"))
    }

    /// The currency, if amounts in USD have to be converted.
    #[must_use]
    pub fn foreign_currency(&self) -> Option<&str> {
        self.currency.as_deref().filter(|code| !code.eq_ignore_ascii_case("USD"))
    }
}

/// A client of the server that the credentials name.
///
/// # Errors
/// Which setting to correct.
pub fn client(credentials: &Credentials, keito: &Keito) -> Result<Client, Error> {
    Ok(Client::new(&Settings {
        origin: credentials.origin.as_str().to_owned(),
        account: credentials.account.as_ref().map(|account| account.as_str().to_owned()),
        key: credentials.key.clone(),
        request_timeout: keito.request_timeout,
        connect_timeout: keito.connect_timeout,
        proxy: keito.proxy.as_ref().map(|proxy| proxy.expose_secret().to_owned()),
    })?)
}

/// Asks Keito who the key belongs to.
///
/// # Errors
/// Why nothing can be delivered with it.
pub async fn look(client: &Client, credentials: &Credentials) -> Result<Workspace, Error> {
    let me = match client.me().await {
        Outcome::Applied(me) => me,
        Outcome::Refused(refusal) => return Err(refused(refusal, credentials)),
        other => return Err(failed(other, "/users/me", credentials.origin.as_str())),
    };
    let Me { timezone, company, capabilities, .. } = me;
    let Some(company) = company else { return Err(Error::ReadOnly { from: credentials.from }) };
    let key = match &credentials.account {
        Some(_) => KeyKind::Full,
        None => KeyKind::Jwt(expiry(&credentials.key)),
    };
    Ok(Workspace {
        account: company.id.or_else(|| credentials.account.clone()),
        name: company.name,
        key,
        zone: company.timezone.or(timezone),
        currency: company.currency.filter(|code| !code.is_empty()),
        rounding: company.time_rounding.filter(|how| !how.is_empty() && how != "none"),
        may: capabilities,
    })
}

/// A refusal of the first question: it is about the key, the account or the server.
fn refused(refusal: Refusal, credentials: &Credentials) -> Error {
    let origin = credentials.origin.as_str().to_owned();
    let Refusal { status, message, html, retry_after, .. } = refusal;
    let account = credentials.account.as_ref().map(|account| account.as_str().to_owned());
    match (status, account) {
        _ if html => Error::NotKeito { origin, why: answered(status, &message) },
        (401, _) => Error::Refused { from: credentials.from, message },
        (403 | 404, Some(account)) => Error::NoWorkspace { account, from: credentials.from, message },
        (400 | 403, _) => Error::Refused { from: credentials.from, message },
        (429, _) => Error::RateLimited { after: retry_after },
        (500.., _) => Error::Server { asked: "/users/me", why: answered(status, &message) },
        _ => Error::NotKeito { origin, why: answered(status, &message) },
    }
}

/// What became of a question that was not answered. Refusals of single lists are the callers' business.
pub(super) fn failed<T>(outcome: Outcome<T>, asked: &'static str, origin: &str) -> Error {
    let origin = origin.to_owned();
    match outcome {
        Outcome::NotSent(Unsent::Unreachable(why) | Unsent::Certificate(why)) => {
            Error::Unreachable { origin, why }
        }
        Outcome::Unknown { status: None, why, .. } => Error::Unreachable { origin, why },
        Outcome::Unknown { status: Some(200..=299), why, .. } => Error::NotKeito { origin, why },
        Outcome::Unknown { why, .. } => Error::Server { asked, why },
        Outcome::Refused(Refusal { status: 429, retry_after, .. }) => {
            Error::RateLimited { after: retry_after }
        }
        Outcome::Refused(Refusal { status, message, .. }) => {
            Error::Server { asked, why: answered(status, &message) }
        }
        Outcome::AppliedUnread { status } => Error::NotKeito { origin, why: answered(status, "") },
        Outcome::Applied(_) => Error::Server { asked, why: "its answer makes no sense".to_owned() },
    }
}

fn answered(status: u16, message: &str) -> String {
    if message.is_empty() {
        format!("it answers {status}")
    } else {
        format!("it answers {status}, {message}")
    }
}

/// The `exp` of a token (RFC 7519, 4.1.4): a service must not stand on one that ends within the hour.
fn expiry(token: &SecretString) -> Option<Timestamp> {
    use base64::Engine as _;
    let claims = token.expose_secret().split('.').nth(1)?;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(claims.get("exp")?.as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_end() {
        // {"exp":1767225600}
        let ends = |token: &str| expiry(&SecretString::from(token)).map(|end| end.to_string());
        assert_eq!(ends("e30.eyJleHAiOjE3NjcyMjU2MDB9.c2ln").as_deref(), Some("2026-01-01T00:00:00Z"));
        for none in ["e30.e30.c2ln", "a.b.c", "", "e30.eyJleHAiOiJ4In0.s"] {
            assert_eq!(ends(none), None, "{none}");
        }
    }
}
