//! The program itself: help, exit codes, errors for people and for programs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests are not seen as tests; who skips says so"
)]

#[path = "cli/packaged.rs"]
mod packaged;
#[path = "prices/commands.rs"]
mod prices;
#[path = "cli/words.rs"]
mod words;

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program in a home of its own, with no word of ours in its environment.
fn keitod(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keitod"));
    command.env_clear().env("HOME", home).stdin(Stdio::null()).current_dir(home);
    command
}

struct Ended {
    code: i32,
    out: String,
    err: String,
}

fn ended(output: &Output) -> Ended {
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout.clone()).unwrap(),
        err: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

fn run(words: &[&str]) -> Ended {
    let home = tempfile::tempdir().unwrap();
    ended(&keitod(home.path()).args(words).output().unwrap())
}

const COMMANDS: &[&[&str]] = &[
    &[],
    &["run"],
    &["demo"],
    &["status"],
    &["report"],
    &["sessions"],
    &["audit"],
    &["backfill"],
    &["prices"],
    &["prices", "list"],
    &["prices", "show"],
    &["prices", "check"],
    &["prices", "explain"],
    &["prices", "update"],
    &["flush"],
    &["queue"],
    &["queue", "list"],
    &["queue", "show"],
    &["config"],
    &["queue", "retry"],
    &["queue", "discard"],
    &["queue", "approve"],
    &["explain"],
    &["assign"],
    &["pause"],
    &["resume"],
    &["config", "show"],
    &["config", "check"],
    &["config", "path"],
    &["statusline"],
    &["init"],
    &["link"],
    &["doctor"],
    &["service"],
    &["service", "install"],
    &["service", "uninstall"],
    &["service", "start"],
    &["service", "stop"],
    &["service", "restart"],
    &["service", "status"],
    &["service", "logs"],
    &["sandbox"],
    &["completions"],
    &["man"],
];

#[test]
fn every_command_has_help_with_examples() {
    for words in COMMANDS.iter().copied() {
        let help = run(&[words, &["--help"]].concat());
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{words:?}");
        assert!(help.out.contains("\nExamples:\n  "), "{words:?}: {}", help.out);
        assert!(!help.out.contains('\x1b'), "{words:?}");
        let examples = help.out.split("Examples:").nth(1).unwrap();
        let own = ["keitod", words.first().copied().unwrap_or("")].join(" ");
        assert!(examples.contains(own.trim_end()), "{words:?}: {examples}");
    }
    // No command is missing above.
    let help = run(&["--help"]).out;
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    for line in listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        assert!(COMMANDS.contains(&&[name][..]), "{name}");
    }
    assert!(run(&["--version"]).out.starts_with("keitod 0."));
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    for words in [
        &[][..],
        &["fly"],
        &["status", "--jsn"],
        &["report", "--by", "colour"],
        &["report", "--by", "day,day"],
        &["report", "--from", "2026-02-30"],
        &["report", "--from", "2026-05-02", "--to", "2026-05-01"],
        &["report", "--json", "--csv"],
        &["run", "--once", "--dry-run"],
        &["queue", "list", "--state", "lost"],
        &["queue", "discard", "k1"],
        &["queue", "approve"],
        &["queue", "approve", "h1", "--agent", "codex"],
        &["sandbox", "--rounding", "up:0"],
        &["sandbox", "--rounding", "sideways:6"],
        &["completions", "cmd"],
    ] {
        let ended = run(words);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{words:?}: {}", ended.err);
        assert!(!ended.err.is_empty(), "{words:?}");
    }
}

#[track_caller]
fn json_error(ended: &Ended, code: i32, word: &str) -> Value {
    assert_eq!((ended.code, ended.out.as_str()), (code, ""), "{}", ended.err);
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    let error: Value = serde_json::from_str(&ended.err).unwrap();
    assert_eq!((error["error"].as_bool(), error["code"].as_str()), (Some(true), Some(word)), "{error}");
    assert!(!error["message"].as_str().unwrap().is_empty(), "{error}");
    error
}

