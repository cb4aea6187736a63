//! The service: what is installed, what the managers are asked, what the shipped files are worth.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::fakes::{ACTIVE, Fakes, UNKNOWN};
use crate::launchd::check_plist;
use crate::lines::Talk;
use crate::place::{Place, told, until};

const UNIT: &str = ".config/systemd/user/keitod.service";
const LOCAL: &str = ".config/systemd/user/keitod.service.d/10-keitod.conf";
const BARE: &str = ".config/systemd/user/keitod.service.d/20-without-namespaces.conf";
const PLIST: &str = "Library/LaunchAgents/com.keito.keitod.plist";

/// An empty home: no config file, nothing moved.
fn empty() -> Place {
    let mut place = Place::new("http://127.0.0.1:9");
    place.key = None;
    fs::remove_file(place.path("keitod.toml")).unwrap();
    place
}

/// As a login shell of that home has it.
fn run(place: &Place, words: &[&str]) -> (i32, String, String) {
    let mut command = place.command(words);
    for name in ["KEITOD_CONFIG", "KEITOD_STATE_DIR", "KEITOD_SOCKET", "KEITO_API_URL"] {
        command.env_remove(name);
    }
    told(&command.output().unwrap())
}

#[track_caller]
fn json(place: &Place, words: &[&str], code: i32) -> Value {
    let (exit, out, err) = run(place, words);
    assert_eq!(exit, code, "{words:?}: {out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{words:?}: {out}{err}"))
}

fn codes(document: &Value) -> Vec<&str> {
    document["notes"].as_array().unwrap().iter().map(|note| note["code"].as_str().unwrap()).collect()
}

#[test]
fn a_systemd_unit_is_installed_and_uninstalled() {
    let mut place = empty();
    Fakes::systemd(&mut place);
    let done = json(&place, &["service", "install", "--json"], 0);
    assert_eq!(codes(&done), ["passing_program", "no_linger"], "{done}");
    assert_eq!(done["notes"][1]["remedy"], "loginctl enable-linger");
    let calls = Fakes::calls(&place);
    let program = env!("CARGO_BIN_EXE_keitod");
    assert_eq!(calls[0], "systemctl --user daemon-reload");
    assert!(
        calls[1].starts_with("systemd-run --user") && calls[1].ends_with(&format!("{program} --version"))
    );
    assert_eq!(
        calls[2..4],
        ["systemctl --user enable keitod.service", "systemctl --user restart keitod.service"]
    );
    assert!(calls[4].starts_with("loginctl show-user "), "{calls:?}");

    // The shipped file, but for the program.
    let installed = fs::read_to_string(place.path(UNIT)).unwrap();
    let shipped = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/keitod.service")).unwrap();
    let (ours, theirs): (Vec<_>, Vec<_>) =
        installed.lines().zip(shipped.lines()).filter(|(ours, theirs)| ours != theirs).unzip();
    assert_eq!(ours, [format!("ExecStart=\"{program}\" run")]);
    assert_eq!(theirs, ["ExecStart=%h/.cargo/bin/keitod run"]);
    assert!(!place.path(LOCAL).exists() && !place.path(BARE).exists());

    // Again: nothing to write, and the program of now runs.
    let again = json(&place, &["service", "install", "--json"], 0);
    assert_eq!(again["written"], serde_json::json!([]));
    let calls = Fakes::calls(&place);
    assert!(calls.contains(&"systemctl --user restart keitod.service".to_owned()), "{calls:?}");
    run(&place, &["service", "install", "--no-start"]);
    let calls = Fakes::calls(&place);
    assert!(calls.contains(&"systemctl --user enable keitod.service".to_owned()), "{calls:?}");
    assert!(!calls.iter().any(|call| call.contains(" start") || call.contains("restart")), "{calls:?}");

    // A file that somebody edited is kept.
    fs::write(place.path(UNIT), "edited").unwrap();
    assert!(codes(&json(&place, &["service", "install", "--json"], 0)).contains(&"kept"));
    assert_eq!(fs::read_to_string(place.path(&format!("{UNIT}.old"))).unwrap(), "edited");
    Fakes::calls(&place);

    let (exit, out, _) = run(&place, &["service", "uninstall"]);
    assert_eq!((exit, out.contains("the service is uninstalled")), (0, true), "{out}");
    assert_eq!(
        Fakes::calls(&place),
        [
            "systemctl --user disable --now keitod.service",
            "systemctl --user daemon-reload",
            "systemctl --user show keitod.service --property=FragmentPath",
        ]
    );
    assert_eq!(fs::read_dir(place.path(".config/systemd/user")).unwrap().count(), 0);
}

