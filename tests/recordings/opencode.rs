//! opencode and Kilo CLI.

use std::time::{Duration, Instant, SystemTime};

use crate::database;
use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;
use crate::others::Agent;
use crate::report::{Count, counts_where};

static RECORDED: Agent = Agent {
    folder: "opencode/1.18.33",
    scenarios: 9,
    logs: ".local/share/opencode",
    model: None,
    side: false,
};

static KILO: Agent =
    Agent { folder: "kilo/7.7.7", scenarios: 8, logs: ".local/share/kilo", model: None, side: false };

#[test]
fn opencode_1_18_33_is_counted_to_the_token() {
    RECORDED.check();
}

#[test]
fn kilo_7_7_7_is_counted_to_the_token() {
    KILO.check();
}

fn count(tokens: [u64; 4], lower_bounds: u64) -> Count {
    let [input, cache_read, cache_write_5m, output] = tokens;
    Count { requests: 1, lower_bounds, input, cache_read, cache_write_5m, output, ..Count::default() }
}

#[test]
fn sessions_of_1_18_13_agree_with_the_programs_own_totals() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let data = home.path().join(".local/share/opencode");
    let _writer =
        database::load(&fixtures("opencode/lantern/opencode-1.18.13.sql"), &data.join("opencode-dev.db"));
    home.says(&["run", "--once"]);
    let wanted = [
        ("ses_03156b771ffeANj3CiDnYkqmmr", count([2050, 0, 0, 163], 0)),
        ("ses_031559a74ffe4reBgr5U6MnTO4", count([2050, 0, 0, 867], 0)),
        ("ses_031541bf9ffeMiy2LOFii47rch", Count { requests: 2, ..count([4100, 0, 0, 955], 0) }),
    ];
    let wanted = wanted.map(|(session, count)| ((session.to_owned(), "qwen3:0.6b".to_owned()), count));
    assert_eq!(counts_where(&home, |_| true), wanted.into());
}

#[test]
fn documents_of_older_versions_are_read_and_one_that_is_cut_costs_nothing_else() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let data = home.path().join(".local/share/opencode");
    for tree in ["lantern/storage-json", "toktrack", "tokscale"] {
        copy(&fixtures("opencode").join(tree), &data);
    }
    home.says(&["run", "--once"]);
    let wanted = [
        ("ses_01", "claude-sonnet-4-5", count([5120, 4096, 0, 240], 0)),
        ("ses_02", "gpt-5", count([800, 0, 0, 120], 1)),
        ("ses_03", "claude-sonnet-4-5", count([400, 0, 0, 60], 1)),
        ("ses_test", "claude-sonnet-4-20250514", Count { requests: 2, ..count([3000, 300, 150, 1450], 2) }),
        ("test-project", "claude-3-5-sonnet-20241022", count([1000, 200, 100, 500], 0)),
    ];
    let wanted = wanted.map(|(session, model, count)| ((session.to_owned(), model.to_owned()), count));
    assert_eq!(counts_where(&home, |_| true), wanted.into());
}

/// Rows a second.
const PACE: u32 = 1000;

#[test]
fn a_program_that_writes_a_thousand_rows_a_second_is_not_disturbed_and_read_exactly() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let data = home.path().join(".local/share/opencode");
    let dump = fixtures("recorded/opencode/1.18.33/one-turn/home/.local/share/opencode/opencode.db.sql");
    let conn = database::load(&dump, &data.join("opencode.db"));
    conn.execute_batch(
        "DELETE FROM message; DELETE FROM part; PRAGMA wal_autocheckpoint = 200; PRAGMA synchronous = normal;",
    )
    .unwrap();
    // Whoever makes it wait makes it fail.
    conn.busy_timeout(Duration::ZERO).unwrap();
    let session: String = conn.query_row("select id from session", [], |row| row.get(0)).unwrap();
    let service = home.serve();
    let (begun, mut wanted) = (Instant::now(), Count::default());
    // A message is begun, has a part, and is done: three rows written.
    for number in 0..PACE {
        let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        let tokens = |done: bool| if done { [u64::from(number) + 1, 7, 3, 11] } else { [0; 4] };
        let text = |done: bool| {
            let [input, read, write, output] = tokens(done);
            let end = if done { format!(r#","completed":{now}"#) } else { String::new() };
            format!(
                r#"{{"role":"assistant","modelID":"m","providerID":"p","path":{{"cwd":"/home/dev"}},"time":{{"created":{now}{end}}},"tokens":{{"input":{input},"output":{output},"reasoning":0,"cache":{{"read":{read},"write":{write}}}}}}}"#
            )
        };
        let id = format!("msg_{number:06}");
        let write = |sql: &str, data: &str| conn.execute(sql, (&id, &session, now, data)).unwrap();
        write("insert into message values (?1, ?2, ?3, ?3, ?4)", &text(false));
        write(
            "insert into part values ('prt' || ?1, ?1, ?2, ?3, ?3, ?4)",
            &format!(r#"{{"type":"text","text":"x","time":{{"start":{now},"end":{now}}}}}"#),
        );
        write(
            "update message set data = ?4, time_updated = ?3 where id = ?1 and session_id = ?2",
            &text(true),
        );
        let [input, cache_read, cache_write_5m, output] = tokens(true);
        wanted.add(&Count { requests: 1, input, cache_read, cache_write_5m, output, ..Count::default() });
        let due = Duration::from_secs(3 * u64::from(number + 1)) / PACE;
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
    }
    home.until_read(&["flush", "--settle", "--json"]);
    let found = counts_where(&home, |_| true);
    assert_eq!(found, [((session, "m".to_owned()), wanted)].into());
    drop(service);
    assert!(conn.query_row("pragma integrity_check", [], |row| row.get::<_, String>(0)).unwrap() == "ok");
}
