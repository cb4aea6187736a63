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

#[test]
fn what_only_the_full_check_sees_is_replaced_at_the_next_start() {
    let place = Place::new();
    let mut store = place.start().unwrap().0;
    say(&mut store, "kept");
    backup::daily(&place.database(), now()).unwrap().unwrap();
    drop(store);
    let indexed = |column: &str| {
        format!(
            "PRAGMA writable_schema = ON; \
             UPDATE sqlite_schema SET sql = 'CREATE INDEX copy_at ON copy ({column})' WHERE name = 'copy_at'; \
             PRAGMA writable_schema = RESET"
        )
    };
    let row = "INSERT INTO copy VALUES (1, 1, x'01', 1, 5, NULL, NULL, 0)";
    let orphan = "PRAGMA foreign_keys = OFF; INSERT INTO session (agent, native) VALUES (77, 'x')";
    // An index that does not have what the table has, and a row that refers to nothing.
    let spoils = [vec![indexed("line"), row.to_owned(), indexed("at")], vec![orphan.to_owned()]];
    for spoil in spoils {
        let conn = Connection::open(place.database()).unwrap();
        conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).unwrap();
        for batch in spoil {
            conn.execute_batch(&batch).unwrap();
        }
        drop(conn);
        assert_eq!(place.found(), Found::Whole, "the quick check sees nothing");
        let tomorrow = now().plus(std::time::Duration::from_secs(86_400));
        let error = backup::daily(&place.database(), tomorrow).unwrap_err();
        assert!(matches!(error, Error::Corrupt(_)), "{error}");
        assert!(matches!(place.found(), Found::Damaged { restored: Some(_), .. }));
        assert_eq!(place.word().as_deref(), Some("kept"));
        assert!(backup::daily(&place.database(), tomorrow).unwrap().is_some());
        fs::remove_file(&backup::list(&place.database())[0]).unwrap();
    }
}

/// A database as a kill leaves it, with a log of several commits: its bytes, its log's, and the words in order.
fn torn() -> (Vec<u8>, Vec<u8>, Vec<String>) {
    let place = Place::new();
    let mut store = place.start().unwrap().0;
    store.transact(|tx| tx.account(&account())).unwrap();
    let words: Vec<String> = (0..4).map(|n| format!("word {n}")).collect();
    for word in &words {
        say(&mut store, word);
    }
    let wal = fs::read(place.dir.path().join("keitod.db-wal")).unwrap();
    (fs::read(place.database()).unwrap(), wal, words)
}

/// What a start finds: the word of some commit, never a mixture.
fn word_after(database: &[u8], wal: &[u8]) -> Option<String> {
    let place = Place::new();
    fs::write(place.database(), database).unwrap();
    fs::write(place.dir.path().join("keitod.db-wal"), wal).unwrap();
    let (store, found) = place.start().unwrap();
    assert!(!matches!(found, Found::Damaged { .. }), "{found:?}");
    store.view().meta("word").unwrap()
}

/// Every so many bytes; `KEITOD_TORN=1` is each.
fn step(few: usize) -> usize {
    std::env::var("KEITOD_TORN").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

#[test]
fn a_log_torn_at_any_byte_is_a_prefix_of_what_was_committed() {
    const FRAME: usize = 24 + 4096;
    let (database, wal, words) = torn();
    let mut longest = None;
    for cut in (wal.len() - 3 * FRAME..=wal.len()).step_by(step(499)) {
        let word = word_after(&database, &wal[..cut]);
        let number = word.and_then(|word| words.iter().position(|known| *known == word));
        assert!(number >= longest, "{cut}: {number:?} after {longest:?}");
        longest = number;
    }
    assert_eq!(word_after(&database, &wal), words.last().cloned());
    for at in (wal.len() - 3 * FRAME..wal.len()).step_by(step(499)) {
        let mut wal = wal.clone();
        wal[at] ^= 1 << (at % 8);
        let word = word_after(&database, &wal);
        assert!(word.as_ref().is_none_or(|word| words.contains(word)), "{at}: {word:?}");
    }
}

#[test]
fn a_page_of_noise_is_noticed_or_was_not_in_use() {
    let place = Place::new();
    let mut store = place.start().unwrap().0;
    store.transact(|tx| tx.account(&account())).unwrap();
    say(&mut store, "kept");
    backup::daily(&place.database(), now()).unwrap().unwrap();
    drop(store);
    let whole = fs::read(place.database()).unwrap();
    let pages = whole.len() / 4096;
    let mut random = fastrand::Rng::with_seed(7);
    let mut noticed = 0;
    for page in (0..pages).step_by(step(9)) {
        let mut bytes = whole.clone();
        bytes[page * 4096..][..4096].fill_with(|| random.u8(..));
        fs::write(place.database(), bytes).unwrap();
        let (store, found) = place.start().unwrap();
        noticed += usize::from(matches!(found, Found::Damaged { restored: Some(_), .. }));
        assert_eq!(store.view().meta("word").unwrap().as_deref(), Some("kept"), "page {page}: {found:?}");
    }
    assert!(noticed > 0);
}
