//! Work mapped after the fact: what the preview says is what is done, exactly once, also by a database that knows
//! nothing of it.

use std::collections::BTreeMap;
use std::fs;

use keitod::sandbox::{Answer, Fault, Kind, Rule, Settings, ids};
use serde_json::Value;

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::{Place, Service, until};

const COUNTS: Counts = Counts { input: 1000, cache_read: 0, write_5m: 0, write_1h: 0, output: 100 };

fn document(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn wipe(place: &Place) {
    fs::remove_dir_all(place.path("state")).unwrap();
}

/// Hours and expenses at Keito by project and day.
fn at_keito(keito: &Keito) -> BTreeMap<String, (String, usize)> {
    let mut all: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let name = |id: &str| match id {
        ids::WEBSITE => "website",
        ids::BILLING => "billing",
        _ => "pipeline",
    };
    for entry in keito.entries() {
        let key = format!("{} {}", name(&entry.project), entry.spent_date);
        let of = all.entry(key).or_default();
        of.0 = format!("{} {}", of.0, entry.hours.digits()).trim().to_owned();
    }
    for expense in keito.expenses() {
        all.entry(format!("{} {}", name(&expense.project), expense.spent_date)).or_default().1 += 1;
    }
    all
}

fn is(found: &BTreeMap<String, (String, usize)>, expected: &[(&str, &str, usize)]) {
    let expected: BTreeMap<String, (String, usize)> = expected
        .iter()
        .map(|(key, hours, expenses)| ((*key).to_owned(), ((*hours).to_owned(), *expenses)))
        .collect();
    assert_eq!(*found, expected);
}

/// Rows of a document: day, where, entries, seconds and expenses before and after.
fn rows(document: &Value) -> Vec<String> {
    let row = |row: &Value| {
        let place = match (&row["excluded"], &row["held"], &row["project_name"]) {
            (Value::Bool(true), ..) => "excluded".to_owned(),
            (_, Value::Null, name) => name.as_str().unwrap_or("?").to_owned(),
            (_, held, Value::Null) => held.as_str().unwrap().to_owned(),
            (_, held, name) => format!("{} {}", name.as_str().unwrap(), held.as_str().unwrap()),
        };
        let side = |of: &Value| format!("{}/{}s/{}", of["entries"], of["seconds"], of["expenses"]);
        let day = row["day"].as_str().unwrap();
        format!("{day} {place}: {} -> {}", side(&row["before"]), side(&row["after"]))
    };
    document["rows"].as_array().unwrap().iter().map(row).collect()
}

fn held(service: &Service<'_>) -> Value {
    service.get("/v1/status")["queue"]["held"].clone()
}

/// Held work of a session of two days in one directory, and of another in another.
fn unmapped(place: &Place) {
    place.config("");
    let mut talk = Talk::new(1, "/home/dev/scratch/relaunch");
    let next_day = 86_400;
    let text = talk.exchange() + &talk.prompt(next_day) + &talk.answer(next_day + 240, COUNTS);
    place.append("one", &text);
    place.append("two", &Talk::new(2, "/home/dev/other").exchange());
}

fn with_time(place: &Place, key: &str) {
    let path = place.path("keitod.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text.replace("[time]", &format!("[time]\n{key}"))).unwrap();
}

const TO_WEBSITE: [&str; 4] = ["--project", "website Relaunch", "--task", "development"];

fn words<'a>(select: &[&'a str], target: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&["assign"], select, target, more].concat()
}

