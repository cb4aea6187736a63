//! Every reason for which work is held: it is seen with what is at stake and the way out, the way out is taken, and it
//! flows, once.
//!
//! More of single reasons stands elsewhere: `no_basis`, `no_rate` and `unpriced` in `money.rs`, `estimated` in
//! `tests/recordings/totals.rs` and `aider.rs` (agents whose logs only estimate), `review` and what is given up in
//! `acts.rs`, `locked_period` on another date and everything that `keitod assign` leads out of in `assign.rs`, the
//! refusals behind `locked_period` and `project_closed` in `tests/sandbox/delivery/refusals.rs` and `error_table.rs`.

use std::fs;

use keitod::sandbox::{ACCOUNT, Metadata, Settings, ids};
use serde_json::Value;

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::{Place, until};

const COUNTS: Counts = Counts { input: 1000, cache_read: 0, write_5m: 0, write_1h: 0, output: 100 };

/// A reason, and how to get into it and out of it.
struct Case {
    name: &'static str,
    settings: Settings,
    into: fn(&Place, &Keito),
    log: fn(&str) -> String,
    /// Groups held for the reason.
    held: (&'static str, u64),
    /// A part of the message or the detail.
    said: &'static str,
    /// Entries and expenses at Keito while it is held.
    before: (usize, usize),
    out: fn(&Place, &Keito),
    /// And after the way out.
    after: (usize, usize),
}

fn exchange(cwd: &str) -> String {
    Talk::new(1, cwd).exchange()
}

fn linked(place: &Place, more: &str) {
    let (project, task) = (ids::WEBSITE, ids::DEVELOPMENT);
    place.config(&format!("[default]\nproject_id = \"{project}\"\ntask_id = \"{task}\"\n{more}"));
}

fn default(place: &Place, _: &Keito) {
    linked(place, "");
}

/// The repository's own file.
fn keito_file(place: &Place, text: &str) {
    place.config("");
    fs::create_dir_all(place.path("repo/.git")).unwrap();
    fs::create_dir_all(place.path("repo/.keito")).unwrap();
    fs::write(place.path("repo/.keito/config.yml"), text).unwrap();
}

fn file_of(account: &str) -> String {
    format!(
        "workspace_id: {account}\nproject_id: {}\ntask_id: {}\nenabled: true\n",
        ids::WEBSITE,
        ids::DEVELOPMENT
    )
}

fn edit(place: &Place, from: &str, to: &str) {
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(place.path("keitod.toml"), text.replace(from, to)).unwrap();
}

#[track_caller]
fn run(place: &Place, words: &[&str]) -> String {
    let (code, out, err) = place.run(words);
    assert_eq!(code, 0, "{words:?}: {out}{err}");
    out
}

fn json(place: &Place, words: &[&str]) -> Value {
    serde_json::from_str(&run(place, words)).unwrap()
}

fn held_ids(place: &Place) -> Vec<String> {
    let queue = json(place, &["queue", "list", "--state", "held", "--json"]);
    queue["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

fn archive(_: &Place, keito: &Keito, archived: bool) {
    keito.change(|settings| {
        let project = settings.projects.iter_mut().find(|project| project.id == ids::WEBSITE);
        project.unwrap().is_active = !archived;
    });
}

fn cases() -> Vec<Case> {
    let plain = |name, held, said| Case {
        name,
        settings: Settings::default(),
        into: default,
        log: exchange,
        held,
        said,
        before: (0, 0),
        out: default,
        after: (1, 1),
    };
    vec![
        Case {
            into: |place, _| place.config(""),
            out: |place, _| keito_file(place, &file_of(ACCOUNT)),
            ..plain("a directory without a link", ("unmapped", 2), "no link")
        },
        Case {
            into: |place, _| keito_file(place, "project_id: ["),
            out: |place, _| keito_file(place, &file_of(ACCOUNT)),
            ..plain("a file that nobody can read", ("mapping_error", 2), "cannot be used")
        },
        Case {
            into: |place, _| keito_file(place, &file_of("co_somebody_else")),
            out: |place, _| {
                let dir = place.path("repo");
                let dir = dir.to_str().unwrap();
                let to = ["--project", ids::WEBSITE, "--task", ids::DEVELOPMENT];
                run(place, &[&["assign", "--dir", dir], &to[..], &["--yes"]].concat());
            },
            ..plain("a repository of another workspace", ("other_account", 2), "another workspace")
        },
        Case {
            log: |cwd| exchange(cwd).replace("claude-opus-4-6", "claude-opus-99"),
            before: (1, 0),
            out: |place, _| {
                linked(place, "[[price]]\nmodel = \"claude-opus-99\"\ninput = \"10\"\noutput = \"50\"\n")
            },
            ..plain("a model without a price", ("unpriced", 1), "has no price")
        },
        Case {
            log: |cwd| exchange(cwd).replace("\"input_tokens\":1000", "\"input_tokens\":-1000"),
            before: (1, 0),
            out: |place, _| {
                for id in held_ids(place) {
                    run(place, &["queue", "discard", &id, "--reason", "a broken line"]);
                }
            },
            after: (1, 0),
            ..plain("counts that cannot be true", ("bad_usage", 1), "contradict")
        },
        Case {
            settings: Settings { currency: "EUR".to_owned(), ..Settings::default() },
            before: (1, 0),
            out: |place, _| {
                linked(
                    place,
                    "[[money.rate]]\nfrom = \"2025-12-31\"\ncurrency = \"EUR\"\nper_usd = \"0.8\"\n",
                );
            },
            ..plain("another currency", ("no_rate", 1), "no exchange rate")
        },
        Case {
            into: |place, _| {
                linked(place, "");
                edit(place, &format!("expense_category_id = \"{}\"", ids::LLM_USAGE), "");
            },
            before: (1, 0),
            ..plain("a workspace whose category nobody knows", ("no_category", 1), "category")
        },
        Case {
            log: |cwd| {
                let mut talk = Talk::new(1, cwd);
                let prompt = talk.prompt(0) + &talk.quota(10, false);
                prompt + &talk.answer(120, COUNTS)
            },
            before: (1, 0),
            out: |place, _| linked(place, "[money]\ncost = \"list\"\n"),
            ..plain("a subscription that nobody has decided on", ("no_basis", 1), "subscription")
        },
        Case {
            into: |place, _| {
                linked(place, "");
                edit(place, "[delivery]", "[delivery]\nreview = true");
            },
            out: |place, _| {
                let session = Talk::new(1, "").id;
                run(place, &["queue", "approve", "--session", &session[..20]]);
            },
            ..plain("everything waits for a look", ("review", 2), "approval")
        },
        Case {
            into: |place, _| {
                linked(place, "");
                fs::create_dir_all(place.path(".claude")).unwrap();
                let hook = r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"bash ~/.claude/skills/keito-time-track/hooks/stop.sh"}]}]}}"#;
                fs::write(place.path(".claude/settings.json"), hook).unwrap();
            },
            before: (0, 1),
            out: |place, _| fs::remove_file(place.path(".claude/settings.json")).unwrap(),
            ..plain("the skill's hooks", ("skill_active", 1), "skill")
        },
        Case {
            settings: Settings { lock_after_days: Some(30), ..Settings::default() },
            before: (0, 1),
            out: |place, keito| {
                keito.change(|settings| settings.lock_after_days = None);
                for id in held_ids(place) {
                    run(place, &["queue", "retry", &id]);
                }
            },
            ..plain("a locked period", ("locked_period", 1), "locked")
        },
        Case {
            into: |place, keito| {
                linked(place, "");
                archive(place, keito, true);
            },
            out: |place, keito| archive(place, keito, false),
            ..plain(
                "an archived project",
                ("project_closed", 2),
                "Website relaunch (cmsandboxproject00website) is archived",
            )
        },
        Case {
            into: |place, _| {
                linked(place, "");
                edit(place, ids::DEVELOPMENT, ids::RESEARCH);
            },
            before: (0, 1),
            ..plain("a task of another project", ("project_closed", 1), "is not on project Website relaunch")
        },
        Case {
            into: |place, keito| {
                linked(place, "");
                archive(place, keito, true);
            },
            out: |place, _| {
                let to = ["--project", "Billing API", "--task", "Development"];
                run(place, &[&["assign", "--day", "2026-01-05"], &to[..], &["--yes"]].concat());
            },
            ..plain("an archived project, and another one", ("project_closed", 2), "archived")
        },
    ]
}

