//! The config changes while the daemon runs: what is right comes into force at once, what is wrong is told, and what it
//! said before stays in force.

use std::fs;

use keitod::sandbox::{self, ids};
use rustix::process::Signal;
use serde_json::Value;

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, Service, until};

const RULE: &str = "[[rule]]\npath = \"/home/dev/work/**\"\n";

fn linked(place: &Place, more: &str) {
    place.config(&format!(
        "[default]\nproject_id = \"{}\"\ntask_id = \"{}\"\n{more}",
        ids::WEBSITE,
        ids::DEVELOPMENT
    ));
}

fn config(place: &Place) -> String {
    fs::read_to_string(place.path("keitod.toml")).unwrap()
}

fn put(place: &Place, text: &str) {
    fs::write(place.path("keitod.toml"), text).unwrap();
}

fn session(place: &Place, seed: u64) {
    place.append(&format!("log-{seed}"), &Talk::new(seed, "/home/dev/work/app").exchange());
}

/// The message of the config's reason, if status gives one.
fn told(service: &Service<'_>) -> Option<String> {
    let status = service.get("/v1/status");
    let reasons = status["reasons"].as_array().unwrap();
    let reason = reasons.iter().find(|reason| reason["code"] == "config")?;
    assert!(status["state"] == "degraded" && reason["remedy"].is_string(), "{status}");
    Some(reason["message"].as_str().unwrap().to_owned())
}

#[track_caller]
fn arrive(keito: &Keito, entries: usize, expenses: usize) {
    until("the records arrive", || {
        ((keito.entries().len(), keito.expenses().len()) == (entries, expenses)).then_some(())
    });
}

#[test]
fn rules_costs_and_notes_are_those_of_the_file() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    session(&place, 1);
    let service = place.start();
    arrive(&keito, 1, 1);
    let rule = format!("{RULE}project_id = \"{}\"\ntask_id = \"{}\"\n", ids::BILLING, ids::DEVELOPMENT);
    linked(&place, &format!("{rule}notes = \"by rule\"\nmarkup_percent = \"100\"\n"));
    until("it is in force", || place.log().contains("rule[0].path").then_some(()));
    session(&place, 2);
    arrive(&keito, 2, 2);
    let entries = keito.entries();
    let projects: Vec<&str> = entries.iter().map(|entry| entry.project.as_str()).collect();
    assert_eq!(projects, [ids::WEBSITE, ids::BILLING], "what is billed stays where it is");
    assert_eq!(entries[1].notes.as_deref(), Some("by rule"));
    let costs: Vec<String> = keito.expenses().iter().map(|expense| expense.total_cost.to_string()).collect();
    assert_eq!(costs, ["0.0075", "0.015"]);

    linked(&place, "[money]\ncost = \"off\"\n");
    until("it is in force", || place.log().contains("money.cost").then_some(()));
    session(&place, 3);
    arrive(&keito, 3, 2);
    linked(&place, &format!("{RULE}exclude = true\n"));
    until("it is in force", || place.log().contains("rule[0].exclude").then_some(()));
    session(&place, 4);
    until("it is read", || (service.requests() == 4).then_some(()));
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (3, 2), "what is excluded is not due");
    assert_eq!(told(&service), None);
    assert_eq!(service.stop(), 0);
}

#[test]
fn a_broken_file_is_told_with_its_lines_and_the_last_good_one_holds() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    linked(&place, &format!("{RULE}exclude = true\n"));
    let service = place.start();
    let good = config(&place);
    let file = place.path("keitod.toml").display().to_string();
    let line = good.lines().count() + 1;
    for (broken, said) in [
        (format!("{good}nonsense = 1\n"), format!("{file}:{line}: rule[0].nonsense is not a key")),
        (format!("{good}[[rule\n"), format!("{file}:{line}: not TOML")),
        (format!("{good}[time]\n{}", "a = 1\n"), format!("{file}:{line}: not TOML")),
        (
            good.replace("time_settle", "time_setle").replace("exclude = true", "exclude = 1"),
            format!("{file}:4: delivery.time_setle is not a key; did you mean time_settle?; {file}"),
        ),
        (String::new(), format!("{file} says nothing any more")),
        ("# all of it is commented out\n".to_owned(), format!("{file} says nothing any more")),
    ] {
        put(&place, &broken);
        let message = until(&said, || told(&service).filter(|message| message.contains(&said)));
        assert!(message.contains("what it said before stays in force"), "{message}");
        assert!(place.log().contains(&format!("{said:?}").trim_matches('"').to_owned()), "{}", place.log());
        // A change in place is one more event than a file needs to be seen; a new one is another file.
        fs::write(place.path("new.toml"), &good).unwrap();
        fs::rename(place.path("new.toml"), place.path("keitod.toml")).unwrap();
        until("it is right again", || told(&service).is_none().then_some(()));
    }
    fs::rename(place.path("keitod.toml"), place.path("elsewhere.toml")).unwrap();
    until("it is gone", || told(&service).filter(|message| message.contains(&file)));
    // What was excluded before is excluded still, and a reload by hand changes nothing of that.
    service.signal(Signal::HUP);
    session(&place, 1);
    until("it is read", || (service.requests() == 1).then_some(()));
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (0, 0));
    assert!(told(&service).is_some());
    assert_eq!(service.stop(), 0);
}

