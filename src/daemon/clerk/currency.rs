//! What amounts are in: the workspace's currency, as `/users/me` names it, and the decimals that Keito keeps.

use super::Scope;
use super::listing::undo_tally;
use crate::model::Kind;
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
