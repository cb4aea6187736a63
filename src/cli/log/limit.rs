//! No place of the code fills the log: what it says too often is counted and told in one line.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tracing::{Level, Metadata, callsite};

/// Lines of one place within a minute. Starts tell of each agent; nothing else says as much in so little time.
const MOST: u32 = 30;
const MINUTE: u64 = 60_000;

/// What each place of the code has said lately.
#[derive(Debug, Default)]
pub(super) struct Limit(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    of: HashMap<callsite::Identifier, Place>,
    /// Something was left out: looked for only then.
    owing: bool,
}

#[derive(Debug)]
struct Place {
    at: String,
    /// By the steady clock, in ms.
    began: u64,
    said: u32,
    left_out: u64,
}

/// Lines that were not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// File and line of the code.
    pub(super) at: String,
    /// How many.
    pub(super) lines: u64,
}

impl Limit {
    /// Whether a line is written, and what is to be told before it. Whoever asks for debug lines wants them all.
    pub(super) fn admits(&self, meta: &Metadata<'_>, now: u64) -> (bool, Vec<LeftOut>) {
        if *meta.level() > Level::INFO {
            return (true, Vec::new());
        }
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut told = Vec::new();
        if places.owing {
            let over = |place: &&mut Place| now.saturating_sub(place.began) >= MINUTE && place.left_out > 0;
            for place in places.of.values_mut().filter(over) {
                told.push(LeftOut { at: place.at.clone(), lines: std::mem::take(&mut place.left_out) });
            }
            places.owing = places.of.values().any(|place| place.left_out > 0);
        }
        let place = places.of.entry(meta.callsite()).or_insert_with(|| Place {
            at: format!("{}:{}", meta.file().unwrap_or_default(), meta.line().unwrap_or_default()),
            began: now,
            said: 0,
            left_out: 0,
        });
        if now.saturating_sub(place.began) >= MINUTE {
            (place.began, place.said) = (now, 0);
        }
        let admitted = place.said < MOST;
        place.said += u32::from(admitted);
        place.left_out += u64::from(!admitted);
        places.owing |= !admitted;
        (admitted, told)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::{Context, SubscriberExt as _};

    use super::*;

    /// Asks the limit of each event at the minute that its subscriber says.
    struct Asks(Arc<Limit>, u64, Answers);

    type Answers = Arc<Mutex<Vec<(bool, Vec<LeftOut>)>>>;

    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Asks {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            self.2.lock().unwrap().push(self.0.admits(event.metadata(), self.1));
        }
    }

    #[test]
    fn what_is_said_too_often_is_counted_and_told() {
        let limit = Arc::new(Limit::default());
        let at = |now: u64, say: &dyn Fn()| {
            let kept = Answers::default();
            let asks = Asks(Arc::clone(&limit), now, Arc::clone(&kept));
            with_default(tracing_subscriber::registry().with(asks), say);
            kept.lock().unwrap().clone()
        };
        let often = |times: u32| (0..times).for_each(|_| tracing::warn!("often"));
        let once = || tracing::error!("once");
        let said = at(0, &|| often(MOST + 7));
        assert_eq!(said.iter().filter(|(admitted, _)| *admitted).count(), MOST as usize);
        assert!(said.iter().all(|(_, told)| told.is_empty()));
        assert_eq!(at(1, &once), [(true, Vec::new())], "another place has its own");
        let later = at(MINUTE, &|| once());
        let (admitted, told) = &later[0];
        assert!(*admitted && told.len() == 1 && told[0].lines == 7, "{told:?}");
        assert!(told[0].at.starts_with("src/cli/log/limit.rs:"), "{told:?}");
        assert_eq!(at(MINUTE, &|| often(1)), [(true, Vec::new())], "told once");
        let debug = at(MINUTE, &|| (0..MOST * 2).for_each(|_| tracing::debug!("all of it")));
        assert!(debug.iter().all(|(admitted, _)| *admitted));
    }
}