#[test]
fn a_reload_of_the_same_file_changes_nothing() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    session(&place, 1);
    let service = place.start();
    arrive(&keito, 1, 1);
    service.settle();
    let wrote = |keito: &Keito| {
        let writes = keito.requests().into_iter().filter(|request| request.method != "GET");
        writes.count()
    };
    let before = (wrote(&keito), service.get("/v1/queue"));
    for _ in 0..5 {
        service.signal(Signal::HUP);
        // The same bytes written again, and other words that say the same.
        put(&place, &format!("{}\n# nothing new\n", config(&place)));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    until("they are heard", || (place.log().matches("are looked at again").count() >= 1).then_some(()));
    service.settle();
    assert_eq!((wrote(&keito), service.get("/v1/queue")), before);
    let status = service.get("/v1/status");
    assert_eq!(
        (&status["state"], &status["reasons"]),
        (&"running".into(), &serde_json::json!([])),
        "{status}"
    );
    assert!(!place.log().contains("in force"), "{}", place.log());
    // It was not caught up for a moment at most, and reads on.
    session(&place, 2);
    arrive(&keito, 2, 2);
    assert_eq!(service.stop(), 0);
}

#[test]
fn agents_roots_and_sources_of_ones_own_come_and_go() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    session(&place, 1);
    let service = place.start();
    arrive(&keito, 1, 1);
    let elsewhere = place.path("elsewhere/projects/-work");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::write(elsewhere.join("two.jsonl"), Talk::new(2, "/home/dev/work").exchange()).unwrap();
    let roots = format!(
        "[sources.claude-code]\nroots = [\"{}\", \"{}\"]\n",
        place.path(".claude").display(),
        place.path("elsewhere").display()
    );
    linked(&place, &roots);
    arrive(&keito, 2, 2);
    let append = |name: &str, seed: u64| {
        fs::write(elsewhere.join(name), Talk::new(seed, "/home/dev/work").exchange()).unwrap();
    };
    append("three.jsonl", 3);
    arrive(&keito, 3, 3);
    session(&place, 4);
    arrive(&keito, 4, 4);

    fs::create_dir_all(place.path("mine")).unwrap();
    let line = r#"{"session":"s1","at":"2026-01-05T12:00:00Z","who":"assistant","id":"r1","model":"claude-opus-4-6","in":1000,"out":100}"#;
    fs::write(place.path("mine/a.jsonl"), format!("{line}\n")).unwrap();
    let source = format!(
        "[[source]]\nagent = \"mine\"\nfiles = [\"{}/mine/*.jsonl\"]\n[source.fields]\nsession = \"/session\"\nat = \"/at\"\nwho = \"/who\"\nrequest = \"/id\"\nmodel = \"/model\"\ninput = \"/in\"\noutput = \"/out\"\n[source.who]\nassistant = \"agent\"\n",
        place.home().display()
    );
    linked(&place, &source);
    arrive(&keito, 4, 5);
    let agents = |service: &Service<'_>| -> Vec<String> {
        let status = service.get("/v1/status");
        let sources = status["sources"].as_array().unwrap();
        sources.iter().map(|source| source["agent"].as_str().unwrap().to_owned()).collect()
    };
    assert!(agents(&service).contains(&"mine".to_owned()));
    // The roots are those of the defaults again: the other directory is not read any more.
    append("five.jsonl", 5);
    linked(&place, "[sources.codex]\nenabled = false\n");
    until("it is in force", || place.log().contains("sources.codex.enabled").then_some(()));
    session(&place, 6);
    arrive(&keito, 5, 6);
    let ids: Vec<Value> = service.get("/v1/sessions")["sessions"].as_array().unwrap().clone();
    assert!(!ids.iter().any(|of| of["session"] == Talk::new(5, "").id.as_str()), "{ids:?}");
    assert_eq!(service.stop(), 0);
}

