//! The doctor: each check as it should be, and each as it should not.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;

use keitod::sandbox::{Answer, Fault, Key, Kind, Rounding, Rule, Settings, ids};
use serde_json::{Value, json};

use crate::fakes::{ACTIVE, Fakes, UNKNOWN};
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::Place;

/// All of them, in their order.
const CHECKS: [&str; 20] = [
    "config",
    "permissions",
    "filesystem",
    "database",
    "versions",
    "credentials",
    "keito",
    "clock",
    "category",
    "mapping",
    "rounding",
    "agents",
    "skill",
    "watcher",
    "service",
    "daemon",
    "delivery",
    "prices",
    "queue",
    "audit",
];

/// A place where something was delivered, with a service that is installed.
pub fn healthy(keito: &Keito) -> Place {
    let mut place = Place::new(&keito.origin);
    Fakes::systemd(&mut place);
    Fakes::put(&place, "loginctl", "echo yes");
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let (exit, _, err) = place.run(&["run", "--once"]);
    assert_eq!(exit, 0, "{err}");
    place
}

#[track_caller]
pub fn doctor(place: &Place) -> (i32, Vec<Value>) {
    let (exit, out, err) = place.run(&["doctor", "--json"]);
    let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!(document["schema_version"], 1);
    assert!(!out.contains(keitod::sandbox::KEY), "{out}");
    let findings = document["findings"].as_array().unwrap().clone();
    for verdict in ["ok", "warn", "fail"] {
        let count = findings.iter().filter(|finding| finding["verdict"] == verdict).count();
        assert_eq!(document[verdict], count, "{verdict}");
    }
    for finding in &findings {
        assert_eq!(finding["verdict"] == "ok", finding["remedy"].is_null(), "{finding}");
        assert!(CHECKS.contains(&finding["check"].as_str().unwrap()), "{finding}");
    }
    (exit, findings)
}

/// Holds that a check found this, and that the exit code is this.
#[track_caller]
pub fn finds(place: &Place, code: i32, check: &str, verdict: &str, seen: &str) {
    let (exit, findings) = doctor(place);
    let of: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["check"] == check && finding["detail"]["here"] != false)
        .collect();
    let is_it =
        |finding: &&&Value| finding["verdict"] == verdict && finding["seen"].as_str().unwrap().contains(seen);
    assert!(of.iter().any(|finding| is_it(&finding)), "{check} {verdict} {seen}: {of:#?}");
    let failed: Vec<&Value> = findings.iter().filter(|finding| finding["verdict"] == "fail").collect();
    assert_eq!(exit, code, "{check}: {failed:#?}");
}

#[test]
fn everything_is_as_it_should_be_with_and_without_a_daemon() {
    let keito = Keito::start();
    let place = healthy(&keito);
    let service = place.start();
    service.settle();
    let (exit, findings) = doctor(&place);
    let failed: Vec<&Value> = findings.iter().filter(|finding| finding["verdict"] == "fail").collect();
    assert_eq!((exit, failed.len()), (0, 0), "{failed:#?}");
    for check in CHECKS {
        let of: Vec<&Value> = findings.iter().filter(|finding| finding["check"] == check).collect();
        assert!(of.iter().any(|finding| finding["verdict"] == "ok"), "{check}: {of:#?}");
    }
    let order: Vec<&str> = findings.iter().map(|finding| finding["check"].as_str().unwrap()).collect();
    assert!(order.is_sorted_by_key(|check| CHECKS.iter().position(|known| known == check)), "{order:?}");
    let claude = findings.iter().find(|finding| finding["subject"] == "claude-code").unwrap();
    let detail = &claude["detail"];
    assert_eq!(
        (&detail["files"], &detail["files_read"], &detail["kept_days"]),
        (&1.into(), &1.into(), &30.into())
    );
    assert!(detail["last_event_at"].as_str().unwrap().starts_with("2026-01-05T10:"), "{detail}");
    let probed = detail["probed"][0].as_str().unwrap();
    assert!(probed.ends_with("/.claude/projects"), "{probed}");
    finds(&place, 0, "daemon", "ok", &format!("runs as process {}", service.child.id()));

    assert_eq!(service.stop(), 0);
    finds(&place, 0, "daemon", "warn", "does not run");
    let (exit, findings) = doctor(&place);
    let claude = findings.iter().find(|finding| finding["subject"] == "claude-code").unwrap();
    assert_eq!((exit, &claude["detail"]["sessions"]), (0, &1.into()));
    // Nothing was written to Keito by looking.
    assert_eq!((keito.asked("POST", "/").len(), keito.asked("PATCH", "/").len()), (2, 0));
}

