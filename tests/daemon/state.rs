//! Its state: one process, a directory of its own, a database that was damaged, lost or put back.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, told, until};

const NOBODY: &str = "http://127.0.0.1:9";

fn has_reason(status: &serde_json::Value, code: &str, words: &str) -> bool {
    let reasons = status["reasons"].as_array().unwrap();
    reasons.iter().any(|reason| {
        reason["code"] == code && reason["message"].as_str().is_some_and(|text| text.contains(words))
    })
}

#[test]
fn of_a_hundred_starts_at_once_one_runs() {
    let place = Place::new(NOBODY);
    let mut all: Vec<_> = (0..100).map(|_| place.spawn(&[])).collect();
    let mut codes = vec![None; all.len()];
    until("all but one have ended", || {
        for (service, code) in all.iter_mut().zip(&mut codes) {
            *code = code.or(service.child.try_wait().unwrap().map(|status| status.code()));
        }
        (codes.iter().flatten().count() == 99).then_some(())
    });
    assert_eq!(codes.iter().filter(|code| **code == Some(Some(9))).count(), 99, "{codes:?}");
    let runs = codes.iter().position(Option::is_none).unwrap();
    until("it answers", || (all[runs].raw("GET", "/healthz", "").1 == "200").then_some(()));
}

#[test]
fn a_deleted_lock_file_lets_nobody_else_in() {
    let place = Place::new(NOBODY);
    place.config("[socket]\nenabled = false\n");
    let mut first = place.spawn(&[]);
    let row = || {
        let conn = rusqlite::Connection::open_with_flags(
            place.path("state/keitod.db"),
            rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
        );
        let asked = conn.ok()?.query_row("SELECT value FROM meta WHERE key = 'lease'", [], |row| row.get(0));
        asked.ok().filter(|text: &String| !text.is_empty())
    };
    until("it works with the database", row);
    fs::remove_file(place.path("state/lock")).unwrap();
    let (code, _, err) = place.run(&["run"]);
    assert_eq!(code, 9, "{err}");
    assert!(err.contains(&format!("process {}", first.child.id())), "{err}");
    assert!(first.child.try_wait().unwrap().is_none());
}

#[test]
fn a_state_that_others_could_change_is_refused() {
    let mode =
        |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let place = Place::new(NOBODY);
    let state = place.path("state");
    fs::create_dir(&state).unwrap();
    mode(&state, 0o777);
    let (code, _, err) = place.run(&["run"]);
    assert_eq!(code, 8, "{err}");
    assert!(err.contains("must be yours alone"), "{err}");
    fs::remove_dir(&state).unwrap();

    fs::create_dir(place.path("elsewhere")).unwrap();
    mode(&place.path("elsewhere"), 0o700);
    symlink(place.path("elsewhere"), &state).unwrap();
    for name in ["state", "state/"] {
        let (code, _, err) =
            told(&place.command(&["run"]).env("KEITOD_STATE_DIR", place.path(name)).output().unwrap());
        assert_eq!(code, 8, "{err}");
        assert!(err.contains("is a symbolic link"), "{err}");
    }
    fs::remove_file(&state).unwrap();

    fs::create_dir(&state).unwrap();
    mode(&state, 0o700);
    if std::os::unix::fs::chown(&state, Some(12345), None).is_err() {
        return println!("skipped: only root can give a directory away");
    }
    let (code, _, err) = place.run(&["run"]);
    assert_eq!(code, 8, "{err}");
    assert!(err.contains("must be yours alone"), "{err}");
}

#[test]
fn a_socket_left_by_a_dead_keitod_is_no_obstacle() {
    let place = Place::new(NOBODY);
    let mut service = place.start();
    service.child.kill().unwrap();
    service.child.wait().unwrap();
    assert!(place.socket().exists());
    assert_eq!(place.start().stop(), 0);
}

/// What was done to the files while nobody ran, and what the status says of it.
type Harm = (&'static str, fn(&Place), &'static str);

