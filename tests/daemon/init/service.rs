//! The end of set-up: the service, installed, offered, refused.

use std::fs;

use super::terminal::Terminal;
use super::{Home, KEY};
use crate::fakes::Fakes;

const UNIT: &str = ".config/systemd/user/keitod.service";
const LOCAL: &str = ".config/systemd/user/keitod.service.d/10-keitod.conf";
const LINE: [&str; 6] = ["init", "--cost", "off", "--no-link", "--no-preview", "--store-key"];

fn home() -> Home {
    let mut home = Home::new();
    Fakes::systemd(&mut home.place);
    home
}

fn with(more: &[&'static str]) -> Vec<&'static str> {
    [&LINE[..], more].concat()
}

/// Installed with the key that set-up has just kept, and started.
#[track_caller]
fn is_installed(home: &Home) {
    let unit = home.text(&home.place.path(UNIT));
    assert!(unit.contains(&format!("\nExecStart=\"{}\" run\n", env!("CARGO_BIN_EXE_keitod"))), "{unit}");
    let local = home.text(&home.place.path(LOCAL));
    let key = home.place.path("api-key");
    assert!(local.contains(&format!("\nLoadCredential=keito-api-key:{}\n", key.display())), "{local}");
    assert!(local.contains(&format!("KEITOD_CONFIG={}", home.config().display())), "{local}");
    assert_eq!(home.with_key(), [key]);
    let calls = Fakes::calls(&home.place);
    for call in ["systemctl --user enable keitod.service", "systemctl --user restart keitod.service"] {
        assert!(calls.iter().any(|made| made == call), "{call}: {calls:?}");
    }
}

#[test]
fn a_flag_installs_it_with_the_key_that_was_kept() {
    let home = home();
    let out = home.good(&with(&["--service"]));
    assert!(out.contains("the service is installed"), "{out}");
    assert!(!out.contains("have it run in the background"), "{out}");
    is_installed(&home);
    // The same line again changes nothing and starts what is installed anew.
    let before = (home.text(&home.config()), home.text(&home.place.path(UNIT)));
    home.good(&with(&["--service"]));
    is_installed(&home);
    assert_eq!(before, (home.text(&home.config()), home.text(&home.place.path(UNIT))));
}

#[test]
fn the_document_says_what_became_of_it() {
    let home = home();
    assert_eq!(home.document(&with(&["--service"]))["service"]["installed"], true);
    is_installed(&home);
    let done = home.document(&with(&["--no-service"]))["service"].clone();
    assert_eq!(done, serde_json::json!({"installed": false, "next": "keitod service install"}));
    assert_eq!(Fakes::calls(&home.place), Vec::<String>::new());
}

#[test]
fn unasked_it_is_only_spoken_of() {
    for words in [with(&[]), with(&["--no-service"])] {
        let home = home();
        let out = home.good(&words);
        assert!(out.contains("have it run in the background: keitod service install"), "{out}");
        assert!(!home.place.path(UNIT).exists());
        assert_eq!(Fakes::calls(&home.place), Vec::<String>::new());
    }
}

#[test]
fn keitod_is_set_up_even_where_no_service_can_be() {
    let cases = [
        (None, "systemctl is not here"),
        (Some("echo 'Failed to connect to bus: No medium found' >&2; exit 1"), "no service manager"),
        (Some("case \"$*\" in *restart*) echo 'Job for keitod.service failed.' >&2; exit 1;; esac"), "Job"),
    ];
    for (script, why) in cases {
        let mut home = Home::new();
        match script {
            Some(script) => {
                Fakes::systemd(&mut home.place);
                Fakes::put(&home.place, "systemctl", script);
            }
            None => Fakes::none(&mut home.place),
        }
        let (code, out, err) = home.run(&with(&["--service"]));
        assert_eq!(code, 8, "{out}{err}");
        assert!(out.contains("the service is not installed: ") && out.contains(why), "{out}");
        assert!(home.config().exists());
        assert_eq!(home.run(&["config", "check"]).0, 0);
        let (code, out, _) = home.run(&with(&["--service", "--json"]));
        let document: serde_json::Value = serde_json::from_str(&out).unwrap();
        let service = &document["service"];
        assert_eq!(
            (code, &service["installed"], &service["next"]),
            (8, &false.into(), &"keitod service install".into())
        );
        assert!(service["message"].as_str().is_some_and(|message| message.contains(why)), "{service}");
        assert_eq!(document["config"]["written"], false);
    }
}

#[test]
fn a_person_is_asked() {
    let question = "install and start the service now? [Y/n]: ";
    let home = home();
    let mut terminal = Terminal::start(home.command(&LINE));
    terminal.answers("outside of linked repositories a project, too? (else they are held) [y/N]: ", "");
    terminal.answers(question, "n");
    terminal.sees("have it run in the background: keitod service install");
    assert_eq!(terminal.ended(), 0, "{}", terminal.screen());
    assert_eq!(Fakes::calls(&home.place), Vec::<String>::new());

    // The config is there now: this question alone is left.
    let mut terminal = Terminal::start(home.command(&LINE));
    terminal.answers(question, "");
    terminal.sees("the service is installed");
    assert_eq!(terminal.ended(), 0, "{}", terminal.screen());
    assert!(!terminal.screen().contains(KEY));
    is_installed(&home);

    // Who leaves here has been set up all the same.
    fs::remove_file(home.place.path(UNIT)).unwrap();
    let mut terminal = Terminal::start(home.command(&LINE));
    terminal.sees(question);
    terminal.types("\u{4}");
    assert_eq!(terminal.ended(), 2, "{}", terminal.screen());
    assert!(home.config().exists() && !home.place.path(UNIT).exists());
}
