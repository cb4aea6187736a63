//! The files of the repository, read once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::rust_text::{RustText, test_modules};

/// A file below `src`.
#[derive(Debug)]
pub struct Source {
    /// Relative to the repository, with `/`.
    pub path: String,
    /// As it is.
    pub text: String,
    /// Told apart.
    pub rust: RustText,
    /// Compiled for tests alone.
    pub is_test: bool,
}

impl Source {
    /// The top-level module it belongs to; `lib` and `main` count as one.
    pub fn module(&self) -> &str {
        let below = self.path.trim_start_matches("src/");
        below.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }
}

/// All Rust files below `src`, by path.
pub static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let files: Vec<(String, String)> = files("src")
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| (path.clone(), read(&path)))
        .collect();
    let tests: BTreeSet<String> = files.iter().flat_map(|(path, text)| declared_tests(path, text)).collect();
    let is_test = |path: &str| tests.iter().any(|test| path == test || below(path, test));
    let source = |(path, text): (String, String)| {
        let (rust, is_test) = (RustText::new(&text), is_test(&path));
        Source { path, text, rust, is_test }
    };
    files.into_iter().map(source).collect()
});

/// Those that are not for tests alone.
pub fn shipped() -> impl Iterator<Item = &'static Source> {
    SOURCES.iter().filter(|source| !source.is_test)
}

/// Whether a path is in a folder, or is a file below the folder of `module.rs`.
fn below(path: &str, module: &str) -> bool {
    let folder = module.strip_suffix("/mod.rs").or_else(|| module.strip_suffix(".rs")).unwrap_or(module);
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Files of the modules that this file declares for tests.
fn declared_tests(path: &str, text: &str) -> Vec<String> {
    let here = Path::new(path);
    let folder = here.parent().unwrap();
    let inner = match here.file_stem().unwrap().to_str().unwrap() {
        "mod" | "lib" | "main" => folder.to_owned(),
        name => folder.join(name),
    };
    let places = test_modules(text).into_iter().flat_map(|module| match module.path {
        Some(path) => vec![folder.join(path)],
        None => vec![inner.join(format!("{}.rs", module.name)), inner.join(module.name).join("mod.rs")],
    });
    places.map(|path| path.to_str().unwrap().to_owned()).collect()
}

/// All files below a folder of the repository, sorted.
pub fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = format!("{folder}/{name}");
        if is_folder(&path) { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Whether a path of the repository is a folder.
pub fn is_folder(path: &str) -> bool {
    root().join(path).is_dir()
}

/// What a folder of the repository holds, sorted.
pub fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A text file of the repository.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
