//! Which file is found from a directory, and where a session goes that leaves it.

use std::fs;
use std::path::Path;

use keitod::sandbox::ids;

use super::{COUNTS, cost, default, deliver, git, held, link_at, queue, repository, session, time};
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, until};

fn unlinked(keito: &Keito) -> Place {
    let place = Place::new(&keito.origin);
    place.config("");
    place
}

/// Where a session of 200 s in this directory goes; `None`: it is held.
#[track_caller]
fn leads(prepare: impl FnOnce(&Path) -> std::path::PathBuf) -> Option<&'static str> {
    let keito = Keito::start();
    let mut place = unlinked(&keito);
    // Home is below what else there is, so that something can stand above it.
    let home = place.path("top/home");
    fs::create_dir_all(&home).unwrap();
    let logs = place.path(".claude").display().to_string();
    place.more = vec![("HOME", home.display().to_string()), ("CLAUDE_CONFIG_DIR", logs)];
    let dir = prepare(&home);
    fs::create_dir_all(&dir).unwrap();
    session(&place, 1, &dir);
    deliver(&place);
    let came: Vec<&str> = time(&keito).into_iter().map(|(project, _)| project).collect();
    if came.is_empty() {
        assert_eq!(queue(&place), held("unmapped"));
    }
    came.first().copied()
}

#[test]
fn the_nearest_file_up_to_the_root_of_the_repository_and_never_above_home() {
    let nearest = leads(|home| {
        repository(&home.join("r"));
        link_at(&home.join("r"), ids::WEBSITE);
        link_at(&home.join("r/part"), ids::BILLING);
        home.join("r/part/src")
    });
    assert_eq!(nearest, Some("billing"));
    let root = leads(|home| {
        repository(&home.join("r"));
        link_at(&home.join("r"), ids::WEBSITE);
        home.join("r/a/b/c")
    });
    assert_eq!(root, Some("website"));
    let beyond = leads(|home| {
        link_at(&home.join("all"), ids::WEBSITE);
        repository(&home.join("all/r"));
        home.join("all/r/src")
    });
    assert_eq!(beyond, None, "the search ends at the root of the repository");
    let no_repository = leads(|home| {
        link_at(&home.join("all"), ids::WEBSITE);
        home.join("all/plain/src")
    });
    assert_eq!(no_repository, Some("website"));
    let at_home = leads(|home| {
        link_at(home, ids::PIPELINE);
        home.join("plain")
    });
    assert_eq!(at_home, Some("pipeline"));
    let above_home = leads(|home| {
        link_at(home.parent().unwrap(), ids::WEBSITE);
        home.join("plain")
    });
    assert_eq!(above_home, None);
    let only_a_sample = leads(|home| {
        super::write(&home.join("r/.keito/config.example.yml"), &super::link(ids::WEBSITE));
        home.join("r")
    });
    assert_eq!(only_a_sample, None);
}

#[test]
fn worktrees_and_submodules_count_as_their_main_repository() {
    let worktree = leads(|home| {
        repository(&home.join("main"));
        link_at(&home.join("main"), ids::WEBSITE);
        git(&home.join("main"), &["worktree", "add", "-q", "-b", "fix", "../elsewhere/fix"]);
        home.join("elsewhere/fix/src")
    });
    assert_eq!(worktree, Some("website"));
    let submodule = leads(|home| {
        repository(&home.join("lib"));
        repository(&home.join("main"));
        link_at(&home.join("main"), ids::BILLING);
        git(&home.join("main"), &["submodule", "add", "-q", "../lib", "vendor/lib"]);
        home.join("main/vendor/lib/src")
    });
    assert_eq!(submodule, Some("billing"));
}

#[test]
fn a_directory_that_is_deleted_or_moved_keeps_the_link_that_it_had() {
    let keito = Keito::start();
    let mut place = unlinked(&keito);
    let (gone, moved) = (place.path("gone"), place.path("moved"));
    for (seed, dir) in [(1, &gone), (2, &moved)] {
        repository(dir);
        link_at(dir, ids::WEBSITE);
        session(&place, seed, dir);
    }
    // Seen while there is nobody to send to.
    let key = place.key.take();
    place.run(&["run", "--once"]);
    fs::remove_dir_all(&gone).unwrap();
    fs::rename(&moved, place.path("new-name")).unwrap();
    place.key = key;
    deliver(&place);
    assert_eq!(time(&keito), [("website", 200), ("website", 200)]);
    // What goes on in the old place, and what begins in the new one.
    let mut talk = Talk::new(1, gone.to_str().unwrap());
    let lines = [talk.prompt(0), talk.answer(200, COUNTS), talk.answer(250, COUNTS)];
    place.append("1", &lines[2]);
    session(&place, 3, &place.path("new-name/src"));
    fs::create_dir_all(place.path("new-name/src")).unwrap();
    deliver(&place);
    assert_eq!(time(&keito), [("website", 200), ("website", 200), ("website", 250)]);
}