#[test]
fn every_reason_is_seen_with_its_way_out_and_the_way_out_leads_out() {
    for case in cases() {
        let keito = Keito::with(case.settings.clone());
        let place = Place::new(&keito.origin);
        fs::create_dir_all(place.path("repo")).unwrap();
        (case.into)(&place, &keito);
        place.append("one", &(case.log)(place.path("repo").to_str().unwrap()));
        run(&place, &["run", "--once"]);
        let name = case.name;
        let at_keito = || (keito.entries().len(), keito.expenses().len());
        assert_eq!(at_keito(), case.before, "{name}");

        let (reason, groups) = case.held;
        let status = json(&place, &["status", "--json"]);
        assert_eq!(status["queue"]["held"], serde_json::json!({reason: groups}), "{name}");
        let told = status["reasons"].as_array().unwrap().iter().find(|of| of["code"] == reason);
        let told = told.unwrap_or_else(|| panic!("{name}: {status}"));
        assert!(told["message"].as_str().unwrap().contains(case.said), "{name}: {told}");
        assert!(!told["remedy"].as_str().unwrap().is_empty(), "{name}");
        let (seconds, usd) = (&status["queue"]["held_seconds"], &status["queue"]["held_usd"]);
        let queue = json(&place, &["queue", "list", "--state", "held", "--json"]);
        let items = queue["items"].as_array().unwrap();
        assert_eq!(items.len() as u64, groups, "{name}: {queue}");
        for item in items {
            let entry = item["kind"] == "entry";
            assert!(item["remedy"].is_string(), "{name}: {item}");
            assert_eq!(entry, item["hours"] == "0.03", "{name}: {item}");
            let priced = !["unpriced", "bad_usage"].contains(&reason);
            assert_eq!(!entry && priced, item["cost_usd"].is_string(), "{name}: {item}");
        }
        let has = |kind: &str| items.iter().any(|item| item["kind"] == kind);
        assert_eq!(
            (has("entry"), seconds),
            (seconds == 120, &(if has("entry") { 120 } else { 0 }).into()),
            "{name}"
        );
        let at_stake = has("expense") && !["unpriced", "bad_usage"].contains(&reason);
        assert_eq!(usd, if at_stake { "0.0075" } else { "0" }, "{name}");
        let stake = match (has("entry"), at_stake) {
            (true, true) => "(0.03 h, 0.0075 USD)",
            (true, false) => "(0.03 h)",
            (false, true) => "(0.0075 USD)",
            (false, false) => "",
        };
        assert!(told["message"].as_str().unwrap().ends_with(stake), "{name}: {told}");
        let text = run(&place, &["queue", "list"]);
        assert!(text.contains(reason) && text.contains('→'), "{name}: {text}");
        assert!(run(&place, &["status"]).contains(reason), "{name}");
        // Another pass is no way out.
        run(&place, &["run", "--once"]);
        assert_eq!(at_keito(), case.before, "{name}");

        (case.out)(&place, &keito);
        run(&place, &["run", "--once"]);
        assert_eq!(at_keito(), case.after, "{name}");
        let status = json(&place, &["status", "--json"]);
        assert_eq!(status["queue"]["held"], serde_json::json!({}), "{name}");
        run(&place, &["run", "--once"]);
        assert_eq!(at_keito(), case.after, "{name}: once");
    }
}

