//! The exact bytes of a write. Sealed once and re-sent as they are, so their order is fixed:
//! `project_id`, `task_id` or `expense_category_id`, `spent_date`, `hours` or `total_cost`, `notes`, `source`,
//! `metadata`. `hours` and `total_cost` are JSON numbers whose digits are printed from the decimal.

use super::metadata::MetadataJson;
use super::text::{clean_notes, json_string};
use crate::model::{Amount, CategoryId, Day, Hours, KeitodId, Link, ProjectId, TaskId, hash64};

/// A new time entry.
#[derive(Debug, Clone, Copy)]
pub struct EntryBody<'a> {
    /// Its project.
    pub project: &'a ProjectId,
    /// Its task, assigned to the project.
    pub task: &'a TaskId,
    /// Its day in the pinned zone.
    pub spent_date: Day,
    /// Its hours.
    pub hours: Hours,
    /// Its notes; sent as [`clean_notes`] leaves them.
    pub notes: &'a str,
    /// Its metadata.
    pub metadata: &'a MetadataJson,
}

/// A new expense.
#[derive(Debug, Clone, Copy)]
pub struct ExpenseBody<'a> {
    /// Its project.
    pub project: &'a ProjectId,
    /// Its category.
    pub category: &'a CategoryId,
    /// Its day in the pinned zone.
    pub spent_date: Day,
    /// Its amount in the workspace's currency, above zero.
    pub total_cost: Amount,
    /// Its notes; sent as [`clean_notes`] leaves them.
    pub notes: &'a str,
    /// Its metadata.
    pub metadata: &'a MetadataJson,
}

/// Body of `POST /time_entries`.
#[must_use]
pub fn entry_body(of: &EntryBody<'_>) -> Vec<u8> {
    format!(
        r#"{{"project_id":{},"task_id":{},"spent_date":"{}","hours":{},"notes":{},"source":"agent","metadata":{}}}"#,
        json_string(of.project.as_str()),
        json_string(of.task.as_str()),
        of.spent_date,
        of.hours,
        json_string(&clean_notes(of.notes)),
        of.metadata.as_str(),
    )
    .into_bytes()
}

/// Body of `POST /expenses`.
#[must_use]
pub fn expense_body(of: &ExpenseBody<'_>) -> Vec<u8> {
    format!(
        r#"{{"project_id":{},"expense_category_id":{},"spent_date":"{}","total_cost":{},"notes":{},"source":"agent","metadata":{}}}"#,
        json_string(of.project.as_str()),
        json_string(of.category.as_str()),
        of.spent_date,
        of.total_cost,
        json_string(&clean_notes(of.notes)),
        of.metadata.as_str(),
    )
    .into_bytes()
}

