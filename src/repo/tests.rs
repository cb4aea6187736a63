//! On real repositories, made by git.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::*;

const HERE: &str = "project_id: here\n";

/// A home of its own, without the machine's git configuration.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a home"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().expect("it exists").join(name)
    }

    fn git(&self, dir: &str, args: &[&str]) {
        let done = Command::new("git")
            .current_dir(self.path(dir))
            .args(["-c", "protocol.file.allow=always", "-c", "user.name=n", "-c", "user.email=e@example.com"])
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path(""))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git is installed");
        assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// A repository with one commit on `main`.
    fn repo(&self, dir: &str, remote: &str) {
        fs::create_dir_all(self.path(dir)).expect("a directory");
        self.git(dir, &["init", "-q", "-b", "main"]);
        self.git(dir, &["commit", "-q", "--allow-empty", "-m", "c"]);
        self.git(dir, &["remote", "add", "origin", remote]);
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    fn look(&self, dir: &str) -> DirFacts {
        let facts = look(&self.path(dir), &self.path(""));
        assert_eq!(from_json(&to_json(&facts).expect("text")), Some(facts.clone()));
        facts
    }

    fn text(&self, file: &str, text: &str) -> KeitoFile {
        KeitoFile::Text { path: self.path(file), text: text.to_owned() }
    }
}

#[test]
fn a_plain_repository() {
    let home = Home::new();
    home.repo("work/api", "https://user:secret@GitHub.com/acme/api.git");
    home.write("work/api/src/deep/x", "");
    home.write("work/api/.keito/config.yml", HERE);
    let facts = home.look("work/api/src/deep");
    let expected = DirFacts {
        gone: false,
        root: Some(home.path("work/api")),
        main_root: Some(home.path("work/api")),
        repo: Some("api".into()),
        remote: Some("github.com/acme/api".into()),
        submodule_remote: None,
        branch: Some("main".into()),
        keito: home.text("work/api/.keito/config.yml", HERE),
    };
    assert_eq!(facts, expected);
    home.git("work/api", &["checkout", "-q", "-b", "feature/ACME-1"]);
    assert_eq!(home.look("work/api").branch.as_deref(), Some("feature/ACME-1"));
    home.git("work/api", &["checkout", "-q", "--detach"]);
    assert_eq!(home.look("work/api").branch, None);
}

#[test]
fn a_worktree_counts_as_its_main_repository() {
    let home = Home::new();
    home.repo("work/api", "git@github.com:acme/api.git");
    home.write("work/api/.keito/config.yml", HERE);
    home.write("work/api/packages/a/.keito/config.yml", "a");
    home.git("work/api", &["worktree", "add", "-q", "-b", "side", "../../trees/side"]);
    home.write("trees/side/packages/a/x", "");
    home.write("trees/side/packages/b/x", "");
    let facts = home.look("trees/side/packages/b");
    assert_eq!(facts.root, Some(home.path("trees/side")));
    assert_eq!(facts.main_root, Some(home.path("work/api")));
    assert_eq!((facts.repo.as_deref(), facts.branch.as_deref()), (Some("api"), Some("side")));
    assert_eq!(facts.remote.as_deref(), Some("github.com/acme/api"));
    assert_eq!(facts.keito, home.text("work/api/.keito/config.yml", HERE));
    assert_eq!(
        home.look("trees/side/packages/a").keito,
        home.text("work/api/packages/a/.keito/config.yml", "a")
    );
    // A sample that is under version control is not a link, and a file of its own comes first.
    home.write("trees/side/.keito/config.example.yml", "sample");
    assert_eq!(home.look("trees/side").keito, home.text("work/api/.keito/config.yml", HERE));
    home.write("trees/side/.keito/config.yml", "own");
    assert_eq!(home.look("trees/side/packages/a").keito, home.text("trees/side/.keito/config.yml", "own"));
    // The main repository moves away: the worktree is still a root of its own.
    fs::rename(home.path("work/api"), home.path("work/elsewhere")).expect("a move");
    let lost = home.look("trees/side/packages");
    assert_eq!((lost.root, lost.remote, lost.branch), (Some(home.path("trees/side")), None, None));
}

#[test]
fn worktrees_of_a_bare_repository() {
    let home = Home::new();
    home.repo("seed", "https://h.example/x/seed");
    home.git("", &["clone", "-q", "--bare", "seed", "git/api.git"]);
    home.git("git/api.git", &["remote", "set-url", "origin", "https://h.example/x/api.git"]);
    home.git("git/api.git", &["worktree", "add", "-q", "../../t", "main"]);
    let facts = home.look("t");
    assert_eq!((facts.repo.as_deref(), facts.main_root), (Some("api"), None));
    assert_eq!(facts.remote.as_deref(), Some("h.example/x/api"));
    home.git("", &["clone", "-q", "--bare", "seed", "shop/.bare"]);
    home.git("shop/.bare", &["worktree", "add", "-q", "../main", "main"]);
    home.write("shop/.keito/config.yml", HERE);
    let facts = home.look("shop/main");
    assert_eq!((facts.repo.as_deref(), facts.main_root), (Some("shop"), Some(home.path("shop"))));
    assert_eq!(facts.keito, home.text("shop/.keito/config.yml", HERE));
}

