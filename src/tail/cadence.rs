//! When all roots are scanned. Pure; `now` is monotonic milliseconds, from any beginning.

use std::time::Duration;

/// The rhythm of full scans: at once, then every `scan`, each clean scan doubling that up to `scan_max`.
#[derive(Debug)]
pub struct Cadence {
    base: u64,
    max: u64,
    interval: u64,
    next: u64,
}

impl Cadence {
    /// The first scan is due now. A `max` under `base` counts as `base`.
    #[must_use]
    pub fn new(base: Duration, max: Duration, now: u64) -> Self {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1);
        let base = millis(base);
        Self { base, max: millis(max).max(base), interval: base, next: now }
    }

    /// Whether a scan is to begin.
    #[must_use]
    pub fn due(&self, now: u64) -> bool {
        self.next <= now
    }

    /// When the next scan is due.
    #[must_use]
    pub fn next_wake(&self) -> u64 {
        self.next
    }

    /// Between two scans, as things stand.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval)
    }

    /// A scan begins. What is requested from here on is not covered by it.
    pub fn started(&mut self) {
        self.next = u64::MAX;
    }

    /// A scan is through. `clean` = it found nothing that events had not reported, and there are native events: a
    /// watcher that polls or is off has proved nothing by a quiet hour.
    pub fn finished(&mut self, now: u64, clean: bool) {
        self.interval = if clean { self.interval.saturating_mul(2).min(self.max) } else { self.base };
        self.next = self.next.min(now.saturating_add(self.interval));
    }

    /// Events were lost, the watcher failed, the system slept, or somebody asks: scan now, and be wary again.
    pub fn request(&mut self, now: u64) {
        self.interval = self.base;
        self.next = self.next.min(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cadence() -> Cadence {
        Cadence::new(Duration::from_secs(60), Duration::from_secs(900), 0)
    }

    fn run(cadence: &mut Cadence, clean: bool) -> u64 {
        let now = cadence.next_wake();
        assert!(cadence.due(now) && (now == 0 || !cadence.due(now - 1)));
        cadence.started();
        assert!(!cadence.due(now));
        cadence.finished(now, clean);
        cadence.next_wake() - now
    }

    #[test]
    fn clean_scans_stretch_to_the_longest_and_a_dirty_one_resets() {
        let mut cadence = cadence();
        assert!(cadence.due(0), "the first scan is due at once");
        let waits: Vec<_> = [true, true, true, true, true, false, false, true]
            .into_iter()
            .map(|clean| run(&mut cadence, clean) / 1000)
            .collect();
        assert_eq!(waits, [120, 240, 480, 900, 900, 60, 60, 120]);
    }

    #[test]
    fn a_request_is_due_at_once_even_if_a_scan_is_running() {
        let mut cadence = cadence();
        run(&mut cadence, true);
        cadence.request(7);
        assert!(cadence.due(7));
        cadence.started();
        cadence.request(9);
        cadence.finished(20, true);
        assert!(cadence.due(20), "the running scan may have passed what the request is about");
        cadence.started();
        cadence.finished(30, false);
        assert_eq!(cadence.next_wake(), 60_030);
    }
}
