//! Documents for people: from JSON, so that what the socket answers and what the file answers look the same.

mod act;
mod assign;
mod audit;
mod backfill;
mod demo;
mod doctor;
mod document;
mod explain;
mod flush;
mod number;
mod paint;
mod prices;
mod queue;
mod report;
mod requests;
mod service;
mod sessions;
mod status;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod timeline;

pub use act::print_act;
pub(super) use assign::print_assign;
pub(super) use audit::{is_clean, print_audit};
pub(super) use backfill::{is_empty_backfill, print_backfill};
pub use demo::print_demo;
pub(super) use doctor::print_diagnosis;
pub(super) use explain::print_explanation;
pub(super) use flush::failed;
pub use flush::print_flush;
pub(super) use number::duration;
pub(super) use paint::{Ink, paint};
pub(super) use prices::{print_explained, print_price_check, print_prices, print_shown, print_update};
pub use queue::{print_queue, print_record};
pub use report::{print_csv, print_report};
pub use requests::print_requests;
pub(super) use service::{print_service_report, print_service_state};
pub use sessions::print_sessions;
pub use status::print_status;
pub(super) use table::Sheet;
pub(super) use text::plain;
pub(super) use timeline::draw as draw_timeline;

use std::io::{self, Write};

/// The document as it is, in one line.
///
/// # Errors
/// Of the output.
pub fn print_json(json: &[u8], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(json.trim_ascii_end())?;
    out.write_all(b"\n")
}