#[test]
fn the_preview_says_what_is_done_and_nothing_is_done_without_a_yes() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    unmapped(&place);
    let service = place.start();
    until("it is held", || {
        service.flush();
        (held(&service)["unmapped"] == 6).then_some(())
    });
    let dir = ["--dir", "/home/dev/scratch"];
    let expected = [
        "2026-01-05 unmapped: 1/120s/1 -> 0/0s/0",
        "2026-01-05 Website relaunch: 0/0s/0 -> 1/120s/1",
        "2026-01-06 unmapped: 1/240s/1 -> 0/0s/0",
        "2026-01-06 Website relaunch: 0/0s/0 -> 1/240s/1",
    ];
    for (more, code) in [(&["--json"][..], 2), (&["--json", "--dry-run"], 0)] {
        let (exit, out, err) = place.run(&words(&dir, &TO_WEBSITE, more));
        assert_eq!(exit, code, "{err}");
        assert_eq!(
            (rows(&document(&out)), &document(&out)["state"]),
            (expected.map(str::to_owned).to_vec(), &"preview".into())
        );
    }
    let (code, out, err) = place.run(&words(&dir, &TO_WEBSITE, &[]));
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("--yes") && out.contains("held: unmapped") && out.contains("0.07"), "{out}{err}");
    assert!(out.contains("would go to Website relaunch / Development; nothing is changed yet"), "{out}");
    service.settle();
    assert_eq!((held(&service)["unmapped"].clone(), keito.asked("POST", "/").len()), (6.into(), 0));

    // Of one day alone, over the socket: a preview unless it is said otherwise.
    let body = format!(
        r#"{{"session":"{}","from":"2026-01-05","to":"2026-01-05","project":"{}","task":"{}""#,
        &Talk::new(1, "").id[..8],
        ids::BILLING,
        ids::DEVELOPMENT
    );
    assert_eq!(service.raw("POST", "/v1/assign", &format!("{body}}}")).1, "400", "two sessions begin so");
    let body = body.replace(&Talk::new(1, "").id[..8], &Talk::new(1, "").id);
    let (preview, status) = service.raw("POST", "/v1/assign", &format!("{body}}}"));
    assert_eq!((status.as_str(), &document(&preview)["state"]), ("200", &"preview".into()), "{preview}");
    let (done, status) = service.raw("POST", "/v1/assign", &format!(r#"{body},"preview":false}}"#));
    assert_eq!((status.as_str(), &document(&done)["state"]), ("200", &"assigned".into()), "{done}");
    assert_eq!(rows(&document(&done)), rows(&document(&preview)));
    service.settle();
    is(&at_keito(&keito), &[("billing 2026-01-05", "0.03", 1)]);

    let (code, out, err) = place.run(&words(&dir, &TO_WEBSITE, &["--yes"]));
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("stays: 1 entry, 0.03 h") && out.contains("expenses at Keito"), "{out}");
    service.settle();
    is(&at_keito(&keito), &[("billing 2026-01-05", "0.03", 1), ("website 2026-01-06", "0.07", 1)]);
    assert_eq!(held(&service)["unmapped"], 2);

    // Without the state everything is as it was: assigned stays assigned, billed is billed once.
    assert_eq!(service.stop(), 0);
    wipe(&place);
    keito.forget_requests();
    let service = place.start();
    service.settle();
    assert_eq!((keito.asked("POST", "/").len(), held(&service)["unmapped"].clone()), (0, 2.into()));
}

#[test]
fn what_was_assigned_and_never_sent_is_sent_by_a_database_that_knows_nothing_of_it() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    unmapped(&place);
    let (code, _, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 0, "{err}");
    // Without a daemon, and what is not for the client to nobody.
    let (code, _, err) =
        place.run(&words(&["--agent", "claude-code", "--day", "2026-01-06"], &TO_WEBSITE, &["--yes"]));
    assert_eq!(code, 0, "{err}");
    let (code, out, err) = place.run(&words(
        &["--dir", "~/../other", "--dir", "/home/dev/other"][2..],
        &["--exclude"],
        &["--yes", "--json"],
    ));
    assert_eq!(code, 0, "{err}");
    assert_eq!(
        rows(&document(&out)),
        ["2026-01-05 excluded: 0/0s/0 -> 1/120s/1", "2026-01-05 unmapped: 1/120s/1 -> 0/0s/0"]
    );
    // Reports show it before anything of it is sent.
    let (_, out, err) = place.run(&["report", "--by", "project", "--json"]);
    let seconds = |rows: &Value| -> Vec<(Value, Value)> {
        let rows = rows["rows"].as_array().unwrap().iter();
        rows.map(|row| (row["project"].clone(), row["agent_seconds"].clone())).collect()
    };
    let by_project = seconds(&document(&out));
    assert!(by_project.contains(&(ids::WEBSITE.into(), 240.into())), "{out}{err}");
    wipe(&place);
    place.more.push(("NO_COLOR", "1".to_owned()));
    let service = place.start();
    service.settle();
    is(&at_keito(&keito), &[("website 2026-01-06", "0.07", 1)]);
    assert_eq!(held(&service)["unmapped"], 2);
    let queue = service.get("/v1/status")["queue"].clone();
    assert_eq!(queue["excluded_seconds"], 120, "{queue}");
    // He thinks again: the later word counts.
    let (code, _, err) = place.run(&words(&["--dir", "/home/dev/other"], &TO_WEBSITE, &["--yes"]));
    assert_eq!(code, 0, "{err}");
    service.settle();
    is(&at_keito(&keito), &[("website 2026-01-05", "0.03", 1), ("website 2026-01-06", "0.07", 1)]);
}

