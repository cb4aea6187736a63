//! An agent that writes 1,000 rows a second to its database while we read it: it is never told that the database is busy,
//! and what it wrote is what we have. `KEITOD_FOREIGN_SECONDS` makes it longer.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, params};
use serde_json::{Value, json};

use crate::keito::Keito;
use crate::place::{Place, until};

/// Rows a second.
const RATE: u64 = 1000;
/// 2026-01-05T10:00:00Z in milliseconds.
const BEGIN: i64 = 1_767_607_200_000;
const DATABASE: &str = "KEITOD_TEST_FOREIGN_DATABASE";
const SECONDS: &str = "KEITOD_FOREIGN_SECONDS";

fn seconds() -> u64 {
    std::env::var(SECONDS).ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

/// opencode 1.18.33's tables, as far as its log is in them.
const TABLES: &str = "\
    CREATE TABLE session (id text PRIMARY KEY, parent_id text, directory text NOT NULL, permission text, \
      time_created integer NOT NULL, time_updated integer NOT NULL);
    CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer NOT NULL, \
      time_updated integer NOT NULL, data text NOT NULL);
    CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL, \
      time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
    CREATE INDEX part_message_idx ON part (message_id);";

/// The agent: one process with one connection.
struct Agent {
    conn: Connection,
    busy: u64,
    rows: u64,
    begun: Instant,
}

impl Agent {
    fn new(path: &Path) -> Self {
        let conn = Connection::open(path).unwrap();
        // Zero would be too strict for any reader: SQLite itself takes the write lock for an instant when it catches the
        // index of the log of changes half written (`walIndexReadHdr`).
        conn.busy_timeout(Duration::from_secs(5)).unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        conn.pragma_update(None, "synchronous", "NORMAL").unwrap();
        conn.execute_batch(TABLES).unwrap();
        Self { conn, busy: 0, rows: 0, begun: Instant::now() }
    }

    /// Writes one row in a transaction of its own, when its time has come.
    fn write(&mut self, sql: &str, values: &[&dyn rusqlite::ToSql]) {
        let due = Duration::from_micros(self.rows * 1_000_000 / RATE);
        std::thread::sleep(due.saturating_sub(self.begun.elapsed()));
        while let Err(error) = self.conn.prepare_cached(sql).and_then(|mut write| write.execute(values)) {
            let busy = [Some(ErrorCode::DatabaseBusy), Some(ErrorCode::DatabaseLocked)];
            assert!(busy.contains(&error.sqlite_error_code()), "{error}");
            self.busy += 1;
        }
        self.rows += 1;
    }

    /// A prompt, an answer as it is begun, a part of it, and the answer as it ends.
    fn request(&mut self, number: u64) {
        let session = format!("ses_{}", number / 50);
        let at = BEGIN + i64::try_from(self.begun.elapsed().as_millis()).unwrap();
        if number.is_multiple_of(50) {
            let sql = "INSERT INTO session VALUES (?1, NULL, '/home/dev/work', NULL, ?2, ?2)";
            self.write(sql, params![session, at]);
        }
        let insert = "INSERT INTO message VALUES (?1, ?2, ?3, ?3, ?4)";
        let prompt = json!({"role": "user", "time": {"created": at}}).to_string();
        self.write(insert, params![format!("msg_{number}a"), session, at, prompt]);
        let mut answer = json!({
            "role": "assistant", "modelID": "demo", "providerID": "demo", "time": {"created": at}, "cost": 0,
            "path": {"cwd": "/home/dev/work", "root": "/home/dev/work"},
            "tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}},
        });
        let id = format!("msg_{number}b");
        self.write(insert, params![id, session, at, answer.to_string()]);
        let part = json!({"type": "text", "text": "done", "time": {"start": at, "end": at + 1}}).to_string();
        let sql = "INSERT INTO part VALUES (?1, ?2, ?3, ?4, ?4, ?5)";
        self.write(sql, params![format!("prt_{number}"), id, session, at, part]);
        answer["tokens"]["input"] = json!(1000 + number);
        answer["tokens"]["output"] = json!(10 + number % 7);
        answer["time"]["completed"] = json!(at + 2);
        answer["finish"] = json!("stop");
        let sql = "UPDATE message SET time_updated = ?2, data = ?3 WHERE id = ?1";
        self.write(sql, params![id, at + 2, answer.to_string()]);
    }
}

/// Not a test but the other process: this binary, started by the test below.
#[test]
fn writer() {
    let Some(path) = std::env::var_os(DATABASE).map(PathBuf::from) else { return };
    let mut agent = Agent::new(&path);
    let (mut requests, mut input, mut output) = (0, 0, 0);
    while agent.begun.elapsed() < Duration::from_secs(seconds()) {
        agent.request(requests);
        (input, output) = (input + 1000 + requests, output + 10 + requests % 7);
        requests += 1;
    }
    let told = json!({
        "requests": requests, "input": input, "output": output, "busy": agent.busy, "rows": agent.rows,
    });
    std::fs::write(path.with_extension("told"), told.to_string()).unwrap();
}

#[test]
fn a_database_that_is_written_to_all_the_time_is_read_exactly_and_never_busy() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    place.key = None;
    let data = place.path(".local/share/opencode");
    std::fs::create_dir_all(&data).unwrap();
    let service = place.start();
    let database = data.join("opencode.db");
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["foreign::writer", "--exact"])
        .env(DATABASE, &database)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let requests = || service.get("/v1/report")["totals"]["requests"].as_u64().unwrap();
    until("it is read while it is written", || (requests() > 0).then_some(()));
    assert!(writer.try_wait().unwrap().is_none(), "it still writes");
    assert!(writer.wait().unwrap().success());
    let told: Value =
        serde_json::from_slice(&std::fs::read(database.with_extension("told")).unwrap()).unwrap();
    println!("{told} in {} s", seconds());
    assert_eq!(told["busy"], 0, "{told}");
    until("all of it is read", || (requests() == told["requests"].as_u64().unwrap()).then_some(()));
    // Nor does it become more by being read again.
    service.flush();
    let totals = &service.get("/v1/report")["totals"];
    assert_eq!(totals["requests"], told["requests"]);
    assert_eq!(totals["input_tokens"], told["input"]);
    assert_eq!(totals["output_tokens"], told["output"]);
}