#[test]
fn who_asks_for_json_gets_errors_as_json() {
    json_error(&run(&["status", "--json", "--jsn"]), 2, "invalid_input");
    json_error(&run(&["report", "--json", "--by", "day,day"]), 2, "invalid_input");
    let error = json_error(&run(&["flush", "--json"]), 7, "network");
    assert!(error["suggestion"].as_str().unwrap().contains("keitod run"), "{error}");
    json_error(&run(&["status", "--json", "--config", "absent.toml"]), 8, "config");
    let plain = run(&["flush"]);
    assert_eq!(plain.code, 7);
    assert!(plain.err.starts_with("keitod: keitod is not running"), "{}", plain.err);
    assert!(plain.err.contains("→"), "{}", plain.err);
    assert!(!plain.err.contains('\x1b'), "no colours where there is no terminal");
}

#[test]
fn the_config_is_found_shown_and_checked() {
    let home = tempfile::tempdir().unwrap();
    let usual = home.path().join(".config/keitod/config.toml");
    let path = ended(&keitod(home.path()).args(["config", "path"]).output().unwrap());
    assert_eq!((path.code, path.out), (0, format!("{}\n", usual.display())));
    let check = ended(&keitod(home.path()).args(["config", "check"]).output().unwrap());
    assert_eq!(check.code, 0, "{}", check.err);
    assert!(check.out.contains("defaults"), "{}", check.out);

    let file = home.path().join("mine.toml");
    std::fs::write(&file, "[time]\nidle_gab = \"300s\"\nmin_seconds = -1\n").unwrap();
    let check =
        ended(&keitod(home.path()).args(["config", "check", "--config", "mine.toml"]).output().unwrap());
    assert_eq!((check.code, check.out.lines().count()), (8, 2), "{}{}", check.out, check.err);
    assert!(check.out.contains("mine.toml:2: time.idle_gab"), "{}", check.out);
    let by_variable =
        keitod(home.path()).env("KEITOD_CONFIG", &file).args(["config", "check", "--json"]).output();
    let by_variable = ended(&by_variable.unwrap());
    assert_eq!(by_variable.code, 8);
    let document: Value = serde_json::from_str(&by_variable.out).unwrap();
    assert_eq!((document["ok"].as_bool(), document["problems"].as_array().unwrap().len()), (Some(false), 2));

    std::fs::write(&file, "[time]\nidle_gap = \"200s\"\n").unwrap();
    for words in [["--config", "mine.toml", "config", "show"], ["config", "show", "--config", "mine.toml"]] {
        let show = ended(&keitod(home.path()).args(words).output().unwrap());
        assert_eq!(show.code, 0, "{}", show.err);
        assert!(show.out.contains("idle_gap = \"200s\"  # line 2"), "{}", show.out);
    }
    let origins = |words: &[&str]| {
        let show = keitod(home.path())
            .env("KEITOD_CONFIG", &file)
            .env("KEITO_ACCOUNT_ID", "co_a")
            .args(words)
            .output();
        let show = ended(&show.unwrap());
        assert_eq!(show.code, 0, "{}", show.err);
        show.out
    };
    let text = origins(&["config", "show", "--origin"]);
    for line in [
        format!("idle_gap = \"200s\"  # {}:2\n", file.display()),
        "tool_gap = \"1h\"  # default\n".to_owned(),
        "account_id = \"co_a\"  # environment: KEITO_ACCOUNT_ID\n".to_owned(),
    ] {
        assert!(text.contains(&line), "{line}: {text}");
    }
    let document: Value = serde_json::from_str(&origins(&["config", "show", "--json"])).unwrap();
    let settings = document["settings"].as_array().unwrap();
    let gap = settings.iter().find(|setting| setting["key"] == "time.idle_gap").unwrap();
    assert_eq!((&gap["file"], &gap["line"]), (&file.to_str().unwrap().into(), &2.into()), "{gap}");

    // The schema needs neither a config nor a right one, and is what is shipped.
    std::fs::write(&file, "nonsense").unwrap();
    let schema = origins(&["config", "schema"]);
    assert_eq!(
        schema,
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/schema.json")).unwrap()
    );
}

