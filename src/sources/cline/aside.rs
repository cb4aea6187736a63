//! What stands beside a log.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::loose::{Count, List};
use super::super::{json, stamp};
use super::wire::{Copied, Item, Manifest, Models, Turn, blocks};
use crate::model::Instant;

/// What a log does not say of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// Where the session was started.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    dir: Option<String>,
    /// On which branch.
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// When, in milliseconds.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    born: Option<i64>,
    /// By a program or a single command.
    #[serde(rename = "s", skip_serializing_if = "std::ops::Not::not")]
    is_script: bool,
    /// Of a task that another task began, the first of them.
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    /// How many entries of a task's log are its own; a session went on with it and its part is a copy.
    #[serde(rename = "o", skip_serializing_if = "Option::is_none")]
    own: Option<u64>,
    /// Which models answered a task, by its own list.
    #[serde(rename = "u", skip_serializing_if = "Vec::is_empty")]
    used: Vec<Change>,
    /// Where a task stood and which model it was about to ask, as it told the model.
    #[serde(rename = "c", skip_serializing_if = "Vec::is_empty")]
    told: Vec<Change>,
    /// When it was last told, in milliseconds.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    /// What was said since then could not be read.
    #[serde(rename = "x", skip_serializing_if = "std::ops::Not::not")]
    is_cut: bool,
}

/// From an instant on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Change {
    #[serde(rename = "t")]
    at: i64,
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<String>,
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
}

impl State {
    pub(super) fn dir(&self) -> Option<&str> {
        self.dir.as_deref()
    }

    pub(super) fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    pub(super) fn born(&self) -> Option<Instant> {
        self.born.map(Instant::from_millis)
    }

    pub(super) fn is_script(&self) -> bool {
        self.is_script
    }

    pub(super) fn root(&self) -> Option<&str> {
        self.root.as_deref()
    }

    /// How many of `entries` are the task's own.
    pub(super) fn own(&self, entries: usize) -> usize {
        self.own.and_then(|own| usize::try_from(own).ok()).map_or(entries, |own| own.min(entries))
    }

    /// What held for a request that began at `start`, before the next one did: what it was told is written after it
    /// began.
    pub(super) fn model_at(&self, start: Instant, next: Option<Instant>) -> Option<&Change> {
        let is_before = |change: &&Change| next.is_none_or(|next| change.at < next.millis());
        let last = |list: &[Change]| list.iter().rposition(|change| is_before(&change));
        if let Some(at) = last(&self.used) {
            return self.used.get(at);
        }
        let is_known = !self.is_cut || self.until.is_some_and(|until| start.millis() <= until);
        last(&self.told).filter(|_| is_known).and_then(|at| self.told.get(at))
    }

    /// Where the task stood then.
    pub(super) fn dir_at(&self, at: Instant) -> Option<&str> {
        let told = self.told.iter().rev().filter(|change| change.at <= at.millis());
        told.filter_map(|change| change.dir.as_deref()).next().or(self.dir())
    }

    /// Takes in a session's description.
    pub(super) fn of_session(&mut self, manifest: &[u8]) {
        let mut spare = String::new();
        let Ok(manifest) = json::parse::<Manifest<'_>>(json::trimmed(manifest), &mut spare) else { return };
        self.dir = manifest.cwd.get().map(str::to_owned);
        self.born = manifest.started_at.get().and_then(Instant::parse).map(Instant::millis);
        self.is_script = manifest.interactive == Some(false);
        let git = manifest.metadata.get().and_then(|about| about.git.get());
        self.branch = git.and_then(|git| git.branch.get()).map(str::to_owned);
    }

