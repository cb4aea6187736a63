//! `.keito/config.yml`, field by field, from the Keito skill's sample.

use std::fs;
use std::path::Path;

use keitod::sandbox::{self, Entry, Expense, Via, ids};

use super::{deliver, held, queue, session, short, write};
use crate::keito::Keito;
use crate::place::Place;

/// The sample with the ids of this company.
fn sample() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keito/config.example.yml");
    let text = fs::read_to_string(path).unwrap();
    let ids = [
        ("co_example", sandbox::ACCOUNT),
        ("prj_example", ids::WEBSITE),
        ("tsk_development", ids::DEVELOPMENT),
    ];
    ids.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

/// What came of a session of 200 s in a repository with this file.
struct Came {
    entries: Vec<Entry>,
    expenses: Vec<Expense>,
    queue: Vec<(String, String)>,
}

fn with(text: &str) -> Came {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.config("[notes]\nentry = \"{client} / {project} / {task}\"\n");
    let repo = place.path("repo");
    write(&repo.join(".keito/config.yml"), text);
    session(&place, 1, &repo.join("src"));
    fs::create_dir_all(repo.join("src")).unwrap();
    deliver(&place);
    Came { entries: keito.entries(), expenses: keito.expenses(), queue: queue(&place) }
}

impl Came {
    #[track_caller]
    fn entry(&self) -> &Entry {
        assert_eq!((self.entries.len(), self.expenses.len()), (1, 1), "{:?}", self.queue);
        &self.entries[0]
    }

    fn note(&self) -> &str {
        self.entry().notes.as_deref().unwrap_or_default()
    }

    /// A key of the metadata, of the entry and of the expense.
    fn meta(&self, key: &str) -> [Option<String>; 2] {
        let entry = self.entry().metadata.as_ref().unwrap().text(key);
        [entry, self.expenses[0].metadata.as_ref().unwrap().text(key)]
    }

    fn seconds(&self) -> String {
        self.meta("duration_seconds")[0].clone().unwrap()
    }
}

fn both(text: &str) -> [Option<String>; 2] {
    [Some(text.to_owned()), Some(text.to_owned())]
}

#[test]
fn the_sample_links_its_repository() {
    let came = with(&sample());
    assert_eq!((short(&came.entry().project), came.entry().task.as_str()), ("website", ids::DEVELOPMENT));
    assert_eq!(short(&came.expenses[0].project), "website");
    assert_eq!(came.note(), "Example Client / Example Project / Development");
    assert_eq!(came.meta("draft"), both("true"), "a mark, and it holds nothing");
    assert_eq!(came.meta("integration"), both("keito_skill"));
    assert_eq!(came.meta("cost_centre"), both("engineering"));
    assert_eq!((came.seconds().as_str(), came.entry().source), ("200", Via::Agent));
    assert_eq!(came.queue, []);
}

#[test]
fn each_field_of_the_sample_does_what_it_says() {
    type Check = fn(&Came) -> bool;
    let fields: &[(&str, &str, Check)] = &[
        ("version: 1", "version: \"1\"", |came| came.note().starts_with("Example")),
        ("client_id: cli_example\n", "", |came| came.note().starts_with("Example Client")),
        ("\"Example Client\"", "Initech", |came| came.note() == "Initech / Example Project / Development"),
        ("\"Example Project\"", "Two", |came| came.note() == "Example Client / Two / Development"),
        ("\"Development\"", "Dev", |came| came.note() == "Example Client / Example Project / Dev"),
        ("client_name: \"Example Client\"\n", "", |came| {
            came.note().contains("Example Project / Development")
        }),
        (ids::WEBSITE, ids::BILLING, |came| {
            short(&came.entry().project) == "billing" && short(&came.expenses[0].project) == "billing"
        }),
        (ids::DEVELOPMENT, ids::REVIEW, |came| came.entry().task == ids::REVIEW),
        ("source: agent", "source: cli", |came| came.entry().source == Via::Agent),
        ("  source: agent\n", "", |came| came.entry().source == Via::Agent),
        ("draft: true", "draft: false", |came| came.meta("draft") == [None, None]),
        ("min_duration_seconds: 60", "min_duration_seconds: 200", |came| came.seconds() == "200"),
        ("min_duration_seconds: 60", "min_duration_seconds: 201", |came| {
            (came.entries.len(), came.expenses.len()) == (0, 1)
        }),
        ("max_duration_seconds: 28800", "max_duration_seconds: 100", |came| came.seconds() == "100"),
        ("redact_notes: false", "redact_notes: true", |came| {
            came.note() == "[redacted]" && came.expenses[0].notes.as_deref() == Some("[redacted]")
        }),
        ("cost_centre: engineering", "cost_centre: 4711", |came| came.meta("cost_centre") == both("4711")),
        ("  cost_centre: engineering\n", "", |came| came.meta("cost_centre") == [None, None]),
        ("cost_centre: engineering", "session_id: mine", |came| {
            came.meta("session_id")[0].as_deref() != Some("mine")
        }),
        ("enabled: true", "enabled: false", |came| {
            came.entries.is_empty()
                && came.expenses.is_empty()
                && came.queue.iter().all(|of| of.0 == "excluded")
        }),
    ];
    for (from, to, check) in fields {
        let text = sample();
        assert!(text.contains(from), "{from}");
        let came = with(&text.replace(from, to));
        let shown = (&came.entries, &came.expenses, &came.queue);
        assert!(check(&came), "{from} → {to}: {shown:?}");
    }
}

#[test]
fn a_file_that_links_to_nothing_of_ours_holds_all() {
    let project = format!("project_id: {}\n", ids::WEBSITE);
    let task = format!("task_id: {}\n", ids::DEVELOPMENT);
    for (from, to, reason) in [
        (sandbox::ACCOUNT, "co_other", "other_account"),
        ("version: 1", "version: 2", "mapping_error"),
        (&project, "", "mapping_error"),
        (&task, "", "mapping_error"),
        ("enabled: true", "enabled: perhaps", "mapping_error"),
        ("min_duration_seconds: 60", "min_duration_seconds: -1", "mapping_error"),
        ("metadata:", "metadata: [", "mapping_error"),
    ] {
        let came = with(&sample().replace(from, to));
        assert_eq!((came.entries.len(), came.expenses.len()), (0, 0), "{from} → {to}");
        assert_eq!(came.queue, held(reason), "{from} → {to}");
    }
}
