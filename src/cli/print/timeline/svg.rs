//! Elements of an SVG: text escaped, coordinates in tenths of a pixel.

use std::fmt::Write as _;

/// A length in tenths of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tenths(pub(super) i64);

impl std::fmt::Display for Tenths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 % 10 == 0 {
            write!(f, "{}", self.0 / 10)
        } else {
            write!(f, "{}{}.{}", if self.0 < 0 { "-" } else { "" }, self.0.abs() / 10, self.0.abs() % 10)
        }
    }
}

/// Whole pixels.
pub(super) const fn px(pixels: i64) -> Tenths {
    Tenths(pixels * 10)
}

/// Text as XML takes it: what no parser accepts is left out.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A picture under way.
#[derive(Debug, Default)]
pub(super) struct Svg(pub(super) String);

impl Svg {
    /// Markup as it is.
    pub(super) fn raw(&mut self, markup: &str) {
        self.0.push_str(markup);
        self.0.push('\n');
    }

    /// Text at its baseline.
    pub(super) fn text(&mut self, class: &str, (x, y): (Tenths, Tenths), text: &str) {
        let _ = writeln!(self.0, r#"<text class="{class}" x="{x}" y="{y}">{}</text>"#, escaped(text));
    }

    /// A rectangle of a class.
    pub(super) fn rect(&mut self, class: &str, (x, y): (Tenths, Tenths), (width, height): (Tenths, Tenths)) {
        let _ =
            writeln!(self.0, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"/>"#);
    }

    /// A rectangle that stands for so many seconds, with what it says to whoever points at it.
    pub(super) fn told_rect(
        &mut self,
        class: &str,
        (x, y): (Tenths, Tenths),
        (width, height): (Tenths, Tenths),
        (seconds, title): (u64, &str),
    ) {
        let title = escaped(title);
        let _ = writeln!(
            self.0,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" data-seconds="{seconds}"><title>{title}</title></rect>"#
        );
    }

    /// Upright marks, each at most once.
    pub(super) fn marks(&mut self, class: &str, at: impl Iterator<Item = Tenths>, y: Tenths, height: Tenths) {
        let (mut path, mut last) = (String::new(), None);
        for x in at {
            if last != Some(x) {
                let _ = write!(path, "M{x} {y}v{height}");
            }
            last = Some(x);
        }
        if !path.is_empty() {
            let _ = writeln!(self.0, r#"<path class="{class}" d="{path}"/>"#);
        }
    }

    /// A line.
    pub(super) fn line(&mut self, class: &str, (x1, y1): (Tenths, Tenths), (x2, y2): (Tenths, Tenths)) {
        let _ = writeln!(self.0, r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_lengths_are_as_xml_takes_them() {
        assert_eq!(escaped("a<b>&\"'\u{1b}\u{0}ü"), "a&lt;b&gt;&amp;&quot;&apos;  ü");
        for (tenths, text) in [(0, "0"), (120, "12"), (123, "12.3"), (-5, "-0.5"), (-15, "-1.5")] {
            assert_eq!(Tenths(tenths).to_string(), text);
        }
    }
}
