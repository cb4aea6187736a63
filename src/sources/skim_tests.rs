use std::path::Path;

use super::*;

/// Lines of all recorded logs, and each with defects: what a crash, a bad disk or a later version may make of it.
pub(in crate::sources) fn lines() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), &mut found);
    found
}

fn gather(below: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(below).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|is| is == "jsonl") {
            let bytes = std::fs::read(path).unwrap();
            found.extend(
                bytes
                    .split(|byte| *byte == b'\n')
                    .filter(|line| line.first() == Some(&b'{'))
                    .map(<[u8]>::to_vec),
            );
        }
    }
}

/// What may become of a line: cut, or with a byte that is gone, exchanged or put in.
pub(in crate::sources) fn damaged(line: &[u8]) -> Vec<Vec<u8>> {
    const BYTES: &[u8] = b"\"\\{}[],: \t\n0e.-ux\x01\xff";
    let mut dice = fastrand::Rng::with_seed(line.len() as u64);
    let mut made = Vec::new();
    for kind in 0..16 {
        let mut copy = line.to_vec();
        let at = dice.usize(..copy.len());
        let byte = BYTES[dice.usize(..BYTES.len())];
        match kind {
            0 => copy.truncate(at),
            1 => drop(copy.remove(at)),
            2..8 => copy[at] = byte,
            8..12 => copy.insert(at, byte),
            // Twice the same members, or others in between.
            _ => {
                let end = dice.usize(at..copy.len());
                let part = copy[at..end].to_vec();
                copy.splice(at..at, part);
            }
        }
        made.push(copy);
    }
    made
}

/// Reads a line in both ways and compares: what the fast one takes it takes as the general one does. Whether it did.
macro_rules! agree {
    ($record:ident, $line:expr) => {{
        let line: &[u8] = $line;
        let fast: Option<$record<'_>> = crate::sources::skim::object(line);
        if let Some(fast) = &fast {
            let mut spare = String::new();
            let full: Result<$record<'_>, _> = crate::sources::json::parse(line, &mut spare);
            let text = String::from_utf8_lossy(line);
            assert_eq!(full.map(|full| format!("{full:?}")), Ok(format!("{fast:?}")), "{text}");
        }
        fast.is_some()
    }};
}
pub(in crate::sources) use agree;

/// Both ways agree on every recorded line and on damaged ones, and the fast one takes nearly all that are whole.
macro_rules! all_agree {
    ($record:ident) => {
        #[test]
        fn it_reads_what_the_general_parser_reads() {
            use crate::sources::skim::tests::{agree, damaged, lines};
            let (mut taken, mut all) = (0, 0);
            for line in lines() {
                taken += usize::from(agree!($record, &line));
                all += 1;
                for line in damaged(&line) {
                    let _ = agree!($record, &line);
                }
            }
            assert!(taken * 10 > all * 9, "{taken} of {all} lines");
        }
    };
}
pub(in crate::sources) use all_agree;

#[test]
fn only_what_is_json_is_taken() {
    #[derive(Default)]
    struct Any<'a>(Text<'a>, Count);
    impl<'a> Fill<'a> for Any<'a> {
        fn fill(&mut self, key: &[u8], _: &mut u64, skim: &mut Skim<'a>) -> Option<()> {
            match key {
                b"t" => self.0 = Skimmed::skimmed(skim)?,
                b"n" => self.1 = Skimmed::skimmed(skim)?,
                _ => skim.pass()?,
            }
            Some(())
        }
    }
    let taken = |line: &str| object::<Any<'_>>(line.as_bytes()).is_some();
    for line in [
        r#"{}"#,
        r#"{ "a" : [ 1 , -0.5 , true , null , {} , [] ] , "t" : "x" } "#,
        r#"{"t":"a\u00e9\n\"","n":12,"é":"→"}"#,
        r#"{"x":"\ud83d"}"#,
    ] {
        assert!(taken(line), "{line}");
    }
    for line in [
        "",
        "[]",
        r#"{"a":1"#,
        r#"{"a":1}}"#,
        r#"{"a":01}"#,
        r#"{"a":-}"#,
        r#"{"a":1.}"#,
        r#"{"a":1e5}"#,
        r#"{"a":123456789012345678}"#,
        r#"{"a":tru}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        r#"{"\u0061":1}"#,
        r#"{"t":"\ud83d"}"#,
        "{\"a\":\"\t\"}",
        "{\t\"a\":1}",
    ] {
        assert!(!taken(line), "{line}");
    }
    let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(taken(&deep(40)) && !taken(&deep(100)));
    let any = object::<Any<'_>>(br#"{"t":"a\nb","n":7}"#).unwrap();
    assert_eq!((any.0.get(), any.1), (Some("a\nb"), Count::Is(7)));
}
