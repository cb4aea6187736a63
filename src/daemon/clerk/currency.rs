//! The workspace's currency, as `/users/me` names it.

use super::Scope;
use super::listing::undo_tally;
use crate::model::Kind;
use crate::store::{Error, Tx};

/// Another currency than before: amounts in the old one that never left are taken back, to be sealed in the new one;
/// what left stays as it is. How many decimals Keito keeps was learned for the old one.
pub(super) fn change(tx: &Tx<'_>, scope: &mut Scope, currency: Option<String>) -> Result<(), Error> {
    if scope.row.currency == currency {
        return Ok(());
    }
    let known = scope.row.currency.take();
    scope.row.currency = currency;
    if known.is_none() {
        return Ok(());
    }
    scope.row.decimals = None;
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
