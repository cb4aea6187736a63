//! Filler in the place of prompts, answers, code and tool output, as it stands in a JSON string.

use super::dice::Dice;

/// Bytes of one sentence: a text is cut between sentences, so that no escape is cut.
const SENTENCE: usize = 64;
const SENTENCES: usize = 16 * 1024;

const WORDS: [&str; 40] = [
    "cursor", "the", "reads", "of", "a", "window", "lines", "ledger", "and", "fn", "let", "error", "returns",
    "total", "session", "in", "test", "ok", "src", "value", "if", "self", "0x7f", "12", "408", "day",
    "match", "None", "queue", "as", "to", "commit", "retry", "path", "when", "it", "is", "not", "daté", "→",
];

/// A supply of text.
pub struct Text {
    pool: String,
}

impl Text {
    /// The same for the same seed.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::of(seed, u64::MAX);
        let mut pool = String::with_capacity(SENTENCE * SENTENCES);
        for _ in 0..SENTENCES {
            let mut sentence = String::with_capacity(SENTENCE);
            // What a program's output is full of.
            match dice.below(8) {
                0 => sentence.push_str("{\\\"type\\\":\\\"user\\\",\\\"usage\\\":"),
                1 => sentence.push_str("\\t\\\"name\\\": "),
                _ => {}
            }
            loop {
                let word = dice.one(&WORDS);
                if sentence.len() + word.len() + 3 > SENTENCE {
                    break;
                }
                sentence.push_str(word);
                sentence.push(' ');
            }
            while sentence.len() < SENTENCE - 2 {
                sentence.push('.');
            }
            sentence.push_str("\\n");
            pool.push_str(&sentence);
        }
        Self { pool }
    }

    /// About so many bytes.
    pub fn some(&self, dice: &mut Dice, bytes: u64) -> &str {
        let sentences = usize::try_from(bytes).unwrap_or(0).div_ceil(SENTENCE).clamp(1, SENTENCES / 2);
        let from = usize::try_from(dice.below((SENTENCES - sentences) as u64)).unwrap_or(0);
        &self.pool[from * SENTENCE..(from + sentences) * SENTENCE]
    }
}
