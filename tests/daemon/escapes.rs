//! Names from outside that would steer a terminal or turn writing around: every command shows them escaped, and the log too.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use keitod::sandbox::{ACCOUNT, Settings, ids};

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, told, until};

/// Red, a bell, the title of the window, text from right to left, and CSI as one character.
const NASTY: &str = "x\u{1b}[31m\u{7}\u{1b}]0;own\u{7}\u{202e}\u{9b}2Jx";

#[track_caller]
fn harmless(what: &str, text: &str) {
    let bad = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\r'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.chars().any(bad), "{what}: {text:?}");
}

/// A Keito whose people name things as badly.
fn keito() -> Keito {
    let mut settings = Settings { company: format!("company {NASTY}"), ..Settings::default() };
    settings.projects.iter_mut().for_each(|project| project.name = format!("project {NASTY}"));
    settings.tasks.iter_mut().for_each(|task| task.name = format!("task {NASTY}"));
    settings.clients.iter_mut().for_each(|client| client.name = format!("client {NASTY}"));
    Keito::with(settings)
}

#[test]
fn no_name_steers_the_terminal() {
    let keito = keito();
    let mut place = Place::new(&keito.origin);
    // Paths as well: of the config, of the log, of the project, of the repository's own file.
    let dir = place.path(&format!("dir {NASTY}"));
    fs::create_dir_all(dir.join(".git")).unwrap();
    fs::create_dir_all(dir.join(".keito")).unwrap();
    let broken = place.path(&format!("broken {NASTY}"));
    fs::create_dir_all(broken.join(".git")).unwrap();
    fs::create_dir_all(broken.join(".keito")).unwrap();
    fs::write(broken.join(".keito/config.yml"), "project_id: [").unwrap();
    let yaml = serde_json::json!({
        "workspace_id": ACCOUNT, "project_id": ids::WEBSITE, "task_id": ids::DEVELOPMENT, "enabled": true,
        "project_name": NASTY, "client_name": NASTY, "task_name": NASTY,
    });
    // YAML takes such characters as escapes alone.
    let ascii = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) };
    let yaml: String = yaml.to_string().chars().map(ascii).collect();
    fs::write(dir.join(".keito/config.yml"), yaml).unwrap();
    let json = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    let log = |seed: u64, dir: &std::path::Path| {
        let text = Talk::new(seed, &json(dir.to_str().unwrap())).exchange();
        text.replace(r#""gitBranch":"main""#, &format!(r#""gitBranch":"{}""#, json(NASTY)))
    };
    place.append(&format!("one {NASTY}"), &log(1, &dir));
    place.append("two", &log(2, &broken));
    place.append("three", &log(3, &dir).replace("claude-opus-4-6", &json(&format!("model-{NASTY}"))));
    place.append("four", &format!("{{{NASTY}\n"));
    fs::create_dir_all(place.path("mine")).unwrap();
    let line = serde_json::json!({
        "session": format!("session {NASTY}"), "at": "2026-01-05T12:00:00Z", "who": "assistant", "id": NASTY,
        "model": NASTY, "cwd": dir, "in": 1000, "out": 100,
    });
    fs::write(place.path("mine/a.jsonl"), format!("{line}\n")).unwrap();
    let source = format!(
        "[[source]]\nagent = \"mine\"\nfiles = [\"{}/mine/*.jsonl\"]\n[source.fields]\nsession = \"/session\"\nat = \"/at\"\nwho = \"/who\"\nrequest = \"/id\"\nmodel = \"/model\"\ncwd = \"/cwd\"\ninput = \"/in\"\noutput = \"/out\"\n[source.who]\nassistant = \"agent\"\n",
        place.home().display()
    );
    place.config(&source);
    let config = place.path(&format!("config {NASTY}.toml"));
    fs::rename(place.path("keitod.toml"), &config).unwrap();
    place.more.push(("KEITOD_CONFIG", config.display().to_string()));

    let service = place.start();
    until("what can be is delivered", || (!keito.entries().is_empty()).then_some(()));
    until("the rest is held", || {
        let held = &service.get("/v1/status")["queue"]["held"];
        (held["unpriced"].is_number() && held["mapping_error"].is_number()).then_some(())
    });
    let mut asked: Vec<Vec<String>> = [
        "status",
        "sessions",
        "queue list",
        "queue list --state held",
        "doctor",
        "audit",
        "config show",
        "config show --origin",
        "config check",
        "prices list",
        "prices check",
        "explain 2026-01-05",
        "report --by day,project,agent,model,session",
        "report --by project --csv",
        "flush",
        "backfill --since 2019-01-01",
    ]
    .iter()
    .map(|line| line.split(' ').map(str::to_owned).collect())
    .collect();
    let ids = |document: &serde_json::Value, list: &str, key: &str| -> Vec<String> {
        let items = document[list].as_array().unwrap();
        items.iter().filter_map(|item| item[key].as_str().map(str::to_owned)).collect()
    };
    for id in ids(&service.get("/v1/queue"), "items", "id") {
        asked.push(vec!["queue".to_owned(), "show".to_owned(), id.clone()]);
        asked.push(vec!["explain".to_owned(), id]);
    }
    for id in ids(&service.get("/v1/sessions"), "sessions", "session") {
        asked.push(vec!["explain".to_owned(), id]);
    }
    let to = ["--project", ids::BILLING, "--task", ids::DEVELOPMENT];
    let assign = ["assign", "--dir", dir.to_str().unwrap()].into_iter().chain(to);
    asked.push(assign.map(str::to_owned).collect());
    asked.push(vec!["prices".to_owned(), "show".to_owned(), NASTY.to_owned()]);
    asked.push(vec!["queue".to_owned(), "show".to_owned(), NASTY.to_owned()]);
    asked.push(vec!["report".to_owned(), "--from".to_owned(), NASTY.to_owned()]);
    asked.push(vec![NASTY.to_owned()]);
    let mut shown = 0;
    for running in [true, false] {
        if !running {
            service.signal(rustix::process::Signal::TERM);
            until("it ends", || (service.raw("GET", "/healthz", "").1 != "200").then_some(()));
        }
        for words in &asked {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (_, out, err) = place.run(&words);
            harmless(&format!("{words:?}"), &out);
            harmless(&format!("{words:?}"), &err);
            shown += out.matches("\\u{1b}").count() + err.matches("\\u{1b}").count();
        }
    }
    assert!(shown > 20, "the names are not shown at all: {shown}");

    let mut line = place
        .command(&["statusline"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = serde_json::json!({
        "session_id": Talk::new(1, "").id, "cwd": dir, "workspace": {"current_dir": dir},
        "model": {"display_name": NASTY},
    });
    line.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let (_, out, err) = told(&line.wait_with_output().unwrap());
    harmless("statusline", &format!("{out}{err}"));

    // A broken config with such a key.
    fs::write(&config, "\"x\\u001b[31m\" = 1\n[sources.\"y\\u001b[31m\\u202e\"]\n").unwrap();
    for words in [&["config", "check"][..], &["status"], &["doctor"]] {
        let (_, out, err) = place.run(words);
        harmless(&format!("{words:?}"), &format!("{out}{err}"));
    }
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!place.log().chars().any(control), "{:?}", place.log());
}
