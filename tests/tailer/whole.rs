//! Documents that are rewritten and databases of other programs, through the daemon's reading side and its store.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keitod::daemon::intake::{Message, messages};
use keitod::model::{Agent, Cell, Facts, MessageKey, Quality, RequestKey, Sighting, Terms, Tokens, hash128};
use keitod::sources::{About, Claim, Context, Environment, Lines, NotWhole, Query, Shape, Source};
use keitod::tail::Mode;
use rusqlite::Connection;

use super::daemon::Daemon;

/// An agent that keeps `{"messages": [[id, output], …]}` in one file a session, and the same as rows.
struct Notebook;

const QUERIES: &[Query] = &[Query {
    needs: &[("message", &["id", "output", "changed"])],
    text: "SELECT changed, id, output FROM message WHERE changed > ?1 ORDER BY changed",
    overlap: 2,
}];

impl Source for Notebook {
    fn agent(&self) -> Agent {
        Agent::new("notebook")
    }

    fn about(&self) -> &'static About {
        &crate::ABOUT
    }

    fn roots(&self, _: &dyn Environment) -> Vec<PathBuf> {
        Vec::new()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        let ours = path.extension().is_some_and(|extension| extension == "json" || extension == "db");
        ours.then(|| Claim { session: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()) })
    }

    fn shape(&self, path: &Path) -> Shape {
        if path.extension().is_some_and(|extension| extension == "db") {
            Shape::Database
        } else {
            Shape::Document
        }
    }

    fn decode(&self, _: &mut Context, _: Lines<'_>, _: &mut Facts) {
        unreachable!("nothing of it is read by line");
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        let document: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| NotWhole)?;
        for message in document["messages"].as_array().ok_or(NotWhole)? {
            note(context, &message[0].to_string(), message[1].as_u64().unwrap(), facts);
        }
        Ok(())
    }

    fn queries(&self) -> &'static [Query] {
        QUERIES
    }

    fn decode_row(&self, context: &mut Context, _: usize, row: &[Cell], facts: &mut Facts) {
        let [_, Cell::Integer(id), Cell::Integer(output)] = row else { panic!("{row:?}") };
        note(context, &id.to_string(), output.unsigned_abs(), facts);
    }
}

fn note(context: &Context, id: &str, output: u64, facts: &mut Facts) {
    let session = facts.names.intern(context.claim.session.as_deref().unwrap());
    let model = facts.names.intern("opus");
    facts.sightings.push(Sighting {
        session,
        origin: None,
        message: MessageKey::new("notebook", id),
        key: RequestKey(hash128(&[id.as_bytes()])),
        has_request_id: false,
        line: None,
        at: keitod::model::Instant::from_seconds(1_767_607_200),
        model,
        provider: None,
        reported: None,
        dir: None,
        branch: None,
        tokens: Tokens { output, ..Tokens::default() },
        terms: Terms::default(),
        quality: Quality::Exact,
        nested: false,
        offset: 0,
    });
}

/// Requests and their output in our store.
fn stored(daemon: &Daemon) -> (u64, u64) {
    let conn = Connection::open(daemon.database()).unwrap();
    conn.query_row("SELECT count(*), coalesce(sum(output), 0) FROM request", [], |row| {
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
    })
    .unwrap()
}

fn document(messages: impl IntoIterator<Item = (u64, u64)>) -> String {
    let messages: Vec<_> = messages.into_iter().map(|(id, output)| [id, output]).collect();
    serde_json::json!({ "messages": messages }).to_string()
}

#[test]
fn a_document_counts_as_it_was_last_whole_and_takes_nothing_back() {
    let mut daemon = Daemon::new(&Notebook);
    let path = daemon.root().join("s.json");
    let rows: [(&str, String, (u64, u64)); 8] = [
        ("new", document([(1, 5), (2, 7)]), (2, 12)),
        ("empty while it is rewritten", String::new(), (2, 12)),
        ("half of it", document([(1, 5), (2, 7), (3, 9)])[..20].to_owned(), (2, 12)),
        ("whole again", document([(1, 5), (2, 9), (3, 1)]), (3, 15)),
        ("lower counts", document([(1, 1), (2, 9), (3, 1)]), (3, 15)),
        ("compacted: the first are gone", document([(3, 4)]), (3, 18)),
        ("all gone", document([]), (3, 18)),
        ("and back", document([(1, 5), (4, 2)]), (4, 20)),
    ];
    for (what, text, expected) in rows {
        for temporary in [true, false] {
            if temporary {
                fs::write(daemon.root().join("tmp"), &text).unwrap();
                fs::rename(daemon.root().join("tmp"), &path).unwrap();
            } else {
                fs::write(&path, &text).unwrap();
            }
            let deadline = Instant::now() + Duration::from_secs(20);
            while stored(&daemon) != expected || temporary {
                daemon.read();
                if stored(&daemon) == expected {
                    break;
                }
                assert!(Instant::now() < deadline, "{what}: {:?}", stored(&daemon));
            }
            daemon.read();
            assert_eq!(stored(&daemon), expected, "{what}");
            daemon.restart();
        }
    }
}

