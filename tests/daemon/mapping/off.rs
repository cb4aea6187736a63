//! A repository that is switched off, or whose file cannot be followed, sends nothing, whatever else would lead
//! somewhere: a rule for its path, one for its remote, and `[default]`.

use std::fs;
use std::path::Path;
use std::process::Command;

use keitod::sandbox::ids;

use super::{
    COUNTS, cost, default, deliver, git, held, link, link_at, queue, repository, rule, session, time, write,
};
use crate::keito::Keito;
use crate::place::Place;

/// Rules that would take it: by path, by remote, and the default.
fn tempting(place: &Place) {
    let path = format!("path = \"{}/**\"", place.path("work").display());
    let remote = "remote = \"github.com/acme/*\"";
    place
        .config(&(rule(&path, ids::WEBSITE, "") + &rule(remote, ids::BILLING, "") + &default(ids::PIPELINE)));
}

fn excluded() -> Vec<(String, String)> {
    vec![("excluded".to_owned(), String::new()); 2]
}

#[test]
fn switched_off_or_broken_sends_nothing() {
    type Spoil = fn(&Path);
    type Queue = Vec<(String, String)>;
    let cases: &[(&str, Spoil, Queue)] = &[
        (
            "enabled: false",
            |repo| {
                write(
                    &repo.join(".keito/config.yml"),
                    &(link(ids::WEBSITE) + "agent_tracking:\n  enabled: false\n"),
                )
            },
            excluded(),
        ),
        (
            "enabled: false alone",
            |repo| write(&repo.join(".keito/config.yml"), "agent_tracking: {enabled: false}"),
            excluded(),
        ),
        (
            ".disabled",
            |repo| write(&repo.join(".keito/config.yml.disabled"), &link(ids::WEBSITE)),
            excluded(),
        ),
        (
            ".disabled with an instant",
            |repo| write(&repo.join(".keito/config.yml.disabled.20260105T090000Z"), &link(ids::WEBSITE)),
            excluded(),
        ),
        (
            "broken YAML",
            |repo| write(&repo.join(".keito/config.yml"), "project_id: [\n"),
            held("mapping_error"),
        ),
        (
            "a merge's marks",
            |repo| write(&repo.join(".keito/config.yml"), "<<<<<<< HEAD\nproject_id: p\n"),
            held("mapping_error"),
        ),
        ("empty", |repo| write(&repo.join(".keito/config.yml"), ""), held("mapping_error")),
        (
            "incomplete",
            |repo| write(&repo.join(".keito/config.yml"), "project_id: p\n"),
            held("mapping_error"),
        ),
        (
            "not UTF-8",
            |repo| {
                write(&repo.join(".keito/config.yml"), "");
                fs::write(repo.join(".keito/config.yml"), b"project_id: \xff\xfe").unwrap();
            },
            held("mapping_error"),
        ),
        (
            "a directory",
            |repo| fs::create_dir_all(repo.join(".keito/config.yml")).unwrap(),
            held("mapping_error"),
        ),
        (
            "a link to itself",
            |repo| {
                fs::create_dir_all(repo.join(".keito")).unwrap();
                std::os::unix::fs::symlink("config.yml", repo.join(".keito/config.yml")).unwrap();
            },
            held("mapping_error"),
        ),
    ];
    for (what, spoil, expected) in cases {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        tempting(&place);
        let repo = place.path("work/api");
        repository(&repo);
        git(&repo, &["remote", "add", "origin", "https://github.com/acme/api.git"]);
        spoil(&repo);
        fs::create_dir_all(repo.join("src")).unwrap();
        let mut talk = session(&place, 1, &repo.join("src"));
        // It goes on where nothing is linked: that is still its work.
        let on = (talk.prompt(220) + &talk.answer(300, COUNTS))
            .replace(repo.join("src").to_str().unwrap(), "/tmp");
        place.append("1", &on);
        deliver(&place);
        assert_eq!((time(&keito), cost(&keito)), (vec![], vec![]), "{what}");
        assert_eq!(keito.asked("POST", "/").len(), 0, "{what}");
        assert_eq!(&queue(&place), expected, "{what}");
        // Once it is repaired all of it flows, once, to the repository's own link.
        fs::remove_dir_all(repo.join(".keito")).unwrap();
        link_at(&repo, ids::BILLING);
        deliver(&place);
        assert_eq!((time(&keito), cost(&keito)), (vec![("billing", 280)], vec![("billing", 2)]), "{what}");
        assert_eq!(queue(&place), [], "{what}");
    }
}

#[test]
fn a_keito_that_is_no_directory_says_nothing() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    tempting(&place);
    let repo = place.path("work/api");
    write(&repo.join(".keito"), "project_id: p\n");
    session(&place, 1, &repo);
    deliver(&place);
    assert_eq!((time(&keito), cost(&keito)), (vec![("website", 200)], vec![("website", 1)]));
}

#[test]
fn an_exclude_rule_comes_before_the_repositorys_own_link() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let secret = place.path("secret");
    let exclude = format!("[[rule]]\npath = \"{}\"\nexclude = true\n", secret.display());
    place.config(&(exclude + &default(ids::PIPELINE)));
    link_at(&secret, ids::WEBSITE);
    fs::create_dir_all(secret.join("deep/er")).unwrap();
    let mut talk = session(&place, 1, &secret.join("deep/er"));
    place.append("1", &talk.answer(300, COUNTS).replace(secret.join("deep/er").to_str().unwrap(), "/tmp"));
    session(&place, 2, &place.path("else"));
    deliver(&place);
    assert_eq!((time(&keito), cost(&keito)), (vec![("pipeline", 200)], vec![("pipeline", 1)]));
    assert_eq!(queue(&place), excluded());
}

#[test]
fn what_may_not_be_read_sends_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    for hidden in [".keito/config.yml", ".keito"] {
        let keito = Keito::start();
        let mut place = Place::new(&keito.origin);
        tempting(&place);
        let repo = place.path("work/api");
        link_at(&repo, ids::WEBSITE);
        session(&place, 1, &repo);
        if rustix::process::geteuid().is_root() {
            // Nothing is hidden from root: the program runs as somebody else.
            let words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
            let chown = Command::new("chown").args(["-R", "65534:65534"]).arg(place.home()).status();
            let able =
                Command::new(words[0]).args(&words[1..]).args([env!("CARGO_BIN_EXE_keitod"), "man"]).output();
            if !chown.is_ok_and(|chown| chown.success()) || !able.is_ok_and(|able| able.status.success()) {
                println!("skipped: nobody else can run the program here");
                return;
            }
            place.through = Some(words.map(str::to_owned).into());
        }
        fs::set_permissions(repo.join(hidden), fs::Permissions::from_mode(0o0)).unwrap();
        deliver(&place);
        assert_eq!((time(&keito), cost(&keito)), (vec![], vec![]), "{hidden}");
        assert_eq!(queue(&place), held("mapping_error"), "{hidden}");
        fs::set_permissions(repo.join(hidden), fs::Permissions::from_mode(0o755)).unwrap();
        deliver(&place);
        assert_eq!(time(&keito), [("website", 200)], "{hidden}");
    }
}
