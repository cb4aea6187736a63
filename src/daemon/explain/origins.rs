//! File and line of each fact, by reading the logs again.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::gather::{Gathered, One};
use crate::daemon::assemble::Setup;
use crate::daemon::intake::again::{Found, Sought};
use crate::model::{Instant, RequestRef, Tokens};
use crate::report::explained::{Origins, Source};

/// Of files that need not hold anything so many are looked through at most.
const MORE: usize = 200;

pub(super) fn find(setup: &Setup, of: &Gathered) -> Found {
    let mut sought = Sought::default();
    for one in &of.sessions {
        let requests = &one.seen.session.requests;
        let tokens: HashMap<RequestRef, Tokens> = requests.iter().map(|of| (of.id, of.tokens)).collect();
        for (id, key) in &one.keys {
            sought.requests.extend(tokens.get(id).map(|tokens| (*key, *tokens)));
        }
        sought.activities.extend(one.events.iter().map(|event| event.key));
    }
    let (watched, reading) = (setup.watched(), setup.reading());
    let mut found = Found::default();
    for path in of.sessions.iter().flat_map(|one| likely(of, one)) {
        found.read(&watched, &path, reading, &sought);
    }
    if !found.has_all(&sought) {
        for path in others(of).into_iter().take(MORE) {
            found.read(&watched, &path, reading, &sought);
            if found.has_all(&sought) {
                break;
            }
        }
    }
    found
}

/// Its own files first, then those in which its requests were read, then those of sessions that it shares facts with.
fn likely(of: &Gathered, one: &One) -> Vec<PathBuf> {
    let native = one.seen.head.native.as_str();
    let named = |own: bool| {
        of.files.iter().filter(move |(agent, _, claim, _)| {
            let is = |claim: &String| if own { claim == native } else { one.natives.contains(claim) };
            *agent == one.seen.head.agent && claim.as_ref().is_some_and(is)
        })
    };
    let mut paths: Vec<PathBuf> = named(true).map(|(_, path, ..)| path.clone()).collect();
    // A session's own log lies above those of its subagents.
    paths.sort_by(|a, b| (a.components().count(), a).cmp(&(b.components().count(), b)));
    paths.extend(one.files.iter().cloned());
    paths.extend(named(false).map(|(_, path, ..)| path.clone()));
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    paths
}

/// Files of the agents that told of something since the first of the sessions began, the earliest first.
fn others(of: &Gathered) -> Vec<PathBuf> {
    let first = of.sessions.iter().filter_map(|one| one.events.first()).map(|event| event.at).min();
    let first = first.unwrap_or_default();
    let mut files: Vec<(Instant, &PathBuf)> =
        of.files.iter().filter_map(|(_, path, _, last)| Some(((*last)?, path))).collect();
    files.retain(|(last, _)| *last >= first);
    files.sort_unstable();
    files.into_iter().map(|(_, path)| path.clone()).collect()
}

/// What was found of a session.
pub(super) fn of(found: &Found, one: &One) -> Origins {
    let source = |place: &crate::daemon::intake::again::Place| Source {
        file: place.file,
        line: place.line,
        row: place.row,
    };
    let mut origins = Origins::default();
    for (id, key) in &one.keys {
        let Some(place) = found.requests.get(key) else { continue };
        let known = origins.requests.get(id).is_none_or(|known: &Source| place.file < known.file);
        if known {
            origins.requests.insert(*id, source(place));
        }
    }
    for event in &one.events {
        if let Some(place) = found.activities.get(&event.key) {
            origins.events.insert(event.key, source(place));
        }
    }
    origins
}
