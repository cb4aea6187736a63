//! The numbers of a row.

use keitod::report::Time;
use serde_json::Value;

const WORDS: [&str; 6] = ["agent", "wall", "human", "dropped", "below_min", "capped"];

/// Seconds in the order of [`WORDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers([u64; 6]);

impl Numbers {
    /// `agent 90 human 1200`; wall is as agent where it is not named.
    pub fn parse(words: &[&str]) -> Self {
        let mut numbers = [0; 6];
        let mut wall = None;
        for pair in words.chunks(2) {
            let [word, number] = pair else { panic!("{words:?}") };
            let at = WORDS.iter().position(|known| known == word).unwrap_or_else(|| panic!("{word}?"));
            numbers[at] = number.parse().unwrap();
            wall = wall.or((at == 1).then_some(()));
        }
        if wall.is_none() {
            numbers[1] = numbers[0];
        }
        Self(numbers)
    }

    pub fn of(time: Time) -> Self {
        Self([time.agent, time.wall, time.human, time.dropped, time.below_min, time.capped])
    }

    /// Of a row of the JSON document.
    pub fn told(row: &Value) -> Self {
        Self(WORDS.map(|word| row[format!("{word}_seconds")].as_u64().unwrap()))
    }
}