#[test]
fn a_session_goes_on_where_it_was_assigned_but_not_where_a_link_says_otherwise() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let (project, task) = (ids::PIPELINE, ids::RESEARCH);
    place.config(&format!(
        "[[rule]]\npath = \"/home/dev/linked\"\nproject_id = \"{project}\"\ntask_id = \"{task}\"\n"
    ));
    let mut talk = Talk::new(1, "/home/dev/scratch");
    place.append("one", &talk.exchange());
    let service = place.start();
    until("it is held", || {
        service.flush();
        (held(&service)["unmapped"] == 2).then_some(())
    });
    let (code, _, err) = place.run(&words(&["--session", "5e55"], &TO_WEBSITE, &["--yes"]));
    assert_eq!(code, 0, "{err}");
    service.settle();
    is(&at_keito(&keito), &[("website 2026-01-05", "0.03", 1)]);
    // What comes after the decision: in a directory that nothing maps it follows its session, in a linked one the link.
    let now = keitod::daemon::time::now().seconds() + 1 - 1_767_607_200;
    let mut elsewhere = Talk::new(9, "/home/dev/linked");
    elsewhere.id.clone_from(&talk.id);
    let text = talk.prompt(now) + &talk.answer(now + 1, COUNTS) + &elsewhere.answer(now + 2, COUNTS);
    place.append("one", &text);
    until("both are there", || {
        service.flush();
        (keito.expenses().len() == 3).then_some(())
    });
    let projects = |id: &str| keito.expenses().iter().filter(|expense| expense.project == id).count();
    assert_eq!((projects(ids::WEBSITE), projects(ids::PIPELINE)), (2, 1));
}

