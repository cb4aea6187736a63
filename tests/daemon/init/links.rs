//! `keitod link`.

use std::fs;
use std::path::Path;
use std::process::Command;

use keitod::mapping::{Read, parse};
use keitod::sandbox::{ACCOUNT, Settings, ids};

use super::{Home, git};

const WEBSITE: [&str; 5] = ["link", "--project", "Website relaunch", "--task", "Development"];
const BILLING: [&str; 5] = ["link", "--project", "Billing API", "--task", "Code review"];

/// A home whose config is an empty one.
fn home() -> Home {
    let home = Home::new();
    fs::write(home.config(), "").unwrap();
    home
}

fn read(path: &Path) -> keitod::mapping::LinkFile {
    match parse(&fs::read_to_string(path).unwrap()) {
        Ok(Read::Link(file)) => *file,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_repository_is_linked_for_both_tools() {
    let home = home();
    fs::write(home.repo.join(".gitignore"), "target").unwrap();
    fs::create_dir_all(home.repo.join("src/deep")).unwrap();
    let document = home.document(&[&["link", "src/deep"], &WEBSITE[1..]].concat());
    assert_eq!(document["link"]["changed"], true);
    assert_eq!(document["link"]["project_id"], ids::WEBSITE);
    let file = read(&home.link());
    assert_eq!(file.link.project.as_str(), ids::WEBSITE);
    assert_eq!(file.workspace.unwrap().as_str(), ACCOUNT);
    assert_eq!(file.names.client.as_deref(), Some("Acme Corp"));
    assert_eq!(file.names.task.as_deref(), Some("Development"));
    let text = home.text(&home.link());
    assert!(text.contains(&format!("\nclient_id: {}\n", ids::ACME)), "{text}");
    for line in
        ["version: 1", "  enabled: true", "  source: agent", "  draft: false", "  redact_notes: false"]
    {
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }
    assert_eq!(home.text(&home.repo.join(".gitignore")), "target\n/.keito/config.yml\n");
    let example = home.text(&home.repo.join(".keito/config.example.yml"));
    assert!(!example.contains("Acme") && !example.contains(ids::WEBSITE), "{example}");

    // The sample of a team stays as it is, and nothing is added twice.
    fs::write(home.repo.join(".keito/config.example.yml"), "version: 1\n").unwrap();
    assert_eq!(home.document(&WEBSITE)["link"]["changed"], false);
    assert_eq!(home.text(&home.repo.join(".gitignore")), "target\n/.keito/config.yml\n");
    assert_eq!(home.text(&home.repo.join(".keito/config.example.yml")), "version: 1\n");
    assert_eq!(home.text(&home.link()), text);

    let ignored = |name: &str| {
        let mut command = Command::new("git");
        command.arg("-C").arg(&home.repo).args(["check-ignore", "-q", name]);
        command
            .env("HOME", home.place.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .status()
            .map(|status| status.code())
    };
    match ignored(".keito/config.yml") {
        Ok(code) => {
            assert_eq!(code, Some(0));
            assert_eq!(ignored(".keito/config.example.yml").unwrap(), Some(1));
        }
        Err(_) => println!("skipped in part: there is no git"),
    }
}

#[test]
fn what_links_elsewhere_is_changed_by_force_alone() {
    let home = home();
    let more = ["--draft", "--redact-notes", "--min-seconds", "120", "--max-seconds", "28800"];
    let more =
        [&more[..], &["--notes", "{agent} {{in}} {repo}", "--metadata", "team=a=b", "--metadata", "no=1"]]
            .concat();
    home.good(&[&WEBSITE[..], &more].concat());
    let first = read(&home.link());
    assert_eq!((first.min_seconds, first.max_seconds), (Some(120), Some(28_800)));
    assert!(first.draft && first.redact_notes);
    assert_eq!(first.notes.as_ref().unwrap().to_string(), "{agent} {{in}} {repo}");

    let (code, _, err) = home.run(&BILLING);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("links to Website relaunch / Development already"), "{err}");
    // Without a word on them all further keys stay.
    assert_eq!(home.document(&WEBSITE)["link"]["changed"], false);
    home.good(&[&BILLING[..], &["--force", "--draft", "false", "--metadata", "team=c"]].concat());
    let second = read(&home.link());
    assert_eq!(second.link.project.as_str(), ids::BILLING);
    assert_eq!((second.min_seconds, second.draft, second.redact_notes), (Some(120), false, true));
    assert_eq!(second.notes, first.notes);
    assert_eq!(second.metadata.len(), 2, "{:?}", second.metadata);

    fs::rename(home.link(), home.repo.join(".keito/config.yml.disabled")).unwrap();
    let (code, _, err) = home.run(&BILLING);
    assert_eq!((code, err.contains("switched off by")), (3, true), "{err}");
    fs::write(home.link(), "agent_tracking:\n  enabled: false\n").unwrap();
    let (code, _, err) = home.run(&BILLING);
    assert_eq!((code, err.contains("switched off by")), (3, true), "{err}");
    fs::write(home.link(), "project_id: [\n").unwrap();
    let (code, _, err) = home.run(&BILLING);
    assert_eq!((code, err.contains("not a valid link file")), (8, true), "{err}");
    home.good(&[&BILLING[..], &["--force"]].concat());
    assert_eq!(read(&home.link()).link.project.as_str(), ids::BILLING);
}

#[test]
fn places_that_can_and_cannot_be_linked() {
    let home = home();
    let plain = home.place.path("plain");
    fs::create_dir(&plain).unwrap();
    let to = |dir: &Path, more: &[&str]| {
        let dir = dir.to_str().unwrap();
        home.run(&[&["link", dir], &WEBSITE[1..], more].concat())
    };
    let (code, _, err) = to(&plain, &[]);
    assert_eq!((code, err.contains("is in no git repository")), (2, true), "{err}");
    assert!(err.contains("--here"), "{err}");
    assert_eq!(to(&plain, &["--here"]).0, 0);
    assert!(plain.join(".keito/config.yml").exists() && !plain.join(".gitignore").exists());
    let (code, _, err) = to(Path::new("/nowhere/at/all"), &[]);
    assert_eq!((code, err.contains("there is no directory /nowhere/at/all")), (4, true), "{err}");
    let (code, _, err) = to(&home.config(), &[]);
    assert_eq!((code, err.contains("there is no directory")), (4, true), "{err}");
    let (code, _, err) = to(Path::new("/"), &["--here"]);
    assert_eq!((code, err.contains("would never be read")), (2, true), "{err}");

    // A part of a repository.
    fs::create_dir_all(home.repo.join("shop/src")).unwrap();
    assert_eq!(to(&home.repo.join("shop"), &["--here"]).0, 0);
    assert!(home.repo.join("shop/.keito/config.yml").exists());
    assert_eq!(home.text(&home.repo.join("shop/.gitignore")), "/.keito/config.yml\n");

    // A worktree shares the link of its repository.
    let tree = home.place.path("work/tree");
    let own = home.repo.join(".git/worktrees/tree");
    fs::create_dir_all(&tree).unwrap();
    fs::create_dir_all(&own).unwrap();
    fs::write(tree.join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
    fs::write(own.join("HEAD"), "ref: refs/heads/topic\n").unwrap();
    fs::write(own.join("commondir"), "../..\n").unwrap();
    assert_eq!(to(&tree, &[]).0, 0);
    assert!(home.link().exists() && !tree.join(".keito").exists());

    // A repository that is all of home links nothing by accident.
    git(home.place.home());
    let (code, _, err) = to(&plain.join("."), &["--force"]);
    assert_eq!((code, err.contains("would never be read")), (2, true), "{err}");
}

#[test]
fn without_a_terminal_or_with_bad_words() {
    let home = home();
    let (code, _, err) = home.run(&["link"]);
    assert_eq!((code, err.contains("give --project and --task")), (2, true), "{err}");
    let (code, _, err) = home.run(&[&WEBSITE[..], &["--notes", "{nothing}"]].concat());
    assert_eq!((code, err.contains("--notes is no template")), (2, true), "{err}");
    let (code, _, err) = home.run(&[&WEBSITE[..], &["--metadata", "team"]].concat());
    assert_eq!((code, err.contains("--metadata must be a name and a value")), (2, true), "{err}");
    home.keito.change(|settings: &mut Settings| settings.projects.clear());
    let (code, _, err) = home.run(&WEBSITE);
    assert_eq!((code, err.contains("may book on no project")), (4, true), "{err}");
    fs::write(home.repo.join(".keito"), "").unwrap();
    home.keito.change(|settings: &mut Settings| settings.projects = Settings::default().projects);
    let (code, _, err) = home.run(&WEBSITE);
    assert_eq!((code, err.contains("cannot write")), (8, true), "{err}");
    let mut home = home;
    home.place.key = None;
    fs::remove_file(home.repo.join(".keito")).unwrap();
    let (code, _, err) = home.run(&WEBSITE);
    assert_eq!((code, err.contains("no API key")), (1, true), "{err}");
    assert!(!home.repo.join(".keito").exists());
}