#[test]
fn each_action_asks_the_manager_and_its_refusal_is_told() {
    let mut place = empty();
    Fakes::systemd(&mut place);
    for words in ["start", "stop", "restart", "uninstall"] {
        let (exit, _, err) = run(&place, &["service", words]);
        assert_eq!((exit, err.contains("keitod service install")), (4, true), "{words}: {err}");
    }
    // But for whether a package brought one.
    assert_eq!(Fakes::calls(&place), ["systemctl --user show keitod.service --property=FragmentPath"; 4]);
    run(&place, &["service", "install"]);
    Fakes::calls(&place);
    for (action, asked) in [
        ("start", vec!["reset-failed keitod.service", "start keitod.service"]),
        ("stop", vec!["stop keitod.service"]),
        ("restart", vec!["reset-failed keitod.service", "restart keitod.service"]),
    ] {
        let done = json(&place, &["service", action, "--json"], 0);
        assert_eq!((&done["action"], &done["schema_version"]), (&action.into(), &1.into()));
        let asked: Vec<String> = asked.iter().map(|words| format!("systemctl --user {words}")).collect();
        assert_eq!(Fakes::calls(&place), asked);
    }
    Fakes::put(&place, "systemctl", "echo 'Job for keitod.service failed.' >&2; exit 1");
    let (exit, _, err) = run(&place, &["service", "restart"]);
    assert_eq!(exit, 8);
    assert!(err.contains("Job for keitod.service failed") && err.contains("keitod service logs"), "{err}");
    Fakes::put(&place, "systemctl", "echo 'Failed to connect to bus: No medium found' >&2; exit 1");
    let (exit, _, err) = run(&place, &["service", "install"]);
    assert!(exit == 8 && err.contains("log in to a session of your own"), "{err}");
    let mut bare = empty();
    Fakes::none(&mut bare);
    let (exit, _, err) = run(&bare, &["service", "status"]);
    assert!(exit == 8 && err.contains("systemctl is not here"), "{err}");
}

#[test]
fn the_state_of_the_service_is_told_with_its_exit_code() {
    let mut place = empty();
    Fakes::systemd(&mut place);
    Fakes::put(&place, "systemctl", UNKNOWN);
    let state = json(&place, &["service", "status", "--json"], 4);
    assert_eq!((&state["installed"], &state["running"]), (&false.into(), &false.into()));
    let (_, out, _) = run(&place, &["service", "status"]);
    assert!(out.starts_with("not installed\n") && out.contains("→ keitod service install"), "{out}");

    Fakes::systemd(&mut place);
    run(&place, &["service", "install"]);
    let state = json(&place, &["service", "status", "--json"], 0);
    for (key, value) in [
        ("installed", Value::from(true)),
        ("current", true.into()),
        ("enabled", true.into()),
        ("running", true.into()),
        ("word", "active (running)".into()),
        ("pid", 4711.into()),
        ("restarts", 2.into()),
        ("said", "watching the logs".into()),
        ("lingers", false.into()),
    ] {
        assert_eq!(state[key], value, "{key}");
    }
    let (_, out, _) = run(&place, &["service", "status"]);
    assert!(out.starts_with("active (running), process 4711: watching the logs\n"), "{out}");
    assert!(out.contains("→ loginctl enable-linger"), "{out}");

    // Another version's unit.
    let unit = fs::read_to_string(place.path(UNIT)).unwrap();
    fs::write(place.path(UNIT), unit.replace("WatchdogSec=3min", "WatchdogSec=9min")).unwrap();
    assert!(codes(&json(&place, &["service", "status", "--json"], 0)).contains(&"not_current"));
    Fakes::put(&place, "systemctl", "echo ActiveState=failed; echo SubState=failed");
    let state = json(&place, &["service", "status", "--json"], 7);
    assert_eq!(state["word"], "failed");
}