/// What leads out of it on this machine leads out of it while the daemon runs, without a start or a flush. The config is
/// seen by itself; the rest is looked at once a minute, and at once when told to.
#[test]
fn the_way_out_leads_out_under_a_running_daemon() {
    let at_keito = ["project_closed", "locked_period"];
    for case in cases().into_iter().filter(|case| !at_keito.contains(&case.held.0)) {
        let name = case.name;
        let keito = Keito::with(case.settings.clone());
        let place = Place::new(&keito.origin);
        fs::create_dir_all(place.path("repo")).unwrap();
        (case.into)(&place, &keito);
        place.append("one", &(case.log)(place.path("repo").to_str().unwrap()));
        let service = place.start();
        let (reason, groups) = case.held;
        let counts = || (keito.entries().len(), keito.expenses().len());
        until("it is held", || {
            let held = &service.get("/v1/status")["queue"]["held"];
            (counts() == case.before && *held == serde_json::json!({reason: groups})).then_some(())
        });
        (case.out)(&place, &keito);
        if ["unmapped", "mapping_error", "skill_active"].contains(&reason) {
            service.signal(rustix::process::Signal::HUP);
        }
        until(name, || (counts() == case.after).then_some(()));
        until("nothing is held any more", || {
            (service.get("/v1/status")["queue"]["held"] == serde_json::json!({})).then_some(())
        });
        assert_eq!(service.stop(), 0, "{name}");
        run(&place, &["run", "--once"]);
        assert_eq!(counts(), case.after, "{name}: once");
    }
}

