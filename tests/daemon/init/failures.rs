//! What can go wrong has a message, an exit code, and writes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use keitod::sandbox::{Answer, Fault, Key, Kind, Project, Rule, Settings, WrongCompany, ids};

use super::Home;

pub const BARE: [&str; 4] = ["init", "--cost", "off", "--no-link"];

#[track_caller]
pub fn fails(home: &Home, words: &[&str], code: i32, message: &str) {
    let (ended, out, err) = home.run(words);
    assert!(err.contains(message), "{words:?}: {message}\n{out}{err}");
    assert_eq!(ended, code, "{words:?}\n{out}{err}");
    let json: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
    let (ended, out, err) = home.run(&json);
    let error: serde_json::Value = serde_json::from_str(&err).unwrap();
    assert_eq!((ended, out.as_str(), &error["error"]), (code, "", &true.into()), "{error}");
}

#[test]
fn keys_that_open_nothing() {
    let mut home = Home::new();
    home.place.key = None;
    fails(&home, &BARE, 2, "no API key (looked in KEITO_API_KEY");
    fails(&home, &BARE, 2, "give --api-key-stdin, --api-key-file or --api-key-command");
    home.place.more.push(("KEITO_API_KEY", super::KEY.to_owned()));
    fails(&home, &BARE, 2, "no account id for the key: give --account-id");
    fails(&home, &[&BARE[..], &["--account-id", "co_else"]].concat(), 1, "Keito knows no workspace co_else");
    home.keito.change(|settings| settings.wrong_company = WrongCompany::Forbidden);
    fails(&home, &[&BARE[..], &["--account-id", "co_else"]].concat(), 1, "Keito knows no workspace co_else");
    home.untouched();

    let mut home = Home::new();
    home.place.key = Some("kto_wrong");
    fails(&home, &BARE, 1, "Keito refuses the key from KEITO_API_KEY (Invalid API key)");
    home.place.key = Some("kto_\u{e4}");
    fails(&home, &BARE, 8, "is not a key");
    home.untouched();

    let home = Home::as_is(Settings { keys: vec![Key::sync(super::KEY, ids::ME)], ..Settings::default() });
    fails(&home, &BARE, 1, "personal read-only sync key");
    fails(&home, &["link", "--project", "p", "--task", "t"], 8, "cannot read");
    home.untouched();
}

#[test]
fn keys_in_bad_places() {
    let mut home = Home::new();
    home.place.key = None;
    home.place.more.push(("KEITO_ACCOUNT_ID", keitod::sandbox::ACCOUNT.to_owned()));
    let file = home.place.path("secret");
    fs::write(&file, super::KEY).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let path = file.to_str().unwrap();
    fails(&home, &[&BARE[..], &["--api-key-file", path]].concat(), 8, "`chmod 600` it");
    fails(&home, &[&BARE[..], &["--api-key-file", "/nowhere"]].concat(), 8, "cannot read /nowhere");
    fails(
        &home,
        &[&BARE[..], &["--api-key-command", "/bin/false"]].concat(),
        8,
        "/bin/false failed (exit code 1)",
    );
    fails(&home, &[&BARE[..], &["--api-key-command", "/no/program"]].concat(), 8, "cannot run /no/program");
    fails(&home, &[&BARE[..], &["--api-key-command", " "]].concat(), 2, "--api-key-command names no program");
    fails(&home, &[&BARE[..], &["--api-key-stdin"]].concat(), 2, "got nothing on standard input");
    home.untouched();
}

#[test]
fn servers_that_do_not_answer_as_keito_does() {
    let home = Home::new();
    let page = Answer::status(200)
        .body("<!DOCTYPE html><title>Hotel Wi-Fi</title>")
        .header("content-type", "text/html");
    let cases = [
        (page, 8, "is not Keito's API: it answers 200, Hotel Wi-Fi"),
        (Answer::status(200).body("{\"ok\":true}"), 8, "is not Keito's API"),
        (Answer::status(404).body("<html><title>404</title>"), 8, "is not Keito's API"),
        (Answer::status(302).header("location", "https://login.example"), 8, "is not Keito's API"),
        (Answer::status(429).retry_after("7"), 5, "rate limit is reached: try again in 7 s"),
        (Answer::status(500), 6, "could not answer /users/me"),
        (Answer::status(503), 6, "could not answer /users/me"),
    ];
    for (answer, code, message) in cases {
        home.keito.faults().clear();
        home.keito.faults().add(Rule::new(Fault::Answer(answer)).kind(Kind::Me));
        fails(&home, &BARE, code, message);
    }
    home.keito.faults().clear();
    home.keito.faults().add(Rule::new(Fault::Answer(Answer::status(503))).kind(Kind::Projects));
    fails(&home, &BARE, 6, "could not answer /projects");
    home.keito.faults().clear();
    let away = [&BARE[..], &["--url", "http://127.0.0.1:9"]].concat();
    fails(&home, &away, 7, "cannot reach http://127.0.0.1:9: the connection was refused");
    fails(
        &home,
        &[&BARE[..], &["--url", "http://keito.example"]].concat(),
        2,
        "--url must begin with https://",
    );
    fails(&home, &[&BARE[..], &["--url", "keito"]].concat(), 2, "--url must be a URL");
    home.untouched();
}

