use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::cursor::RestartReason::{self, AnchorDiffers, HeadDiffers, Shrunk};
use super::*;

/// A file, its cursor, and a reader: what the daemon has.
struct Log {
    _dir: tempfile::TempDir,
    path: PathBuf,
    cursor: Cursor,
    reader: Reader,
    too_long: Vec<TooLong>,
}

impl Log {
    fn new(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        fs::write(&path, "").unwrap();
        let cursor = Cursor::new(&path);
        Self { _dir: dir, path, cursor, reader: Reader::new(limits), too_long: Vec::new() }
    }

    fn other(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }

    fn append(&self, text: impl AsRef<[u8]>) {
        OpenOptions::new().append(true).open(&self.path).unwrap().write_all(text.as_ref()).unwrap();
    }

    fn cut(&self, length: u64) {
        OpenOptions::new().write(true).open(&self.path).unwrap().set_len(length).unwrap();
    }

    /// One look as the daemon takes it: new lines to their end, the cursor committed.
    fn look(&mut self) -> (Verdict, Vec<String>) {
        let verdict = self.reader.begin(File::open(&self.path).unwrap(), &self.cursor).unwrap();
        let mut lines = Vec::new();
        let mut at = self.reader.cursor().offset;
        loop {
            match self.reader.step().unwrap() {
                Step::Lines(chunk) => {
                    assert_eq!(chunk.offset, at, "chunks follow each other");
                    assert_eq!(chunk.bytes.last(), Some(&b'\n'), "only whole lines");
                    at += chunk.bytes.len() as u64;
                    let text = String::from_utf8(chunk.bytes.to_vec()).unwrap();
                    lines.extend(text.lines().map(str::to_owned));
                }
                Step::TooLong(line) => {
                    assert_eq!(line.offset, at);
                    at += line.length;
                    self.too_long.push(line);
                }
                Step::Budget => {}
                Step::End => break,
            }
            assert_eq!(self.reader.cursor().offset, at);
        }
        self.cursor = self.reader.cursor().clone();
        (verdict, lines)
    }
}

fn log() -> Log {
    Log::new(Limits::default())
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(ToString::to_string).collect()
}

fn restart(reason: RestartReason, lines: &[&str]) -> (Verdict, Vec<String>) {
    (Verdict::Restart(reason), owned(lines))
}

#[test]
fn appended_lines_come_once_and_a_partial_one_waits() {
    let mut log = log();
    log.append("a\nb\n");
    assert_eq!(log.look(), (Verdict::Resume, owned(&["a", "b"])));
    assert_eq!(log.look(), (Verdict::Unchanged, vec![]));
    log.append("c");
    assert_eq!(log.look(), (Verdict::Resume, vec![]));
    assert_eq!(log.reader.tail_pending(), Some(1));
    assert_eq!(log.look(), (Verdict::Unchanged, vec![]));
    assert_eq!(log.reader.tail_pending(), Some(1));
    log.append("d\n");
    assert_eq!(log.look(), (Verdict::Resume, owned(&["cd"])));
    assert_eq!(log.reader.tail_pending(), None);
    assert_eq!(log.cursor.generation, 0);
}

#[test]
fn a_line_written_byte_by_byte_is_never_early() {
    let mut log = log();
    let text = "{\"a\":\"é\"}\n\n{\"b\":2}\r\n";
    let mut seen = Vec::new();
    for (n, byte) in text.bytes().enumerate() {
        log.append([byte]);
        let (_, lines) = log.look();
        assert_eq!(!lines.is_empty(), byte == b'\n', "byte {n}");
        seen.extend(lines);
    }
    assert_eq!(seen, ["{\"a\":\"é\"}", "", "{\"b\":2}"]);
}

#[test]
fn a_cut_file_is_read_again_from_its_first_byte() {
    let mut log = log();
    log.append("one\ntwo\nthree\n");
    log.look();
    log.cut(0);
    assert_eq!(log.look(), restart(Shrunk, &[]));
    log.append("four\n");
    assert_eq!(log.look(), (Verdict::Resume, owned(&["four"])));
    log.cut(2);
    assert_eq!(log.look(), restart(Shrunk, &[]));
    log.append("u\nfive\n");
    assert_eq!(log.look(), (Verdict::Resume, owned(&["fou", "five"])));
    assert_eq!(log.cursor.generation, 2);
}

