//! By flags alone.

use std::fs;

use keitod::sandbox::{Categories, Key, Rounding, Settings, ids};

use super::{Home, KEY, mode};
use crate::lines::Talk;

const ALL: [&str; 7] = ["init", "--cost", "list", "--project", "website RELAUNCH", "--task", "development"];

#[test]
fn one_line_of_flags_sets_up_a_daemon_that_delivers() {
    let home = Home::with(Settings { list_categories: Categories::Listed, ..Settings::default() });
    fs::create_dir_all(home.place.path(".claude/projects")).unwrap();
    let document = home.document(&[&ALL[..], &["--store-key"]].concat());
    assert_eq!(document["key"]["kind"], "full");
    assert_eq!(document["key"]["from"], "KEITO_API_KEY");
    assert_eq!(document["workspace"]["currency"], "USD");
    assert_eq!(document["workspace"]["capabilities"]["can_track_time"], true);
    assert_eq!(document["expense_category_id"], ids::LLM_USAGE);
    assert_eq!(document["projects"], 3);
    assert_eq!(document["link"]["to"], "Acme Corp: Website relaunch / Development");
    assert_eq!(document["agents"][0]["agent"], "claude-code");
    assert_eq!(document["agents"].as_array().unwrap().len(), 1, "{}", document["agents"]);
    assert_eq!(document["today"]["entries"], 0);
    assert_eq!(document["warnings"].as_array().unwrap().len(), 0, "{}", document["warnings"]);

    let key_file = home.place.path("api-key");
    assert_eq!(home.with_key(), [key_file.as_path()]);
    assert_eq!((mode(&key_file), mode(&home.config())), (0o600, 0o600));
    let (code, out, _) = home.run(&["config", "check"]);
    assert_eq!(code, 0, "{out}");
    let ignored = home.text(&home.repo.join(".gitignore"));
    assert_eq!(ignored, "/.keito/config.yml\n");

    // The service of a new shell has none of the variables.
    let text = home.text(&home.config());
    fs::write(
        home.config(),
        format!("since = \"2020-01-01T00:00:00Z\"\n{text}[delivery]\nreconcile_grace = \"1s\"\n"),
    )
    .unwrap();
    home.place.append("one", &Talk::new(1, home.repo.to_str().unwrap()).exchange());
    let mut once = home.command(&["run", "--once"]);
    for name in ["KEITO_API_KEY", "KEITO_ACCOUNT_ID", "KEITO_API_URL"] {
        once.env_remove(name);
    }
    let output = once.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let entries = home.keito.entries();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!((entries[0].project.as_str(), entries[0].task.as_str()), (ids::WEBSITE, ids::DEVELOPMENT));
    assert_eq!(home.with_key(), [key_file.as_path()]);
}

#[test]
fn what_would_be_sent_is_shown() {
    let home = Home::new();
    home.good(&[&ALL[..], &["--no-preview"]].concat());
    let text = home.text(&home.config());
    fs::write(home.config(), format!("since = \"2020-01-01T00:00:00Z\"\n{text}")).unwrap();
    home.place.append("one", &Talk::new(1, home.repo.to_str().unwrap()).exchange());
    let document = home.document(&["init"]);
    let today = &document["today"];
    assert_eq!((&today["entries"], &today["expenses"]), (&1.into(), &1.into()), "{document}");
    assert!(today["hours"].as_str().is_some_and(|hours| hours != "0"), "{today}");
    assert!(home.keito.asked("POST", "/").is_empty());
    assert!(!home.place.path("state/keitod.db").exists(), "only a copy may be touched");
    let out = home.good(&["init"]);
    assert!(out.contains("to be sent now: 1 × time"), "{out}");
}

