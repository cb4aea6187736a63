//! `[[rule]]`s of the config.

use std::fs;

use keitod::sandbox::ids;

use super::{COUNTS, cost, default, deliver, git, held, link_at, queue, repository, rule, session, time};
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::Place;

/// A session of 200 s on a branch, as its log says.
fn on_branch(place: &Place, seed: u64, dir: &str, branch: &str) {
    let mut talk = Talk::new(seed, dir);
    let lines = talk.prompt(0) + &talk.answer(200, COUNTS);
    place.append(
        &seed.to_string(),
        &lines.replace("\"gitBranch\":\"main\"", &format!("\"gitBranch\":\"{branch}\"")),
    );
}

#[test]
fn all_that_a_rule_names_must_match_and_the_first_that_does_counts() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let work = place.path("work").display().to_string();
    let path = format!("path = \"{work}/**\"");
    let remote = "remote = \"github.com/acme/*\"";
    let branch = "branch = \"^release\"";
    place.config(
        &(rule(&format!("{path}\n{remote}\n{branch}"), ids::PIPELINE, "")
            + &rule(&format!("{path}\n{remote}"), ids::BILLING, "")
            + &rule(&path, ids::WEBSITE, "")),
    );
    let api = place.path("work/api");
    repository(&api);
    git(&api, &["remote", "add", "origin", "git@github.com:Acme/api.git"]);
    let other = place.path("elsewhere");
    repository(&other);
    git(&other, &["remote", "add", "origin", "https://user:secret@github.com/acme/other?x#y"]);
    on_branch(&place, 1, api.to_str().unwrap(), "release/2");
    on_branch(&place, 2, api.to_str().unwrap(), "main");
    on_branch(&place, 3, &format!("{work}/plain"), "release/2");
    on_branch(&place, 4, other.to_str().unwrap(), "release/2");
    deliver(&place);
    assert_eq!(time(&keito), [("billing", 200), ("pipeline", 200), ("website", 200)]);
    assert_eq!(cost(&keito), [("billing", 1), ("pipeline", 1), ("website", 1)]);
    assert_eq!(queue(&place), held("unmapped"));
    // The same rules in another order: the broad one takes all.
    place.config(&(rule(&path, ids::WEBSITE, "") + &rule(&format!("{path}\n{remote}"), ids::BILLING, "")));
    on_branch(&place, 5, api.to_str().unwrap(), "release/2");
    deliver(&place);
    assert_eq!(time(&keito).iter().filter(|(project, _)| *project == "website").count(), 2);
}

#[test]
fn a_repositorys_own_file_comes_before_the_rules_and_a_worktree_is_where_its_main_one_is() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let path = format!("path = \"{}/**\"", place.path("work").display());
    place.config(&(rule(&path, ids::WEBSITE, "") + &default(ids::PIPELINE)));
    let (own, ruled) = (place.path("work/own"), place.path("work/ruled"));
    for repo in [&own, &ruled] {
        repository(repo);
    }
    link_at(&own, ids::BILLING);
    let tree = place.path("trees/fix");
    fs::create_dir_all(place.path("trees")).unwrap();
    git(&ruled, &["worktree", "add", "-q", "-b", "fix", tree.to_str().unwrap()]);
    session(&place, 1, &own);
    session(&place, 2, &ruled);
    session(&place, 3, &tree);
    deliver(&place);
    assert_eq!(time(&keito), [("billing", 200), ("website", 200), ("website", 200)]);
}

#[test]
fn a_group_of_the_branch_is_in_the_note_and_names_the_task() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let task = "[[rule]]\nbranch = \"^task/(?P<task>\\\\w+)?\"\n".to_owned()
        + &format!(
            "project_id = \"{}\"\ntask_id = \"{{task}}\"\nnotes = \"{{task}} by {{agent}}\"\n",
            ids::WEBSITE
        );
    let ticket = rule("branch = \"^(?P<ticket>ACME-\\\\d+)\"", ids::BILLING, "notes = \"{ticket}: {agent}\"");
    place.config(&(task + &ticket + &default(ids::PIPELINE)));
    on_branch(&place, 1, "/w/a", &format!("task/{}", ids::REVIEW));
    on_branch(&place, 2, "/w/a", "ACME-12-fix");
    on_branch(&place, 3, "/w/a", "main");
    // The group takes no part: nobody said where it leads, and the next rule is asked.
    on_branch(&place, 4, "/w/a", "task/");
    deliver(&place);
    let mut came: Vec<(String, String, String)> = keito
        .entries()
        .into_iter()
        .map(|entry| (super::short(&entry.project).to_owned(), entry.task, entry.notes.unwrap_or_default()))
        .collect();
    came.sort();
    let row = |project: &str, task: &str, note: &str| (project.to_owned(), task.to_owned(), note.to_owned());
    assert_eq!(came[0], row("billing", ids::DEVELOPMENT, "ACME-12: claude-code"));
    assert_eq!(came[3], row("website", ids::REVIEW, &format!("{} by claude-code", ids::REVIEW)));
    assert!(
        came[1..3].iter().all(|(project, task, _)| project == "pipeline" && task == ids::DEVELOPMENT),
        "{came:?}"
    );
    assert_eq!(cost(&keito), [("billing", 1), ("pipeline", 1), ("pipeline", 1), ("website", 1)]);
    let strange = "[[rule]]\nbranch = \"^(?P<ticket>x)\"\nproject_id = \"p\"\ntask_id = \"{agent}\"\n";
    place.config(strange);
    let (code, out, _) = place.run(&["config", "check"]);
    assert!(code == 8 && out.contains("task_id") && out.contains("ticket"), "{out}");
}
