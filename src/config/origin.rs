//! The server that the key may be sent to.

use std::fmt;

use url::{Host, Url};

/// Scheme, host and port of a Keito server: https, or http on loopback. `/api/v2` is the client's business.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    text: String,
    loopback: bool,
}

/// Why a URL is no origin. Never quotes the URL: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not a URL with a host.
    #[error("must be a URL such as \"https://app.keito.ai\"")]
    NotUrl,
    /// http to another machine would show the key on the wire.
    #[error("must begin with https:// (http is allowed on loopback only)")]
    NotHttps,
    /// User info, a query, a fragment, or a path other than `/api/v2`.
    #[error("must be scheme and host only, such as \"https://app.keito.ai\"")]
    MoreThanHost,
}

impl Origin {
    /// Reads a URL. `/` and `/api/v2` at its end are cut, as people copy them.
    ///
    /// # Errors
    /// If it is not the origin of an https or loopback server.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text.trim()).map_err(|_| OriginError::NotUrl)?;
        let loopback = match url.host().ok_or(OriginError::NotUrl)? {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => return Err(OriginError::NotHttps),
        }
        let bare = url.username().is_empty() && url.password().is_none();
        let path = url.path().trim_end_matches('/');
        if !bare || url.query().is_some() || url.fragment().is_some() || !matches!(path, "" | "/api/v2") {
            return Err(OriginError::MoreThanHost);
        }
        Ok(Self { text: url.origin().ascii_serialization(), loopback })
    }

    /// Keito's own server.
    #[must_use]
    pub fn keito() -> Self {
        Self { text: "https://app.keito.ai".to_owned(), loopback: false }
    }

    /// Scheme, host and, unless it is the scheme's own, port; no slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the server is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_loopback_and_only_the_host() {
        let good = [
            ("https://app.keito.ai", "https://app.keito.ai"),
            (" https://APP.keito.ai:443/ ", "https://app.keito.ai"),
            ("https://app.keito.ai/api/v2/", "https://app.keito.ai"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.8.8.8", "http://127.8.8.8"),
            ("http://[::1]:9/api/v2", "http://[::1]:9"),
            ("http://localhost:1", "http://localhost:1"),
        ];
        for (given, expected) in good {
            assert_eq!(Origin::parse(given).map(|o| o.to_string()), Ok(expected.to_owned()), "{given}");
        }
        let bad = [
            ("app.keito.ai", OriginError::NotUrl),
            ("", OriginError::NotUrl),
            ("http://app.keito.ai", OriginError::NotHttps),
            ("http://127.0.0.1.evil.example", OriginError::NotHttps),
            ("http://localhost.evil.example", OriginError::NotHttps),
            ("ftp://127.0.0.1", OriginError::NotHttps),
            ("https://u:p@app.keito.ai", OriginError::MoreThanHost),
            ("https://app.keito.ai/v1", OriginError::MoreThanHost),
            ("https://app.keito.ai/?a=b", OriginError::MoreThanHost),
        ];
        for (given, expected) in bad {
            assert_eq!(Origin::parse(given), Err(expected), "{given}");
        }
    }
}