#[test]
fn people_see_a_line_a_finding_and_the_way_out_below() {
    let keito = Keito::start();
    let mut place = healthy(&keito);
    let (exit, out, _) = place.run(&["doctor"]);
    assert_eq!(exit, 0);
    assert!(out.lines().any(|line| line.starts_with("ok   config: ")), "{out}");
    assert!(out.contains("\nwarn daemon: does not run\n       → keitod service start"), "{out}");
    assert!(out.contains("other agents are not here"), "{out}");
    assert!(!out.contains("ok   agents codex"), "{out}");
    let (_, all, _) = place.run(&["doctor", "--all"]);
    assert!(
        all.lines().any(|line| line.starts_with("ok   agents codex: not here: ") && line.contains("/.codex"))
    );
    place.key = None;
    let (exit, out, _) = place.run(&["doctor"]);
    assert_eq!(exit, 1);
    assert!(out.contains("FAIL credentials: no API key"), "{out}");
    assert!(out.trim_end().ends_with("1 failed"), "{out}");
}

#[test]
fn what_is_wrong_on_this_machine_is_found() {
    let keito = Keito::start();
    type Case<'a> = (&'a str, i32, &'a str, &'a str, &'a str, fn(&mut Place));
    let cases: &[Case<'_>] = &[
        ("a key that does not exist", 8, "config", "fail", "bogus", |place| place.config("bogus = 1\n")),
        ("two", 8, "config", "fail", "keitod.toml:", |place| {
            place.config("bogus = 1\n[log]\nlevel = \"loud\"\n")
        }),
        ("no such file", 8, "config", "fail", "cannot read", |place| {
            fs::remove_file(place.path("keitod.toml")).unwrap();
        }),
        ("an open state", 8, "permissions", "fail", "mode 0755", |place| mode(place, "state", 0o755)),
        ("an open database", 8, "permissions", "fail", "mode 0666", |place| {
            mode(place, "state/keitod.db", 0o666)
        }),
        ("a damaged database", 8, "database", "fail", "damaged", |place| {
            let path = place.path("state/keitod.db");
            let mut bytes = fs::read(&path).unwrap();
            bytes[8192..40960].fill(0xA5);
            fs::write(path, bytes).unwrap();
        }),
        ("a newer one", 10, "database", "fail", "schema 9999", |place| {
            let path = place.path("state/keitod.db");
            let mut bytes = fs::read(&path).unwrap();
            // SQLite's file format, 1.3: the user version.
            bytes[60..64].copy_from_slice(&9999_u32.to_be_bytes());
            fs::write(path, bytes).unwrap();
        }),
        ("one that was set aside", 0, "database", "warn", "was set aside", |place| {
            fs::create_dir(place.path("state/corrupt-20260101")).unwrap();
        }),
        ("no key", 1, "credentials", "fail", "no API key", |place| place.key = None),
        ("a key file for all", 8, "credentials", "fail", "must be yours alone", |place| {
            place.key = None;
            fs::write(place.path("key"), "kto_x").unwrap();
            mode(place, "key", 0o644);
            place.config(&format!("api_key_file = \"{}\"\n", place.path("key").display()));
        }),
        ("no account", 1, "credentials", "fail", "no account id", |place| {
            place.key = None;
            place.more.push(("KEITO_API_KEY", "kto_x".to_owned()));
        }),
        ("no transcripts", 8, "agents", "fail", "cleanupPeriodDays = 0", |place| {
            fs::write(place.path(".claude/settings.json"), r#"{"cleanupPeriodDays":0}"#).unwrap();
        }),
        ("few", 0, "agents", "warn", "deleted after 3 days", |place| {
            fs::write(place.path(".claude/settings.json"), r#"{"cleanupPeriodDays":3}"#).unwrap();
        }),
        ("a log behind a link", 8, "agents", "fail", "is not read", |place| {
            std::os::unix::fs::symlink("/dev/null", place.path(".claude/projects/-work/x.jsonl")).unwrap();
        }),
        ("no agent", 0, "agents", "warn", "no log of any agent", |place| {
            fs::remove_dir_all(place.path(".claude")).unwrap();
            fs::remove_dir_all(place.path(".local")).unwrap();
        }),
        ("hooks of the skill", 0, "skill", "warn", "log this agent's time too", |place| {
            fs::write(place.path(".claude/settings.json"), "keito-time-track").unwrap();
        }),
        ("hooks that count", 0, "skill", "ok", "counts as billed", |place| {
            fs::write(place.path(".claude/settings.json"), "keito-time-track").unwrap();
            let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
            let more = "\n[sources.claude-code]\nskill = \"coverage\"\n";
            fs::write(place.path("keitod.toml"), text + more).unwrap();
        }),
        ("no service", 0, "service", "warn", "not installed", |place| {
            Fakes::put(place, "systemctl", UNKNOWN)
        }),
        ("no systemd", 0, "service", "warn", "systemctl is not here", |place| {
            fs::remove_file(place.path("bin/systemctl")).unwrap();
        }),
        ("one that failed", 8, "service", "fail", "not running: failed", |place| {
            place.run(&["service", "install"]);
            Fakes::put(
                place,
                "systemctl",
                &ACTIVE.replace("=active", "=failed").replace("=running", "=failed"),
            );
        }),
        ("one that waits for a login", 0, "service", "warn", "last logout", |place| {
            place.run(&["service", "install"]);
            Fakes::put(place, "loginctl", "echo no");
        }),
        ("a key that the service lacks", 0, "service", "warn", "does not see", |_| {}),
        ("a rule into the void", 8, "mapping", "fail", "is not among those", |place| {
            place.config("[default]\nproject_id = \"nowhere\"\ntask_id = \"nothing\"\n");
        }),
        ("a task of elsewhere", 8, "mapping", "fail", "is not on project", |place| {
            let (project, task) = (ids::WEBSITE, ids::RESEARCH);
            place.config(&format!("[default]\nproject_id = \"{project}\"\ntask_id = \"{task}\"\n"));
        }),
    ];
    for (name, code, check, verdict, seen, spoil) in cases {
        println!("{name}");
        let mut place = healthy(&keito);
        spoil(&mut place);
        finds(&place, *code, check, verdict, seen);
    }
}

fn mode(place: &Place, name: &str, mode: u32) {
    fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_disk_without_room_is_found() {
    let keito = Keito::start();
    let mut place = healthy(&keito);
    let state = place.path("state").display().to_string();
    let mount = format!("/bin/mount -t tmpfs -o size=4m,mode=700 tmpfs '{state}' && exec \"$@\"");
    let mut tried = std::process::Command::new("/usr/bin/unshare");
    tried.args(["-m", "/bin/sh", "-c", &mount, "sh", "/bin/true"]);
    if !tried.status().is_ok_and(|status| status.success()) {
        return println!("skipped: no mount without root and unshare");
    }
    let words = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", &mount, "sh"];
    place.through = Some(words.map(str::to_owned).to_vec());
    finds(&place, 8, "filesystem", "fail", "with 4 MiB free");
}

#[test]
fn what_keito_says_is_found() {
    let bad = |status, body: &'static str, code, seen| {
        (Answer::status(status).header("content-type", "text/html").body(body), code, seen)
    };
    let keito = Keito::start();
    let place = healthy(&keito);
    for (answer, code, seen) in [
        (Answer::status(401), 1, "answered 401"),
        (Answer::status(403), 1, "answered 403"),
        (Answer::status(404), 1, "answered 404"),
        (Answer::status(429).retry_after("5"), 5, "answered 429"),
        (Answer::status(503), 6, "answered 503"),
        (Answer::status(500), 6, "answered 500"),
        bad(404, "<html></html>", 7, "web page"),
        bad(302, "<html></html>", 7, ""),
    ] {
        keito.faults().add(Rule::new(Fault::Answer(answer)).on("GET", Kind::Me));
        finds(&place, code, "keito", "fail", seen);
        keito.faults().clear();
    }
    // Nobody answers there.
    let mut away = healthy(&keito);
    away.more.push(("KEITO_API_URL", "http://127.0.0.1:9".to_owned()));
    finds(&away, 7, "keito", "fail", "cannot be reached");

    let sync = Settings { keys: vec![Key::sync(keitod::sandbox::KEY, ids::ME)], ..Settings::default() };
    let reading = Keito::with(sync);
    let mut reader = healthy(&keito);
    reader.more.push(("KEITO_API_URL", reading.origin.clone()));
    finds(&reader, 1, "keito", "fail", "sees no workspace");
}

#[test]
fn a_clock_that_is_not_the_servers_is_found() {
    let keito = Keito::start();
    let place = healthy(&keito);
    let now = jiff::Timestamp::now();
    for (seconds, code, verdict, seen) in [
        (-900, 8, "fail", "s ahead of the server"),
        (900, 8, "fail", "s behind the server"),
        (-100, 0, "warn", "s ahead of the server"),
        (0, 0, "ok", "as the server's"),
    ] {
        let then = now + jiff::SignedDuration::from_secs(seconds);
        let date = jiff::fmt::strtime::format("%a, %d %b %Y %H:%M:%S GMT", then).unwrap();
        let me = r#"{"id":"u","company":{"id":"c","name":"C","currency":"USD"},"capabilities":{}}"#;
        let answer =
            Answer::status(200).header("content-type", "application/json").header("date", &date).body(me);
        keito.faults().add(Rule::new(Fault::Answer(answer)).on("GET", Kind::Me));
        finds(&place, code, "clock", verdict, seen);
        keito.faults().clear();
    }
}

#[test]
fn what_the_workspace_makes_of_work_is_found() {
    let settings = Settings { rounding: Rounding::Up(15), currency: "GBP".to_owned(), ..Settings::default() };
    let keito = Keito::with(settings);
    let place = healthy(&keito);
    finds(&place, 0, "rounding", "warn", "rounds each entry (up_15)");
    finds(&place, 0, "rounding", "warn", "no rate: expenses are held");
    // The entry once more, of today.
    let mut entry: Value =
        serde_json::from_slice(&keito.asked("POST", "/api/v2/time_entries")[0].body).unwrap();
    let seconds = entry["metadata"]["duration_seconds"].clone();
    entry["spent_date"] = jiff::Timestamp::now().to_string()[..10].into();
    entry["metadata"]["keitod_id"] = format!("{}x", entry["metadata"]["keitod_id"].as_str().unwrap()).into();
    let mut curl = std::process::Command::new("curl");
    curl.args(["--silent", "--fail", "-H", "content-type: application/json", "-d", &entry.to_string()]);
    curl.args(["-H", &format!("authorization: Bearer {}", keitod::sandbox::KEY)]);
    curl.args(["-H", &format!("keito-account-id: {}", keitod::sandbox::ACCOUNT)]);
    assert!(curl.arg(format!("{}/api/v2/time_entries", keito.origin)).output().unwrap().status.success());
    finds(&place, 0, "rounding", "warn", "1 entry of the last 30 days");
    let (_, findings) = doctor(&place);
    let hours = findings.iter().find(|finding| finding["subject"] == "hours").unwrap();
    assert_eq!(hours["detail"], json!({"entries": 1, "counted_seconds": seconds, "shown_seconds": 900}));
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    let by_day = text.replace("[time]", "[time]\nentry = \"day\"");
    fs::write(place.path("keitod.toml"), by_day).unwrap();
    finds(&place, 0, "rounding", "ok", "up_15");

    // The category by its name: nobody knows it yet, and then an expense names it.
    let bare = Keito::start();
    let place = healthy(&bare);
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    let unnamed: String =
        text.split_inclusive('\n').filter(|line| !line.starts_with("expense_category_id")).collect();
    fs::write(place.path("keitod.toml"), &unnamed).unwrap();
    let wrong = unnamed.replace("[keito]", "[keito]\nexpense_category = \"Robots\"");
    fs::write(place.path("keitod.toml"), wrong).unwrap();
    finds(&place, 8, "category", "fail", "no category named \"Robots\"");
}

/// A daemon that says what it is told to.
pub fn speaks(place: &Place, status: Value) {
    let dir = place.path("run");
    let _ = fs::DirBuilder::new().mode(0o700).create(&dir);
    let _ = fs::remove_file(place.socket());
    let listener = UnixListener::bind(place.socket()).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let (mut asked, mut bytes) = (Vec::new(), [0; 1024]);
            while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut bytes) {
                    Ok(count @ 1..) => asked.extend_from_slice(&bytes[..count]),
                    _ => break,
                }
            }
            let body = status.to_string();
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
            let _ = write!(stream, "{head}{}\r\n\r\n{body}", body.len());
        }
    });
}