#[test]
fn a_repository_that_is_renamed_while_a_session_runs_stays_on_its_project() {
    let keito = Keito::start();
    let place = unlinked(&keito);
    let (before, after) = (place.path("before"), place.path("after"));
    repository(&before);
    link_at(&before, ids::WEBSITE);
    let mut talk = session(&place, 1, &before);
    let service = place.start();
    until("it is sent", || {
        service.flush();
        (!keito.entries().is_empty()).then_some(())
    });
    fs::rename(&before, &after).unwrap();
    // The agent goes on with the path that it was started in, then with the new one.
    place.append("1", &talk.answer(260, COUNTS));
    service.settle();
    let there = talk.answer(300, COUNTS).replace(before.to_str().unwrap(), after.to_str().unwrap());
    place.append("1", &there);
    service.settle();
    assert_eq!((time(&keito), cost(&keito).len()), (vec![("website", 300)], 3));
    assert!(cost(&keito).iter().all(|(project, _)| *project == "website"));
    // A new repository under the old name is another one.
    assert_eq!(service.stop(), 0);
    link_at(&before, ids::BILLING);
    session(&place, 2, &before);
    let service = place.start();
    service.settle();
    assert_eq!(time(&keito), [("billing", 200), ("website", 300)]);
}

#[test]
fn a_session_is_split_where_it_moves_between_linked_repositories() {
    let keito = Keito::start();
    let place = unlinked(&keito);
    let (here, there) = (place.path("here"), place.path("there"));
    link_at(&here, ids::WEBSITE);
    link_at(&there, ids::BILLING);
    let mut talk = Talk::new(1, here.to_str().unwrap());
    let moved = |line: String| line.replace(here.to_str().unwrap(), there.to_str().unwrap());
    let lines = [
        talk.prompt(0),
        talk.answer(100, COUNTS),
        moved(talk.answer(250, COUNTS)),
        moved(talk.answer(300, COUNTS)),
        talk.answer(370, COUNTS),
    ];
    place.append("1", &lines.concat());
    deliver(&place);
    assert_eq!(time(&keito), [("billing", 200), ("website", 170)]);
    assert_eq!(cost(&keito), [("billing", 2), ("website", 2)]);
}

#[test]
fn several_repositories_go_to_one_project() {
    let keito = Keito::start();
    let place = unlinked(&keito);
    for (seed, name) in [(1, "api"), (2, "web"), (3, "docs")] {
        let repo = place.path(name);
        repository(&repo);
        link_at(&repo, ids::WEBSITE);
        session(&place, seed, &repo);
    }
    deliver(&place);
    assert_eq!((time(&keito), cost(&keito)), (vec![("website", 200); 3], vec![("website", 1); 3]));
}

#[test]
fn a_session_that_leaves_goes_on_where_it_was_last_else_where_it_began() {
    let tmp = |dir: &Path, line: String| line.replace(dir.to_str().unwrap(), "/tmp");
    let keito = Keito::start();
    let place = unlinked(&keito);
    place.config(&default(ids::PIPELINE));
    let (here, there) = (place.path("here"), place.path("there"));
    link_at(&here, ids::WEBSITE);
    link_at(&there, ids::BILLING);
    // In `here`, then in `there`, then nowhere: as in `there`.
    let mut talk = Talk::new(1, here.to_str().unwrap());
    let lines = [
        talk.prompt(0),
        talk.answer(100, COUNTS),
        talk.answer(150, COUNTS).replace(here.to_str().unwrap(), there.to_str().unwrap()),
        tmp(&here, talk.answer(190, COUNTS)),
    ];
    place.append("1", &lines.concat());
    deliver(&place);
    assert_eq!(
        (time(&keito), cost(&keito)),
        (vec![("billing", 90), ("website", 100)], vec![("billing", 2), ("website", 1)])
    );

    // Begun in a linked directory, though its first answers are elsewhere.
    let mut talk = Talk::new(2, here.to_str().unwrap());
    let lines =
        [talk.prompt(1000), tmp(&here, talk.answer(1030, COUNTS)), tmp(&here, talk.answer(1060, COUNTS))];
    place.append("2", &lines.concat());
    // Nowhere at all: only this one is the default's.
    session(&place, 3, Path::new("/tmp"));
    deliver(&place);
    assert_eq!(time(&keito), [("billing", 90), ("pipeline", 200), ("website", 60), ("website", 100)]);
    assert_eq!(queue(&place), []);
}
