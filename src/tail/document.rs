//! A document that is rewritten as a whole, by a temporary file and a rename or in place.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::cursor::Cursor;
use super::stat::Stat;
use super::trail::Trail;

/// What reading a document came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Document {
    /// All of it, as it was at one moment, and the cursor to be committed once it proves whole.
    Whole(Vec<u8>, Cursor),
    /// It was written to meanwhile: try again shortly.
    Changing,
    /// It has more bytes than allowed.
    TooLong(u64),
}

/// Reads all of a document. The next generation begins if it is another file or other bytes than `before`.
///
/// # Errors
/// Those of `fstat` and `pread`.
pub fn read_document(file: &File, before: &Cursor, most: usize) -> io::Result<Document> {
    let stat = || Ok::<_, io::Error>(Stat::from(&rustix::fs::fstat(file)?));
    let first = stat()?;
    let Some(length) = usize::try_from(first.size).ok().filter(|&length| length <= most) else {
        return Ok(Document::TooLong(first.size));
    };
    let mut bytes = vec![0; length];
    match file.read_exact_at(&mut bytes, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Document::Changing),
        other => other?,
    }
    if stat()? != first {
        return Ok(Document::Changing);
    }
    let mut trail = Trail::default();
    trail.feed(&bytes);
    let (head, anchor) = trail.evidence();
    let Stat { dev, ino, size, mtime_ns } = first;
    let generation = before.generation.saturating_add(u32::from(before.offset > 0));
    let path = before.path.clone();
    Ok(Document::Whole(
        bytes,
        Cursor { path, dev, ino, size, mtime_ns, offset: size, generation, head, anchor },
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_whole_document_comes_with_its_cursor() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        fs::write(&path, "{\"a\":1}").unwrap();
        let file = File::open(&path).unwrap();
        let Document::Whole(bytes, cursor) = read_document(&file, &Cursor::new(&path), 100).unwrap() else {
            panic!("it is whole");
        };
        assert_eq!(bytes, b"{\"a\":1}");
        let stat = Stat::from(&rustix::fs::fstat(&file).unwrap());
        assert!(cursor.is_unchanged(&stat) && cursor.offset == 7 && cursor.generation == 0);
        assert_eq!(read_document(&file, &cursor, 6).unwrap(), Document::TooLong(7));
    }

    #[test]
    fn no_mixture_of_two_versions_is_ever_given_where_one_replaces_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let (path, temporary) = (dir.path().join("a.json"), dir.path().join("tmp"));
        let version = |n: u8| vec![b'a' + n % 26; 5000 + usize::from(n)];
        fs::write(&path, version(0)).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..=255 {
                    fs::write(&temporary, version(n)).unwrap();
                    fs::rename(&temporary, &path).unwrap();
                }
                // In place, one half after the other.
                for n in 0..=255 {
                    let mut file = File::create(&path).unwrap();
                    let bytes = version(n);
                    file.write_all(&bytes[..2500]).unwrap();
                    file.write_all(&bytes[2500..]).unwrap();
                }
                done.store(true, Ordering::Release);
            });
            let mut whole = 0;
            while !done.load(Ordering::Acquire) {
                let file = File::open(&path).unwrap();
                if let Document::Whole(bytes, _) = read_document(&file, &Cursor::new(&path), 1 << 20).unwrap()
                {
                    assert!(bytes.iter().all(|byte| *byte == bytes[0]), "a mixture");
                    whole += usize::from(!bytes.is_empty());
                }
            }
            assert!(whole > 0);
        });
    }
}