#[test]
fn the_unit_of_a_package_is_a_service_as_well() {
    let mut place = empty();
    Fakes::systemd(&mut place);
    let unit = place.path("usr/lib/keitod.service");
    fs::create_dir_all(unit.parent().unwrap()).unwrap();
    let shipped = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/keitod.service")).unwrap();
    let start = format!("ExecStart=\"{}\" run", env!("CARGO_BIN_EXE_keitod"));
    fs::write(&unit, shipped.replace("ExecStart=%h/.cargo/bin/keitod run", &start)).unwrap();
    let more =
        format!("case \"$*\" in *FragmentPath*) echo FragmentPath={};; esac\n{ACTIVE}", unit.display());
    Fakes::put(&place, "systemctl", &more);
    let state = json(&place, &["service", "status", "--json"], 0);
    for (key, value) in [
        ("installed", Value::from(true)),
        ("current", true.into()),
        ("running", true.into()),
        ("file", unit.display().to_string().into()),
    ] {
        assert_eq!(state[key], value, "{key}: {state}");
    }
    Fakes::calls(&place);
    for action in ["start", "restart", "stop"] {
        json(&place, &["service", action, "--json"], 0);
        assert!(
            Fakes::calls(&place).contains(&format!("systemctl --user {action} keitod.service")),
            "{action}"
        );
    }
    let done = json(&place, &["service", "uninstall", "--json"], 0);
    assert_eq!((codes(&done), &done["removed"]), (vec!["packaged"], &serde_json::json!([])), "{done}");
    assert!(Fakes::calls(&place).contains(&"systemctl --user disable --now keitod.service".to_owned()));
    assert!(unit.exists());
}

#[test]
fn an_upgrade_of_the_program_is_survived() {
    let keito = crate::keito::Keito::start();
    let mut place = Place::new(&keito.origin);
    Fakes::systemd(&mut place);
    let program = place.path("bin/keitod");
    // As `cargo install` and package managers do: a new file under the old name.
    let upgrade = || {
        let fresh = place.path("bin/fresh");
        fs::copy(env!("CARGO_BIN_EXE_keitod"), &fresh).unwrap();
        fs::rename(fresh, &program).unwrap();
    };
    upgrade();
    let by_it = |words: &[&str]| {
        let like = place.command(words);
        let mut command = Command::new(&program);
        command.env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.args(words);
        command
    };
    let (exit, out, err) = told(&by_it(&["service", "install", "--json"]).output().unwrap());
    assert_eq!(exit, 0, "{out}{err}");
    let start = format!("\nExecStart=\"{}\" run\n", program.display());
    assert!(fs::read_to_string(place.path(UNIT)).unwrap().contains(&start));

    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let old = place.begin(by_it(&["run"]));
    let reads = |number: u64| {
        until(&format!("{number} are read"), || {
            let (_, out, _) = told(&by_it(&["report", "--json"]).output().unwrap());
            let document: Value = serde_json::from_str(&out).ok()?;
            (document["totals"]["requests"] == number).then_some(())
        });
    };
    reads(1);
    upgrade();
    // The old one goes on, and answers the new one.
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    reads(2);
    assert_eq!(old.raw("GET", "/healthz", "").1, "200");
    let (_, out, err) = told(&by_it(&["service", "status", "--json"]).output().unwrap());
    let state: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!(state["current"], true, "{state}");
    // What the unit names is the new one by now: it goes on where the old one ended.
    assert_eq!(old.stop(), 0);
    let new = place.begin(by_it(&["run"]));
    reads(2);
    place.append("three", &Talk::new(3, "/home/dev/work").exchange());
    reads(3);
    assert_eq!(new.stop(), 0);
}

