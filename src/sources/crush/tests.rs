//! Rows, and what is read out of them.

use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::model::{Meaning, Quality, Reported, Usd, Who};
use crate::sources::properties::rows_of;

const DUMP: &str = include_str!("../../../tests/fixtures/crush/built/crush.sql");

#[test]
fn cost_grows_by_steps_and_tokens_are_not_observable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("crush.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(DUMP).unwrap();
    let mut context = Context::default();
    let mut look = || {
        let mut facts = Facts::default();
        Crush.placed(&mut context, Path::new("/home/dev/shop/.crush"));
        for (query, row) in rows_of(&Crush, &path) {
            Crush.decode_row(&mut context, query, &row, &mut facts);
        }
        facts
    };
    let first = look();
    assert_eq!(first.sightings.len(), 0);
    let acts: Vec<_> =
        first.activities.iter().map(|act| (act.at.seconds() - 1_777_975_200, act.who)).collect();
    let (prompt, agent, tool) = (Who::Prompt, Who::Agent, Who::Tool);
    assert_eq!(acts, [(0, prompt), (1, agent), (20, agent), (22, agent), (25, agent), (30, tool)]);
    assert!(first.activities.iter().all(|act| first.names.text(act.session) == "ses-own"));
    conn.execute_batch(
        "UPDATE sessions SET cost = 0.30000000000000004, updated_at = 1777975260, prompt_tokens = 9",
    )
    .unwrap();
    let facts = look();
    assert_eq!(facts.sightings.len(), 1, "what a subagent cost is in its parent's total");
    let step = &facts.sightings[0];
    let charged = Reported { usd: Usd(300_000_000_000), meaning: Meaning::Charged };
    assert_eq!((step.reported, step.quality), (Some(charged), Quality::Estimated));
    assert!(step.tokens.is_zero() && !step.terms.bad_usage);
    assert_eq!(facts.names.text(step.model), "claude-opus-4-6");
    assert_eq!(facts.names.text(step.dir.unwrap()), "/home/dev/shop");
    assert!(look().sightings.is_empty());
}

#[test]
fn the_registry_names_each_projects_data() {
    let registry = br#"{"projects":[{"path":"/home/dev/a","data_dir":"/home/dev/a/.crush","last_accessed":"x"},{"path":"/home/dev/b","data_dir":".crush"},{"path":"b","data_dir":"c"}]}"#;
    let expected = ["/home/dev/a/.crush", "/home/dev/b/.crush"].map(PathBuf::from);
    assert_eq!(Crush.registered(registry), expected);
    assert!(Crush.registered(b"{").is_empty());
    let mut context = Context::default();
    Crush.placed(&mut context, Path::new("/srv/data"));
    assert!(context.state.is_empty());
}
