//! Another user's key: what the one before him wrote is neither his to change nor surely his to see.

use super::bit;
use crate::model::{AccountRef, Instant, Kind, UserId};
use crate::store::{AccountRow, Error, Tx, WriteState};

/// In `listed_kinds`: there was another user before, so listings are never narrowed to one.
const EVERYONE: u8 = 0x80;

/// His listings may show other records, and nothing is proved for him.
pub(super) fn arrive(row: &mut AccountRow) {
    (row.proved_entry, row.proved_expense) = (false, false);
    row.listed_kinds = (row.listed_kinds & !3) | EVERYONE;
}

/// Listings are narrowed to the user where our own history with him is known.
pub(super) fn may_filter(row: &AccountRow, kind: Kind) -> bool {
    row.listed_kinds & EVERYONE == 0 && row.listed_kinds & bit(kind) != 0
}

/// Entries of the user before do not grow, and what nobody knows the fate of is left to a person: the newcomer's
/// listings need not show it.
pub(super) fn leave_alone(
    tx: &Tx<'_>,
    account: AccountRef,
    user: Option<&UserId>,
    now: Instant,
) -> Result<(), Error> {
    for mut write in tx.unfinished(account)? {
        if write.patch && write.attempts == 0 {
            tx.dissolve(&write)?;
        } else if write.state == WriteState::Unknown || write.patch {
            write.state = WriteState::Dead;
            write.reason = Some("other_user: it may have arrived with another user's key".to_owned());
            write.ended_at = Some(now);
            tx.save_write(&write)?;
        }
    }
    tx.close_entries_of_others(account, user)
}
