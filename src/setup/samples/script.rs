//! When which bytes are appended to which file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ids::Ids;
use super::lines::{Line, lines};
use super::story::SESSIONS;
use super::{LENGTH, SPAN};
use crate::model::Instant;

/// One append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Real time from the start of the replay.
    pub after: Duration,
    /// The file, below the home; it may not exist yet.
    pub file: PathBuf,
    /// What is added to it; may end, or begin, within a line.
    pub bytes: Vec<u8>,
}

/// One in so many appends leaves the second half of its last line to the next one.
const CUT_EVERY: usize = 3;

/// What to append when, in order. The log's own timestamps lie within [`SPAN`] before `now`, never after it; the seed
/// makes ids and cuts. Equal arguments give equal bytes.
#[must_use]
pub fn script(now: Instant, home: &Path, seed: u64) -> Vec<Append> {
    let ids = Ids { seed };
    let begin = now.minus(SPAN);
    let mut all: Vec<Line> = SESSIONS.iter().flat_map(|session| lines(session, now, home, ids)).collect();
    // Stable: lines of one instant keep their order within a file.
    all.sort_by_key(|line| line.at);
    let mut appends: Vec<Append> = Vec::new();
    for line in all {
        let after = replayed(line.at.since(begin));
        match appends
            .iter_mut()
            .rev()
            .take_while(|append| append.after == after)
            .find(|append| append.file == line.file)
        {
            Some(append) => append.bytes.extend(line.bytes),
            None => appends.push(Append { after, file: line.file, bytes: line.bytes }),
        }
    }
    cut(&mut appends, ids);
    appends
}

/// Log time as real time, in whole milliseconds.
fn replayed(elapsed: Duration) -> Duration {
    let millis = elapsed.as_millis() * LENGTH.as_millis() / SPAN.as_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// Has some appends end within their last line, whose rest goes with the next append to the same file.
fn cut(appends: &mut [Append], ids: Ids) {
    let mut next: HashMap<PathBuf, usize> = HashMap::new();
    for index in (0..appends.len()).rev() {
        let follower = next.insert(appends[index].file.clone(), index);
        let Some(follower) = follower.filter(|_| index % CUT_EVERY == 0) else { continue };
        let bytes = &mut appends[index].bytes;
        let last = bytes.len().saturating_sub(1);
        let line = bytes[..last].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let at = line + 1 + ids.below((last - line).max(1), &format!("cut {index}"));
        let rest = bytes.split_off(at.min(bytes.len()));
        appends[follower].bytes.splice(..0, rest);
    }
}