#[test]
fn what_this_shell_has_moved_goes_along_and_the_key_does_not() {
    let mut place = Place::new("http://127.0.0.1:9");
    Fakes::systemd(&mut place);
    fs::create_dir_all(place.path("claude")).unwrap();
    place.more.push(("CLAUDE_CONFIG_DIR", place.path("claude").display().to_string()));
    let (exit, out, err) = place.run(&["service", "install", "--json"]);
    assert_eq!(exit, 0, "{err}");
    let done: Value = serde_json::from_str(&out).unwrap();
    assert!(codes(&done).contains(&"carried") && codes(&done).contains(&"key_in_shell"), "{done}");
    let drop_in = fs::read_to_string(place.path(LOCAL)).unwrap();
    let home = place.home().display().to_string();
    for line in [
        format!("Environment=\"CLAUDE_CONFIG_DIR={home}/claude\""),
        format!("Environment=\"KEITOD_CONFIG={home}/keitod.toml\""),
        format!("ReadWritePaths=\"-{home}/state\""),
        format!("ReadWritePaths=\"-{home}/run\""),
    ] {
        assert!(drop_in.lines().any(|found| found == line), "{line}: {drop_in}");
    }
    assert!(!drop_in.contains("LoadCredential"), "{drop_in}");
    for text in [&drop_in, &out, &fs::read_to_string(place.path(UNIT)).unwrap()] {
        assert!(!text.contains(keitod::sandbox::KEY), "{text}");
    }

    // With a key file the manager hands the key over.
    let key = place.path("key");
    fs::write(&key, "kto_file").unwrap();
    place.config(&format!("api_key_file = \"{}\"\n", key.display()));
    let (_, out, _) = place.run(&["service", "install", "--json"]);
    let done: Value = serde_json::from_str(&out).unwrap();
    assert!(codes(&done).contains(&"key_file") && !codes(&done).contains(&"key_in_shell"), "{done}");
    let drop_in = fs::read_to_string(place.path(LOCAL)).unwrap();
    assert!(drop_in.contains(&format!("\nLoadCredential=keito-api-key:{}\n", key.display())), "{drop_in}");
    verify(&place);
}

#[test]
fn without_namespaces_the_start_does_not_fail() {
    let mut place = empty();
    Fakes::systemd(&mut place);
    Fakes::put(&place, "systemd-run", "exit 217");
    assert!(codes(&json(&place, &["service", "install", "--json"], 0)).contains(&"no_namespaces"));
    let text = fs::read_to_string(place.path(BARE)).unwrap();
    assert!(text.contains("\nPrivateUsers=no\n") && text.contains("\nCapabilityBoundingSet=~\n"), "{text}");
    verify(&place);
    // Once the system allows them, it is gone again.
    Fakes::put(&place, "systemd-run", ":");
    run(&place, &["service", "install"]);
    assert!(!place.path(BARE).exists());
}

/// Holds that systemd has nothing to say against what is installed.
#[track_caller]
fn verify(place: &Place) {
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--user"]).arg(place.path(UNIT)).env("HOME", place.home());
    // Else what is installed on this machine is read too.
    verify.env("XDG_RUNTIME_DIR", place.home()).env("XDG_CONFIG_HOME", place.path(".config"));
    let Ok(output) = verify.output() else {
        return println!("skipped: there is no systemd-analyze (Debian: systemd)");
    };
    assert_eq!(told(&output), (0, String::new(), String::new()));
}

#[test]
fn the_unit_is_right_and_exposes_little() {
    let mut place = empty();
    Fakes::systemd(&mut place);
    run(&place, &["service", "install"]);
    verify(&place);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/keitod.service");
    let mut look = Command::new("systemd-analyze");
    // Tenths.
    let Ok(output) =
        look.args(["security", "--offline=true", "--threshold=20", "--no-pager", shipped]).output()
    else {
        return println!("skipped: there is no systemd-analyze (Debian: systemd)");
    };
    let (exit, out, err) = told(&output);
    if err.contains("unrecognized option") {
        return println!("skipped: this systemd-analyze cannot look at files");
    }
    let score = out.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_default();
    println!("{score}");
    assert_eq!(exit, 0, "{score}: {err}");
}