#[test]
fn a_database_that_is_damaged_or_put_back_bills_nothing_again() {
    let harms: [Harm; 5] = [
        ("torn", |place| fs::write(place.path("state/keitod.db"), "torn").unwrap(), "was damaged"),
        ("empty", |place| fs::write(place.path("state/keitod.db"), "").unwrap(), "was damaged"),
        (
            "rotten",
            |place| {
                let path = place.path("state/keitod.db");
                let mut bytes = fs::read(&path).unwrap();
                let mut random = fastrand::Rng::with_seed(1);
                for _ in 0..bytes.len() / 8192 {
                    let page = random.usize(1..bytes.len() / 4096) * 4096;
                    bytes[page..page + 4096].iter_mut().for_each(|byte| *byte = random.u8(..));
                }
                fs::write(path, bytes).unwrap();
            },
            "was damaged",
        ),
        (
            "an old copy",
            |place| {
                // Its files are there only if the last run had no time to close it.
                for name in ["keitod.db-wal", "keitod.db-shm"] {
                    let _ = fs::remove_file(place.path("state").join(name));
                }
                fs::rename(place.path("old.db"), place.path("state/keitod.db")).unwrap();
            },
            "the last run is gone",
        ),
        ("wiped", |place| fs::remove_dir_all(place.path("state")).unwrap(), "the last run is gone"),
    ];
    for (name, harm, words) in harms {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        place.append("one", &Talk::new(1, "/home/dev/work").exchange());
        let service = place.start();
        service.settle();
        // The daemon makes one after its first minute.
        let now = keitod::model::Instant::from_seconds(1_767_607_200);
        keitod::store::daily_backup(&place.path("state/keitod.db"), now).unwrap().unwrap();
        assert_eq!(service.stop(), 0, "{name}");
        keitod::store::copy(&place.path("state/keitod.db"), &place.path("old.db")).unwrap();
        place.append("two", &Talk::new(2, "/home/dev/work").exchange());
        let service = place.start();
        service.settle();
        assert_eq!(service.stop(), 0, "{name}");
        assert_eq!((keito.entries().len(), keito.expenses().len()), (2, 2), "{name}");

        harm(&place);
        keito.forget_requests();
        let service = place.start();
        let status = service.get("/v1/status");
        assert!(has_reason(&status, "database", words), "{name}: {}", status["reasons"]);
        service.settle();
        assert_eq!(service.requests(), 2, "{name}");
        assert_eq!(keito.asked("POST", "/").len(), 0, "{name}: {:?}", keito.requests());
        place.append("three", &Talk::new(3, "/home/dev/work").exchange());
        service.settle();
        assert_eq!((keito.entries().len(), keito.expenses().len()), (3, 3), "{name}");
        assert_eq!(service.stop(), 0, "{name}");
        // The next start has nothing to tell.
        let service = place.start();
        assert!(!has_reason(&service.get("/v1/status"), "database", ""), "{name}");
    }
}

#[test]
fn a_log_deleted_after_a_kill_bills_nothing_again() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    for seed in 1..4 {
        place.append(&seed.to_string(), &Talk::new(seed, "/home/dev/work").exchange());
    }
    let mut service = place.start();
    service.settle();
    service.child.kill().unwrap();
    service.child.wait().unwrap();
    fs::remove_file(place.path("state/keitod.db-wal")).unwrap();
    keito.forget_requests();
    let service = place.start();
    assert!(has_reason(&service.get("/v1/status"), "database", "listed twice"));
    service.settle();
    assert_eq!(service.requests(), 3);
    assert_eq!(keito.asked("POST", "/").len(), 0, "{:?}", keito.requests());
    assert_eq!((keito.entries().len(), keito.expenses().len()), (3, 3));
}

#[test]
fn a_database_that_another_program_locks_is_waited_for_and_that_is_told() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    service.settle();
    let other = rusqlite::Connection::open(place.path("state/keitod.db")).unwrap();
    other.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    until("it says who is in the way", || {
        has_reason(&service.get("/v1/status"), "database", "another program").then_some(())
    });
    assert_eq!(keito.expenses().len(), 1);
    other.execute_batch("ROLLBACK").unwrap();
    until("it goes on by itself", || {
        let status = service.get("/v1/status");
        (!has_reason(&status, "database", "") && service.requests() == 2).then_some(())
    });
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (2, 2));
}