/// A record at Keito that names fewer tokens than the logs have for its time, and no requests.
#[test]
fn what_does_not_add_up_is_held_with_both_totals_until_somebody_decides() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &exchange("/home/dev/work"));
    run(&place, &["run", "--once"]);
    let mut expense = keito.expenses().remove(0);
    let metadata = serde_json::to_string(expense.metadata.as_ref().unwrap()).unwrap();
    let mut fields: serde_json::Map<String, Value> = serde_json::from_str(&metadata).unwrap();
    fields.remove("keys");
    fields.insert("input_tokens".to_owned(), 10.into());
    fields.insert("requests".to_owned(), 3.into());
    expense.metadata = Metadata::parse(&Value::Object(fields).to_string());
    let keito = Keito::start();
    keito.plant(Vec::new(), vec![expense]);
    let place = Place::new(&keito.origin);
    place.append("one", &exchange("/home/dev/work"));
    let service = place.start();
    until("it is held", || {
        service.flush();
        let status = service.get("/v1/status");
        (status["queue"]["held"] == serde_json::json!({"unproven": 1})).then_some(())
    });
    let id = held_ids(&place).remove(0);
    let shown = json(&place, &["queue", "show", &id, "--json"]);
    let totals = &shown["unproven"][0];
    assert_eq!(
        (&totals["posted"]["input"], &totals["local"]["input"]),
        (&10.into(), &1000.into()),
        "{shown}"
    );
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
    run(&place, &["queue", "discard", &id, "--reason", "compared by hand"]);
    service.settle();
    let status = service.get("/v1/status");
    assert_eq!(status["queue"]["held"], serde_json::json!({}));
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
}

#[test]
fn what_waits_for_review_is_approved_and_given_up_by_the_group() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    edit(&place, "[delivery]", "[delivery]\nreview = true");
    for seed in 1..=4 {
        let mut talk = Talk::new(seed, "/home/dev/work");
        let later = 86_400 * i64::try_from(seed % 2).unwrap();
        place.append(&format!("log-{seed}"), &(talk.prompt(later) + &talk.answer(later + 120, COUNTS)));
    }
    run(&place, &["run", "--once"]);
    assert_eq!(held_ids(&place).len(), 8);
    let all = held_ids(&place);
    let one = Talk::new(1, "").id;
    for (words, code, said) in [
        (vec!["queue", "approve"], 2, "say which"),
        (vec!["queue", "approve", "--session", "5e55"], 2, "4 sessions begin with 5e55"),
        (vec!["queue", "approve", "--day", "2026-03-01"], 4, "nothing in the queue fits"),
        (vec!["queue", "approve", "--all", &all[0]], 2, "cannot be used with"),
        (vec!["queue", "discard", "--all", "--reason", "x"], 2, "nothing is changed yet"),
        (vec!["queue", "approve", "k1none", "h000000000000"], 4, "k1none"),
    ] {
        let (exit, out, err) = place.run(&words);
        assert_eq!(exit, code, "{words:?}: {out}{err}");
        assert!(err.contains(said), "{words:?}: {err}");
    }
    assert_eq!(held_ids(&place), all, "nothing was decided");
    run(&place, &["queue", "discard", "--session", &one, "--reason", "training", "--yes"]);
    let approved = json(&place, &["queue", "approve", "--day", "2026-01-05", "--json"]);
    assert_eq!(approved["items"].as_array().unwrap().len(), 4, "{approved}");
    // The state is lost before anything of it could be sent.
    fs::remove_dir_all(place.path("state")).unwrap();
    run(&place, &["run", "--once"]);
    run(&place, &["run", "--once"]);
    assert_eq!((keito.entries().len(), keito.expenses().len()), (2, 2), "approved goes on");
    assert_eq!(held_ids(&place).len(), 2, "discarded stays away, the rest waits");
    let rest = held_ids(&place);
    let both: Vec<&str> = rest.iter().map(String::as_str).collect();
    run(&place, &[&["queue", "approve"], &both[..]].concat());
    run(&place, &["run", "--once"]);
    assert_eq!((keito.entries().len(), keito.expenses().len(), held_ids(&place).len()), (3, 3, 0));
}