/// Body of `PATCH /time_entries/:id`: absolute hours and metadata, and the notes while Keito's are still ours.
/// `source` and `is_running` are never among them: Keito refuses them.
#[must_use]
pub fn entry_patch_body(hours: Hours, metadata: &MetadataJson, notes: Option<&str>) -> Vec<u8> {
    let notes = notes.map(|notes| format!(r#""notes":{},"#, json_string(&clean_notes(notes))));
    let (notes, metadata) = (notes.unwrap_or_default(), metadata.as_str());
    format!(r#"{{"hours":{hours},{notes}"metadata":{metadata}}}"#).into_bytes()
}

/// Body of the `PATCH /time_entries/:id` that moves an entry to another project and task, and changes nothing else.
/// Keito wants both together.
#[must_use]
pub fn entry_move_body(to: &Link) -> Vec<u8> {
    let (project, task) = (json_string(to.project.as_str()), json_string(to.task.as_str()));
    format!(r#"{{"project_id":{project},"task_id":{task}}}"#).into_bytes()
}

/// Where such a body moves its entry; `None` of any other.
#[must_use]
pub fn moved_to(body: &[u8]) -> Option<Link> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Move {
        project_id: String,
        task_id: String,
    }
    let of: Move = serde_json::from_slice(body).ok()?;
    Some(Link { project: ProjectId::new(of.project_id), task: TaskId::new(of.task_id) })
}

/// `Idempotency-Key` of a write: `keitod_id`, `-` and 64 bits over method and body. Equal for each attempt of the same
/// bytes, different for every other write of the record.
#[must_use]
pub fn idempotency_key(record: &KeitodId, method: super::Method, body: &[u8]) -> String {
    format!("{record}-{:016x}", hash64(&[method.as_str().as_bytes(), body]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keito::{Method, metadata};
    use crate::model::{Agent, Covers, Instant, ModelName, SessionId};

    fn meta() -> MetadataJson {
        let (id, session) = (KeitodId::new("k1"), SessionId::new("s"));
        let (agent, model) = (Agent::new("codex"), ModelName::new("unknown"));
        let identity = metadata::Identity {
            keitod_id: &id,
            session: &session,
            agent: &agent,
            model: &model,
            first_at: Instant::from_seconds(0),
            last_at: Instant::from_seconds(0),
            covers: Covers(0),
            machine: "m",
            part: 1,
        };
        let (usage, optional) = (None, <_>::default());
        let entry =
            metadata::EntryMeta { identity, duration_seconds: 90, day_sessions: None, usage, optional };
        metadata::entry(&entry).unwrap()
    }

    #[test]
    fn numbers_are_printed_from_their_digits_in_a_fixed_order() {
        let (meta, project, task) = (meta(), ProjectId::new("p\"1"), TaskId::new("t"));
        let spent_date = "2026-03-04".parse().unwrap();
        let hours = Hours::from_seconds(5430);
        let notes = "codex in api\u{202e}\nmain";
        let entry = EntryBody { project: &project, task: &task, spent_date, hours, notes, metadata: &meta };
        let want = format!(
            r#"{{"project_id":"p\"1","task_id":"t","spent_date":"2026-03-04","hours":1.51,"notes":"codex in api\nmain","source":"agent","metadata":{}}}"#,
            meta.as_str()
        );
        assert_eq!(String::from_utf8(entry_body(&entry)).unwrap(), want);

        let category = CategoryId::new("c");
        let total_cost = Amount::parse("12345678901234.5678").unwrap();
        let expense = ExpenseBody {
            project: &project,
            category: &category,
            spent_date,
            total_cost,
            notes,
            metadata: &meta,
        };
        let body = String::from_utf8(expense_body(&expense)).unwrap();
        assert!(body.contains(
            r#""expense_category_id":"c","spent_date":"2026-03-04","total_cost":12345678901234.5678,"#
        ));
        assert!(body.contains(r#""source":"agent","metadata":{"keitod_id":"k1","#));

        let patch = |notes| String::from_utf8(entry_patch_body(hours, &meta, notes)).unwrap();
        assert_eq!(patch(None), format!(r#"{{"hours":1.51,"metadata":{}}}"#, meta.as_str()));
        assert_eq!(patch(Some("n")), format!(r#"{{"hours":1.51,"notes":"n","metadata":{}}}"#, meta.as_str()));
    }

    #[test]
    fn a_move_is_told_from_every_other_body() {
        let to = Link { project: ProjectId::new("p\"1"), task: TaskId::new("t") };
        assert_eq!(moved_to(&entry_move_body(&to)), Some(to));
        assert_eq!(moved_to(&entry_patch_body(Hours::from_seconds(60), &meta(), None)), None);
    }

    #[test]
    fn an_idempotency_key_names_the_bytes() {
        let record = KeitodId::new("k1");
        let key = |method, body: &str| idempotency_key(&record, method, body.as_bytes());
        assert_eq!(key(Method::Post, "a"), key(Method::Post, "a"));
        assert_ne!(key(Method::Post, "a"), key(Method::Post, "b"));
        assert_ne!(key(Method::Post, "a"), key(Method::Patch, "a"));
        assert_eq!(key(Method::Post, "a").len(), "k1-".len() + 16);
    }
}
