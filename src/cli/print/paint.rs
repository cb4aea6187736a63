//! Colours in running text; tables colour their own cells.

use crate::cli::Look;

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// All is well.
    Good,
    /// Somebody should look.
    Warn,
    /// Something does not work.
    Bad,
    /// A heading.
    Bold,
}

/// The text in its colour, where there are colours.
pub(crate) fn paint(look: Look, ink: Ink, text: &str) -> String {
    if !look.color {
        return text.to_owned();
    }
    let code = match ink {
        Ink::Good => "32",
        Ink::Warn => "33",
        Ink::Bad => "31",
        Ink::Bold => "1",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}
