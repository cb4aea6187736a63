//! A user's own prices: `[[price]]` in the config.

use super::{Factor, Fee, Rates, platform};
use crate::model::{Instant, hash64};

/// One `[[price]]`. It lies over the table: classes it does not name keep the table's rate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Override {
    /// Only on this platform; `None` is any.
    pub platform: Option<String>,
    /// The model as logged, or its canonical name.
    pub model: String,
    /// First instant; `None` is open.
    pub from: Option<Instant>,
    /// First instant after it; `None` is open.
    pub to: Option<Instant>,
    /// Rates of the standard speed and tier, for prompts of any length.
    pub rates: Rates,
    /// Price of a web search, at any speed and tier.
    pub web_search: Option<Fee>,
    /// What remains after `discount_percent`: a factor on all token classes at any speed and tier, fees excepted.
    pub discount: Option<Factor>,
}

impl Override {
    /// Whether it holds at an instant.
    #[must_use]
    pub fn holds(&self, at: Instant) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    /// How well it fits, higher is better; `None` if it is about something else. The logged name goes before the
    /// canonical one, a named platform before any.
    pub(super) fn fit(&self, on: Option<&str>, raw: &str, canonical: Option<&str>) -> Option<u8> {
        let named = match &self.platform {
            None => 0,
            Some(own) if on.is_some_and(|on| platform::of(on) == platform::of(own)) => 1,
            Some(_) => return None,
        };
        if self.model.eq_ignore_ascii_case(raw.trim()) {
            return Some(2 + named);
        }
        (canonical == Some(self.model.as_str())).then_some(named)
    }

    /// An id made from all that it says, so that a changed override is another one.
    pub(super) fn id(&self) -> String {
        let content = format!("{self:?}");
        let platform = self.platform.as_deref().unwrap_or("*");
        format!("{platform}/{}#{:016x}", self.model, hash64(&[content.as_bytes()]))
    }
}
