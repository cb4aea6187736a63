//! Whole lines, borrowed from the reader's buffer.

/// A chunk of whole lines: every line ends with a newline, which is cut from what the iterator gives.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'a> {
    bytes: &'a [u8],
    offset: u64,
}

/// One line without its newline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Where the line starts in its file.
    pub offset: u64,
}

impl<'a> Lines<'a> {
    /// Lines of a file from `offset` on. Bytes after the last newline are not looked at.
    #[must_use]
    pub fn new(bytes: &'a [u8], offset: u64) -> Self {
        Self { bytes, offset }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let end = memchr::memchr(b'\n', self.bytes)?;
        let line = Line { bytes: &self.bytes[..end], offset: self.offset };
        self.bytes = &self.bytes[end + 1..];
        self.offset += end as u64 + 1;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_those_of_the_file_and_a_remainder_is_left_alone() {
        let lines: Vec<_> = Lines::new(b"a\n\nbc\nrest", 100).map(|line| (line.offset, line.bytes)).collect();
        assert_eq!(lines, [(100, &b"a"[..]), (102, &b""[..]), (103, &b"bc"[..])]);
    }
}
