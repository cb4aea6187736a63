//! Rows, and what is read out of them.

use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::model::{Quality, Who};
use crate::sources::properties::rows_of;

const DUMP: &str = include_str!("../../../tests/fixtures/hermes/built/state.sql");

/// What is found after each of the changes, with what was known before.
fn facts(changes: &[&str]) -> Facts {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.db");
    let conn = Connection::open(&path).unwrap();
    let (mut context, mut facts) = (Context::default(), Facts::default());
    for change in changes {
        facts = Facts::default();
        conn.execute_batch(change).unwrap();
        for (query, row) in rows_of(&Hermes, &path) {
            Hermes.decode_row(&mut context, query, &row, &mut facts);
        }
    }
    facts
}

#[test]
fn each_total_grows_by_itself_for_the_session_at_the_root() {
    assert!(facts(&[DUMP]).sightings.is_empty(), "baselines");
    let grown = facts(&[
        DUMP,
        "UPDATE session_model_usage SET input_tokens = input_tokens + 60, reasoning_tokens = 2, output_tokens = output_tokens + 7, last_seen = 1777976300.5",
    ]);
    let name = |sym| grown.names.text(sym);
    let found: Vec<_> = grown
        .sightings
        .iter()
        .map(|step| (name(step.session), name(step.model), step.provider.map(name), step.tokens.classes()))
        .collect();
    let root = "20260505_100000_root";
    let opus = (root, "claude-opus-4-6", None, [60, 0, 0, 0, 7]);
    assert_eq!(found, [opus, opus, (root, "gpt-5", Some("openrouter"), [60, 0, 0, 0, 7])]);
    let step = &grown.sightings[0];
    assert_eq!((step.at.millis(), step.quality), (1_777_976_300_500, Quality::Estimated));
    assert_eq!((step.dir.map(name), step.branch.map(name)), (Some("/home/dev/shop"), Some("main")));
}

#[test]
fn databases_of_before_count_for_the_session() {
    let before = "DROP TABLE session_model_usage; ALTER TABLE sessions DROP COLUMN cwd; ALTER TABLE sessions DROP COLUMN git_branch;";
    let grown = facts(&[
        DUMP,
        before,
        "UPDATE sessions SET output_tokens = 25 WHERE id = '20260505_101500_next'; \
         INSERT INTO messages (session_id, role, timestamp) VALUES ('20260505_101500_next', 'assistant', 1777976200.5)",
    ]);
    let steps: Vec<_> =
        grown.sightings.iter().map(|step| (step.at.millis(), step.tokens.classes())).collect();
    assert_eq!(steps, [(1_777_976_200_500, [0, 0, 0, 0, 15])]);
    assert_eq!(grown.sightings[0].dir, None);
}

#[test]
fn roles_tell_who_acts() {
    let facts = facts(&[DUMP]);
    let who: Vec<_> = facts.activities.iter().map(|activity| activity.who).collect();
    let (prompt, agent, tool, script) = (Who::Prompt, Who::Agent, Who::Tool, Who::Script);
    assert_eq!(who, [prompt, agent, tool, prompt, agent, agent, script]);
    let sessions = facts.activities.iter().filter(|activity| facts.names.text(activity.session) == "cron_1");
    assert_eq!(sessions.count(), 1);
    for (path, claimed) in [
        ("state.db", true),
        ("profiles/work/state.db", true),
        ("state.db-wal", false),
        ("profiles/work/x/state.db", false),
        ("cache/state.db", false),
    ] {
        assert_eq!(Hermes.claim(Path::new(path)).is_some(), claimed, "{path}");
    }
}