#[test]
fn projects_that_cannot_be_booked_on() {
    let home = Home::new();
    let link = |project: &'static str, task: &'static str| {
        ["init", "--cost", "off", "--project", project, "--task", task]
    };
    fails(&home, &link("Nowhere", "t"), 4, "no project at Keito is called Nowhere");
    fails(&home, &link("Billing API", "Gardening"), 4, "has no task Gardening: it has Development");
    home.keito.change(|settings| {
        let twin = Project { id: "twin".to_owned(), ..settings.projects[0].clone() };
        settings.projects.push(twin);
        settings.projects[1].is_active = false;
        settings.projects[2].tasks.clear();
    });
    fails(&home, &link("Website relaunch", "Development"), 2, "2 projects are called Website relaunch");
    fails(&home, &link("Billing API", "Development"), 4, "no project at Keito is called Billing API");
    home.keito.change(|settings| settings.projects.clear());
    fails(&home, &link("Website relaunch", "Development"), 4, "this key may book on no project");
    home.untouched();
    let out = home.good(&[&BARE[..], &["--no-preview"]].concat());
    assert!(out.contains("this key may book on no project"), "{out}");
}

#[test]
fn a_category_that_nobody_shows_is_a_warning() {
    let home = Home::new();
    let out = home.good(&[&BARE[..], &["--no-preview"]].concat());
    assert!(out.contains("no expense category LLM Usage is in sight"), "{out}");
    assert!(out.contains("log one LLM Usage expense by hand"), "{out}");
    let home = Home::new();
    let out = home.good(&[&BARE[..], &["--no-preview", "--expense-category-id", "cat_1"]].concat());
    assert!(out.contains("LLM Usage (cat_1)") && !out.contains("in sight"), "{out}");
    assert!(home.text(&home.config()).contains("expense_category_id = \"cat_1\""));
    let home = Home::new();
    home.keito.faults().add(Rule::new(Fault::Answer(Answer::status(403))).kind(Kind::Expenses));
    let out = home.good(&[&BARE[..], &["--no-preview"]].concat());
    assert!(out.contains("does not show this key its expenses"), "{out}");
}

#[test]
fn answers_that_are_missing_are_all_named_at_once() {
    let home = Home::new();
    let (code, _, err) = home.run(&["init"]);
    assert_eq!(code, 2, "{err}");
    for flags in ["--project and --task, or --no-link", "--cost list, metered, off or later"] {
        assert!(err.contains(flags), "{err}");
    }
    fails(&home, &["init", "--cost", "list", "--project", "x"], 2, "--task");
    fails(&home, &["init", "--cost", "dear"], 2, "dear");
    fails(&home, &["init", "--cost", "list", "--usd-rate", "0"], 2, "--usd-rate must be above 0");
    fails(&home, &["init", "--cost", "list", "--usd-rate", "a"], 2, "--usd-rate");
    home.untouched();
}

#[test]
fn files_that_cannot_be_written_or_read() {
    let mut home = Home::new();
    fs::write(home.place.path("file"), "").unwrap();
    let config = home.place.path("file/keitod.toml");
    fails(&home, &[&BARE[..], &["--config", config.to_str().unwrap()]].concat(), 8, "cannot write");
    home.untouched();

    fs::write(home.config(), "[keito]\nacount_id = 1\n").unwrap();
    fails(&home, &BARE, 8, "did you mean account_id");
    home.good(&[&BARE[..], &["--force", "--no-preview"]].concat());
    assert_eq!(home.run(&["config", "check"]).0, 0);

    // A key file of somebody else's making is not written over.
    fs::remove_file(home.config()).unwrap();
    fs::write(home.place.path("api-key"), "kto_other\n").unwrap();
    home.place.key = Some(super::KEY);
    fails(&home, &[&BARE[..], &["--store-key"]].concat(), 3, "api-key is there already");
    assert_eq!(home.text(&home.place.path("api-key")), "kto_other\n");
    assert!(!home.config().exists());
}

#[test]
fn outside_of_a_repository() {
    let home = Home::new();
    fs::remove_dir_all(home.repo.join(".git")).unwrap();
    let line = ["init", "--cost", "off", "--project", "Website relaunch", "--task", "Development"];
    fails(&home, &line, 2, "is in no git repository");
    home.untouched();
    // There is nothing to link, so nothing is missing.
    home.good(&["init", "--cost", "off", "--no-preview"]);
    assert!(!home.link().exists());
    let line = [
        "init",
        "--cost",
        "off",
        "--force",
        "--no-preview",
        "--default-project",
        "Website relaunch",
        "--default-task",
        "Development",
    ];
    let out = home.good(&line);
    assert!(
        out.contains(
            "everything without a link of its own goes to Acme Corp: Website relaunch / Development"
        ),
        "{out}"
    );
    assert!(home.text(&home.config()).contains(ids::WEBSITE));
    let (code, _, err) =
        home.run(&["init", "--default-project", "Billing API", "--default-task", "Development"]);
    assert_eq!((code, err.contains("--default-project")), (3, true), "{err}");
}
