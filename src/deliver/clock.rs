//! What a step of the wall clock changes. Pure.
//!
//! Everything that waits is stored as an instant of the wall clock, because people read it. What it waits for is time
//! that has passed, and only the steady clock knows that: it counts from the start of the machine, suspend included, and
//! nobody sets it. The distance between the two is fixed until somebody sets the wall clock; then every stored instant is
//! moved by as much, so that nothing becomes due early (a grace time, a limit) or late (a clock that was in 2099).

use std::time::Duration;

use super::Desk;
use crate::model::Instant;

/// What the clocks said at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// The wall clock.
    pub wall: Instant,
    /// Milliseconds since the machine started, those of its sleep included; never set, never back.
    pub steady: u64,
    /// Which start of which machine: steady clocks of two boots cannot be compared.
    pub boot: u64,
}

/// How far the wall clock is from the steady clock of one boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    boot: u64,
    offset: i64,
}

/// What the clocks did since the stored instants were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The wall clock was set by so many milliseconds.
    Set(i64),
    /// The machine was started anew: nobody knows how long it was off.
    Booted,
}

/// Smaller steps are those of a time service, and of reading two clocks one after the other. The distance itself is not
/// adjusted by them, so that many small steps are one larger one.
const TOLERATED: u64 = 2_000;

/// A step that a person is told of.
const TOLD: u64 = 90_000;

impl Base {
    /// As the clocks are now.
    #[must_use]
    pub fn of(clocks: Clocks) -> Self {
        let steady = i64::try_from(clocks.steady).unwrap_or(i64::MAX);
        Self { boot: clocks.boot, offset: clocks.wall.millis().saturating_sub(steady) }
    }

    /// What happened since; `None`: time went on.
    #[must_use]
    pub fn step(self, clocks: Clocks) -> Option<Step> {
        let now = Self::of(clocks);
        if now.boot != self.boot {
            return Some(Step::Booted);
        }
        let by = now.offset.saturating_sub(self.offset);
        (by.unsigned_abs() > TOLERATED).then_some(Step::Set(by))
    }

    /// The text form that the store keeps.
    #[must_use]
    pub fn to_text(self) -> String {
        format!("{:016x} {}", self.boot, self.offset)
    }

    /// Reads [`Base::to_text`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (boot, offset) = text.split_once(' ')?;
        Some(Self { boot: u64::from_str_radix(boot, 16).ok()?, offset: offset.parse().ok()? })
    }
}

impl Step {
    /// Whether a person is told: the wall clock was set by more than 90 s.
    #[must_use]
    pub fn is_told(self) -> bool {
        matches!(self, Self::Set(by) if by.unsigned_abs() > TOLD)
    }
}

