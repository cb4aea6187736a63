//! Whether an agent's logs still say what they used to: answers with counts, and counts with both sides.
//!
//! An agent that renames a field or starts to log elsewhere would otherwise bill nothing, and nobody would notice.
//! What is known of one agent's format is small and goes by the instants of the log, so that it is the same in whatever
//! order files are read, and reading one again adds nothing to it.

mod alarm;
mod text;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::model::{ActivityKey, Facts, Instant, Quality, RejectReason, Sighting, Sym, Who, hash64};

pub use alarm::Alarm;

/// Answers without counts that are no coincidence. One request can be several: a text and the calls beside it.
const ANSWERS: usize = 5;
/// Answers and results of tools: where answers are not known as such any more, results still are.
const EVENTS: usize = 12;
/// Requests of which one side is always zero.
const REQUESTS: usize = 5;
/// No more of them are remembered, the latest ones.
const REMEMBERED: usize = 32;
/// What a session does so long after a request was logged may still belong to it.
const AFTERWARDS: Duration = Duration::from_secs(60);
/// So long a silence is no longer a request on its way.
const LONG: Duration = Duration::from_secs(1800);

/// An instant and a content key.
type At = (Instant, u64);

/// What is known of one agent's format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Format {
    /// The latest request with counts.
    usage_at: Option<Instant>,
    /// What happened after it without any.
    silent: BTreeMap<At, Silent>,
    /// Requests without prompt tokens.
    input: Side,
    /// Requests without output tokens.
    output: Side,
    /// A person said that it is as it should be: until usage is seen again.
    excused: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Silent {
    /// Hash of the session's name.
    session: u64,
    answer: bool,
}

/// One side of the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Side {
    /// The latest request that has it.
    good_at: Option<Instant>,
    /// Exact requests after it that lack it.
    lacking: BTreeMap<At, ()>,
}

/// When silence is an alarm.
#[derive(Debug, Clone, Copy, Default)]
pub struct Patience {
    /// What is earlier is not billed and not missed: old versions of some agents logged no counts.
    pub since: Option<Instant>,
    /// A session at work may be about to log its request: it is believed until it has been silent so long.
    pub quiet: Duration,
}

/// What one reading of one file gives to go by.
#[derive(Debug, Clone, Copy)]
pub struct Signs<'a> {
    /// What was found.
    pub facts: &'a Facts,
    /// Stands for the file among others.
    pub file: u64,
    /// When the file was changed last: the instant of lines that could not be read, if nothing else tells one.
    pub changed_at: Instant,
}

impl Format {
    /// Takes in what was read.
    pub fn note(&mut self, signs: &Signs<'_>) {
        let facts = signs.facts;
        let usage = self.usage(facts);
        let failures: HashSet<&ActivityKey> = facts.failures.iter().collect();
        for activity in &facts.activities {
            let answer = activity.who == Who::Agent;
            if failures.contains(&activity.key) || !(answer || activity.who == Who::Tool) {
                continue;
            }
            if let Some((at, offset)) = usage.get(&activity.session)
                && (activity.offset <= *offset || activity.at <= at.plus(AFTERWARDS))
            {
                continue;
            }
            let session = named(facts, activity.session);
            self.silence((activity.at, activity.key.0), Silent { session, answer });
        }
        self.rejects(signs, usage.values().map(|(_, offset)| *offset).max());
        for sighting in facts.sightings.iter().filter(|s| s.quality == Quality::Exact && is_usage(s)) {
            let at = (sighting.at, hash64(&[&sighting.key.0.to_be_bytes()]));
            self.input.note(at, sighting.tokens.prompt());
            self.output.note(at, sighting.tokens.output);
        }
    }

    /// Where usage stands in this reading, by session: its latest instant, and the last line of it.
    fn usage(&mut self, facts: &Facts) -> HashMap<Sym, (Instant, u64)> {
        let mut usage: HashMap<Sym, (Instant, u64)> = HashMap::new();
        for sighting in facts.sightings.iter().filter(|sighting| is_usage(sighting)) {
            let of = usage.entry(sighting.session).or_insert((sighting.at, sighting.offset));
            *of = (of.0.max(sighting.at), of.1.max(sighting.offset));
        }
        for (session, (at, _)) in &usage {
            // What the same session did before this was read led to it, whatever its instant: some requests are logged
            // at their beginning.
            let session = named(facts, *session);
            self.silent.retain(|(when, _), silent| silent.session != session && when > at);
            if self.usage_at.is_none_or(|known| known < *at) {
                (self.usage_at, self.excused) = (Some(*at), false);
            }
        }
        usage
    }

