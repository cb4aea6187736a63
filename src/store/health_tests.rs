use std::fs;
use std::path::PathBuf;

use super::super::mend::Whereabouts;
use super::super::{Account, Damage};
use super::*;
use crate::model::AccountId;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn database(&self) -> PathBuf {
        self.dir.path().join("keitod.db")
    }

    fn start(&self) -> Result<(Store, Found), Error> {
        let (database, mark) = (self.database(), self.dir.path().join("data/last-run"));
        let run = fastrand::u64(..).to_string();
        let at = Whereabouts { database: &database, mark: &mark, run: &run, decided: false };
        Store::start(at, now())
    }

    fn found(&self) -> Found {
        self.start().unwrap().1
    }

    fn word(&self) -> Option<String> {
        self.start().unwrap().0.view().meta("word").unwrap()
    }
}

fn now() -> Instant {
    Instant::from_seconds(1_767_607_200)
}

fn account() -> Account {
    Account { origin: "https://k".into(), account: AccountId::new("a"), sandbox: false }
}

fn say(store: &mut Store, word: &str) {
    store.transact(|tx| tx.set_meta("word", word)).unwrap();
}

/// Bits of kinds that need a second listing.
fn mistrusted(store: &mut Store) -> u8 {
    store.transact(|tx| tx.account(&account())).unwrap().1.listed_kinds & 12
}

#[test]
fn a_clean_run_follows_a_clean_run() {
    let place = Place::new();
    assert_eq!(place.found(), Found::New);
    assert_eq!(place.found(), Found::Whole);
    assert_eq!(mistrusted(&mut place.start().unwrap().0), 0);
}

#[test]
fn what_is_no_database_is_set_aside_and_the_backup_takes_its_place() {
    type Spoil = fn(&std::path::Path);
    let spoils: [(&str, Spoil); 5] = [
        ("no database", |path| fs::write(path, "that is no database").unwrap()),
        ("empty", |path| fs::write(path, "").unwrap()),
        ("torn", |path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(file.metadata().unwrap().len() / 2 + 100).unwrap();
        }),
        ("a page of noise", |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[4096 * 3..4096 * 4].fill(0x5a);
            fs::write(path, bytes).unwrap();
        }),
        ("no header", |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[..100].fill(0);
            fs::write(path, bytes).unwrap();
        }),
    ];
    for (name, spoil) in spoils {
        let place = Place::new();
        let mut store = place.start().unwrap().0;
        store.transact(|tx| tx.account(&account())).unwrap();
        say(&mut store, "kept");
        backup::daily(&place.database(), now()).unwrap().unwrap();
        say(&mut store, "later");
        drop(store);
        spoil(&place.database());
        let spoiled = fs::read(place.database()).unwrap();
        let (mut store, found) = place.start().unwrap();
        let Found::Damaged { aside, restored: Some(_) } = found else { panic!("{name}: {found:?}") };
        assert_eq!(fs::read(aside.join("keitod.db")).unwrap(), spoiled, "{name}");
        assert_eq!(store.view().meta("word").unwrap().as_deref(), Some("kept"), "{name}");
        assert_eq!(mistrusted(&mut store), 12, "{name}");
        drop(store);
        assert_eq!(place.found(), Found::Whole, "{name}");
    }
}

#[test]
fn without_a_good_backup_it_begins_empty_and_distrusts_itself() {
    let place = Place::new();
    drop(place.start().unwrap());
    fs::create_dir(place.dir.path().join("backups")).unwrap();
    fs::write(place.dir.path().join("backups/keitod-20260101T000000Z.db"), "half a").unwrap();
    fs::write(place.database(), "noise").unwrap();
    let (mut store, found) = place.start().unwrap();
    assert!(matches!(found, Found::Damaged { restored: None, .. }), "{found:?}");
    // Also an account that it has not met yet.
    assert_eq!(mistrusted(&mut store), 12);
}

#[test]
fn another_database_than_that_of_the_last_run_is_noticed() {
    let place = Place::new();
    drop(place.start().unwrap());
    let old = fs::read(place.database()).unwrap();
    drop(place.start().unwrap());
    fs::write(place.database(), &old).unwrap();
    assert_eq!(place.found(), Found::Lost, "an old copy");
    assert_eq!(place.found(), Found::Whole);
    fs::remove_file(place.database()).unwrap();
    assert_eq!(place.found(), Found::Lost, "wiped");
}

#[test]
fn a_log_that_was_deleted_after_a_crash_is_noticed() {
    let place = Place::new();
    drop(place.start().unwrap());
    let mut store = place.start().unwrap().0;
    say(&mut store, "in the log alone");
    // As a process leaves them that is killed.
    let copy = Place::new();
    fs::create_dir(copy.dir.path().join("data")).unwrap();
    fs::copy(place.dir.path().join("data/last-run"), copy.dir.path().join("data/last-run")).unwrap();
    fs::copy(place.database(), copy.database()).unwrap();
    drop(store);
    let conn = Connection::open(copy.database()).unwrap();
    let lease = format!("0 1 1 {}", copy.database().display());
    conn.execute("UPDATE meta SET value = ?1 WHERE key = 'lease'", [lease]).unwrap();
    drop(conn);
    let (mut store, found) = copy.start().unwrap();
    assert_eq!(found, Found::Lost);
    assert_eq!(mistrusted(&mut store), 12);
    drop(store);
    assert_eq!(place.word().as_deref(), Some("in the log alone"));
}

#[test]
fn a_live_holder_is_respected_and_a_dead_one_is_not() {
    let place = Place::new();
    drop(place.start().unwrap());
    if !std::path::Path::new("/proc/self/stat").exists() {
        // Elsewhere a process is known by its id alone.
        return;
    }
    let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let began = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().nth(19).unwrap().to_owned();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let hold = |began: &str| {
        let conn = Connection::open(place.database()).unwrap();
        let lease = format!("{} {} {began} {}", boot.trim(), child.id(), place.database().display());
        conn.execute("UPDATE meta SET value = ?1 WHERE key = 'lease'", [lease]).unwrap();
    };
    hold("1");
    place.start().unwrap();
    hold(&began);
    assert!(matches!(place.start(), Err(Error::Leased { pid }) if pid == child.id()));
    child.kill().unwrap();
    // Not waited for yet: a zombie works with nothing.
    while place.start().is_err() {
        std::thread::yield_now();
    }
    child.wait().unwrap();
}

#[test]
fn a_hurt_store_does_nothing_until_it_is_mended() {
    let place = Place::new();
    let mut store = place.start().unwrap().0;
    store.transact(|_| Err::<(), _>(Error::Full)).unwrap_err();
    assert_eq!(store.damage(), Some(Damage::Full));
    assert!(matches!(store.transact(|tx| tx.set_meta("word", "x")), Err(Error::Closed)));
    store.mend().unwrap();
    say(&mut store, "y");
    assert_eq!(store.view().meta("word").unwrap().as_deref(), Some("y"));
    // An error that says nothing of the disk does no such thing.
    store.transact(|_| Err::<(), _>(Error::Impossible("x"))).unwrap_err();
    assert_eq!(store.damage(), None);
}
