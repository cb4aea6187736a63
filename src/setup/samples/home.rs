//! The home that the sample sessions work in.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;

/// The linked repository, below the home.
pub const REPO: &str = "work/lakeside-website";

/// A directory without repository and link, below the home.
pub const SCRATCH: &str = "scratch";

/// Where the repository's records go: ids and names of rows that the workspace has.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Account id.
    pub workspace: &'a str,
    /// Name of the client.
    pub client: &'a str,
    /// Id of the project.
    pub project_id: &'a str,
    /// Its name.
    pub project: &'a str,
    /// Id of the task, which must be assigned to the project.
    pub task_id: &'a str,
    /// Its name.
    pub task: &'a str,
}

/// Makes the directories in `home`: a repository on `main` with a remote and a `.keito/config.yml`, and one that
/// nothing links.
///
/// # Errors
/// If `home` cannot be written to.
pub fn home(home: &Path, names: &Names<'_>) -> Result<(), Error> {
    let repo = home.join(REPO);
    // The two directories that git itself wants before it calls a `.git` a repository.
    for dir in
        [repo.join(".git/objects"), repo.join(".git/refs/heads"), repo.join(".keito"), home.join(SCRATCH)]
    {
        fs::create_dir_all(&dir).map_err(failed(&dir))?;
    }
    let files = [
        (".git/HEAD", "ref: refs/heads/main\n".to_owned()),
        (".git/config", GIT_CONFIG.to_owned()),
        (".keito/config.yml", link_file(names)),
    ];
    for (name, text) in files {
        let path = repo.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

pub(super) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path: PathBuf = path.to_owned();
    move |source| Error::Write { path, source }
}

const GIT_CONFIG: &str = "[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
[remote \"origin\"]
\turl = git@github.com:lakeside/website.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch \"main\"]
\tremote = origin
\tmerge = refs/heads/main
";

/// Values are quoted as JSON, which YAML reads: a name may hold a colon.
fn link_file(names: &Names<'_>) -> String {
    let members = [
        ("workspace_id", names.workspace),
        ("client_name", names.client),
        ("project_id", names.project_id),
        ("project_name", names.project),
        ("task_id", names.task_id),
        ("task_name", names.task),
    ];
    let mut text = String::from("version: 1\n");
    for (key, value) in members {
        let _ = writeln!(text, "{key}: {}", serde_json::Value::from(value));
    }
    text.push_str("agent_tracking:\n  enabled: true\n");
    text
}
