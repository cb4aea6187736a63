//! Whole lines from a file, in bounded memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::cursor::{Cursor, Observed, Verdict, judge};
use super::trail::{Trail, look};

/// One read of the file. Measured to be past the point where larger reads gain anything, and it fits the L2 cache.
const BUFFER: usize = 256 * 1024;

/// Bounds of one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest line with its newline, in bytes; a longer one is passed over and reported.
    pub max_line: usize,
    /// Bytes of lines until the reader lets others have a turn. At least one line is always given.
    pub budget: u64,
}

impl Default for Limits {
    /// 64 MiB and 4 MiB.
    fn default() -> Self {
        Self { max_line: 64 << 20, budget: 4 << 20 }
    }
}

/// Whole lines: the last byte is a newline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// One or more lines.
    pub bytes: &'a [u8],
    /// Where they begin in the file.
    pub offset: u64,
}

/// A line that was passed over because of its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// Where it begins.
    pub offset: u64,
    /// Its bytes with the newline.
    pub length: u64,
}

/// What [`Reader::step`] came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Lines; the cursor is behind them now.
    Lines(Chunk<'a>),
    /// A line passed over; the cursor is behind it now. To be kept as a reject.
    TooLong(TooLong),
    /// There is more, but the budget is spent. The next step goes on; or begin again later from the cursor.
    Budget,
    /// No more whole lines.
    End,
}

/// Reads one file after the other with one buffer. The buffer grows for a line longer than itself, up to `max_line`,
/// and shrinks when the next file begins. No memory maps: a file cut short under one is a bus error.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    buffer: Vec<u8>,
    /// Unconsumed bytes are `buffer[start..end]`; `start` lies at the cursor's offset.
    start: usize,
    end: usize,
    /// Before this there is no newline in the unconsumed bytes.
    searched: usize,
    file: Option<File>,
    observed: Option<Observed>,
    cursor: Cursor,
    trail: Trail,
    at_end: bool,
    spent: u64,
    tail: Option<u64>,
}

impl Reader {
    /// A reader without a file.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            searched: 0,
            file: None,
            observed: None,
            cursor: Cursor::default(),
            trail: Trail::default(),
            at_end: false,
            spent: 0,
            tail: None,
        }
    }

    /// Compares the file with the cursor and makes ready to read what is new: nothing, from the offset on, or all.
    /// Never [`Verdict::Gone`], for the file is open.
    ///
    /// # Errors
    /// Those of `fstat` and `pread`; the cursor stays good, try again later.
    pub fn begin(&mut self, file: File, cursor: &Cursor) -> io::Result<Verdict> {
        self.file = None;
        self.buffer.truncate(BUFFER);
        self.buffer.shrink_to(BUFFER);
        self.buffer.resize(BUFFER.min(self.limits.max_line).max(1), 0);
        (self.start, self.end, self.searched) = (0, 0, 0);
        (self.at_end, self.spent, self.tail) = (false, 0, None);
        let (observed, trail) = look(&file, cursor)?;
        let verdict = judge(cursor, Some(&observed));
        (self.cursor, self.trail) = match verdict {
            Verdict::Restart(_) => (cursor.restarted(), Trail::default()),
            _ => (cursor.clone(), trail),
        };
        self.observed = Some(observed);
        if verdict == Verdict::Unchanged {
            let pending = cursor.size.saturating_sub(cursor.offset);
            self.tail = (pending > 0).then_some(pending);
        } else {
            self.file = Some(file);
            self.mark();
        }
        Ok(verdict)
    }

    /// Behind the last lines given. Commit it together with what they meant.
    #[must_use]
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Bytes after the last newline, once [`Step::End`] was reached: a line that is still being written.
    #[must_use]
    pub fn tail_pending(&self) -> Option<u64> {
        self.tail
    }

    /// The next lines.
    ///
    /// # Errors
    /// Those of `pread`; the cursor is behind the last lines given, begin again from it later.
    pub fn step(&mut self) -> io::Result<Step<'_>> {
        let Some(file) = &self.file else { return Ok(Step::End) };
        loop {
            if !self.at_end && self.searched == self.end {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
                self.searched = self.end;
                let position = self.cursor.offset + self.end as u64;
                let read = fill(file, &mut self.buffer[self.end..], position)?;
                self.end += read;
                self.at_end = self.end < self.buffer.len();
            }
            if let Some(newline) = memchr::memrchr(b'\n', &self.buffer[self.searched..self.end]) {
                if self.spent >= self.limits.budget {
                    self.spent = 0;
                    return Ok(Step::Budget);
                }
                let (from, to) = (self.start, self.searched + newline + 1);
                let offset = self.cursor.offset;
                self.consume(to);
                return Ok(Step::Lines(Chunk { bytes: &self.buffer[from..to], offset }));
            }
            self.searched = self.end;
            if self.at_end {
                let pending = (self.end - self.start) as u64;
                self.tail = (pending > 0).then_some(pending);
                self.mark();
                return Ok(Step::End);
            }
            if self.end - self.start < self.buffer.len() {
                continue;
            }
            if self.buffer.len() >= self.limits.max_line {
                return self.pass_over();
            }
            let longer = self.buffer.len().saturating_mul(2).min(self.limits.max_line);
            self.buffer.reserve_exact(longer - self.buffer.len());
            self.buffer.resize(longer, 0);
        }
    }

    fn consume(&mut self, to: usize) {
        let bytes = &self.buffer[self.start..to];
        self.trail.feed(bytes);
        self.cursor.offset += bytes.len() as u64;
        self.spent += bytes.len() as u64;
        self.start = to;
        // Lines are cut at the last newline, so the rest has none.
        self.searched = self.end;
        self.mark();
    }

    /// The buffer is full of a line that is longer than allowed: drop it while looking for its end. The budget is not
    /// asked, or a line longer than the budget would never be behind us.
    fn pass_over(&mut self) -> io::Result<Step<'_>> {
        let Some(file) = &self.file else { return Ok(Step::End) };
        let offset = self.cursor.offset;
        let mut trail = self.trail.clone();
        trail.feed(&self.buffer[self.start..self.end]);
        let mut length = (self.end - self.start) as u64;
        loop {
            let read = fill(file, &mut self.buffer, offset + length)?;
            let bytes = &self.buffer[..read];
            let Some(newline) = memchr::memchr(b'\n', bytes) else {
                trail.feed(bytes);
                length += read as u64;
                if read == self.buffer.len() {
                    continue;
                }
                self.tail = Some(length);
                self.at_end = true;
                self.mark();
                self.file = None;
                return Ok(Step::End);
            };
            trail.feed(&bytes[..=newline]);
            length += newline as u64 + 1;
            self.trail = trail;
            self.cursor.offset += length;
            self.spent += length;
            (self.start, self.end, self.searched) = (newline + 1, read, newline + 1);
            self.at_end = read < self.buffer.len();
            self.mark();
            return Ok(Step::TooLong(TooLong { offset, length }));
        }
    }

    /// Brings the cursor's evidence up to its offset. What `stat` said goes in only when all whole lines of what it
    /// saw are consumed.
    fn mark(&mut self) {
        (self.cursor.head, self.cursor.anchor) = self.trail.evidence();
        let Some(Observed { stat, .. }) = self.observed else { return };
        (self.cursor.dev, self.cursor.ino) = (stat.dev, stat.ino);
        let read_out = self.at_end && self.searched == self.end;
        (self.cursor.size, self.cursor.mtime_ns) = if read_out { (stat.size, stat.mtime_ns) } else { (0, 0) };
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], position + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
