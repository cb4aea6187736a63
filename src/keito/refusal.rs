//! The server's words in an answer that is not 2xx. Decided is by status; this is for people.

use super::fields::Fields;
use super::redact::Redactor;

/// What an error body says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// The label, lower-case with underscores: Keito spells one label in several ways.
    pub(super) code: Option<String>,
    /// The explanation; empty if there is none.
    pub(super) message: String,
    /// The body has one of the API's own shapes.
    pub(super) from_api: bool,
}

/// Reads every shape that Keito's versions and pages show: `error` + `error_description`, the same with `message` and
/// extras, `error` alone, `message` alone, a nested `error` object; else a page's title or the plain text.
pub(super) fn words(body: &str, html: bool, redactor: &Redactor) -> Words {
    if html {
        return Words { message: redactor.text(title(body).unwrap_or_default()), ..Words::default() };
    }
    let found = Fields::parse(body).and_then(|body| from_json(&body));
    let (code, message) = match &found {
        Some((code, message)) => (code.as_deref(), message.as_str()),
        None => (None, body),
    };
    let code = code.map(|code| redactor.text(code)).filter(|code| is_label(code));
    Words {
        code: code.map(|code| code.to_lowercase().replace([' ', '-'], "_")),
        message: redactor.text(message),
        from_api: found.is_some(),
    }
}

fn from_json(body: &Fields<'_>) -> Option<(Option<String>, String)> {
    if let Some(nested) = body.object("error") {
        let code = nested.text("code").or_else(|| nested.text("type"));
        let message = nested.text("message").or_else(|| code.clone())?;
        return Some((
            code,
            match nested.text("field") {
                Some(field) => format!("{message} ({field})"),
                None => message,
            },
        ));
    }
    let label = body.text("error");
    let message =
        body.text("error_description").or_else(|| body.text("message")).or_else(|| label.clone())?;
    Some((label.or_else(|| body.text("code")), message))
}

/// A short word or two; a whole sentence under `error` is no code.
fn is_label(code: &str) -> bool {
    !code.is_empty()
        && code.len() <= 48
        && code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-'))
}

/// The content of `<title>`.
fn title(html: &str) -> Option<&str> {
    let lower = html.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let from = open + lower[open..].find('>')? + 1;
    let to = from + lower[from..].find("</")?;
    html.get(from..to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_shape_is_read() {
        let redactor = Redactor::new(&"kto_Canary1".into(), Some("co_acme"));
        let read = |body: &str| {
            let words = words(body, false, &redactor);
            (words.code, words.message, words.from_api)
        };
        let label = |code: &str| Some(code.to_owned());
        let said = |text: &str| text.to_owned();
        assert_eq!(
            read(r#"{"error":"bad request","error_description":"spent_date is required"}"#),
            (label("bad_request"), said("spent_date is required"), true)
        );
        assert_eq!(
            read(
                r#"{"error":"conflict","message":"A timer runs","running_entry":{"id":"te"},"running_entry_count":1}"#
            ),
            (label("conflict"), said("A timer runs"), true)
        );
        let busy = "Task reference data is temporarily at capacity. Retry shortly.";
        assert_eq!(read(&format!(r#"{{"error":"{busy}"}}"#)), (None, said(busy), true));
        assert_eq!(read(r#"{"message":"no"}"#), (None, said("no"), true));
        assert_eq!(
            read(
                r#"{"error":{"code":"metadata_too_large","message":"too large","field":"metadata","docs_url":"x"}}"#
            ),
            (label("metadata_too_large"), said("too large (metadata)"), true)
        );
        assert_eq!(read("upstream\r\nconnect error"), (None, said("upstream  connect error"), false));
        assert_eq!(read(""), (None, String::new(), false));
        assert_eq!(read(r#"{"status":"x"}"#), (None, said(r#"{"status":"x"}"#), false));
        assert_eq!(
            read(r#"{"error":"kto_Canary1","message":"key kto_\u0043anary1 of co_acme \u001b[31m"}"#),
            (None, said("key *** of *** [31m"), true)
        );
    }

    #[test]
    fn a_page_is_told_by_its_title() {
        let redactor = Redactor::new(&"kto_Canary1".into(), None);
        let page = "<!DOCTYPE html><html><head><TITLE lang=en>404: This page\ncould not be found</TITLE>";
        assert_eq!(words(page, true, &redactor).message, "404: This page could not be found");
        assert_eq!(words("<html>", true, &redactor).message, "");
    }
}