impl Desk {
    /// The same waits after a step: moved with the wall clock, or, where the time between is unknown, none longer than
    /// `longest` and nothing in the future that cannot be.
    pub fn stepped(&mut self, step: Step, now: Instant, longest: Duration) {
        let past = |at: &mut Instant| match step {
            Step::Set(by) => *at = at.moved(by),
            Step::Booted => *at = (*at).min(now),
        };
        self.past().for_each(past);
        let ahead = |at: &mut Instant| match step {
            Step::Set(by) => *at = at.moved(by),
            Step::Booted => *at = (*at).min(now.plus(longest)),
        };
        self.ahead().for_each(ahead);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::PauseReason;

    fn clocks(wall: i64, steady: u64, boot: u64) -> Clocks {
        Clocks { wall: Instant::from_millis(wall), steady, boot }
    }

    const HOUR: i64 = 3_600_000;
    const TEN_YEARS: i64 = 10 * 365 * 24 * HOUR;

    #[test]
    fn only_a_set_clock_is_a_step() {
        let base = Base::of(clocks(1_000_000, 5_000, 1));
        for (wall, steady, boot, expected) in [
            (1_000_000, 5_000, 1, None),
            // Eight hours, asleep or awake.
            (1_000_000 + 8 * HOUR, 5_000 + 8 * HOUR as u64, 1, None),
            (1_000_000 + 1_900, 5_000, 1, None),
            (1_000_000 + HOUR, 5_000, 1, Some(Step::Set(HOUR))),
            (1_000_000 - HOUR, 5_000, 1, Some(Step::Set(-HOUR))),
            (1_000_000 + TEN_YEARS + HOUR, 5_000 + HOUR as u64, 1, Some(Step::Set(TEN_YEARS))),
            (1_000_000, 5_000, 2, Some(Step::Booted)),
        ] {
            assert_eq!(base.step(clocks(wall, steady, boot)), expected, "{wall} {steady} {boot}");
        }
        assert_eq!(Base::from_text(&base.to_text()), Some(base));
        assert_eq!(Base::from_text("yesterday"), None);
        assert!(Step::Set(-91_000).is_told() && !Step::Set(89_000).is_told() && !Step::Booted.is_told());
    }

    #[test]
    fn many_small_steps_are_one_larger_one() {
        let base = Base::of(clocks(0, 0, 1));
        assert_eq!(base.step(clocks(1_500, 0, 1)), None);
        assert_eq!(base.step(clocks(3_000, 0, 1)), Some(Step::Set(3_000)));
    }

    /// Random steps in between: a line with limit, breaker and `Retry-After` sends at the same steady moments as one
    /// whose clock is never set, and asks to be woken no more often.
    #[test]
    fn a_line_does_not_notice_steps() {
        for seed in 0..10_000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut plain, mut set) = (Desk::default(), Desk::default());
            let start = 1_800_000_000_000_i64;
            let (mut steady, mut skew) = (0_u64, 0_i64);
            let mut base = Base::of(clocks(start, 0, 1));
            for _ in 0..60 {
                if rng.u32(0..6) == 0 {
                    skew += [HOUR, -HOUR, TEN_YEARS, -TEN_YEARS, 100_000, -100_000][rng.usize(0..6)];
                }
                let truth = Instant::from_millis(start + i64::try_from(steady).unwrap());
                let now = clocks(truth.millis() + skew, steady, 1);
                if let Some(step) = base.step(now) {
                    set.stepped(step, now.wall, Duration::from_secs(900));
                    base = Base::of(now);
                }
                let (a, b) = (plain.may_send(truth, 5), set.may_send(now.wall, 5));
                assert_eq!(a, b.map_err(|wake| wake.moved(-skew)), "seed {seed}");
                let retry = Duration::from_secs(rng.u64(1..4000));
                match (a, rng.u32(0..8)) {
                    (Ok(()), 0) => {
                        plain.limited(truth, Some(retry), 5, 7);
                        set.limited(now.wall, Some(retry), 5, 7);
                    }
                    (Ok(()), 1 | 2) => {
                        plain.failed(truth, Duration::from_secs(900));
                        set.failed(now.wall, Duration::from_secs(900));
                    }
                    (Ok(()), 3) => {
                        plain.pause(PauseReason::Auth, truth);
                        set.pause(PauseReason::Auth, now.wall);
                    }
                    (Ok(()), _) => {
                        plain.spend(truth, Duration::from_secs(900));
                        set.spend(now.wall, Duration::from_secs(900));
                    }
                    (Err(_), _) => {}
                }
                steady += rng.u64(0..20_000);
            }
        }
    }

    #[test]
    fn after_a_start_nothing_waits_for_2099() {
        let (year_2099, now) = (Instant::from_seconds(4_080_000_000), Instant::from_seconds(1_800_000_000));
        let longest = Duration::from_secs(900);
        let mut desk = Desk { open_until: Some(year_2099), ..Desk::default() };
        desk.spend(year_2099, longest);
        desk.limited(year_2099, None, 50, 7);
        desk.pause(PauseReason::Tls, year_2099);
        desk.stepped(Step::Booted, now, longest);
        assert!(desk.may_send(now.plus(longest), 1).is_ok());
        assert!(desk.pause.unwrap().probe_at <= now.plus(longest));
        assert_eq!(desk.limit_at(now.plus(Duration::from_secs(600)), 50), 50);
    }
}