#[test]
fn a_file_cut_and_grown_beyond_the_offset_is_noticed() {
    let mut log = log();
    log.append("one\ntwo\n");
    log.look();
    log.cut(0);
    log.append("three\nfour\nfive\n");
    assert_eq!(log.look(), restart(HeadDiffers, &["three", "four", "five"]));

    // The same first 4 KiB and more, but another end.
    let line = "x".repeat(99) + "\n";
    log.append(line.repeat(100));
    log.look();
    log.cut(8016);
    log.append("other\n".repeat(1000));
    let (verdict, lines) = log.look();
    assert_eq!((verdict, lines.len()), (Verdict::Restart(AnchorDiffers), 3 + 80 + 1000));
}

#[test]
fn a_copy_in_its_place_is_the_same_file() {
    let mut log = log();
    log.append("one\ntwo\n");
    log.look();
    let before = log.cursor.ino;
    fs::copy(&log.path, log.other("tmp")).unwrap();
    OpenOptions::new().append(true).open(log.other("tmp")).unwrap().write_all(b"three\n").unwrap();
    fs::rename(log.other("tmp"), &log.path).unwrap();
    assert_eq!(log.look(), (Verdict::Resume, owned(&["three"])));
    assert_ne!(log.cursor.ino, before);
    assert_eq!(log.cursor.generation, 0);
}

#[test]
fn another_file_in_its_place_is_read_from_the_beginning() {
    let mut log = log();
    log.append("one\ntwo\n");
    log.look();
    fs::write(log.other("tmp"), "uno\ndos\ntres\n").unwrap();
    fs::rename(log.other("tmp"), &log.path).unwrap();
    assert_eq!(log.look(), restart(HeadDiffers, &["uno", "dos", "tres"]));

    // Deleted and made again, often on the same inode.
    fs::remove_file(&log.path).unwrap();
    fs::write(&log.path, "eins\nzwei\ndrei\nvier\n").unwrap();
    assert_eq!(log.look(), restart(HeadDiffers, &["eins", "zwei", "drei", "vier"]));
    assert_eq!(judge(&log.cursor, None), Verdict::Gone);
}

#[test]
fn copytruncate_loses_nothing_that_is_in_the_file() {
    let mut log = log();
    log.append("one\ntwo\n");
    log.look();
    fs::copy(&log.path, log.other("log.1")).unwrap();
    log.cut(0);
    log.append("three\n");
    assert_eq!(log.look(), restart(Shrunk, &["three"]));
}

#[test]
fn a_renamed_file_and_a_second_name_go_on_where_the_first_was() {
    for hardlink in [false, true] {
        let mut log = log();
        log.append("one\ntwo\n");
        log.look();
        let next = log.other("renamed.jsonl");
        if hardlink { fs::hard_link(&log.path, &next) } else { fs::rename(&log.path, &next) }.unwrap();
        assert_eq!(next.metadata().unwrap().ino(), log.cursor.ino);
        log.path = next;
        log.cursor = log.cursor.renamed(&log.path);
        log.append("three\n");
        assert_eq!(log.look(), (Verdict::Resume, owned(&["three"])));
    }
}

#[test]
fn files_with_the_same_beginning_have_cursors_of_their_own() {
    let (mut a, mut b) = (log(), log());
    let same = "same\n".repeat(2000);
    a.append(&same);
    b.append(&same);
    b.append("b\n");
    assert_eq!(a.look().1.len(), 2000);
    assert_eq!(b.look().1.len(), 2001);
}

#[test]
fn evidence_in_the_cursor_is_that_of_the_file_however_it_was_read() {
    let mut log = log();
    for n in 0..300 {
        log.append(format!("line {n} {}\n", "x".repeat(n % 70)));
        if n % 7 == 0 {
            log.append("par");
            log.look();
            log.append("tial\n");
        }
        log.look();
        let bytes = fs::read(&log.path).unwrap();
        let consumed = &bytes[..usize::try_from(log.cursor.offset).unwrap()];
        let mut trail = Trail::default();
        trail.feed(consumed);
        assert_eq!((log.cursor.head, log.cursor.anchor), trail.evidence());
    }
    assert_eq!((log.cursor.head.len, log.cursor.anchor.len), (4096, 512));
}

