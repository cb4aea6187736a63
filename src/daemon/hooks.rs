//! Faults on demand, in debug builds alone: a release build has none of this.
//!
//! `KEITOD_TEST_HOOKS` names a directory. A file `clock` in it holds milliseconds by which the wall clock is set; a file
//! named as a part (`reader`, `clerk`, `sender`) has that part do what the file says at its next step, once: `hang`, or
//! end in a panic whose payload is the whole text, which begins with `panic`. A directory `power` stands for the machine's
//! power supplies.

#[cfg(debug_assertions)]
mod armed {
    use std::path::{Path, PathBuf};
    use std::sync::OnceLock;

    static DIR: OnceLock<PathBuf> = OnceLock::new();

    /// Arms the hooks of this process.
    pub(in crate::daemon) fn arm(dir: &str) {
        // The first one counts.
        let _ = DIR.set(Path::new(dir).to_owned());
    }

    fn said(name: &str) -> Option<String> {
        std::fs::read_to_string(DIR.get()?.join(name)).ok()
    }

    pub(in crate::daemon) fn clock_skew() -> i64 {
        said("clock").and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    pub(in crate::daemon) fn power() -> Option<PathBuf> {
        Some(DIR.get()?.join("power")).filter(|path| path.is_dir())
    }

    pub(in crate::daemon) fn point(part: &str) {
        let Some(what) = said(part) else { return };
        if let Some(dir) = DIR.get() {
            // It is done once; whoever watches sees that it was reached.
            let _ = std::fs::remove_file(dir.join(part));
        }
        match what.trim() {
            "hang" => loop {
                std::thread::park();
            },
            // As a fault of ours would: what it says quotes the text.
            fault if fault.starts_with("panic") => drop(fault[fault.len() + 1..].to_owned()),
            _ => {}
        }
    }
}

#[cfg(not(debug_assertions))]
mod armed {
    pub(in crate::daemon) const fn clock_skew() -> i64 {
        0
    }
    pub(in crate::daemon) const fn power() -> Option<std::path::PathBuf> {
        None
    }
    pub(in crate::daemon) const fn point(_: &str) {}
}

pub(super) use armed::{clock_skew, point, power};

/// Arms the hooks if the environment asks for them and the build has any.
pub fn arm(env: &crate::config::Env) {
    #[cfg(debug_assertions)]
    if let Some(dir) = env.get("KEITOD_TEST_HOOKS") {
        armed::arm(dir);
    }
    #[cfg(not(debug_assertions))]
    let _ = env;
}
