//! A line with words in braces.

/// The words that a line knows.
pub(super) const WORDS: [&str; 13] = [
    "time",
    "cost",
    "human",
    "session_time",
    "session_cost",
    "project",
    "trouble",
    "unfinished",
    "held",
    "dead",
    "state",
    "model",
    "dir",
];

/// Why a template is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    /// A word that means nothing.
    #[error("`{{{word}}}` is no word of a status line: {}", meant(.word))]
    Unknown { word: String },
    /// A brace without its other half.
    #[error("a brace of the template has no other half: write {{{{ or }}}} for a brace itself")]
    Brace,
}

fn meant(word: &str) -> String {
    let near = WORDS.iter().min_by_key(|known| strsim::damerau_levenshtein(known, word));
    match near.filter(|known| strsim::damerau_levenshtein(known, word) <= 2) {
        Some(known) => format!("did you mean {{{known}}}?"),
        None => format!("use {}", WORDS.join(", ")),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Word(&'a str),
}

/// A template.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template<'a>(Vec<Piece<'a>>);

impl<'a> Template<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Wrong> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            if from.starts_with("{{") || from.starts_with("}}") {
                pieces.extend([Piece::Text(before), Piece::Text(&from[..1])]);
                rest = &from[2..];
                continue;
            }
            let inside = from.strip_prefix('{').ok_or(Wrong::Brace)?;
            let (word, after) = inside.split_once('}').ok_or(Wrong::Brace)?;
            if !WORDS.contains(&word) {
                return Err(Wrong::Unknown { word: word.to_owned() });
            }
            pieces.extend([Piece::Text(before), Piece::Word(word)]);
            rest = after;
        }
        pieces.push(Piece::Text(rest));
        Ok(Self(pieces))
    }

    pub(super) fn fill(&self, word: impl Fn(&str) -> String) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Word(name) => word(name),
        });
        pieces.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_in_and_others_told_of() {
        let filled = |text: &str| Template::parse(text).map(|of| of.fill(|word| word.to_uppercase()));
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("{time} · {cost}!", "TIME · COST!"),
            ("{{time}} {held}}}", "{time} HELD}"),
        ] {
            assert_eq!(filled(text).unwrap(), expected);
        }
        assert!(filled("{tiem}").unwrap_err().to_string().contains("did you mean {time}?"));
        assert!(filled("{weather}").unwrap_err().to_string().contains("session_cost"));
        for text in ["{time", "time}", "{", "a } b"] {
            assert_eq!(filled(text), Err(Wrong::Brace), "{text}");
        }
    }
}