#[test]
fn what_a_running_daemon_says_is_found() {
    let keito = Keito::start();
    let place = healthy(&keito);
    let (_, out, _) = place.run(&["status", "--json"]);
    let mut status: Value = serde_json::from_str(&out).unwrap();
    status["pid"] = 1.into();
    status["reasons"] = json!([]);
    status["version"] = env!("CARGO_PKG_VERSION").into();
    let with = |key: &str, value: Value| {
        let mut status = status.clone();
        status[key] = value;
        status
    };
    let reason =
        |code: &str| with("reasons", json!([{"code": code, "message": "so it is", "remedy": "do that"}]));
    let audit = |kind: &str| {
        let mut audit =
            json!({"at": "2026-01-06T00:00:00Z", "missing": 0, "extra": 0, "duplicate": 0, "drift": 0});
        audit[kind] = 2.into();
        with("last_audit", audit)
    };
    let mut queue = status["queue"].clone();
    queue["conflict"] = 1.into();
    for (status, code, check, verdict, seen) in [
        (status.clone(), 0, "daemon", "ok", "runs as process 1"),
        (with("version", "0.0.1".into()), 0, "versions", "warn", "0.0.1 runs"),
        (reason("auth"), 1, "delivery", "fail", "so it is"),
        (reason("breaker_open"), 7, "delivery", "fail", "so it is"),
        (reason("schema_drift"), 6, "delivery", "fail", "so it is"),
        (reason("paused_by_user"), 0, "delivery", "warn", "so it is"),
        (reason("watcher_poll"), 0, "watcher", "warn", "so it is"),
        (reason("unpriced"), 0, "prices", "warn", "so it is"),
        (reason("unmapped"), 0, "mapping", "warn", "so it is"),
        (with("prices_unused", json!(["old table"])), 0, "prices", "warn", "old table"),
        (with("queue", queue), 3, "queue", "fail", "1 record is in conflict"),
        (audit("missing"), 3, "audit", "fail", "2 missing"),
        (audit("duplicate"), 3, "audit", "fail", "2 twice"),
        (audit("drift"), 0, "audit", "warn", "2 with other numbers"),
        (audit("ours"), 0, "audit", "ok", "clean at 2026-01-06"),
        (json!("nonsense"), 7, "daemon", "fail", "no status document"),
    ] {
        speaks(&place, status);
        finds(&place, code, check, verdict, seen);
    }
}

#[test]
fn dead_and_held_records_are_found() {
    let keito = Keito::start();
    keito.faults().add(Rule::new(Fault::Answer(Answer::status(400))).on("POST", Kind::Expenses));
    let mut place = Place::new(&keito.origin);
    Fakes::systemd(&mut place);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    for _ in 0..3 {
        place.run(&["run", "--once"]);
    }
    finds(&place, 3, "queue", "fail", "1 record is refused for good");
    keito.faults().clear();

    let mut held = Place::new(&keito.origin);
    Fakes::systemd(&mut held);
    held.config("");
    held.append("one", &Talk::new(2, "/home/dev/work").exchange());
    held.run(&["run", "--once"]);
    finds(&held, 0, "mapping", "warn", "no link for their directory");
    let text = fs::read_to_string(held.path("keitod.toml")).unwrap();
    let (project, task) = (ids::WEBSITE, ids::DEVELOPMENT);
    let link = format!("[default]\nproject_id = \"{project}\"\ntask_id = \"{task}\"\n");
    fs::write(held.path("keitod.toml"), text.replace("[delivery]", "[delivery]\nreview = true") + &link)
        .unwrap();
    held.run(&["run", "--once"]);
    finds(&held, 0, "queue", "warn", "everything waits for approval");
}