#[test]
fn the_budget_gives_others_a_turn_and_the_cursor_goes_on() {
    let mut log = Log::new(Limits { budget: 300 * 1024, ..Limits::default() });
    let line = "y".repeat(1023) + "\n";
    log.append(line.repeat(1000));
    let mut turns = 0;
    let mut bytes = 0;
    loop {
        let file = File::open(&log.path).unwrap();
        let stat = super::super::Stat::from(&rustix::fs::fstat(&file).unwrap());
        assert!(!log.cursor.is_unchanged(&stat), "not read to its end yet");
        log.reader.begin(file, &log.cursor).unwrap();
        turns += 1;
        let done = loop {
            match log.reader.step().unwrap() {
                Step::Lines(chunk) => bytes += chunk.bytes.len(),
                Step::Budget => break false,
                Step::End => break true,
                Step::TooLong(line) => panic!("{line:?}"),
            }
        };
        log.cursor = log.reader.cursor().clone();
        if done {
            assert!(log.cursor.is_unchanged(&stat));
            break;
        }
    }
    assert_eq!((turns, bytes), (2, 1_024_000));
}

#[test]
fn a_huge_line_is_passed_over_in_bounded_memory() {
    let max_line = 1 << 20;
    let mut log = Log::new(Limits { max_line, ..Limits::default() });
    log.append("before\n");
    // 100 MB without a newline, without writing them: a hole reads as zeros.
    log.cut(100_000_000);
    assert_eq!(log.look(), (Verdict::Resume, owned(&["before"])));
    assert_eq!(log.reader.tail_pending(), Some(100_000_000 - 7));
    assert_eq!(log.cursor.offset, 7);
    log.append("\nafter\n");
    assert_eq!(log.look(), (Verdict::Resume, owned(&["after"])));
    assert_eq!(log.too_long, [TooLong { offset: 7, length: 100_000_000 - 7 + 1 }]);
    assert!(log.reader.buffer.capacity() <= max_line, "{}", log.reader.buffer.capacity());
    log.append("more\n");
    assert_eq!(log.look(), (Verdict::Resume, owned(&["more"])));
    assert!(log.reader.buffer.capacity() <= BUFFER, "shrunk again");
}

#[test]
fn lines_up_to_the_limit_are_given_and_one_byte_more_is_not() {
    for max_line in [16, 4096, BUFFER - 1, BUFFER, BUFFER + 1, BUFFER * 3] {
        let mut log = Log::new(Limits { max_line, budget: 1 });
        log.append("short\n");
        log.append("f".repeat(max_line - 1) + "\n");
        log.append("l".repeat(max_line) + "\n");
        log.append("end\n");
        let (_, lines) = log.look();
        let lengths: Vec<_> = lines.iter().map(String::len).collect();
        assert_eq!(lengths, [5, max_line - 1, 3], "{max_line}");
        assert_eq!(log.too_long.len(), 1);
        assert_eq!(log.too_long[0].length, max_line as u64 + 1);
    }
}

#[test]
fn growth_during_the_read_is_seen_next_time() {
    let mut log = log();
    log.append("a\n");
    log.reader.begin(File::open(&log.path).unwrap(), &log.cursor).unwrap();
    log.append("b\n");
    let Step::Lines(chunk) = log.reader.step().unwrap() else { panic!() };
    assert_eq!(chunk.bytes, b"a\nb\n");
    log.cursor = log.reader.cursor().clone();
    assert_eq!(log.cursor.size, 2, "what stat said before the read");
    log.append("c\n");
    assert_eq!(log.look(), (Verdict::Resume, owned(&["c"])));
}

#[derive(Debug, Clone)]
enum Op {
    Lines(u8),
    Partial(u8),
    Complete,
    Cut(u16),
    CutAndGrow(u16, u8),
    Replace { keep: bool, lines: u8 },
    CopyTruncate,
    Recreate(u8),
    Rename,
    Look,
}

