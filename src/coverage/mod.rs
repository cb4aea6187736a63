//! Pure: local facts × listed records → what is billed already. Used by delivery and by the audit.
//!
//! Our database may be gone, restored or on another machine; what stands at Keito stays. A listed record with a
//! `keitod_id` that we do not know is *adopted*: the facts that it covers are billed (design section 6).

pub mod audit;
mod entries;
mod expenses;
mod listed;
mod room;
mod twins;

pub use entries::{Laid, Room, lay, lay_jointly};
pub use expenses::{Candidate, Taken, adopt};
pub use listed::{Listed, Posted};
pub use room::{Slot, Tenant, make_room};
