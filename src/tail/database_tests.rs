use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const NEEDS: &[(&str, &[&str])] = &[("message", &["id", "data"])];

fn select(after: i64) -> [Select<'static>; 1] {
    let text = "SELECT rowid, id, data FROM message WHERE rowid > ?1 ORDER BY rowid";
    [Select { needs: NEEDS, text, after, overlap: 2 }]
}

fn made(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.execute_batch("CREATE TABLE message (id TEXT, data)").unwrap();
    conn
}

fn read(path: &Path, after: i64) -> (Vec<i64>, i64) {
    let mut select = select(after);
    let mut seen = Vec::new();
    let mut note = |_, row: &[Cell]| match row[0] {
        Cell::Integer(id) => seen.push(id),
        _ => panic!("{row:?}"),
    };
    while read_database(path, &mut select, &mut note).unwrap() {}
    (seen, select[0].after)
}

#[test]
fn rows_are_typed_and_a_look_begins_a_little_before_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let conn = made(&path);
    conn.execute_batch("INSERT INTO message VALUES ('a', NULL), ('b', 7), ('c', 0.1), ('d', x'00ff')")
        .unwrap();
    let mut cells = Vec::new();
    read_database(&path, &mut select(0), &mut |_, row| cells.push(row[2].clone())).unwrap();
    assert_eq!(cells, [Cell::Null, Cell::Integer(7), Cell::Real("0.1".into()), Cell::Blob(vec![0, 255])]);
    assert_eq!(read(&path, 4), (vec![3, 4], 4));
    assert_eq!(read(&path, 0), (vec![1, 2, 3, 4], 4));
}

#[test]
fn more_rows_than_one_look_takes_are_all_given() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let conn = made(&path);
    conn.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000) INSERT INTO message SELECT 'x', i FROM n",
    )
    .unwrap();
    let (mut seen, after) = read(&path, 0);
    seen.dedup();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((seen.len(), after), (25_000, 25_000));
}

#[test]
fn what_is_no_database_of_a_known_version_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let other = Connection::open(at("other")).unwrap();
    other.execute_batch("CREATE TABLE message (id TEXT)").unwrap();
    fs::write(at("empty"), "").unwrap();
    fs::write(at("encrypted"), [7; 8192]).unwrap();
    made(&at("real"));
    std::os::unix::fs::symlink(at("real"), at("link")).unwrap();
    let rows = [
        ("other", "the database has no message.data: it is of an unknown version; update keitod"),
        ("encrypted", "the database cannot be read: NotADatabase"),
        ("none", "the database cannot be read: CannotOpen"),
        ("link", "the database cannot be read: CannotOpen"),
    ];
    for (name, expected) in rows {
        let error = read_database(&at(name), &mut select(0), &mut |_, _| panic!("{name}")).unwrap_err();
        assert_eq!(error.to_string(), expected, "{name}");
    }
    assert_eq!(read(&at("empty"), 0), (vec![], 0), "its program has just made it");
}

#[test]
fn a_query_of_another_generation_is_not_asked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let conn = made(&path);
    conn.execute_batch("INSERT INTO message VALUES ('a', 1)").unwrap();
    let later = |columns| Select {
        needs: columns,
        text: "SELECT rowid, id FROM message_v2 WHERE rowid > ?1 ORDER BY rowid",
        after: 0,
        overlap: 0,
    };
    let [first] = select(0);
    let mut selects = [later(&[("message_v2", &["id"])]), first];
    let mut seen = Vec::new();
    read_database(&path, &mut selects, &mut |query, _| seen.push(query)).unwrap();
    assert_eq!(seen, [1]);
    conn.execute_batch("CREATE TABLE message_v2 (id TEXT); INSERT INTO message_v2 VALUES ('b')").unwrap();
    read_database(&path, &mut selects, &mut |query, _| seen.push(query)).unwrap();
    assert_eq!(seen, [1, 0, 1]);
    let mut selects = [later(&[("message_v2", &["id", "more"])])];
    let error = read_database(&path, &mut selects, &mut |_, _| panic!()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the database has no message_v2.more: it is of an unknown version; update keitod"
    );
}

#[test]
fn a_writer_never_fails_because_of_us_and_all_it_wrote_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db").canonicalize().unwrap_or_else(|_| dir.path().join("a.db"));
    let conn = made(&path);
    // A writer that does not wait at all is told "busy" by any reader now and then: SQLite takes the write lock for an
    // instant when it catches the index of the log of changes half written.
    conn.busy_timeout(Duration::from_secs(5)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let done = &done;
        scope.spawn(move || {
            // However it ends: a reader that waits for a writer that failed would wait for ever.
            let written = (0..3000)
                .try_for_each(|n| conn.execute("INSERT INTO message VALUES ('x', ?1)", [n]).map(|_| ()));
            done.store(true, Ordering::Release);
            written.unwrap();
        });
        let (mut after, mut seen) = (0, std::collections::BTreeSet::new());
        loop {
            let last = done.load(Ordering::Acquire);
            let (rows, next) = read(&path, after);
            seen.extend(rows);
            after = next;
            if last {
                break;
            }
        }
        assert_eq!(seen.len(), 3000);
    });
}

#[test]
fn a_change_shows_in_the_cursor_and_a_replaced_file_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let conn = made(&path);
    let cursor =
        |before: &Cursor| database_cursor(&path, &Stat::from(&rustix::fs::stat(&path).unwrap()), before).0;
    let first = cursor(&Cursor::new(&path));
    assert_eq!(cursor(&first), first);
    conn.execute_batch("INSERT INTO message VALUES ('a', 1)").unwrap();
    assert_ne!(cursor(&first), first, "the log of changes has grown");
    made(&dir.path().join("b.db"));
    fs::rename(dir.path().join("b.db"), &path).unwrap();
    assert_eq!(cursor(&first).generation, 1);
}

#[test]
fn modules_that_this_sqlite_lacks_do_not_hide_what_is_beside_them() {
    // Agents search their messages with FTS5, whose triggers fire where they write, not where we read.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let conn = made(&path);
    conn.execute_batch(
        "INSERT INTO message VALUES ('a', 1);
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema VALUES ('table', 'found', 'found', 0, 'CREATE VIRTUAL TABLE found USING fts5(data)');
         INSERT INTO sqlite_schema VALUES ('trigger', 'finds', 'message', 0,
             'CREATE TRIGGER finds AFTER INSERT ON message BEGIN INSERT INTO found VALUES (new.data); END');",
    )
    .unwrap();
    drop(conn);
    let there = Connection::open(&path).unwrap();
    let missing = there.query_row("SELECT count(*) FROM found", [], |row| row.get::<_, i64>(0)).unwrap_err();
    assert!(missing.to_string().contains("no such module: fts5"), "{missing}");
    assert_eq!(read(&path, 0), (vec![1], 1));
}