    /// Takes in what is known of the task of Cline's at `path`.
    pub(super) fn of_task(&mut self, [metadata, copied, history, conversation]: [&[u8]; 4], path: &Path) {
        let mut spare = String::new();
        if let Ok(models) = json::parse::<Models<'_>>(json::trimmed(metadata), &mut spare) {
            self.used = used(&models);
        }
        let mut spare = String::new();
        if let Ok(copied) = json::parse::<Copied>(json::trimmed(copied), &mut spare)
            && let Count::Is(own) = copied.base_ui_message_count
        {
            self.own = Some(own);
        }
        let task = path.parent().and_then(Path::file_name).and_then(|task| task.to_str());
        let mut spare = String::new();
        let items = json::parse_list::<Item<'_>>(json::trimmed(history), &mut spare).unwrap_or_default();
        let own = items.0.iter().flatten().find(|item| item.id.get().is_some() && item.id.get() == task);
        if let Some(dir) = own.and_then(|item| item.cwd_on_task_initialization.get()) {
            self.dir = Some(dir.to_owned());
        }
        // The first versions had no such list.
        if self.used.is_empty() || self.dir.is_none() {
            self.of_conversation(conversation);
        }
    }

    /// Takes in what is known of a task that may have been begun by another.
    pub(super) fn of_delegated(&mut self, item: &[u8], conversation: &[u8]) {
        let mut spare = String::new();
        if let Ok(item) = json::parse::<Item<'_>>(json::trimmed(item), &mut spare) {
            self.dir = item.workspace.get().map(str::to_owned).or(self.dir.take());
            self.root = item.root_task_id.get().map(str::to_owned).or(self.root.take());
        }
        self.of_conversation(conversation);
    }

    /// Takes in what the model was told.
    fn of_conversation(&mut self, conversation: &[u8]) {
        let mut spare = String::new();
        match json::parse_list::<Turn<'_>>(json::trimmed(conversation), &mut spare) {
            Ok(turns) => {
                (self.told, self.until) = told(&turns);
                self.is_cut = false;
            }
            // It is not there, has grown too long or is just being written.
            Err(_) => self.is_cut = true,
        }
        if self.dir.is_none() {
            self.dir = self.told.iter().find_map(|change| change.dir.clone());
        }
    }
}

fn used(models: &Models<'_>) -> Vec<Change> {
    let changes = models.model_usage.0.iter().flatten().filter_map(|used| {
        Some(Change {
            at: stamp::millis(used.ts)?.millis(),
            model: Some(used.model_id.get()?.to_owned()),
            provider: used.model_provider_id.get().map(str::to_owned),
            dir: None,
        })
    });
    in_order(changes.collect())
}

/// What the model was told, and when last. Turns without instants say what holds throughout, if they agree.
fn told(turns: &List<Turn<'_>>) -> (Vec<Change>, Option<i64>) {
    let users = turns.0.iter().flatten().filter(|turn| turn.role.is("user"));
    let changes = users.map(|turn| {
        let at = stamp::millis(turn.ts).map_or(0, Instant::millis);
        let (model, dir) = surroundings(turn.content);
        Change { at, model, provider: None, dir }
    });
    let (mut dateless, dated): (Vec<Change>, Vec<Change>) = changes.partition(|change| change.at == 0);
    let models: BTreeSet<Option<String>> = dateless.iter().map(|change| change.model.clone()).collect();
    if models.iter().flatten().count() > 1 {
        dateless.iter_mut().for_each(|change| change.model = None);
    }
    let until = dated.iter().map(|change| change.at).max();
    (in_order(dateless.into_iter().chain(dated).collect()), until)
}

/// Changes in their order, each with what was known before it and is not said again; what changes nothing is left out.
fn in_order(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by_key(|change| change.at);
    let mut known: Vec<Change> = Vec::new();
    for mut change in changes {
        let before = known.last().cloned().unwrap_or_default();
        change.model = change.model.or(before.model.clone());
        change.dir = change.dir.or(before.dir.clone());
        if (&change.model, &change.provider, &change.dir) != (&before.model, &before.provider, &before.dir) {
            known.push(change);
        }
    }
    known
}

fn surroundings(content: Option<&RawValue>) -> (Option<String>, Option<String>) {
    let blocks = blocks(content);
    let told = blocks.iter().rev().filter_map(|block| block.text.get()).find_map(details);
    let (model, dir) = told.unwrap_or_default();
    (model.map(str::to_owned), dir.map(str::to_owned))
}

/// The model and the directory that the program tells the model with each prompt, at its end.
pub(super) fn details(text: &str) -> Option<(Option<&str>, Option<&str>)> {
    let block = &text[text.rfind("<environment_details>")?..];
    let model = block.rfind("<model>").map(|at| &block[at + "<model>".len()..]);
    let model = model.and_then(|rest| rest.split_once("</model>")).map(|(model, _)| model);
    let heads = ["# Current Working Directory (", "# Current Workspace Directory ("];
    let dir = heads.iter().find_map(|head| {
        let (_, rest) = block.split_once(head)?;
        let (dir, _) = rest.lines().next()?.split_once(") Files")?;
        Some(dir).filter(|dir| dir.starts_with('/'))
    });
    Some((model.filter(|model| !model.is_empty() && model.len() < 200), dir))
}
