//! The path by which the service starts the program.

use std::path::{Component, Path, PathBuf};

use super::Error;
use crate::config::Env;

/// Why a program will not stay where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// Below a `target` directory: the next build replaces it, `cargo clean` removes it.
    Build,
    /// In a directory that is emptied from time to time.
    Temporary,
}

/// This program, as a service names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is started.
    pub path: PathBuf,
    /// Why it may be gone tomorrow.
    pub passing: Option<Passing>,
}

impl Program {
    /// Of this process.
    ///
    /// # Errors
    /// If the system does not say where it is.
    pub fn of_process(env: &Env) -> Result<Self, Error> {
        let running = std::env::current_exe().map_err(Error::Program)?;
        Ok(Self::of(&running, env))
    }

    /// Of the program that runs from `running`. A link on `PATH` that leads to it is what an upgrade leads to the next
    /// version: package managers keep each version in a directory of its own.
    pub(super) fn of(running: &Path, env: &Env) -> Self {
        let running = undeleted(running);
        let same = |path: &Path| path.canonicalize().ok() == running.canonicalize().ok() && path.exists();
        let named = running.file_name().unwrap_or_default();
        let dirs = env.get("PATH").unwrap_or_default().split(':').map(Path::new);
        let on_path = dirs.filter(|dir| dir.is_absolute()).map(|dir| dir.join(named)).find(|path| same(path));
        let passing = passing(&running, env.path("TMPDIR").as_deref());
        Self { path: on_path.unwrap_or(running), passing }
    }
}

/// Linux says so of a program whose file was replaced; the new one has the old one's path.
fn undeleted(path: &Path) -> PathBuf {
    let text = path.to_str().and_then(|text| text.strip_suffix(" (deleted)"));
    text.map_or_else(|| path.to_path_buf(), PathBuf::from)
}

fn passing(path: &Path, temporary: Option<&Path>) -> Option<Passing> {
    let is_target = |part: Component<'_>| part.as_os_str() == "target";
    if path.components().any(is_target) {
        return Some(Passing::Build);
    }
    let usual = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/private/tmp", "/private/var/folders"];
    let mut dirs = usual.iter().map(Path::new).chain(temporary);
    dirs.any(|dir| path.starts_with(dir)).then_some(Passing::Temporary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_will_be_gone_is_known() {
        let cases = [
            ("/h/.cargo/bin/keitod", None),
            ("/usr/bin/keitod", None),
            ("/h/src/keitod/target/release/keitod", Some(Passing::Build)),
            ("/h/targets/keitod", None),
            ("/tmp/x/keitod", Some(Passing::Temporary)),
            ("/scratch/keitod", Some(Passing::Temporary)),
        ];
        for (path, expected) in cases {
            let env = Env::new("/h", [("TMPDIR", "/scratch")]);
            let program = Program::of(Path::new(path), &env);
            assert_eq!((program.passing, program.path), (expected, PathBuf::from(path)));
        }
        let replaced = Program::of(Path::new("/usr/bin/keitod (deleted)"), &Env::new("/h", [("", ""); 0]));
        assert_eq!(replaced.path, Path::new("/usr/bin/keitod"));
    }

    #[test]
    fn the_link_that_an_upgrade_moves_is_preferred() {
        let home = tempfile::tempdir().unwrap();
        let version = home.path().join("Cellar/keitod/0.1.0/bin");
        let bin = home.path().join("bin");
        for dir in [&version, &bin] {
            std::fs::create_dir_all(dir).unwrap();
        }
        std::fs::write(version.join("keitod"), "").unwrap();
        std::os::unix::fs::symlink(version.join("keitod"), bin.join("keitod")).unwrap();
        let path = format!("/nowhere:{}", bin.display());
        let env = Env::new(home.path(), [("PATH", path.as_str())]);
        assert_eq!(Program::of(&version.join("keitod"), &env).path, bin.join("keitod"));
        // Another program of the same name is another program.
        std::fs::remove_file(bin.join("keitod")).unwrap();
        std::fs::write(bin.join("keitod"), "").unwrap();
        assert_eq!(Program::of(&version.join("keitod"), &env).path, version.join("keitod"));
    }
}
