//! The table in the binary: pieces, each compressed, so that a start does not read what it never asks for.
//!
//! Lines of `platform length`, an empty line, then the pieces (zlib). The first has no platform: all but the rows.

use std::str::from_utf8;

use super::Error;

/// Larger than any piece is: a defect of the build must not eat the memory.
const MOST: usize = 16 << 20;

/// Platform and compressed bytes of each piece.
pub(super) fn pieces(packed: &'static [u8]) -> Result<Vec<(&'static str, &'static [u8])>, Error> {
    let end = packed.windows(2).position(|pair| pair == b"\n\n").ok_or(Error::Packed)?;
    let (index, mut rest) = packed.split_at(end);
    rest = rest.get(2..).ok_or(Error::Packed)?;
    let index = from_utf8(index).map_err(|_| Error::Packed)?;
    let mut found = Vec::new();
    for line in index.lines() {
        let (name, length) = line.rsplit_once(' ').ok_or(Error::Packed)?;
        let length: usize = length.parse().map_err(|_| Error::Packed)?;
        let (piece, after) = rest.split_at_checked(length).ok_or(Error::Packed)?;
        found.push((name, piece));
        rest = after;
    }
    Ok(found)
}

/// The JSON of a piece.
pub(super) fn text(piece: &[u8]) -> Result<String, Error> {
    let bytes =
        miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(piece, MOST).map_err(|_| Error::Packed)?;
    String::from_utf8(bytes).map_err(|_| Error::Packed)
}
