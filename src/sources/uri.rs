//! Paths that logs spell as URIs.

/// Text with its `%XX` resolved; `None` if what comes out is no UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// The absolute path of a `file:` URI of this machine.
pub(super) fn path(uri: &str) -> Option<String> {
    decoded(uri.strip_prefix("file://")?).filter(|path| path.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_and_what_is_none_stays() {
        let cases = [
            ("%2Fhome%2Fdev", Some("/home/dev")),
            ("a%20b%c3%a9", Some("a bé")),
            ("100%", Some("100%")),
            ("%zz%2", Some("%zz%2")),
            ("%ff", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decoded(text).as_deref(), expected, "{text}");
        }
        assert_eq!(path("file:///home/dev/a%20b").as_deref(), Some("/home/dev/a b"));
        assert_eq!(path("file://server/share"), None);
        assert_eq!(path("https://a/b"), None);
    }
}