fn appending() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1..60u8).prop_map(Op::Lines),
        2 => (1..30u8).prop_map(Op::Partial),
        2 => Just(Op::Complete),
        1 => (0..3u8).prop_map(|lines| Op::Replace { keep: true, lines }),
        1 => Just(Op::Rename),
        6 => Just(Op::Look),
    ]
}

fn anything() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => appending(),
        1 => any::<u16>().prop_map(Op::Cut),
        1 => (any::<u16>(), 1..40u8).prop_map(|(at, lines)| Op::CutAndGrow(at, lines)),
        1 => (0..20u8).prop_map(|lines| Op::Replace { keep: false, lines }),
        1 => Just(Op::CopyTruncate),
        1 => (0..20u8).prop_map(Op::Recreate),
    ]
}

/// Plays a history; gives the lines read, in order, and the final content.
fn play(ops: &[Op], limits: Limits) -> (Vec<String>, Vec<String>, u32) {
    let mut log = Log::new(limits);
    let mut count = 0_u32;
    let mut lines = |n: u8| -> String {
        (0..n)
            .map(|_| {
                count += 1;
                format!("{count} {}\n", "z".repeat((count * 37 % 90) as usize))
            })
            .collect()
    };
    let mut seen = Vec::new();
    for op in ops {
        match op {
            Op::Lines(n) => log.append(lines(*n)),
            Op::Partial(n) => log.append("p".repeat(*n as usize)),
            Op::Complete => log.append("\n"),
            Op::Cut(at) => log.cut(u64::from(*at) % (log.path.metadata().unwrap().len() + 1)),
            Op::CutAndGrow(at, n) => {
                log.cut(u64::from(*at) % (log.path.metadata().unwrap().len() + 1));
                log.append(lines(*n));
            }
            Op::Replace { keep, lines: n } => {
                let mut content = if *keep { fs::read(&log.path).unwrap() } else { Vec::new() };
                content.extend(lines(*n).bytes());
                fs::write(log.other("tmp"), content).unwrap();
                fs::rename(log.other("tmp"), &log.path).unwrap();
            }
            Op::CopyTruncate => {
                fs::copy(&log.path, log.other("log.1")).unwrap();
                log.cut(0);
            }
            Op::Recreate(n) => {
                fs::remove_file(&log.path).unwrap();
                fs::write(&log.path, lines(*n)).unwrap();
            }
            Op::Rename => {
                let next = log.other(if log.path.ends_with("a") { "b" } else { "a" });
                fs::rename(&log.path, &next).unwrap();
                log.cursor = log.cursor.renamed(&next);
                log.path = next;
            }
            Op::Look => seen.extend(log.look().1),
        }
    }
    log.append("\n");
    seen.extend(log.look().1);
    assert_eq!(log.reader.tail_pending(), None);
    let long: BTreeSet<u64> = log.too_long.iter().map(|line| line.offset).collect();
    let content = content(&log.path, &long, limits.max_line);
    (seen, content, log.cursor.generation)
}

/// The final lines without those that are longer than allowed and were reported.
fn content(path: &Path, reported: &BTreeSet<u64>, max_line: usize) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.len() > max_line {
            assert!(reported.contains(&at), "a long line at {at} was not reported");
        } else {
            lines.push(line.trim_end_matches('\n').to_owned());
        }
        at += line.len() as u64;
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_line_of_the_final_file_is_read_whatever_happened(
        ops in prop::collection::vec(anything(), 1..40),
        max_line in prop_oneof![Just(64_usize), Just(100), Just(1 << 20)],
        budget in prop_oneof![Just(1_u64), Just(200), Just(4 << 20)],
    ) {
        let (seen, content, _) = play(&ops, Limits { max_line, budget });
        let seen: BTreeSet<_> = seen.into_iter().collect();
        for line in &content {
            prop_assert!(seen.contains(line), "lost: {line}");
        }
    }

    #[test]
    fn while_content_only_grows_each_line_is_read_exactly_once(
        ops in prop::collection::vec(appending(), 1..40),
        max_line in prop_oneof![Just(64_usize), Just(1 << 20)],
        budget in prop_oneof![Just(1_u64), Just(4 << 20)],
    ) {
        let (seen, content, generation) = play(&ops, Limits { max_line, budget });
        prop_assert_eq!(seen, content);
        prop_assert_eq!(generation, 0);
    }
}