    /// Lines of a shape that they never had may have been answers.
    fn rejects(&mut self, signs: &Signs<'_>, usage_until: Option<u64>) {
        let facts = signs.facts;
        let at = facts.activities.iter().map(|activity| activity.at).max().unwrap_or(signs.changed_at);
        for reject in &facts.rejects {
            let strange = matches!(reject.reason, RejectReason::Shape | RejectReason::NoInstant);
            if strange && usage_until.is_none_or(|until| reject.offset > until) {
                let key = hash64(&[&signs.file.to_be_bytes(), &reject.offset.to_be_bytes()]);
                self.silence((at, key), Silent { session: signs.file, answer: true });
            }
        }
    }

    fn silence(&mut self, at: At, silent: Silent) {
        if self.usage_at.is_none_or(|usage| at.0 > usage) {
            self.silent.insert(at, silent);
        }
        while self.silent.len() > REMEMBERED {
            self.silent.pop_first();
        }
    }

    /// Why the agent is to be stopped, if it is. `raised`: it is stopped already, and stays so until usage is seen
    /// again.
    #[must_use]
    pub fn alarm(&self, now: Instant, patience: Patience, raised: bool) -> Option<Alarm> {
        let (alarm, first, last) = self.suspicion(patience)?;
        let lasting = last.since(first) >= LONG;
        (raised || lasting || last.plus(patience.quiet) <= now).then_some(alarm)
    }

    /// When [`Format::alarm`] may say more than now.
    #[must_use]
    pub fn wake(&self, now: Instant, patience: Patience) -> Option<Instant> {
        let (_, _, last) = self.suspicion(patience)?;
        Some(last.plus(patience.quiet)).filter(|at| *at > now)
    }

    /// What looks wrong, from when to when.
    fn suspicion(&self, patience: Patience) -> Option<(Alarm, Instant, Instant)> {
        if self.excused {
            return None;
        }
        let from = (patience.since.unwrap_or(Instant::from_millis(i64::MIN)), 0);
        let silent: Vec<(&At, &Silent)> = self.silent.range(from..).collect();
        let answers = silent.iter().filter(|(_, silent)| silent.answer).count();
        if (answers >= ANSWERS || silent.len() >= EVENTS)
            && let (Some((first, _)), Some((last, _))) = (silent.first(), silent.last())
        {
            return Some((Alarm::NoUsage { answers: silent.len() }, first.0, last.0));
        }
        let side = |side: &Side, alarm: fn(usize) -> Alarm| {
            let lacking: Vec<&At> = side.lacking.range(from..).map(|(at, ())| at).collect();
            let (first, last) = (lacking.first()?.0, lacking.last()?.0);
            (lacking.len() >= REQUESTS).then(|| (alarm(lacking.len()), first, last))
        };
        side(&self.input, |requests| Alarm::NoInput { requests })
            .or_else(|| side(&self.output, |requests| Alarm::NoOutput { requests }))
    }

    /// A person says that it is as it should be. It holds until usage is seen again.
    pub fn excuse(&mut self) {
        self.excused = true;
    }

    /// Whether a person said so.
    #[must_use]
    pub const fn is_excused(&self) -> bool {
        self.excused
    }
}

impl Side {
    fn note(&mut self, at: At, tokens: u64) {
        if tokens > 0 {
            self.good_at = self.good_at.max(Some(at.0));
            self.lacking.retain(|(when, _), ()| *when > at.0);
        } else if self.good_at.is_none_or(|good| at.0 > good) {
            self.lacking.insert(at, ());
            while self.lacking.len() > REMEMBERED {
                self.lacking.pop_first();
            }
        }
    }
}

fn named(facts: &Facts, session: Sym) -> u64 {
    hash64(&[facts.names.text(session).as_bytes()])
}

/// Counts, or a cost where the log has nothing better.
fn is_usage(sighting: &Sighting) -> bool {
    !sighting.terms.bad_usage && (!sighting.tokens.is_zero() || sighting.reported.is_some())
}