#[test]
fn what_only_a_start_can_change_is_said() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    place.socket_by_config();
    let service = place.start();
    let good = config(&place);
    let moved = good.replace("run/keitod.sock", "run/other.sock");
    put(&place, &format!("{moved}[log]\nformat = \"text\"\n"));
    let message = until("it is told", || told(&service));
    assert_eq!(message, "log.format, socket.path are other in the config than in force");
    assert!(!place.path("run/other.sock").exists());
    // Said back, it is forgotten.
    put(&place, &good);
    until("it is as it was", || told(&service).is_none().then_some(()));
    // A cut-off that was said is not taken back: all of history would be due, or none of it.
    place.without_since();
    let message = until("it is told", || told(&service));
    assert_eq!(message, "since is other in the config than in force");
    assert_eq!(service.get("/v1/status")["since"], "2020-01-01T00:00:00.000Z");
    assert_eq!(service.stop(), 0);
}

#[test]
fn the_log_follows_its_level() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let service = place.start();
    linked(&place, "[log]\nlevel = \"off\"\n");
    let hup = || {
        service.signal(Signal::HUP);
        std::thread::sleep(std::time::Duration::from_millis(300));
    };
    let length = until("it is silent", || {
        hup();
        let before = place.log().len();
        hup();
        (place.log().len() == before).then_some(before)
    });
    linked(&place, "[log]\nlevel = \"debug\"\n");
    until("it speaks again", || {
        hup();
        (place.log().len() > length).then_some(())
    });
    assert_eq!(service.stop(), 0);
}

#[test]
fn credentials_are_found_when_their_file_comes_and_lost_when_it_is_open_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    place.key = None;
    session(&place, 1);
    let service = place.start();
    until("it is read", || (service.requests() == 1).then_some(()));
    let file = place.path("key");
    let keys = format!("api_key_file = \"{}\"\naccount_id = \"{}\"\n", file.display(), sandbox::ACCOUNT);
    // Named first, written later.
    let text = config(&place).replace("[keito]\n", &format!("[keito]\n{keys}"));
    put(&place, &text);
    until("the file is missed", || {
        let status = service.get("/v1/status");
        status["reasons"].to_string().contains("cannot read").then_some(())
    });
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, sandbox::KEY).unwrap();
    arrive(&keito, 1, 1);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let message = until("it is told", || {
        let status = service.get("/v1/status");
        let reasons = status["reasons"].as_array().unwrap();
        let reason = reasons.iter().find(|reason| reason["code"] == "no_credentials")?;
        Some(reason["message"].as_str().unwrap().to_owned())
    });
    assert!(message.contains("must be yours alone") && message.contains("0644"), "{message}");
    assert!(!message.contains(sandbox::KEY));
    session(&place, 2);
    until("it is read", || (service.requests() == 2).then_some(()));
    service.flush();
    assert_eq!(keito.entries().len(), 1);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    arrive(&keito, 2, 2);
    assert_eq!(service.stop(), 0);
}

#[test]
fn the_servers_place_and_the_limits_follow_the_file() {
    let (first, second) = (Keito::start(), Keito::start());
    let mut place = Place::new(&first.origin);
    place.url_by_config();
    session(&place, 1);
    let service = place.start();
    arrive(&first, 1, 1);
    put(&place, &config(&place).replace(&first.origin, &second.origin));
    session(&place, 2);
    // Another server is another account: what stands at the first one is not known there, and is due.
    until("both arrive", || (second.entries().len() == 2).then_some(()));
    assert_eq!(first.entries().len(), 1);
    put(&place, &config(&place).replace("requests_per_minute = 10000", "requests_per_minute = 7"));
    until("the limit is told", || {
        (service.get("/v1/status")["keito"]["requests_per_minute"] == 7).then_some(())
    });
    assert_eq!(service.stop(), 0);
}

/// Fetched prices are looked at once a minute, and at once when told to.
#[test]
fn fetched_prices_come_into_force_without_a_start() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut table: Value = serde_json::from_str(include_str!("../../config/prices/table.json")).unwrap();
    table["version"] = "2026-11-22".into();
    let row = serde_json::json!({
        "platform": "anthropic", "model": "claude-opus-99", "source": ["batch"],
        "rates": {"input": "10", "output": "50"},
    });
    table["rows"].as_array_mut().unwrap().push(row);
    let file = place.path("newer.json");
    fs::write(&file, table.to_string()).unwrap();
    place.append(
        "one",
        &Talk::new(1, "/home/dev/work").exchange().replace("claude-opus-4-6", "claude-opus-99"),
    );
    let service = place.start();
    arrive(&keito, 1, 0);
    let (code, out, err) = place.run(&["prices", "update", "--from", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}{err}");
    service.signal(Signal::HUP);
    arrive(&keito, 1, 1);
    // 1000 tokens of input at 10 USD a million, 100 of output at 50.
    assert_eq!(keito.expenses()[0].total_cost.to_string(), "0.015");
    assert_eq!(service.stop(), 0);
}
