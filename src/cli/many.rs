//! Several records or groups of the queue at once, by their ids or by what they are.

use clap::Args;

use super::act::done;
use super::ask::ask;
use super::print::print_act;
use super::{Call, Exit, Failure, print_json, print_queue};
use crate::model::Day;
use crate::server::{Act, Question, QueueQuery};

/// Which of the queue.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Which {
    /// As `queue list` shows them
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with_all = ["ids", "session", "day"])]
    pub(super) all: bool,
    /// Those of a session: its agent's id, or the beginning of one
    #[arg(long, value_name = "ID", conflicts_with = "ids")]
    pub(super) session: Option<String>,
    /// Those of a local day
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with = "ids")]
    pub(super) day: Option<Day>,
}

fn day(word: &str) -> Result<Day, &'static str> {
    word.parse().map_err(|_| "write a day as 2026-05-31")
}

impl Which {
    /// Nothing is named.
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty() && !self.all && self.session.is_none() && self.day.is_none()
    }

    /// The only id, if one is named.
    pub(super) fn only(&self) -> Option<&String> {
        if let [id] = self.ids.as_slice() { Some(id) } else { None }
    }

    /// The items that are meant: those of these states and, if one is given, held for this reason.
    pub(super) fn items(
        &self,
        call: &Call<'_>,
        states: &[&str],
        reason: Option<&str>,
    ) -> Result<serde_json::Value, Failure> {
        let mut all = Vec::new();
        let mut document = serde_json::Value::Null;
        for state in states {
            let query = QueueQuery { state: Some((*state).to_owned()), limit: Some(u32::MAX) };
            document = serde_json::from_slice(&ask(call, &Question::Queue(query))?).unwrap_or_default();
            if let Some(items) = document["items"].as_array() {
                all.extend(items.iter().filter(|item| self.means(item, reason)).cloned());
            }
        }
        if let (Some(session), None) = (&self.session, self.ids.first()) {
            let mut found: Vec<&str> = all.iter().filter_map(|item| item["session"].as_str()).collect();
            found.sort_unstable();
            found.dedup();
            if found.len() > 1 && !found.contains(&session.as_str()) {
                let message = format!("{} sessions begin with {session}: {}", found.len(), found.join(", "));
                return Err(Failure::new(Exit::InvalidInput, message));
            }
        }
        if all.is_empty() {
            return Err(Failure::new(Exit::NotFound, "nothing in the queue fits: see `keitod queue list`"));
        }
        document["items"] = all.into();
        Ok(document)
    }

    fn means(&self, item: &serde_json::Value, reason: Option<&str>) -> bool {
        let text = |key: &str| item[key].as_str().unwrap_or_default();
        let session = self.session.as_deref();
        reason.is_none_or(|reason| text("reason") == reason)
            && session.is_none_or(|session| text("session").starts_with(session))
            && self.day.is_none_or(|day| text("day") == day.to_string())
    }
}

/// The ids of a queue document.
pub(super) fn ids(document: &serde_json::Value) -> Vec<String> {
    let items = document["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
}

/// What would be touched, and that nothing was.
pub(super) fn show(call: &mut Call<'_>, document: &serde_json::Value, json: bool) -> Result<Exit, Failure> {
    let bytes = document.to_string().into_bytes();
    if json {
        print_json(&bytes, call.out)?;
    } else {
        print_queue(&bytes, call.look, call.out)?;
    }
    Err(Failure::new(Exit::InvalidInput, "nothing is changed yet").suggest("the same with --yes does it"))
}

/// Does it to each. What one refuses does not keep the others from it; the first refusal ends the command at last.
pub(super) fn each(
    call: &mut Call<'_>,
    ids: Vec<String>,
    act: impl Fn(String) -> Act,
    json: bool,
) -> Result<Exit, Failure> {
    let (mut documents, mut failed) = (Vec::new(), None);
    for id in ids {
        match done(call, &act(id)) {
            Ok(document) if json => {
                documents.push(serde_json::from_slice::<serde_json::Value>(&document).unwrap_or_default());
            }
            Ok(document) => print_act(&document, call.look, call.out)?,
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    if json {
        let document = serde_json::json!({"schema_version": 1, "items": documents});
        print_json(document.to_string().as_bytes(), call.out)?;
    }
    failed.map_or(Ok(Exit::Ok), Err)
}
