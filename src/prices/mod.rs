//! Pure: the price of a request.
//!
//! A table of dated rows ([`Table`], source in `config/prices/`), a way from a logged model name to a row ([`names`]), and
//! the arithmetic: one request, one row, one rounding. Unknown is an answer ([`Unpriced`]), never zero and never a guess.
//! The `<synthetic>` model of Claude Code is no request and does not come here.

mod error;
mod file;
pub mod names;
mod overrides;
mod packed;
pub mod platform;
mod price;
mod rate;
mod refresh;
mod request;
mod row;
mod shelf;
mod table;
mod window;

#[cfg(test)]
mod names_table;
#[cfg(test)]
mod pricing_vectors;
#[cfg(test)]
mod properties;

pub use error::{Error, Fault, Unpriced};
pub use overrides::Override;
pub use rate::{Class, Factor, Fee, Rate, Rates};
pub use refresh::{MOST_BYTES, Refusal};
pub use request::{Line, Notes, Origin, Priced, Provenance, Request};
pub use row::{Context, Row, Source};
pub use table::Table;
pub use window::Window;
