//! `keitod init` and `keitod link`: by flags, by hand in a pseudo-terminal, and everything that can go wrong.

mod asked;
mod failures;
mod flags;
mod links;
mod rare;
mod service;
mod terminal;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keitod::sandbox::{Key, Settings, ids};
use serde_json::Value;

use crate::keito::Keito;
use crate::place::{Place, told};

/// A key that is found again wherever it leaks.
pub const KEY: &str = "kto_CanaryThatNobodyMaySee0000000000";

/// A Keito that takes that key, a home without a config, and a repository in it.
pub struct Home {
    pub keito: Keito,
    pub place: Place,
    pub repo: PathBuf,
}

impl Home {
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        let keys = vec![Key::full(KEY, ids::ME)];
        Self::as_is(Settings { keys, ..settings })
    }

    pub fn as_is(settings: Settings) -> Self {
        let keito = Keito::with(settings);
        let mut place = Place::bare(&keito.origin);
        place.key = Some(KEY);
        let repo = place.path("work/api");
        git(&repo);
        Self { keito, place, repo }
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.place.command(words);
        command.current_dir(&self.repo);
        command
    }

    /// In the repository, without a terminal.
    pub fn run(&self, words: &[&str]) -> (i32, String, String) {
        let told = told(&self.command(words).output().unwrap());
        assert!(!told.1.contains(KEY) && !told.2.contains(KEY), "the key is shown: {told:?}");
        told
    }

    #[track_caller]
    pub fn good(&self, words: &[&str]) -> String {
        let (code, out, err) = self.run(words);
        assert_eq!(code, 0, "{words:?}\n{out}\n{err}");
        out
    }

    #[track_caller]
    pub fn document(&self, words: &[&str]) -> Value {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.good(&words)).unwrap()
    }

    /// Runs with something on standard input.
    pub fn piped(&self, words: &[&str], text: &str) -> (i32, String, String) {
        use std::io::Write as _;
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        told(&child.wait_with_output().unwrap())
    }

    pub fn config(&self) -> PathBuf {
        self.place.path("keitod.toml")
    }

    pub fn link(&self) -> PathBuf {
        self.repo.join(".keito/config.yml")
    }

    pub fn text(&self, path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    /// Files below home that hold the key.
    pub fn with_key(&self) -> Vec<PathBuf> {
        fn look(dir: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    look(&path, found);
                } else if let Ok(bytes) = fs::read(&path)
                    && bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes())
                {
                    found.push(path);
                }
            }
        }
        let mut found = Vec::new();
        look(self.place.home(), &mut found);
        found
    }

    /// Nothing of ours anywhere.
    #[track_caller]
    pub fn untouched(&self) {
        for path in [
            self.config(),
            self.place.path("api-key"),
            self.repo.join(".keito"),
            self.repo.join(".gitignore"),
        ] {
            assert!(!path.exists(), "{} was written", path.display());
        }
    }
}

/// An empty repository, as `git init` leaves it.
pub fn git(root: &Path) {
    fs::create_dir_all(root.join(".git")).unwrap();
    fs::write(root.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(root.join(".git/config"), "[core]\n\tbare = false\n").unwrap();
    fs::create_dir_all(root.join(".git/objects")).unwrap();
    fs::create_dir_all(root.join(".git/refs")).unwrap();
}

pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