#[test]
fn the_same_line_twice_does_no_harm_and_another_is_refused() {
    let home = Home::new();
    let line = [&ALL[..], &["--store-key", "--no-preview"]].concat();
    home.good(&line);
    let before = (home.text(&home.config()), home.text(&home.link()));
    let out = home.good(&line);
    assert!(out.contains("stays as it is"), "{out}");
    assert_eq!(before, (home.text(&home.config()), home.text(&home.link())));

    let (code, _, err) = home.run(&["init", "--cost", "off", "--entry", "day", "--account-id", "co_else"]);
    assert_ne!(code, 0, "{err}");
    let (code, _, err) = home.run(&["init", "--cost", "off", "--entry", "day"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("is there already and says otherwise than --cost, --entry"), "{err}");
    assert!(err.contains("--force"), "{err}");
    assert_eq!(before.0, home.text(&home.config()));

    let out = home.good(&["init", "--cost", "off", "--force", "--no-link", "--no-preview"]);
    let old = home.place.path("keitod.toml.old");
    assert!(out.contains(old.to_str().unwrap()), "{out}");
    assert_eq!(home.text(&old), before.0);
    let text = home.text(&home.config());
    assert!(text.contains("cost = \"off\"") && text.contains("api_key_file = "), "{text}");
    // The next one finds a name of its own.
    home.good(&["init", "--cost", "list", "--force", "--no-link", "--no-preview"]);
    assert_eq!(home.text(&home.place.path("keitod.toml.old2")), text);
}

#[test]
fn a_config_behind_a_link_is_replaced_and_not_the_link() {
    let home = Home::new();
    let real = home.place.path("dotfiles/keitod.toml");
    fs::create_dir_all(real.parent().unwrap()).unwrap();
    fs::write(&real, "timezone = \"UTC\"\n").unwrap();
    std::os::unix::fs::symlink(&real, home.config()).unwrap();
    home.good(&["init", "--cost", "off", "--force", "--no-link", "--no-preview"]);
    assert!(fs::symlink_metadata(home.config()).unwrap().is_symlink());
    assert!(home.text(&real).contains("cost = \"off\""));
    assert_eq!(home.text(&home.place.path("dotfiles/keitod.toml.old")), "timezone = \"UTC\"\n");
}

#[test]
fn a_key_comes_from_wherever_it_is() {
    let given = ["init", "--cost", "off", "--no-link", "--no-preview", "--json"];
    let account = ["--account-id", keitod::sandbox::ACCOUNT];
    // Standard input.
    let mut home = Home::new();
    home.place.key = None;
    let (code, out, err) =
        home.piped(&[&given[..], &account, &["--api-key-stdin"]].concat(), &format!(" {KEY}\n"));
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("standard input") && !out.contains(KEY), "{out}");
    assert_eq!(home.with_key(), [home.place.path("api-key")]);
    assert!(home.text(&home.config()).contains(keitod::sandbox::ACCOUNT));
    // Once more: it is the same key. Another one does not take its place.
    let again = |key: &str| home.piped(&[&given[..], &account, &["--api-key-stdin"]].concat(), key);
    assert_eq!(again(KEY).0, 0);
    let (code, _, err) = again("kto_another");
    assert_eq!(code, 1, "{err}");

    // A file, and a program.
    let mut home = Home::new();
    home.place.key = None;
    let file = home.place.path("secret");
    fs::write(&file, KEY).unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let path = file.to_str().unwrap();
    let document = home.document(&[&given[..5], &account, &["--api-key-file", path]].concat());
    assert_eq!(document["key"]["from"], "api_key_file");
    let command = format!("/bin/cat {path}");
    let document =
        home.document(&[&given[..5], &account, &["--force", "--api-key-command", &command]].concat());
    assert_eq!(document["key"]["from"], "api_key_command");
    assert!(home.text(&home.config()).contains("api_key_command = [\"/bin/cat\", "));

    // The Keito CLI's login and a systemd credential, which are read and not written.
    let mut home = Home::new();
    home.place.key = None;
    let file = home.place.path(".config/keito/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let login = format!("api_key = \"{KEY}\"\naccount_id = \"{}\"\n", keitod::sandbox::ACCOUNT);
    fs::write(&file, &login).unwrap();
    let document = home.document(&given[..5]);
    assert_eq!(document["key"]["from"], "the Keito CLI's config.toml");
    assert_eq!(home.text(&file), login);
    assert!(!home.text(&home.config()).contains("\naccount_id"), "the login tells the account");
    assert_eq!(home.with_key(), [file.as_path()]);
    fs::rename(&file, home.place.path("keito-api-key")).unwrap();
    fs::write(home.place.path("keito-api-key"), KEY).unwrap();
    fs::write(home.place.path("keito-account-id"), keitod::sandbox::ACCOUNT).unwrap();
    home.place.more.push(("CREDENTIALS_DIRECTORY", home.place.home().to_str().unwrap().to_owned()));
    let document = home.document(&given[..5]);
    assert_eq!(document["key"]["from"], "the systemd credential keito-api-key");
}

#[test]
fn a_workspace_that_rounds_and_bills_in_pounds() {
    let settings = Settings {
        rounding: Rounding::Up(15),
        currency: "GBP".to_owned(),
        zone: jiff::tz::TimeZone::get("Europe/London").unwrap(),
        ..Settings::default()
    };
    let home = Home::with(settings);
    let (code, _, err) = home.run(&["init", "--cost", "list", "--no-link"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("(up_15): give --entry day or session"), "{err}");
    home.untouched();
    let out = home.good(&["init", "--cost", "list", "--no-link", "--entry", "day", "--no-preview"]);
    assert!(out.contains("Europe/London, GBP, rounds up_15"), "{out}");
    assert!(out.contains("there is no rate"), "{out}");
    let line = [
        "init",
        "--cost",
        "list",
        "--no-link",
        "--entry",
        "day",
        "--no-preview",
        "--usd-rate",
        "0.79",
        "--force",
    ];
    let out = home.good(&line);
    assert!(!out.contains("there is no rate"), "{out}");
    let text = home.text(&home.config());
    assert!(text.contains("entry = \"day\"") && text.contains("per_usd = \"0.79\""), "{text}");
    assert_eq!(home.run(&["config", "check"]).0, 0);
    // Without --force the same once more.
    home.good(&line[..9]);
}

#[test]
fn a_jwt_and_missing_rights_are_told() {
    // {"exp":1767225600}
    let token = "e30.eyJleHAiOjE3NjcyMjU2MDB9.c2ln";
    let settings = Settings { keys: vec![Key::full(token, ids::ME)], expenses: false, ..Settings::default() };
    let mut home = Home::as_is(settings);
    home.place.key = Some(token);
    let out = home.good(&["init", "--cost", "off", "--no-link", "--no-preview"]);
    assert!(out.contains("a JWT from KEITO_API_KEY"), "{out}");
    assert!(out.contains("this one at 2026-01-01T00:00:00Z"), "{out}");
    assert!(out.contains("may not track expenses"), "{out}");
    assert!(!out.contains(token), "{out}");
}