#[test]
fn words_that_make_no_sense_are_refused_with_what_would() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    unmapped(&place);
    let service = place.start();
    until("it is held", || {
        service.flush();
        (held(&service)["unmapped"] == 6).then_some(())
    });
    let one = ["--session", "5e551011-0000-4000-8000-000000000001"];
    let cases: &[(Vec<&str>, i32, &str)] = &[
        (words(&[], &TO_WEBSITE, &[]), 2, "say what: --session, --dir"),
        (words(&one, &[], &[]), 2, "say where it goes"),
        (words(&one, &["--project", "website relaunch"], &[]), 2, "--task"),
        (
            words(&one, &["--project", "Nope", "--task", "Development"], &[]),
            2,
            "no project at Keito is called Nope",
        ),
        (
            words(&one, &["--project", "Billing API", "--task", "Research"], &[]),
            2,
            "has no task Research: it has Development",
        ),
        (words(&one, &["--exclude", "--project", "x", "--task", "y"], &[]), 2, "cannot be used with"),
        (words(&["--session", "5e55"], &TO_WEBSITE, &[]), 2, "2 sessions begin with 5e55"),
        (words(&["--session", "none"], &TO_WEBSITE, &[]), 4, "no session none"),
        (words(&["--dir", "/home/dev/nowhere"], &TO_WEBSITE, &[]), 4, "nothing is selected"),
        (words(&["--dir", "/a["], &TO_WEBSITE, &[]), 2, "/a["),
        (words(&["--day", "2026-13-01"], &TO_WEBSITE, &[]), 2, "2026-05-31"),
        (words(&["--from", "2026-02-02", "--to", "2026-02-01"], &TO_WEBSITE, &[]), 2, "the range is empty"),
        (words(&one, &["--spent-date", "2026-02-01"], &[]), 4, "held `locked_period`"),
        (words(&one, &["--spent-date", "2926-02-01"], &[]), 2, "in the future"),
    ];
    for (words, code, message) in cases {
        let (exit, out, err) = place.run(words);
        assert_eq!(exit, *code, "{words:?}: {out}{err}");
        assert!(err.contains(message), "{words:?}: {err}");
    }
    assert_eq!(service.raw("POST", "/v1/assign", r#"{"sesion":"x"}"#).1, "400");
    assert_eq!(keito.asked("POST", "/").len(), 0);
}

#[test]
fn an_entry_of_a_day_moves_with_all_of_its_sessions_or_stays() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    with_time(&place, "entry = \"day\"");
    let (mut one, mut two) = (Talk::new(1, "/home/dev/work"), Talk::new(2, "/home/dev/work"));
    place.append("one", &one.exchange());
    place.append("two", &(two.prompt(3600) + &two.answer(3720, COUNTS)));
    let service = place.start();
    service.settle();
    is(&at_keito(&keito), &[("website 2026-01-05", "0.07", 2)]);
    let to = ["--project", ids::BILLING, "--task", ids::REVIEW];
    let session = one.id.clone();
    let (code, out, err) = place.run(&words(&["--session", &session], &to, &["--move", "--yes"]));
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("entries at Keito with time that is not selected"), "{out}");
    let (code, out, err) =
        place.run(&words(&["--dir", "/home/dev/work"], &to, &["--move", "--yes", "--json"]));
    assert_eq!(code, 0, "{err}");
    assert_eq!(document(&out)["moves"].as_array().unwrap().len(), 1, "{out}");
    service.settle();
    let moved = keito.asked("PATCH", "/");
    assert_eq!(moved.len(), 1, "{moved:?}");
    // Both go on there, in one entry.
    place.append("one", &one.answer(240, COUNTS));
    place.append("two", &two.answer(3840, COUNTS));
    service.settle();
    let entries = keito.entries();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.project.as_str(), entry.hours.digits()), (ids::BILLING, "0.13"));
}

#[test]
fn what_parallel_sessions_share_is_assigned_once() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    unmapped(&place);
    with_time(&place, "overlap = \"all\"");
    // As long as the first, beside it.
    place.append("beside", &Talk::new(3, "/home/dev/scratch").exchange());
    let service = place.start();
    until("it is held", || {
        service.flush();
        (held(&service)["unmapped"].as_u64() >= Some(6)).then_some(())
    });
    let (code, out, err) =
        place.run(&words(&["--dir", "/home/dev/scratch"], &TO_WEBSITE, &["--yes", "--json"]));
    assert_eq!(code, 0, "{err}");
    println!("{out}");
    service.settle();
    let seconds: u64 = keito
        .entries()
        .iter()
        .map(|entry| {
            entry.metadata.as_ref().unwrap().text("duration_seconds").unwrap().parse::<u64>().unwrap()
        })
        .sum();
    assert_eq!(seconds, 360, "{out}");
}

