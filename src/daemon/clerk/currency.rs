//! What amounts are in: the workspace's currency, as `/users/me` names it, and the decimals that Keito keeps.

use super::Scope;
use super::listing::undo_tally;
use super::settings::Settings;
use crate::model::{Amount, Kind};
use crate::store::{Error, Tx};

/// Another currency than before: what left in the old one stays as it is.
pub(super) fn change(tx: &Tx<'_>, scope: &mut Scope, currency: Option<String>) -> Result<(), Error> {
    if scope.row.currency == currency {
        return Ok(());
    }
    let known = scope.row.currency.take();
    scope.row.currency = currency;
    if known.is_none() {
        return Ok(());
    }
    take_back(tx, scope)
}

/// Keito was seen to keep fewer decimals than were sent.
pub(super) fn learn(tx: &Tx<'_>, scope: &mut Scope, decimals: u32) -> Result<(), Error> {
    if scope.row.decimals == Some(decimals) {
        return Ok(());
    }
    scope.row.decimals = Some(decimals);
    take_back(tx, scope)
}

/// The decimals of the amounts that are sealed now.
pub(super) fn decimals(scope: &Scope, settings: &Settings) -> u32 {
    scope.row.decimals.unwrap_or(settings.decimals).min(settings.decimals)
}

/// Whether Keito may still keep fewer decimals than are sent: 0.0688 that became 0 was cut to one decimal or to none, and
/// 0.5 that stayed 0.5 says nothing about the others. Until that is known an amount goes alone, for the next one makes up
/// for what it lost; two at once would lose twice, and after the last of a day nothing makes up for it.
pub(super) fn is_open(scope: &Scope, settings: &Settings) -> bool {
    scope.kept < decimals(scope, settings)
}

/// Whether an amount became the other by rounding or cutting to so many decimals.
pub(super) fn is_cut(sent: Amount, stored: Amount, decimals: u32) -> bool {
    let cut = 10_i128.pow(12 - decimals);
    let rounded = Amount::round(sent.pico(), decimals).pico();
    stored.pico() == rounded || stored.pico() == sent.pico().div_euclid(cut) * cut
}

/// The decimals without which an amount would be another.
pub(super) fn needed(amount: Amount) -> u32 {
    (0..=12).find(|decimals| amount.pico() % 10_i128.pow(12 - decimals) == 0).unwrap_or(12)
}

/// Amounts that never left are sealed anew: as they are, Keito would bill another currency, or cut each of them.
fn take_back(tx: &Tx<'_>, scope: &Scope) -> Result<(), Error> {
    for write in tx.unfinished(scope.id)? {
        if write.kind != Kind::Expense || write.patch || write.attempts > 0 {
            continue;
        }
        let Some(record) = tx.record(write.record)? else { continue };
        undo_tally(tx, scope, &record)?;
        tx.dissolve(&write)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_that_came_back_shorter_tells_how_short() {
        let amount = |text| Amount::parse(text).unwrap();
        // Sent, stored, and the decimals that may be kept.
        for (sent, stored, kept) in [
            ("0.0688", "0", &[0, 1][..]),
            ("0.0688", "0.07", &[2]),
            ("0.0688", "0.06", &[2]),
            ("0.7", "0", &[0]),
            ("0.9951", "1", &[0, 1, 2]),
            ("1.2345", "1.3", &[]),
        ] {
            let found: Vec<u32> = (0..4).filter(|d| is_cut(amount(sent), amount(stored), *d)).collect();
            assert_eq!(found, kept, "{sent} {stored}");
        }
        for (text, expected) in [("0.5000", 1), ("0.0688", 4), ("3", 0), ("0", 0), ("0.25", 2)] {
            assert_eq!(needed(amount(text)), expected, "{text}");
        }
    }
}
