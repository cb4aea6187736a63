//! How tables look.

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};

/// What the terminal can do; the caller finds out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Colours and bold: a terminal, and no `NO_COLOR`.
    pub color: bool,
    /// Columns; `None`: as wide as it needs.
    pub width: Option<u16>,
}

/// A table without borders, its header bold where there are colours.
pub(crate) fn new_table(style: Style, header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.force_no_tty();
    if style.color {
        table.enforce_styling();
    }
    if let Some(width) = style.width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    if !header.is_empty() {
        table.set_header(header.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    }
    table
}

/// A cell of text that came from outside.
pub(crate) fn cell(text: &str) -> Cell {
    Cell::new_owned(plain(text))
}

/// A cell to the right.
pub(crate) fn number(text: String) -> Cell {
    Cell::new_owned(text).set_alignment(CellAlignment::Right)
}

/// Text of a log or of Keito, safe for a terminal: no control and no bidi characters.
#[must_use]
pub fn plain(text: &str) -> String {
    let bidi =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || bidi(c) { '\u{fffd}' } else { c }).collect()
}

/// Seconds as `1h 05m`, `3m 20s`, `7s`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m {rest:02}s"),
        _ => format!("{hours}h {minutes:02}m"),
    }
}

/// An RFC 3339 instant in UTC to the minute: `2026-05-05 09:27Z`.
pub(crate) fn minute(at: &str) -> String {
    match (at.get(..10), at.get(10..11), at.get(11..16)) {
        (Some(day), Some("T"), Some(time)) if at.ends_with('Z') => format!("{day} {time}Z"),
        _ => plain(at),
    }
}

/// A count with its thousands apart: `8 120 344`.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!([0, 999, 1000, 8_120_344].map(grouped), ["0", "999", "1 000", "8 120 344"]);
        assert_eq!([7, 200, 3_900].map(duration), ["7s", "3m 20s", "1h 05m"]);
    }

    #[test]
    fn instants_for_people() {
        assert_eq!(minute("2026-05-05T09:27:40.102Z"), "2026-05-05 09:27Z");
        assert_eq!(minute("never"), "never");
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
    }
}
