//! Text from outside: names in logs, branches, notes, what Keito says.

/// The text with everything that moves a cursor, turns writing around or cannot be seen replaced by its escape. Otherwise a
/// branch name could repaint the terminal, or make one amount look like another.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || hidden(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Marks of direction, separators of lines, and characters without width (Unicode 16, category Cf and U+2028/9), but for
/// the joiners that scripts and emoji need.
fn hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_from_outside_steers_the_terminal() {
        for (given, shown) in [
            ("feature/ümlaut 日本 👩‍💻", "feature/ümlaut 日本 👩‍💻"),
            ("a\x1b[31mred", "a\\u{1b}[31mred"),
            ("a\nb\tc\r", "a\\u{a}b\\u{9}c\\u{d}"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("abc\u{202e}cba\u{2066}", "abc\\u{202e}cba\\u{2066}"),
            ("a\u{200b}b\u{feff}\u{2028}", "a\\u{200b}b\\u{feff}\\u{2028}"),
        ] {
            assert_eq!(plain(given), shown);
        }
    }
}
