//! A history takes no more of the machine than it may, and files that change do not wait for it.

use std::fs;

use crate::hooks::Hooks;
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, Service, until};

/// So many files last for minutes at a hundredth of a processor.
const FILES: u64 = 1000;

fn history(keito: &Keito, tail: &str) -> Place {
    let place = Place::new(&keito.origin);
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    let tail = format!("{text}[tail]\nbacklog_cpu_percent = 1\n{tail}");
    fs::write(place.path("keitod.toml"), tail).unwrap();
    for seed in 1..=FILES {
        place.append(&format!("old-{seed}"), &Talk::new(seed, "/home/dev/work").exchange());
    }
    place
}

/// The policy of each thread of this name, the 41st field: proc_pid_stat(5).
fn threads(service: &Service<'_>, name: &str) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{}/task", service.child.id())).into_iter().flatten().flatten();
    let stats = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    let of_name = stats.filter_map(|stat| {
        let (head, rest) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // The third field is the first after the name.
        if head.ends_with(&format!("({name}")) { fields[38].parse().ok() } else { None }
    });
    of_name.collect()
}

const OTHER: i32 = 0;
const IDLE: i32 = 5;

#[test]
fn a_history_is_read_when_nobody_else_wants_the_processor_and_a_live_file_at_once() {
    if !cfg!(target_os = "linux") {
        return println!("skipped: threads are looked at in /proc");
    }
    let keito = Keito::start();
    let place = history(&keito, "");
    let service = place.start();
    until("a thread reads it", || (threads(&service, "backlog") == [IDLE]).then_some(()));
    assert_eq!(threads(&service, "reader"), [OTHER], "what is live is read as ever");
    let talk = Talk::new(FILES + 1, "/home/dev/work");
    let live = talk.id.clone();
    place.append("live", &{ talk }.exchange());
    until("the live file is read", || {
        let (text, _) = service.raw("GET", &format!("/v1/statusline?session={live}"), "");
        text.contains("\"requests\":1").then_some(())
    });
    let status = service.get("/v1/status");
    assert_eq!(status["caught_up"], false, "the history was over before");
    assert!(service.requests() < FILES, "a hundredth of a processor reads no thousand files at once");
    assert_eq!(service.stop(), 0);
}

#[test]
fn how_much_is_left_to_be_read_is_told() {
    let keito = Keito::start();
    let place = history(&keito, "backlog_priority = \"normal\"\n");
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    let half = text.replace("backlog_cpu_percent = 1\n", "backlog_cpu_percent = 50\n");
    fs::write(place.path("keitod.toml"), half).unwrap();
    let service = place.launch(&["run"]);
    let left = |status: &serde_json::Value| {
        let sources = status["sources"].as_array()?;
        sources.iter().find(|source| source["agent"] == "claude-code")?["lag_bytes"].as_u64()
    };
    let status = || {
        let (text, _) = service.raw("GET", "/v1/status", "");
        serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default()
    };
    let whole = Talk::new(1, "/home/dev/work").exchange().len() as u64 * FILES;
    let (first, caught_up) = until("much is left", || {
        let status = status();
        let left = left(&status).filter(|left| *left > 0)?;
        Some((left, status["caught_up"].clone()))
    });
    assert!(first > whole / 4 && first < whole * 2, "{first} of {whole}");
    assert_eq!(caught_up, false);
    until("all is read", || (service.requests() == FILES).then_some(()));
    until("nothing is left", || (left(&status()) == Some(0)).then_some(()));
    assert_eq!(service.stop(), 0);
}

#[test]
fn at_normal_priority_it_is_read_so_on_the_mains_alone() {
    if !cfg!(target_os = "linux") {
        return println!("skipped: threads are looked at in /proc");
    }
    let keito = Keito::start();
    let mut place = history(&keito, "backlog_priority = \"normal\"\n");
    let hooks = Hooks::arm(&mut place);
    let battery = hooks.dir().join("power/BAT0");
    fs::create_dir_all(&battery).unwrap();
    fs::write(battery.join("type"), "Battery\n").unwrap();
    fs::write(battery.join("status"), "Full\n").unwrap();
    let service = place.start();
    until("some of it is read", || (threads(&service, "reader") == [OTHER]).then_some(()));
    assert!(threads(&service, "backlog").is_empty());
    fs::write(battery.join("status"), "Discharging\n").unwrap();
    until("it goes on at idle priority", || (threads(&service, "backlog") == [IDLE]).then_some(()));
    fs::write(battery.join("status"), "Charging\n").unwrap();
    until("it goes on as before", || threads(&service, "backlog").is_empty().then_some(()));
    assert_eq!(service.get("/v1/status")["caught_up"], false, "the history was over before");
    assert_eq!(service.stop(), 0);
}