#[test]
fn a_submodule_counts_as_its_superproject() {
    let home = Home::new();
    home.repo("lib", "https://h.example/vendor/lib");
    home.repo("inner", "https://h.example/vendor/inner");
    let path = |name: &str| home.path(name).to_string_lossy().into_owned();
    home.git("lib", &["submodule", "--quiet", "add", &path("inner"), "in"]);
    home.git("lib", &["commit", "-q", "-m", "s"]);
    home.repo("super", "https://h.example/acme/super");
    home.git("super", &["submodule", "--quiet", "add", &path("lib"), "libs/lib"]);
    home.git("super", &["submodule", "--quiet", "update", "--init", "--recursive"]);
    home.git("super", &["commit", "-q", "-m", "s"]);
    home.git("super/libs/lib", &["remote", "set-url", "origin", "https://h.example/vendor/lib"]);
    home.write("super/.keito/config.yml", HERE);
    for (dir, root) in [("super/libs/lib", "super/libs/lib"), ("super/libs/lib/in", "super/libs/lib/in")] {
        let facts = home.look(dir);
        assert_eq!(facts.root, Some(home.path(root)));
        assert_eq!(
            (facts.repo.as_deref(), facts.main_root),
            (Some("super"), Some(home.path("super"))),
            "{dir}"
        );
        assert_eq!(facts.remote.as_deref(), Some("h.example/acme/super"));
        assert_eq!(facts.keito, home.text("super/.keito/config.yml", HERE));
    }
    assert_eq!(home.look("super/libs/lib").submodule_remote.as_deref(), Some("h.example/vendor/lib"));
    home.write("super/libs/lib/.keito/config.yml", "lib");
    assert_eq!(home.look("super/libs/lib").keito, home.text("super/libs/lib/.keito/config.yml", "lib"));
    // A submodule in a worktree of the superproject counts as the main one too.
    home.git("super", &["worktree", "add", "-q", "-b", "side", "../side"]);
    home.git("side", &["submodule", "--quiet", "update", "--init"]);
    let facts = home.look("side/libs/lib");
    assert_eq!((facts.repo.as_deref(), facts.main_root), (Some("super"), Some(home.path("super"))));
    assert_eq!(facts.keito, home.text("super/libs/lib/.keito/config.yml", "lib"));
}

#[test]
fn nested_repositories_are_their_own() {
    let home = Home::new();
    home.repo("outer", "https://h.example/a/outer");
    home.write("outer/.keito/config.yml", HERE);
    home.repo("outer/clone", "https://h.example/b/clone");
    let facts = home.look("outer/clone");
    assert_eq!((facts.repo.as_deref(), facts.keito), (Some("clone"), KeitoFile::None));
    // An empty `.git` is no repository.
    fs::create_dir_all(home.path("outer/sub/.git")).expect("a directory");
    assert_eq!(home.look("outer/sub").repo.as_deref(), Some("outer"));
}

#[test]
fn disabled_unreadable_and_absent() {
    let home = Home::new();
    home.write("p/src/x", "");
    assert_eq!(home.look("p/src"), DirFacts::default());
    home.write("p/.keito/config.yml", HERE);
    assert_eq!(home.look("p/src").keito, home.text("p/.keito/config.yml", HERE));
    fs::rename(home.path("p/.keito/config.yml"), home.path("p/.keito/config.yml.disabled.20260501"))
        .expect("a move");
    let disabled = home.path("p/.keito/config.yml.disabled.20260501");
    assert_eq!(home.look("p/src").keito, KeitoFile::Disabled { path: disabled });
    let unreadable = |kind| KeitoFile::Unreadable { path: home.path("p/.keito/config.yml"), kind };
    home.write("p/.keito/config.yml", &"x".repeat(64 * 1024 + 1));
    assert_eq!(home.look("p").keito, unreadable(ReadError::TooLarge));
    fs::write(home.path("p/.keito/config.yml"), [0xff, 0xfe]).expect("a file");
    assert_eq!(home.look("p").keito, unreadable(ReadError::NotText));
    fs::remove_file(home.path("p/.keito/config.yml")).expect("gone");
    fs::create_dir(home.path("p/.keito/config.yml")).expect("a directory");
    assert_eq!(home.look("p").keito, unreadable(ReadError::NotAFile));
    fs::remove_dir(home.path("p/.keito/config.yml")).expect("gone");
    std::os::unix::fs::symlink("nowhere", home.path("p/.keito/config.yml")).expect("a link");
    assert_eq!(home.look("p").keito, unreadable(ReadError::Other));
    assert_eq!(home.look("p/no/such"), DirFacts { gone: true, ..DirFacts::default() });
    assert!(home.look("p/src/x").gone);
}

#[test]
fn permissions_hide_no_keito() {
    // Root reads everything, so this case shows only for an ordinary user.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::new();
    home.write("p/.keito/config.yml", HERE);
    fs::set_permissions(home.path("p/.keito"), fs::Permissions::from_mode(0o000)).expect("a mode");
    let keito = home.look("p").keito;
    fs::set_permissions(home.path("p/.keito"), fs::Permissions::from_mode(0o700)).expect("a mode");
    assert!(matches!(keito, KeitoFile::Unreadable { kind: ReadError::Permission, .. }), "{keito:?}");
}

#[test]
fn nothing_above_home_is_looked_at() {
    let all = Home::new();
    all.repo("", "https://h.example/a/above");
    all.write(".keito/config.yml", HERE);
    all.write("home/p/x", "");
    let facts = look(&all.path("home/p"), &all.path("home"));
    assert_eq!(facts, DirFacts::default());
    assert_eq!(look(&all.path(""), &all.path("home")), DirFacts::default());
    all.write("home/.keito/config.yml", "home");
    assert_eq!(
        look(&all.path("home/p"), &all.path("home")).keito,
        all.text("home/.keito/config.yml", "home")
    );
    // Elsewhere there is no home to stop at.
    all.write("other/x", "");
    assert_eq!(look(&all.path("other"), &all.path("home")).keito, KeitoFile::None);
    let beside = look(&all.path("other"), Path::new("/nonexistent/home"));
    assert_eq!(beside.keito, all.text(".keito/config.yml", HERE));
}
