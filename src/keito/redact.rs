//! Takes our credentials out of the server's words: some servers echo the headers that they refuse.

use secrecy::{ExposeSecret, SecretString};

use super::text::{clean, cut};

/// The longest text of a server that is kept, in bytes.
const MAX_TEXT: usize = 2048;
/// A shorter account id would be found in ordinary words.
const MIN_SECRET: usize = 4;
const MASK: &str = "***";

/// Knows what may not be shown.
#[derive(Debug)]
pub(super) struct Redactor {
    secrets: Vec<SecretString>,
}

impl Redactor {
    pub(super) fn new(key: &SecretString, account: Option<&str>) -> Self {
        let account = account.filter(|id| id.len() >= MIN_SECRET).map(SecretString::from);
        Self { secrets: std::iter::once(key.clone()).chain(account).collect() }
    }

    /// Cleaned, without our credentials and anything that looks like a key, at most 2 KiB.
    pub(super) fn text(&self, text: &str) -> String {
        // Cleaned first: a control character inside an echoed key must not hide it. Cut last: half a key is not found.
        let mut text = clean(text);
        for secret in &self.secrets {
            text = mask(&text, secret.expose_secret());
        }
        cut(&mask_keys(&text), MAX_TEXT).trim().to_owned()
    }
}

/// Replaces each occurrence of `secret`, whatever the case of its ASCII letters.
fn mask(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    let (haystack, needle) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, found) in haystack.match_indices(&needle) {
        out.push_str(&text[from..at]);
        out.push_str(MASK);
        from = at + found.len();
    }
    out.push_str(&text[from..]);
    out
}

/// Masks what follows `kto_`: a server may echo the key cut or with another end.
fn mask_keys(text: &str) -> String {
    let mut parts = text.split("kto_");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("kto_");
        out.push_str(MASK);
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_no_trace() {
        let redactor = Redactor::new(&"kto_Canary123".into(), Some("co_acme"));
        let told = |text: &str| redactor.text(text);
        assert_eq!(told("key kto_Canary123 of CO_ACME"), "key *** of ***");
        assert_eq!(told("kto_can\u{0}ary123"), "***");
        assert_eq!(told("prefix kto_Canary… and kto_other-1."), "prefix kto_***… and kto_***.");
        assert_eq!(told(&"ü".repeat(4000)).len(), 2048);
        assert!(!told(&format!("{}kto_Canary123", "x".repeat(2040))).contains("Can"));
        assert!(!format!("{redactor:?}").contains("Canary"));
    }
}