#[test]
fn a_document_rewritten_without_pause_ends_right_and_never_lower() {
    let daemon = Daemon::new(&Notebook);
    let path = daemon.root().join("s.json");
    let (sender, receiver) = messages();
    let (intake, events) = (daemon.intake(Mode::Native), sender.clone());
    let reading = std::thread::spawn(move || intake.run(&receiver, events, &|| ()));
    let mut last = (0, 0);
    for n in 1..=400_u64 {
        let text = document((0..n).map(|id| (id, n)));
        if n % 2 == 0 {
            fs::write(daemon.root().join("tmp"), &text).unwrap();
            fs::rename(daemon.root().join("tmp"), &path).unwrap();
        } else {
            fs::write(&path, &text[..text.len() / 2]).unwrap();
            fs::write(&path, &text).unwrap();
        }
        if n % 10 == 0 {
            let now = stored(&daemon);
            assert!(now.0 >= last.0 && now.1 >= last.1, "{last:?} became {now:?}");
            last = now;
        }
    }
    // Killed half-way: what was whole before stays, and the one after counts.
    let text = document((0..500).map(|id| (id, 1000)));
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    let wait = |expected| {
        let deadline = Instant::now() + Duration::from_secs(30);
        while stored(&daemon) != expected {
            assert!(Instant::now() < deadline, "{:?}, not {expected:?}", stored(&daemon));
            std::thread::yield_now();
        }
    };
    fs::write(&path, &text).unwrap();
    wait((500, 500_000));
    sender.send(Message::Stop).unwrap();
    reading.join().unwrap().unwrap();
}

fn made(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.execute_batch("CREATE TABLE message (id INTEGER PRIMARY KEY, output INTEGER, changed INTEGER)")
        .unwrap();
    conn
}

fn put(conn: &Connection, id: i64, output: i64, changed: i64) {
    conn.execute("INSERT OR REPLACE INTO message VALUES (?1, ?2, ?3)", [id, output, changed]).unwrap();
}

#[test]
fn rows_count_once_across_restarts_replacement_and_unknown_versions() {
    let mut daemon = Daemon::new(&Notebook);
    let path = daemon.root().join("a.db");
    let conn = made(&path);
    put(&conn, 1, 5, 10);
    put(&conn, 2, 7, 11);
    assert!(daemon.read().is_empty());
    assert_eq!(stored(&daemon), (2, 12));
    daemon.restart();
    put(&conn, 2, 9, 12);
    put(&conn, 3, 1, 11); // committed late
    daemon.read();
    assert_eq!(stored(&daemon), (3, 15));
    conn.execute_batch("DELETE FROM message WHERE id < 3").unwrap();
    daemon.read();
    assert_eq!(stored(&daemon), (3, 15), "a deleted row takes nothing back");

    conn.execute_batch("ALTER TABLE message RENAME COLUMN output TO spent").unwrap();
    put(&conn, 4, 100, 13);
    let problems = daemon.read();
    assert!(problems.iter().any(|problem| problem.contains("no message.output")), "{problems:?}");
    assert_eq!(stored(&daemon), (3, 15));
    conn.execute_batch("ALTER TABLE message RENAME COLUMN spent TO output").unwrap();
    assert!(daemon.read().is_empty());
    assert_eq!(stored(&daemon), (4, 115), "known again, it is read from where it was left");

    drop(conn);
    let other = made(&daemon.root().join("new"));
    put(&other, 9, 3, 1);
    drop(other);
    fs::rename(daemon.root().join("new"), &path).unwrap();
    daemon.read();
    assert_eq!(stored(&daemon), (5, 118), "another database begins at its first row");
}

#[test]
fn a_busy_writer_is_told_by_its_log_of_changes() {
    let daemon = Daemon::new(&Notebook);
    let conn = made(&daemon.root().join("a.db"));
    conn.busy_timeout(Duration::ZERO).unwrap();
    let (sender, receiver) = messages();
    let (intake, events) = (daemon.intake(Mode::Native), sender.clone());
    let reading = std::thread::spawn(move || intake.run(&receiver, events, &|| ()));
    for id in 1..=2000 {
        // With no patience at all: it fails if a reader ever holds it up.
        put(&conn, id, 1, id);
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while stored(&daemon) != (2000, 2000) {
        assert!(Instant::now() < deadline, "{:?}", stored(&daemon));
        std::thread::yield_now();
    }
    sender.send(Message::Stop).unwrap();
    reading.join().unwrap().unwrap();
}
