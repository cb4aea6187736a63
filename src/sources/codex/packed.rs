//! A rollout in zstd, unpacked line by line: never more of it is in memory than its longest line.

use std::io::Read;

use ruzstd::decoding::StreamingDecoder;

use super::super::{Line, NotWhole};

/// Read at once.
const CHUNK: usize = 1 << 18;

/// A line beyond this is cut: the longest that a plain log may have, too.
const LONGEST: usize = 64 << 20;

/// No rollout is longer; a small file that unpacks to more was made to harm.
const MOST: u64 = 4 << 30;

/// Calls `line` with each line. A last one without a newline is one too: nobody appends to a packed file.
///
/// # Errors
/// [`NotWhole`] if the bytes are no zstd, cut, of another checksum, or too much.
pub(super) fn each_line(packed: &[u8], mut line: impl FnMut(Line<'_>)) -> Result<(), NotWhole> {
    let mut rest = packed;
    let (mut held, mut offset, mut total) = (Vec::new(), 0, 0);
    let mut chunk = vec![0; CHUNK];
    while !rest.is_empty() {
        let mut frame = StreamingDecoder::new(&mut rest).map_err(|_| NotWhole)?;
        loop {
            let read = frame.read(&mut chunk).map_err(|_| NotWhole)?;
            if read == 0 {
                break;
            }
            total += read as u64;
            if total > MOST {
                return Err(NotWhole);
            }
            held.extend_from_slice(&chunk[..read]);
            give(&mut held, &mut offset, &mut line);
            if held.len() > LONGEST {
                return Err(NotWhole);
            }
        }
        let expected = frame.decoder.get_checksum_from_data();
        if expected.is_some() && expected != frame.decoder.get_calculated_checksum() {
            return Err(NotWhole);
        }
    }
    if !held.is_empty() {
        line(Line { bytes: &held, offset });
    }
    Ok(())
}

/// Gives the whole lines of `held` and keeps what follows.
fn give(held: &mut Vec<u8>, offset: &mut u64, line: &mut impl FnMut(Line<'_>)) {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', held) {
        line(Line { bytes: &held[start..end], offset: *offset });
        *offset += (end + 1 - start) as u64;
        start = end + 1;
    }
    held.drain(..start);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    proptest! {
        #[test]
        fn broken_bytes_are_told_and_never_other_lines(at in any::<prop::sample::Index>(), byte in any::<u8>(), rest in prop::collection::vec(any::<u8>(), 0..40)) {
            let plain = "{\"timestamp\":\"2026-06-01T00:00:00Z\",\"type\":\"event_msg\"}\n".repeat(50);
            let packed = compress_to_vec(plain.as_bytes(), CompressionLevel::Fastest);
            let read = |bytes: &[u8]| {
                let mut lines = Vec::new();
                each_line(bytes, |line| lines.push(line.bytes.to_vec())).map(|()| lines)
            };
            prop_assert_eq!(read(&packed).unwrap().len(), 50);
            let mut broken = packed.clone();
            let at = at.index(broken.len());
            broken[at] = byte;
            if broken != packed && let Ok(lines) = read(&broken) {
                prop_assert_eq!(lines, read(&packed).unwrap(), "byte {} is {}", at, byte);
            }
            let _ = read(&rest);
            let _ = read(&[&packed[..4], &rest].concat());
        }
    }
}