#[test]
fn open_entries_move_at_keito_and_go_on_there() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("one", &talk.exchange());
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    let service = place.start();
    service.settle();
    let of = |id: &str| {
        keito
            .entries()
            .into_iter()
            .find(|entry| entry.metadata.as_ref().unwrap().text("session_id").as_deref() == Some(id))
            .unwrap()
    };
    let (one, two) = (of(&talk.id), of(&Talk::new(2, "").id));
    keito.lock(&two.id).unwrap();
    let to = ["--project", ids::BILLING, "--task", ids::REVIEW];
    // Without it what is at Keito stays, and that is said.
    let (code, out, err) = place.run(&words(&["--dir", "/home/dev/work"], &to, &["--yes"]));
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("--move takes open entries along"), "{out}");
    service.settle();
    assert_eq!(keito.asked("PATCH", "/").len(), 0);
    let (code, out, err) =
        place.run(&words(&["--dir", "/home/dev/work"], &to, &["--move", "--yes", "--json"]));
    assert_eq!(code, 0, "{err}");
    let said = document(&out);
    assert_eq!((said["moves"].as_array().unwrap().len(), &said["state"]), (2, &"assigned".into()), "{said}");
    assert!(out.contains("expenses at Keito"), "{out}");
    service.settle();
    let (moved, locked) = (of(&talk.id), of(&two.id.clone().replace(&two.id, &Talk::new(2, "").id)));
    assert_eq!(
        (moved.id, moved.project.as_str(), moved.task.as_str()),
        (one.id.clone(), ids::BILLING, ids::REVIEW)
    );
    assert_eq!((moved.hours.digits(), moved.notes), (one.hours.digits(), one.notes));
    assert_eq!(locked.project, ids::WEBSITE, "a locked entry stays");
    let patches = keito.asked("PATCH", "/");
    assert_eq!(patches.len(), 1, "{patches:?}");
    assert_eq!(
        patches[0].body,
        format!(r#"{{"project_id":"{}","task_id":"{}"}}"#, ids::BILLING, ids::REVIEW)
    );
    // It grows where it is now; the default link is for what nobody assigned.
    place.append("one", &talk.answer(240, COUNTS));
    service.settle();
    is(&at_keito(&keito), &[("billing 2026-01-05", "0.07", 1), ("website 2026-01-05", "0.03", 2)]);
    assert_eq!(service.stop(), 0);
    wipe(&place);
    keito.forget_requests();
    let service = place.start();
    service.settle();
    assert_eq!(
        (keito.asked("POST", "/").len(), keito.asked("PATCH", "/").len()),
        (0, 0),
        "{:?}",
        keito.requests()
    );
}

#[test]
fn a_locked_period_is_sent_on_another_date() {
    let keito = Keito::with(Settings { lock_after_days: Some(30), ..Settings::default() });
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    until("it is held", || {
        service.flush();
        (held(&service)["locked_period"] == 1).then_some(())
    });
    let today = service.get("/v1/status")["today"]["day"].as_str().unwrap().to_owned();
    let (code, out, err) =
        place.run(&["assign", "--day", "2026-01-05", "--spent-date", &today, "--yes", "--json"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(
        rows(&document(&out)),
        [
            "2026-01-05 Website relaunch locked_period: 1/120s/0 -> 0/0s/0".to_owned(),
            format!("{today} Website relaunch: 0/0s/0 -> 1/120s/0")
        ]
    );
    service.settle();
    let key = format!("website {today}");
    is(&at_keito(&keito), &[("website 2026-01-05", "", 1), (&key, "0.03", 0)]);
    // The period is opened again, and the state is lost: it is there, on its other date.
    assert_eq!(service.stop(), 0);
    wipe(&place);
    keito.change(|settings| settings.lock_after_days = None);
    keito.forget_requests();
    let service = place.start();
    service.settle();
    assert_eq!((keito.asked("POST", "/").len(), held(&service).clone()), (0, serde_json::json!({})));
}

#[test]
fn what_was_refused_or_never_left_is_made_anew_for_its_new_project() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    keito.faults().add(Rule::new(Fault::Answer(Answer::status(404))).on("POST", Kind::TimeEntries));
    keito.faults().add(Rule::new(Fault::Answer(Answer::status(400))).on("POST", Kind::Expenses));
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    until("both are refused", || {
        service.flush();
        let queue = service.get("/v1/status")["queue"].clone();
        (queue["held"]["project_closed"] == 1 && queue["dead"] == 1).then_some(())
    });
    keito.faults().clear();
    let to = ["--project", "Billing API", "--task", "Development"];
    let (code, out, err) = place.run(&words(&["--agent", "claude-code"], &to, &["--yes", "--json"]));
    assert_eq!(code, 0, "{err}");
    assert_eq!(
        rows(&document(&out)),
        [
            "2026-01-05 Billing API: 0/0s/0 -> 1/120s/1",
            "2026-01-05 Website relaunch: 0/0s/1 -> 0/0s/0",
            "2026-01-05 Website relaunch project_closed: 1/120s/0 -> 0/0s/0",
        ]
    );
    service.settle();
    is(&at_keito(&keito), &[("billing 2026-01-05", "0.03", 1)]);
    assert_eq!(service.get("/v1/status")["queue"]["dead"], 0);
}