#[test]
fn completions_and_pages_need_nothing() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_keitod")).env_clear().args(["completions", shell]).output();
        let script = ended(&output.unwrap());
        assert_eq!(script.code, 0, "{shell}: {}", script.err);
        assert!(script.out.contains("keitod") && script.out.contains("report"), "{shell}");
    }
    let page = run(&["man"]);
    assert_eq!(page.code, 0, "{}", page.err);
    assert!(page.out.contains(".TH keitod 1"), "{}", page.out);
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man1");
    assert_eq!(run(&["man", "--dir", pages.to_str().unwrap()]).code, 0);
    for name in ["keitod.1", "keitod-report.1", "keitod-queue-show.1"] {
        assert!(pages.join(name).exists(), "{name}");
    }
    assert_eq!(run(&["man", "--dir", "/dev/null/x"]).code, 8);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let mut child = keitod(home.path())
        .args(["config", "show"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
    if let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") {
        let output = keitod(home.path()).args(["config", "show"]).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(8), "{output:?}");
        assert!(!output.stderr.is_empty());
    }
}

/// A daemon of one answer on the usual socket of `home`.
fn answering(home: &Path, response: String) -> std::thread::JoinHandle<String> {
    use std::io::{Read as _, Write as _};
    let dir = home.join("run/keitod");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
    let listener = UnixListener::bind(dir.join("keitod.sock")).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream.write_all(response.as_bytes()).unwrap();
        String::from_utf8(head).unwrap()
    })
}

fn asked(words: &[&str], status: &str, body: &str) -> (Ended, String) {
    let home = tempfile::tempdir().unwrap();
    let response = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let daemon = answering(home.path(), response);
    let output =
        keitod(home.path()).env("XDG_RUNTIME_DIR", home.path().join("run")).args(words).output().unwrap();
    (ended(&output), daemon.join().unwrap().lines().next().unwrap().to_owned())
}

#[test]
fn a_running_daemon_is_asked() {
    let report = include_str!("fixtures/contract/report.json");
    let (table, line) =
        asked(&["report", "--by", "day,agent,model", "--from", "2026-05-01"], "200 OK", report);
    assert_eq!(line, "GET /v1/report?by=day,agent,model&from=2026-05-01 HTTP/1.1");
    assert_eq!(
        (table.code, table.out.as_str()),
        (0, include_str!("fixtures/documents/report.txt")),
        "{}",
        table.err
    );
    let (json, _) = asked(&["report", "--json"], "200 OK", report);
    assert_eq!(json.out.trim_end(), report.trim_end(), "as it is");

    let (flush, line) =
        asked(&["flush", "--settle"], "200 OK", r#"{"caught_up":false,"sent":1,"failed":1,"remaining":1}"#);
    assert_eq!((flush.code, line.as_str()), (6, "POST /v1/flush HTTP/1.1"), "{}", flush.err);

    for (status, exit, word) in [
        ("400 Bad Request", 2, "invalid_input"),
        ("404 Not Found", 4, "not_found"),
        ("409 Conflict", 3, "conflict"),
        ("429 Too Many Requests", 5, "rate_limited"),
        ("500 Internal Server Error", 6, "server"),
        ("503 Service Unavailable", 6, "server"),
    ] {
        let body = r#"{"error":true,"code":"x","message":"no record 17"}"#;
        let (ended, line) = asked(&["queue", "show", "17", "--json"], status, body);
        assert_eq!(line, "GET /v1/queue/17 HTTP/1.1");
        assert_eq!(json_error(&ended, exit, word)["message"], "no record 17");
    }
    let (evil, _) =
        asked(&["status"], "500 No", "{\"error\":true,\"code\":\"x\",\"message\":\"a\\u001b[2Jb\"}");
    assert_eq!(evil.err, "keitod: a\\u{1b}[2Jb\n");
}

#[test]
fn a_sandbox_says_how_to_enter_and_ends_when_told() {
    use std::io::{BufRead as _, BufReader};
    let home = tempfile::tempdir().unwrap();
    let mut child = keitod(home.path()).args(["sandbox", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let document: Value = serde_json::from_str(&line).unwrap();
    let address = document["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok(), "{document}");
    assert!(!document["api_key"].as_str().unwrap().is_empty());
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(std::net::TcpStream::connect(&address).is_err());
}
