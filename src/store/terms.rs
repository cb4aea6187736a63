//! Enums as small integers, in one place, so that a stored number means the same for ever.

use crate::ledger::spans::SpanKind;
use crate::model::{Geo, Instant, Kind, Meaning, Payer, Quality, Reported, Speed, Terms, Tier, Usd, Who};

/// Packs terms into one integer: two bits of speed, two of geo, three of tier, one of bad usage, then the searches.
pub(super) fn pack(terms: Terms) -> i64 {
    let speed = match terms.speed {
        Speed::Standard => 0,
        Speed::Fast => 1,
        Speed::Other => 3,
    };
    let geo = match terms.geo {
        Geo::Global => 0,
        Geo::Us => 1,
        Geo::Regional => 2,
        Geo::Other => 3,
    };
    let tier = match terms.tier {
        Tier::Standard => 0,
        Tier::Batch => 1,
        Tier::Flex => 2,
        Tier::Priority => 3,
        Tier::Other => 7,
    };
    speed | geo << 2 | tier << 4 | i64::from(terms.bad_usage) << 7 | i64::from(terms.web_searches) << 8
}

/// Unpacks what [`pack`] made; unknown bits are unknown terms, never standard ones.
pub(super) fn unpack(packed: i64) -> Terms {
    Terms {
        speed: match packed & 3 {
            0 => Speed::Standard,
            1 => Speed::Fast,
            _ => Speed::Other,
        },
        geo: match packed >> 2 & 3 {
            0 => Geo::Global,
            1 => Geo::Us,
            2 => Geo::Regional,
            _ => Geo::Other,
        },
        tier: match packed >> 4 & 7 {
            0 => Tier::Standard,
            1 => Tier::Batch,
            2 => Tier::Flex,
            3 => Tier::Priority,
            _ => Tier::Other,
        },
        bad_usage: packed >> 7 & 1 == 1,
        web_searches: u32::try_from(packed >> 8).unwrap_or(u32::MAX),
    }
}

pub(super) fn quality(quality: Quality) -> i64 {
    match quality {
        Quality::Exact => 0,
        Quality::LowerBound => 1,
        Quality::Estimated => 2,
    }
}

pub(super) fn quality_of(number: i64) -> Quality {
    match number {
        0 => Quality::Exact,
        1 => Quality::LowerBound,
        _ => Quality::Estimated,
    }
}

pub(super) fn payer(payer: Payer) -> i64 {
    match payer {
        Payer::Subscription => 0,
        Payer::Metered => 1,
    }
}

pub(super) fn payer_of(number: i64) -> Payer {
    if number == 1 { Payer::Metered } else { Payer::Subscription }
}

/// Pico-USD as text, and whether it is the bill.
pub(super) fn reported(reported: Option<Reported>) -> (Option<String>, Option<bool>) {
    let charged = reported.map(|reported| reported.meaning == Meaning::Charged);
    (reported.map(|reported| reported.usd.0.to_string()), charged)
}

/// The inverse of [`reported`].
pub(super) fn reported_of(usd: Option<&str>, charged: Option<bool>) -> Option<Reported> {
    let meaning = if charged? { Meaning::Charged } else { Meaning::Listed };
    Some(Reported { usd: Usd(usd?.parse().ok()?), meaning })
}

pub(super) fn who(who: Who) -> i64 {
    match who {
        Who::Agent => 0,
        Who::Tool => 1,
        Who::Prompt => 2,
        Who::Script => 3,
    }
}

pub(super) fn who_of(number: i64) -> Who {
    match number {
        0 => Who::Agent,
        1 => Who::Tool,
        2 => Who::Prompt,
        _ => Who::Script,
    }
}

pub(super) fn span(kind: SpanKind) -> i64 {
    match kind {
        SpanKind::Agent => 0,
        SpanKind::Human => 1,
        SpanKind::Dropped => 2,
    }
}

pub(super) fn span_of(number: i64) -> SpanKind {
    match number {
        0 => SpanKind::Agent,
        1 => SpanKind::Human,
        _ => SpanKind::Dropped,
    }
}

pub(super) fn kind(kind: Kind) -> i64 {
    match kind {
        Kind::Entry => 0,
        Kind::Expense => 1,
    }
}

pub(super) fn kind_of(number: i64) -> Kind {
    if number == 0 { Kind::Entry } else { Kind::Expense }
}

/// 64-bit hashes are stored as the integer of the same bits.
pub(super) fn bits(hash: u64) -> i64 {
    i64::from_ne_bytes(hash.to_ne_bytes())
}

/// The inverse of [`bits`].
pub(super) fn hash(bits: i64) -> u64 {
    u64::from_ne_bytes(bits.to_ne_bytes())
}

/// Counts are far below 2^63.
pub(super) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The inverse of [`int`].
pub(super) fn count(int: i64) -> u64 {
    u64::try_from(int).unwrap_or(0)
}

pub(super) fn instant(millis: i64) -> Instant {
    Instant::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_survive_packing() {
        for speed in [Speed::Standard, Speed::Fast, Speed::Other] {
            for geo in [Geo::Global, Geo::Us, Geo::Regional, Geo::Other] {
                for tier in [Tier::Standard, Tier::Batch, Tier::Flex, Tier::Priority, Tier::Other] {
                    for (bad_usage, web_searches) in [(false, 0), (true, 7), (false, u32::MAX)] {
                        let terms = Terms { speed, geo, tier, web_searches, bad_usage };
                        assert_eq!(unpack(pack(terms)), terms);
                    }
                }
            }
        }
    }
}
