//! `[[rule]]`s against a directory.

use std::path::Path;

use super::{By, DirView, LinkTo};
use crate::config::{Condition, LinkRule, Rules};
use crate::model::TaskId;

/// The first exclude rule that matches. Tested generously: below the path, in a worktree of the repository there, for a
/// submodule's own remote. What was meant to stay must stay.
pub(super) fn excluding(rules: &Rules, dir: &DirView<'_>) -> Option<usize> {
    let matches = |when: &Condition| {
        let paths = [Some(dir.path), dir.facts.root.as_deref(), dir.facts.main_root.as_deref()];
        let remotes = [dir.facts.remote.as_deref(), dir.facts.submodule_remote.as_deref()];
        when.path.as_ref().is_none_or(|glob| paths.iter().flatten().any(|path| glob.matches_within(path)))
            && when
                .remote
                .as_ref()
                .is_none_or(|glob| remotes.iter().flatten().any(|name| glob.matches_within(name)))
            && when
                .branch
                .as_ref()
                .is_none_or(|regex| dir.branch().is_some_and(|branch| regex.is_match(branch)))
    };
    rules.exclude.iter().find(|rule| matches(&rule.when)).map(|rule| rule.index)
}

/// What the first matching rule gives. A worktree outside every rule's path is tried once more as its main repository,
/// which it counts as.
pub(super) fn link(rules: &Rules, dir: &DirView<'_>) -> Option<LinkTo> {
    let fits =
        |rule: &LinkRule, path: &Path| matches(&rule.when, path, dir).then(|| given(rule, dir)).flatten();
    let first = |path: &Path| rules.link.iter().find_map(|rule| fits(rule, path));
    let main = || dir.facts.main_root.as_deref().filter(|main| !dir.path.starts_with(main));
    first(dir.path).or_else(|| first(main()?))
}

fn matches(when: &Condition, path: &Path, dir: &DirView<'_>) -> bool {
    when.path.as_ref().is_none_or(|glob| glob.matches(path))
        && when
            .remote
            .as_ref()
            .is_none_or(|glob| dir.facts.remote.as_ref().is_some_and(|name| glob.matches(name)))
        && when.branch.as_ref().is_none_or(|regex| dir.branch().is_some_and(|branch| regex.is_match(branch)))
}

/// `None` if its task is named by a group of the branch that took no part: where it would lead nobody said.
fn given(rule: &LinkRule, dir: &DirView<'_>) -> Option<LinkTo> {
    let captures =
        rule.when.branch.as_ref().zip(dir.branch()).and_then(|(regex, branch)| regex.captures(branch));
    let is_group = |name: &str| {
        rule.when.branch.as_ref().is_some_and(|regex| regex.capture_names().flatten().any(|g| g == name))
    };
    // A group that took no part in the match is empty, not a field of the note.
    let group = |name: &str| {
        let text =
            captures.as_ref().and_then(|captures| captures.name(name)).map_or("", |found| found.as_str());
        is_group(name).then(|| text.to_owned())
    };
    let mut link = rule.link.clone();
    if let Some(task) = &rule.task {
        link.task = TaskId::new(task.whole(group)?);
    }
    Some(LinkTo {
        notes: rule.notes.as_ref().map(|template| template.bind(group)),
        cost: rule.cost,
        markup_percent: rule.markup_percent,
        overlap: rule.overlap,
        ..LinkTo::bare(link, By::Rule(rule.index))
    })
}
