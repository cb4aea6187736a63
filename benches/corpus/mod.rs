//! Session logs that no person wrote, with the truth of what they hold: the same order gives the same bytes.
//!
//! Sizes follow what large folders of logs look like: half of the files are under 100 kB and the largest have megabytes,
//! half of the lines are under 1 kB and one in a hundred is over 40 kB, and most bytes are the output of tools.

#![allow(dead_code, reason = "each bench uses its part")]

mod claude;
mod codex;
mod dice;
mod pen;
mod text;
pub mod truth;

use std::io;
use std::path::Path;
use std::time::Duration;

use dice::Dice;
use keitod::model::Instant;
use pen::Home;
use text::Text;
use truth::Truth;

/// 2026-01-05.
const BEGIN: Instant = Instant::from_seconds(1_767_571_200);
/// Sessions begin within so many seconds of it.
const DAYS: u64 = 85 * 86_400;
/// Half of the sessions are smaller.
const MEDIAN: u64 = 110_000;
/// Of a hundred sessions so many are Codex rollouts.
const CODEX: u64 = 40;

/// What is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// At least so many bytes in all.
    pub bytes: u64,
    /// At least so many sessions; they are smaller then.
    pub sessions: u64,
    /// Another seed gives other logs.
    pub seed: u64,
}

/// Writes logs below `home` as the agents would.
pub fn write(home: &Path, order: Order) -> io::Result<Truth> {
    let (home, text, mut truth) = (Home { path: home }, Text::new(order.seed), Truth::default());
    let median = order.bytes.checked_div(order.sessions).map_or(MEDIAN, |bytes| (bytes / 3).min(MEDIAN));
    let mut session = 0;
    while truth.bytes < order.bytes || session < order.sessions {
        let dice = &mut Dice::of(order.seed, session);
        let at = BEGIN.plus(Duration::from_millis(dice.below(DAYS * 1000)));
        let bytes = dice.size(median);
        if dice.chance(CODEX) {
            codex::write(&home, dice, &text, at, bytes, &mut truth)?;
        } else {
            claude::write(&home, dice, &text, at, bytes, &mut truth)?;
        }
        session += 1;
    }
    Ok(truth)
}