#[test]
fn the_log_is_that_of_the_manager() {
    let mut place = empty();
    Fakes::systemd(&mut place);
    let (exit, out, _) = run(&place, &["service", "logs"]);
    assert_eq!((exit, out.as_str()), (0, "a line of the journal\n"));
    run(&place, &["service", "logs", "--lines", "7", "--follow", "--json"]);
    assert_eq!(
        Fakes::calls(&place),
        [
            "journalctl --user --unit keitod.service --no-pager --lines 100 --output cat",
            "journalctl --user --unit keitod.service --no-pager --lines 7 --follow --output json",
        ]
    );
    let launchd = ["--manager", "launchd"];
    let (exit, _, err) = run(&place, &[&["service", "logs"], &launchd[..]].concat());
    assert!(exit == 8 && err.contains("keitod.log"), "{err}");
    fs::create_dir_all(place.path("Library/Logs")).unwrap();
    fs::write(place.path("Library/Logs/keitod.log"), "one\ntwo \"quoted\"\nthree\n").unwrap();
    place.more.push(("PATH", "/usr/bin:/bin".to_owned()));
    let (_, out, err) = run(&place, &[&["service", "logs", "-n", "2", "--json"], &launchd[..]].concat());
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<&Value> = lines.iter().map(|line| &line["MESSAGE"]).collect();
    assert_eq!(lines, ["two \"quoted\"", "three"], "{err}");
}

#[test]
fn a_launchd_agent_is_installed_and_uninstalled() {
    let mut place = empty();
    Fakes::launchd(&mut place);
    place.more.push(("CODEX_HOME", "/elsewhere/a & b".to_owned()));
    let service = launchd;
    let done = json(&place, &service(&["install"]), 0);
    assert!(codes(&done).contains(&"carried"), "{done}");
    let domain = format!("gui/{}", rustix::process::getuid().as_raw());
    let (target, file) = (format!("{domain}/com.keito.keitod"), place.path(PLIST));
    let bootstrap = format!("launchctl bootstrap {domain} {}", file.display());
    assert_eq!(
        Fakes::calls(&place),
        [format!("launchctl bootout {target}"), format!("launchctl enable {target}"), bootstrap.clone()]
    );
    check_plist(&fs::read_to_string(&file).unwrap(), &format!("'{}'", env!("CARGO_BIN_EXE_keitod")));
    assert!(fs::read_to_string(&file).unwrap().contains("<string>/elsewhere/a &amp; b</string>"));

    let state = json(&place, &service(&["status"]), 7);
    assert_eq!((&state["installed"], &state["word"]), (&true.into(), &"not loaded".into()));
    Fakes::calls(&place);
    json(&place, &service(&["start"]), 0);
    assert_eq!(Fakes::calls(&place), [format!("launchctl print {target}"), bootstrap]);

    // launchctl(1) indents what belongs to the agent by one tab.
    Fakes::put(
        &place,
        "launchctl",
        "[ \"$1\" != print ] || printf '%s = {\\n\\tstate = running\\n\\tendpoints = {\\n\\t\\tstate = other\\n\\t}\\n\\tpid = 815\\n\\truns = 3\\n}\\n' \"$2\"",
    );
    let state = json(&place, &service(&["status"]), 0);
    assert_eq!(
        (&state["pid"], &state["restarts"], &state["current"]),
        (&815.into(), &2.into(), &true.into())
    );
    Fakes::calls(&place);
    for (action, asked) in [
        ("start", vec!["print".to_owned(), "kickstart".to_owned()]),
        ("restart", vec!["print".to_owned(), "kickstart -k".to_owned()]),
        ("stop", vec!["kill SIGTERM".to_owned()]),
        ("uninstall", vec!["bootout".to_owned()]),
    ] {
        json(&place, &service(&[action]), 0);
        let asked: Vec<String> = asked.iter().map(|words| format!("launchctl {words} {target}")).collect();
        assert_eq!(Fakes::calls(&place), asked, "{action}");
    }
    assert!(!file.exists());
}

fn launchd<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [&["service", "--manager", "launchd"], words, &["--json"]].concat()
}
