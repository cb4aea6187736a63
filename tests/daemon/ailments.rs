//! The doctor's rarer findings: what a daemon tells of, what Keito withholds, what the machine is short of.

use std::fs;
use std::process::Command;

use keitod::sandbox::{Answer, Fault, Kind, Rule, Settings};
use serde_json::{Value, json};

use crate::doctor::{doctor, finds, healthy, speaks};
use crate::fakes::Fakes;
use crate::keito::Keito;
use crate::place::Place;

/// What `keitod status` says there, as a running daemon of this version would say it while nothing is wrong.
fn status(place: &Place) -> Value {
    let (_, out, err) = place.run(&["status", "--json"]);
    let mut status: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    status["pid"] = 1.into();
    status["reasons"] = json!([]);
    status["version"] = env!("CARGO_PKG_VERSION").into();
    status
}

/// Codes of a reason. Those of records (dead, conflict), of lines and of formats are told by their numbers.
const CODES: [&str; 34] = [
    "no_credentials",
    "auth",
    "plan",
    "captive_portal",
    "tls",
    "wrong_url",
    "schema_drift",
    "amount_mismatch",
    "unproved_listing",
    "breaker_open",
    "rate_limited",
    "zone_provisional",
    "clock_ahead",
    "clock_jump",
    "unreadable",
    "watcher_poll",
    "disk_low",
    "database",
    "config",
    "paused_by_user",
    "unmapped",
    "mapping_error",
    "other_account",
    "project_closed",
    "unpriced",
    "bad_usage",
    "no_rate",
    "no_category",
    "no_basis",
    "estimated",
    "review",
    "unproven",
    "skill_active",
    "locked_period",
];

#[test]
fn whatever_the_status_gives_for_a_reason_is_found() {
    let keito = Keito::start();
    let place = healthy(&keito);
    let mut said = status(&place);
    let reason = |code: &&str| json!({"code": code, "message": format!("<{code}>"), "remedy": "do that"});
    // One that no check knows, too: a newer daemon may run.
    let all: Vec<&str> = CODES.into_iter().chain(["of_tomorrow"]).collect();
    said["reasons"] = all.iter().map(reason).collect();
    // Held work is counted beside its reasons.
    said["queue"]["held"] = CODES[20..].iter().map(|code| ((*code).to_owned(), Value::from(1))).collect();
    speaks(&place, said);
    let (exit, findings) = doctor(&place);
    assert_eq!(exit, 1, "the key comes first: {findings:#?}");
    for code in &all {
        let told = format!("<{code}>");
        let of = findings.iter().filter(|of| of["seen"].as_str().unwrap().contains(&told));
        let of: Vec<&Value> = of.collect();
        assert!(of.len() == 1 && of[0]["verdict"] != "ok", "{code}: {of:#?}");
        assert!(of[0]["remedy"].as_str().is_some_and(|remedy| remedy.len() > 5), "{code}: {of:#?}");
    }
}

#[test]
fn what_a_daemon_says_of_agents_and_prices_is_found() {
    let keito = Keito::start();
    let place = healthy(&keito);
    let good = status(&place);
    let of_claude = |key: &str, value: Value| {
        let mut said = good.clone();
        let sources = said["sources"].as_array_mut().unwrap();
        let claude = sources.iter_mut().find(|source| source["agent"] == "claude-code").unwrap();
        claude[key] = value;
        said
    };
    let mut drifts = good.clone();
    drifts["price_drift"] = json!([{
        "agent": "claude-code", "model": "claude-opus-4-6", "compared": 10, "requests": 9, "list_usd": "1",
        "reported_usd": "2",
    }]);
    for (said, check, seen) in [
        (of_claude("alarm", "no usage in 40 requests".into()), "agents", "stopped: no usage in 40 requests"),
        (of_claude("rejected_lines", 7.into()), "agents", "7 lines of its logs could not be read"),
        (drifts, "prices", "what claude-code says claude-opus-4-6 costs is not our price list's"),
    ] {
        speaks(&place, said);
        finds(&place, 0, check, "warn", seen);
    }
}

#[test]
fn what_keito_withholds_is_found() {
    let keito = Keito::start();
    let place = healthy(&keito);
    let me = r#"{"id":"u","company":{"id":"c","name":"C","currency":"USD"},"capabilities":{"can_track_time":false,"can_track_expenses":false}}"#;
    let json = |body: &str| Answer::status(200).header("content-type", "application/json").body(body);
    for (answer, code, seen) in [
        (json(me), 1, "may not write time entries"),
        (json(me), 1, "may not write expenses"),
        (json("[]"), 6, "answered 200 and nothing that can be used"),
    ] {
        keito.faults().add(Rule::new(Fault::Answer(answer)).on("GET", Kind::Me));
        finds(&place, code, "keito", "fail", seen);
        keito.faults().clear();
    }
    keito.faults().add(Rule::new(Fault::Answer(Answer::status(500))).on("GET", Kind::Projects));
    finds(&place, 0, "mapping", "warn", "Keito does not list its projects");
    keito.faults().clear();
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    let with = |more: &str| fs::write(place.path("keitod.toml"), format!("{text}{more}")).unwrap();
    with("[[project]]\nid = \"elsewhere\"\n");
    finds(&place, 0, "mapping", "warn", "elsewhere is no project that this key sees");
    with("[[money.rate]]\nfrom = \"2020-01-01\"\ncurrency = \"EUR\"\nper_usd = \"0.9\"\n");
    let mut euros = place;
    let other = Keito::with(Settings { currency: "EUR".to_owned(), ..Settings::default() });
    euros.deliver_to(&other.origin);
    finds(&euros, 0, "rounding", "ok", "there is a rate for EUR");
    let mut none = Settings::default();
    none.projects.iter_mut().for_each(|project| project.is_active = false);
    let closed = Keito::with(none);
    let mut place = healthy(&keito);
    place.deliver_to(&closed.origin);
    finds(&place, 8, "mapping", "fail", "no project that can be booked on");
}

#[test]
fn a_daemon_that_was_never_there_is_found() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    Fakes::systemd(&mut place);
    finds(&place, 0, "daemon", "warn", "has never run here");
    finds(&place, 0, "permissions", "ok", "not there yet");
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    fs::write(place.path("keitod.toml"), format!("{text}[socket]\nenabled = false\n")).unwrap();
    finds(&place, 0, "daemon", "ok", "the socket is disabled");
}

/// The system's limits cannot be lowered for a test, but other ones can be laid over them where only it sees them.
#[test]
fn too_few_watches_are_found() {
    let keito = Keito::start();
    let mut place = healthy(&keito);
    let few = place.path("few");
    fs::write(&few, "100\n").unwrap();
    let lay =
        format!("/bin/mount --bind '{}' /proc/sys/fs/inotify/max_user_watches && exec \"$@\"", few.display());
    let words = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", &lay, "sh"];
    let tried = Command::new(words[0]).args(&words[1..]).arg("/bin/true").status();
    if !tried.is_ok_and(|status| status.success()) {
        return println!("skipped: no mount without root and unshare");
    }
    place.through = Some(words.map(str::to_owned).to_vec());
    finds(&place, 0, "watcher", "warn", "the limits are 100 watches");
    let (_, findings) = doctor(&place);
    let limits = findings.iter().find(|finding| finding["subject"] == "limits").unwrap();
    assert_eq!(limits["detail"]["max_user_watches"], 100);
    assert!(
        limits["remedy"].as_str().unwrap().starts_with("sysctl fs.inotify.max_user_watches="),
        "{limits}"
    );
}
