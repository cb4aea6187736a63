//! Where a session's work went, and what said so: the walk of the clerk once more, with its reasons.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Config;
use crate::daemon::clerk::Sight;
use crate::ledger::due::Place;
use crate::ledger::held::Held;
use crate::ledger::overlap::Overlap;
use crate::mapping::{self, By, DirView, Excluded, Mapped};
use crate::model::{BranchRef, DirRef, Instant, RequestRef};
use crate::repo::{self, DirFacts};
use crate::report::explained::PlaceLine;
use crate::store::{Error, Tx};

/// The places of a session, and which of them each request and each span has.
#[derive(Debug, Default)]
pub(super) struct Led {
    pub(super) places: Vec<PlaceLine>,
    pub(super) requests: Vec<Option<usize>>,
    pub(super) spans: Vec<Option<usize>>,
}

/// What a directory says by itself.
#[derive(Clone)]
struct Own {
    path: PathBuf,
    facts: Arc<DirFacts>,
    branch: Option<Arc<str>>,
    mapped: Mapped,
}

impl Own {
    fn maps(&self) -> bool {
        self.mapped != Mapped::Unmapped
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Request(usize),
    Span(usize),
}

/// A place that has its line.
struct Known {
    dir: Option<PathBuf>,
    branch: Option<Arc<str>>,
    way: &'static str,
    /// In the ledger.
    place: usize,
    number: usize,
}

/// A directory on a branch.
type OnBranch = (DirRef, Option<Arc<str>>);

struct Walk<'a, 'tx> {
    tx: &'a Tx<'tx>,
    config: &'a Config,
    known: HashMap<OnBranch, Option<Arc<Own>>>,
}

impl Walk<'_, '_> {
    fn own(&mut self, dir: Option<DirRef>, branch: Option<&Arc<str>>) -> Result<Option<Arc<Own>>, Error> {
        let Some(dir) = dir else { return Ok(None) };
        let key = (dir, branch.cloned());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let found = self.tx.dir_of(dir)?.map(|(path, facts)| {
            let facts = facts.as_deref().and_then(repo::from_json).unwrap_or_default();
            let view = DirView {
                path: Path::new(&path),
                facts: &facts,
                log_branch: branch.map(|name| &**name),
                head_branch: None,
            };
            let mapped = mapping::link_of(&self.config.rules, &view);
            let branch = facts.branch.as_deref().map(Arc::from).or_else(|| branch.cloned());
            Arc::new(Own { path: PathBuf::from(path), facts: Arc::new(facts), branch, mapped })
        });
        self.known.insert(key, found.clone());
        Ok(found)
    }
}

type Event = (Instant, Of, Option<DirRef>, Option<Arc<str>>);

/// A line that names no branch was written on the one that was named last in its directory, else on the first.
fn fill(events: &mut [Event]) {
    let mut known: HashMap<DirRef, Arc<str>> = HashMap::new();
    let mut fill = |(_, _, dir, branch): &mut Event| {
        let Some(dir) = *dir else { return };
        match branch {
            Some(branch) => drop(known.insert(dir, Arc::clone(branch))),
            None => *branch = known.get(&dir).cloned(),
        }
    };
    events.iter_mut().for_each(&mut fill);
    events.iter_mut().rev().for_each(fill);
}

pub(super) fn led(
    tx: &Tx<'_>,
    config: &Config,
    seen: &Sight,
    branches: &HashMap<RequestRef, Arc<str>>,
) -> Result<Led, Error> {
    let session = &seen.session;
    let mut walk = Walk { tx, config, known: HashMap::new() };
    let mut events = Vec::with_capacity(session.requests.len() + session.spans.len());
    for (index, of) in session.requests.iter().enumerate() {
        events.push((of.at, Of::Request(index), of.dir, branches.get(&of.id).cloned()));
    }
    let mut names: HashMap<BranchRef, Option<Arc<str>>> = HashMap::new();
    for (index, (of, _)) in session.spans.iter().enumerate() {
        let branch = match of.branch.map(|branch| (branch, names.get(&branch))) {
            None => None,
            Some((_, Some(known))) => known.clone(),
            Some((branch, None)) => {
                let name: Option<Arc<str>> = tx.branch_name(branch)?.map(Arc::from);
                names.insert(branch, name.clone());
                name
            }
        };
        events.push((Instant::from_seconds(of.end), Of::Span(index), of.dir, branch));
    }
    events.sort_by_key(|(at, of, ..)| (*at, *of));
    fill(&mut events);
    let begun = tx.first_dir(seen.head.id)?;
    let branch = events.iter().find(|(.., dir, _)| *dir == begun).and_then(|(.., branch)| branch.clone());
    let first = walk.own(begun, branch.as_ref())?.filter(|own| own.maps());
    let mut last: Option<Arc<Own>> = None;
    let mut led = Led {
        places: Vec::new(),
        requests: vec![None; session.requests.len()],
        spans: vec![None; session.spans.len()],
    };
    let mut known: Vec<Known> = Vec::new();
    for (_, of, dir, branch) in events {
        let own = walk.own(dir, branch.as_ref())?;
        let (way, by) = match (&own, &last, &first) {
            (Some(own), ..) if own.maps() => ("directory", Some(own)),
            (_, Some(last), _) => ("session_last", Some(last)),
            (_, _, Some(first)) => ("session_first", Some(first)),
            _ => ("nothing", None),
        };
        let place = match of {
            Of::Request(index) => session.requests[index].place,
            Of::Span(index) => session.spans[index].1,
        };
        let dir = own.as_ref().map(|own| own.path.as_path());
        let branch = own.as_ref().and_then(|own| own.branch.clone());
        let same = |known: &&mut Known| {
            (known.dir.as_deref(), known.way) == (dir, way)
                && session.places[known.place] == session.places[place]
                // Some lines name none.
                && (known.branch == branch || known.branch.is_none() || branch.is_none())
        };
        let number = match known.iter_mut().find(same) {
            Some(known) => {
                if known.branch.is_none() && branch.is_some() {
                    led.places[known.number - 1].branch = branch.as_deref().map(str::to_owned);
                    known.branch = branch;
                }
                known.number
            }
            None => {
                let number = led.places.len() + 1;
                let told = (own.as_deref(), way, by.map(|by| &**by));
                led.places.push(line(config, number, told, &session.places[place]));
                known.push(Known { dir: dir.map(Path::to_owned), branch, way, place, number });
                number
            }
        };
        match of {
            Of::Request(index) => led.requests[index] = Some(number),
            Of::Span(index) => led.spans[index] = Some(number),
        }
        last = own.filter(|own| own.maps()).or(last);
    }
    Ok(led)
}

fn line(
    config: &Config,
    number: usize,
    (own, way, by): (Option<&Own>, &'static str, Option<&Own>),
    place: &Place,
) -> PlaceLine {
    let mut line = PlaceLine {
        number,
        directory: own.map(|own| own.path.display().to_string()),
        branch: own.and_then(|own| own.branch.as_deref().map(str::to_owned)),
        repo: own.and_then(|own| own.facts.repo.clone()),
        way,
        by: "nothing",
        ..PlaceLine::default()
    };
    match by.map(|by| &by.mapped) {
        Some(Mapped::Linked(link)) => {
            match &link.by {
                By::KeitoFile(path) => {
                    (line.by, line.file) = ("keito_file", Some(path.display().to_string()))
                }
                By::Rule(index) => (line.by, line.rule) = ("rule", Some(index + 1)),
                By::Default => line.by = "default",
                By::Assigned => line.by = "assigned",
            }
            line.client_name.clone_from(&link.names.client);
            line.project_name.clone_from(&link.names.project);
            line.task_name.clone_from(&link.names.task);
        }
        Some(Mapped::Excluded(why)) => match why {
            Excluded::Rule(index) => (line.by, line.rule) = ("excluded_by_rule", Some(index + 1)),
            Excluded::Renamed(path) => {
                (line.by, line.file) = ("keito_file_disabled", Some(path.display().to_string()));
            }
            Excluded::SwitchedOff(path) => {
                (line.by, line.file) = ("keito_file_switched_off", Some(path.display().to_string()));
            }
        },
        Some(Mapped::Error(error)) => {
            (line.by, line.file) = ("mapping_error", Some(error.path.display().to_string()));
            line.error = Some(error.why.to_string());
        }
        Some(Mapped::Unmapped) | None => {}
    }
    match place {
        Place::To { link, min_seconds, max_seconds, overlap, .. } => {
            (line.project, line.task) =
                (Some(link.project.as_str().to_owned()), Some(link.task.as_str().to_owned()));
            (line.min_seconds, line.max_seconds) = (*min_seconds, *max_seconds);
            line.overlap = Some(match overlap {
                Overlap::Sum => "sum",
                Overlap::Project => "project",
                Overlap::All => "all",
            });
            let mapped = match by.map(|by| &by.mapped) {
                Some(Mapped::Linked(found)) => Some(&found.link),
                _ => None,
            };
            if line.by == "nothing" && config.rules.default.as_ref() == Some(link) {
                (line.way, line.by) = ("default", "default");
            } else if mapped != Some(link) {
                // Somebody said so after the fact.
                (line.by, line.file, line.rule, line.error) = ("assigned", None, None, None);
                (line.client_name, line.project_name, line.task_name) = (None, None, None);
            }
        }
        Place::Held(held) => line.held = Some(held.code()),
        Place::Excluded => {
            line.excluded = true;
            if !matches!(by.map(|by| &by.mapped), Some(Mapped::Excluded(_))) {
                (line.by, line.file, line.rule) = ("assigned", None, None);
            }
        }
    }
    if line.held == Some(Held::Unmapped.code()) && line.by == "nothing" {
        line.way = "nothing";
    }
    line
}
