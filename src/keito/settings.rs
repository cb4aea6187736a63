//! Where Keito is and who we are to it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// What a client is made of.
#[derive(Clone)]
pub struct Settings {
    /// Scheme, host and port alone: `https://app.keito.ai`. `/api/v2` is appended.
    pub origin: String,
    /// The company id; needed by `kto_` keys, since without it Keito answers 400 even to `/users/me`.
    pub account: Option<String>,
    /// A `kto_` key or a JWT.
    pub key: SecretString,
    /// From the first byte of the connection to the last of the answer.
    pub request_timeout: Duration,
    /// Name lookup, TCP and TLS.
    pub connect_timeout: Duration,
    /// An HTTP proxy. The environment's proxy variables are never read. Not used for loopback.
    pub proxy: Option<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The origin and the proxy may hold a password, the key is one.
        f.debug_struct("Settings")
            .field("request_timeout", &self.request_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}

/// Why no client can be made of the settings. None of them shows a credential.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an address.
    #[error("the Keito url is no address: give scheme and host alone, like https://app.keito.ai")]
    NotAnAddress,
    /// A path, a query, a fragment or a password behind the host.
    #[error("the Keito url must be scheme and host alone ({host}): /api/v2 is appended")]
    NotTheHostAlone {
        /// The host.
        host: String,
    },
    /// Plain http to another machine.
    #[error("http would send the key to {host} in clear text: use https (http is for loopback only)")]
    Insecure {
        /// The host.
        host: String,
    },
    /// Empty, or with characters that no header can carry.
    #[error("the Keito api key is empty or has characters that no key has: check where it comes from")]
    Key,
    /// A `kto_` key without an account id, or one with characters that no header can carry.
    #[error("a kto_ key needs the account id: set KEITO_ACCOUNT_ID or keito.account_id")]
    Account,
    /// The proxy's address cannot be used.
    #[error("keito.proxy is no proxy address: give http://host:port")]
    Proxy,
    /// TLS could not be set up: no trusted certificates on this system.
    #[error("cannot set up TLS: check that the system's trusted certificates are installed")]
    Tls(#[source] reqwest::Error),
}

/// The origin, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) url: Url,
    pub(super) loopback: bool,
}

impl Origin {
    /// https, or http to loopback.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let url = Url::parse(text.trim()).map_err(|_| Error::NotAnAddress)?;
        let host = url.host_str().ok_or(Error::NotAnAddress)?.to_owned();
        let loopback = is_loopback(&host);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(Error::Insecure { host }),
            _ => return Err(Error::NotAnAddress),
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(Error::NotTheHostAlone { host });
        }
        Ok(Self { url, loopback })
    }
}

/// `Authorization` and, for a `kto_` key, `Keito-Account-Id`. A JWT names its company in its claims.
pub(super) fn credentials(settings: &Settings) -> Result<(HeaderValue, Option<HeaderValue>), Error> {
    let key = settings.key.expose_secret();
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::Key);
    }
    let mut bearer = HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| Error::Key)?;
    bearer.set_sensitive(true);
    if !key.starts_with("kto_") {
        return Ok((bearer, None));
    }
    let account = settings.account.as_deref().map(str::trim).filter(|id| !id.is_empty());
    let mut account = HeaderValue::try_from(account.ok_or(Error::Account)?).map_err(|_| Error::Account)?;
    account.set_sensitive(true);
    Ok((bearer, Some(account)))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_loopback_only() {
        for good in [
            "https://app.keito.ai",
            "https://app.keito.ai:8443/",
            "http://127.0.0.1:80",
            "http://127.9.9.9:3000",
            "http://[::1]:3000",
            "http://localhost:3000",
        ] {
            assert!(Origin::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://app.keito.ai",
            "http://10.0.0.1",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://[::2]",
            "http://0.0.0.0",
        ] {
            assert!(matches!(Origin::parse(bad), Err(Error::Insecure { .. })), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_the_host_alone() {
        for bad in ["https://a/api/v2", "https://a/?x", "https://a/#x", "https://u@a", "https://u:hush@a"] {
            let error = Origin::parse(bad).unwrap_err();
            assert!(matches!(error, Error::NotTheHostAlone { .. }), "{bad}");
            assert!(!format!("{error} {error:?}").contains("hush"));
        }
        for bad in ["", "app.keito.ai", "ftp://a", "file:///etc/passwd"] {
            assert!(matches!(Origin::parse(bad), Err(Error::NotAnAddress)), "{bad}");
        }
    }

    #[test]
    fn a_kto_key_needs_an_account_and_a_jwt_sends_none() {
        let settings = |key: &str, account: Option<&str>| Settings {
            origin: "https://hush.example".to_owned(),
            account: account.map(str::to_owned),
            key: key.into(),
            request_timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(1),
            proxy: Some("http://user:hush@proxy".to_owned()),
        };
        let check = |key, account| credentials(&settings(key, account)).map(|(_, account)| account.is_some());
        assert!(matches!(check("kto_a", Some("co")), Ok(true)));
        assert!(matches!(check("eyJ.a.b", Some("co")), Ok(false)));
        assert!(matches!(check("kto_a", None), Err(Error::Account)));
        assert!(matches!(check("kto_a", Some("c\no")), Err(Error::Account)));
        assert!(matches!(check("kto_a\n", Some("co")), Err(Error::Key)));
        assert!(matches!(check("", Some("co")), Err(Error::Key)));
        let shown = format!(
            "{:?} {:?}",
            settings("kto_hush", Some("co")),
            credentials(&settings("kto_hush", Some("hush")))
        );
        assert!(!shown.contains("hush"), "{shown}");
    }
}
