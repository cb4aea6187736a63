//! What has to look at every byte of a line: many at once.
//!
//! The compiler makes such loops wide by itself only where it may grow the program for it, which a release may not.

use wide::u8x16;

/// Bytes that are looked at together for the end of a string, and for what a text may not hold.
const BLOCK: usize = 32;
const TEXT: usize = 64;

/// So many blocks without a quote or an escape, and what follows is likely no text but data: the wide search takes over, whose
/// beginning costs as much as they do.
const NEAR: usize = 6;

/// How many bytes an escape takes, by the byte after its backslash; 0: it is none.
const ESCAPES: [u8; 256] = {
    let mut lengths = [0; 256];
    let (simple, mut at) = (b"\"\\/bfnrt", 0);
    while at < simple.len() {
        lengths[simple[at] as usize] = 2;
        at += 1;
    }
    lengths[b'u' as usize] = 6;
    lengths
};

/// A string's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Where the closing quote is.
    pub(super) at: usize,
    /// Whether there are escapes before it.
    pub(super) escaped: bool,
}

/// The end of the string whose text begins at `from`; `None` if there is none, or an escape that JSON does not know.
///
/// Outputs of tools are most of a log, and in them every thirtieth byte is an escape: a search that begins anew after each
/// one is slower than one that looks at all bytes of a block at once and then at the marked ones.
pub(super) fn string_end(bytes: &[u8], from: usize) -> Option<End> {
    let (mut at, mut escaped, mut plain) = (from, false, 0);
    'blocks: while let Some(block) = bytes.get(at..)?.first_chunk() {
        let mut marked = marks(block);
        if marked == 0 {
            at += BLOCK;
            plain += 1;
            if plain > NEAR {
                at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
                plain = 0;
            }
            continue;
        }
        plain = 0;
        while marked != 0 {
            let bit = marked.trailing_zeros() as usize;
            if block[bit] == b'"' {
                return Some(End { at: at + bit, escaped });
            }
            escaped = true;
            let next = bit + escape(bytes, at + bit)?;
            if next >= BLOCK {
                at += next;
                continue 'blocks;
            }
            marked &= u32::MAX << next;
        }
        at += BLOCK;
    }
    loop {
        match bytes.get(at)? {
            b'"' => return Some(End { at, escaped }),
            b'\\' => {
                escaped = true;
                at += escape(bytes, at)?;
            }
            _ => at += 1,
        }
    }
}

/// The length of the escape whose backslash is at `at`.
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    match ESCAPES[usize::from(*bytes.get(at + 1)?)] {
        0 => None,
        6 => bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit).then_some(6),
        length => Some(usize::from(length)),
    }
}

/// A bit for each byte that is a quote or a backslash.
fn marks(block: &[u8; BLOCK]) -> u32 {
    let (halves, _) = block.as_chunks();
    let is_any = |half: &[u8; 16]| {
        let bytes = u8x16::new(*half);
        (bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'))).to_bitmask()
    };
    halves.iter().rev().fold(0, |marks, half| marks << 16 | is_any(half))
}

/// Whether it is UTF-8 without control characters.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks();
    // Most lines hold nothing but plain ASCII.
    let is_plain = |byte: &u8| matches!(byte, b' '..0x80);
    if blocks.iter().all(|block| !is_any(block, u8x16::splat(0xff))) && rest.iter().all(is_plain) {
        return true;
    }
    blocks.iter().all(|block| !is_any(block, u8x16::splat(0)))
        && rest.iter().all(|byte| *byte >= b' ')
        && std::str::from_utf8(bytes).is_ok()
}

/// Whether any byte is a control character, or beyond ASCII where `beyond` has all bits.
fn is_any(block: &[u8; TEXT], beyond: u8x16) -> bool {
    let (parts, _) = block.as_chunks();
    let found = parts.iter().fold(u8x16::splat(0), |found, part| {
        let bytes = u8x16::new(*part);
        found | bytes.min(u8x16::splat(b' ' - 1)).simd_eq(bytes) | (bytes & beyond)
    });
    // The top bits: of a match all are set, of ASCII none.
    found.to_bitmask() != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_wherever_the_byte_stands_that_makes_it_none() {
        let mut dice = fastrand::Rng::with_seed(5);
        for length in 0..300 {
            let plain: Vec<u8> = (0..length).map(|_| dice.u8(b' '..0x7f)).collect();
            assert!(is_text(&plain));
            for _ in 0..20 {
                let mut bytes = plain.clone();
                let at = dice.usize(..=length);
                let put: &[u8] =
                    [&b"\x1f"[..], b"\0", b"\x7f", b"\x80", "é".as_bytes(), "→".as_bytes()][dice.usize(..6)];
                bytes.splice(at..at, put.iter().copied());
                let is = std::str::from_utf8(&bytes).is_ok_and(|text| !text.bytes().any(|byte| byte < b' '));
                assert_eq!(is_text(&bytes), is, "{bytes:?}");
            }
        }
    }

    /// As the standard says it, a byte at a time.
    fn plainly(bytes: &[u8], from: usize) -> Option<End> {
        let (mut at, mut escaped) = (from, false);
        loop {
            match *bytes.get(at)? {
                b'"' => return Some(End { at, escaped }),
                b'\\' => {
                    escaped = true;
                    at += match *bytes.get(at + 1)? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                        b'u' if bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => 6,
                        _ => return None,
                    }
                }
                _ => at += 1,
            }
        }
    }

    #[test]
    fn the_end_is_where_a_look_at_each_byte_finds_it() {
        let mut dice = fastrand::Rng::with_seed(7);
        for round in 0..20_000 {
            let length = dice.usize(..400);
            // From dense to rare.
            let rare = 1 + round % 40;
            let piece = |dice: &mut fastrand::Rng| match dice.usize(..rare * 8) {
                0 => &b"\""[..],
                1 => b"\\\"",
                2 => b"\\\\",
                3 => b"\\u00e9",
                4 => b"\\n",
                5 if dice.u8(..) < 20 => b"\\x",
                6 if dice.u8(..) < 20 => b"\\u12g4",
                7 => "é".as_bytes(),
                _ => b"a",
            };
            let mut bytes = Vec::new();
            while bytes.len() < length {
                bytes.extend_from_slice(piece(&mut dice));
            }
            for from in [0, dice.usize(..=bytes.len()), bytes.len() + 1] {
                let shown = String::from_utf8_lossy(&bytes);
                assert_eq!(string_end(&bytes, from), plainly(&bytes, from), "{from} in {shown}");
            }
        }
    }
}
