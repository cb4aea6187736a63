//! Text that crosses the border: cleaned, cut and measured.

/// Without control characters and without characters that change the direction of text, so that neither a terminal
/// nor a reader is fooled. Line breaks and tabs become spaces.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_bidi(*c))
        .collect()
}

/// Notes as they are sent: cleaned of control and direction characters, but inner line breaks stay (Keito shows them).
/// Cleaning twice changes nothing, so a listed note can be compared with this.
#[must_use]
pub fn clean_notes(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n").trim_end_matches('\n').to_owned()
}

/// Bytes of a name in notes and metadata: a branch or a repository may be called anything.
pub const NAME: usize = 120;

/// A name from outside, for notes: one line, cleaned and cut.
#[must_use]
pub fn note_name(text: &str) -> String {
    cut(clean(text).trim(), NAME).to_owned()
}

/// The longest prefix of at most `max` bytes that ends at a character.
#[must_use]
pub fn cut(text: &str, max: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= max).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Bytes of `json` if each non-ASCII character were written as `\uXXXX` (two of them beyond the basic plane): what a
/// server counts that serializes so.
#[must_use]
pub fn escaped_len(json: &str) -> usize {
    json.chars().map(|c| if c.is_ascii() { 1 } else { 6 * c.len_utf16() }).sum()
}

/// The JSON string of `text`.
#[must_use]
pub fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaned_text_fools_no_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\r\nd\0\u{9b}"), "a[31mbc  d");
        assert_eq!(clean_notes("one\r\ntwo\u{7}\n\nthree\n"), "one\ntwo\n\nthree");
        for notes in ["x\n\n", "\n\nx", "\u{7}\n\u{7}", "x\n\u{7}"] {
            assert_eq!(clean_notes(&clean_notes(notes)), clean_notes(notes));
        }
    }

    #[test]
    fn a_cut_ends_at_a_character() {
        assert_eq!(cut("aßc", 2), "a");
        assert_eq!(cut("aßc", 3), "aß");
        assert_eq!(cut("aßc", 99), "aßc");
        assert_eq!(cut("ß", 1), "");
    }

    #[test]
    fn measures_as_if_escaped() {
        assert_eq!(escaped_len("aß𝄞"), 1 + 6 + 12);
    }
}
