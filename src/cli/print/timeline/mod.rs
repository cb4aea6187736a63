//! The time of an explanation as a picture: an SVG that stands alone. A panel a local day, a lane a session; what counted,
//! what waited for a person and what was dropped are told apart without colours too.
//!
//! | file | duty |
//! | --- | --- |
//! | `lanes` | the document → panels, lanes and segments |
//! | `axis` | the ticks of a panel's hours |
//! | `picture` | panels → SVG |
//! | `svg` | elements, escaped |

mod axis;
mod lanes;
mod picture;
mod svg;
#[cfg(test)]
mod tests;

use super::document::{Doc, read};
use crate::cli::Failure;

/// The picture of an explanation.
///
/// # Errors
/// If it is no document.
pub(in crate::cli) fn draw(json: &[u8]) -> Result<String, Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    Ok(picture::draw(document, &lanes::panels(document)))
}
