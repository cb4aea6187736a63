//! `keitod link`: the file that links a repository to a project, in the shape that the Keito skill reads as well, its sample
//! for others, and a line that keeps the file itself out of version control.

mod ignore;
mod text;

use std::path::{Path, PathBuf};

pub use text::Terms;

use super::init::Chosen;
use super::{Error, file};
use crate::mapping::{self, LinkFile, Read};
use crate::model::AccountId;
use crate::repo::{self, KeitoFile};

/// Where a link goes, and what is there.
#[derive(Debug)]
pub struct Place {
    root: PathBuf,
    ignored: bool,
    there: There,
}

/// What a place says already.
#[derive(Debug)]
enum There {
    Nothing,
    Link(Box<LinkFile>),
    Off(PathBuf),
    Broken(String),
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The link.
    pub file: PathBuf,
    /// Its sample.
    pub example: PathBuf,
    /// The list of ignored files that has a line for it; `None` outside of repositories.
    pub ignore: Option<PathBuf>,
    /// Whether the link is new; else it said so already.
    pub changed: bool,
}

impl Place {
    /// The repository that holds `dir`: of a worktree its main one, so that all of them share the link; `here`: the
    /// directory itself, repository or not.
    ///
    /// # Errors
    /// If there is no such directory or repository, or nobody would look for a link there.
    pub fn of(dir: &Path, home: &Path, here: bool) -> Result<Self, Error> {
        let no_directory = |_| Error::NoDirectory(dir.to_owned());
        let dir = dir.canonicalize().map_err(no_directory)?;
        if !dir.is_dir() {
            return Err(Error::NoDirectory(dir));
        }
        let home = home.canonicalize().unwrap_or_else(|_| home.to_owned());
        let repository = repo::link_root(&dir, &home);
        let ignored = repository.is_some();
        let root = if here { dir.clone() } else { repository.ok_or(Error::NoRepository(dir))? };
        if home.starts_with(&root) && !(here && root == home) {
            return Err(Error::NoPlace(root));
        }
        let there = there(&root, &home);
        Ok(Self { root, ignored, there })
    }

    /// The directory that gets the link.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What it links to already, for people.
    #[must_use]
    pub fn links_to(&self) -> Option<String> {
        match &self.there {
            There::Link(file) => Some(title(file)),
            _ => None,
        }
    }

    fn file(&self) -> PathBuf {
        self.root.join(".keito/config.yml")
    }

    /// Whether a link may be written without `--force`.
    ///
    /// # Errors
    /// What is there and says otherwise.
    pub fn free(&self) -> Result<(), Error> {
        match &self.there {
            There::Nothing | There::Link(_) => Ok(()),
            There::Off(path) => Err(Error::SwitchedOff(path.clone())),
            There::Broken(why) => Err(Error::BadLink { path: self.file(), why: why.clone() }),
        }
    }

    fn before(&self) -> Option<&LinkFile> {
        match &self.there {
            There::Link(before) => Some(before),
            _ => None,
        }
    }

    fn says(&self, to: &Chosen, terms: &Terms) -> bool {
        self.before().is_some_and(|before| before.link == to.link && terms.are_those_of(before))
    }

    /// Whether this link may be written: nothing is there, or it says the same, or whatever is there may go.
    ///
    /// # Errors
    /// What is there and says otherwise.
    pub fn takes(&self, to: &Chosen, terms: &Terms, force: bool) -> Result<(), Error> {
        if force || self.says(to, terms) {
            return Ok(());
        }
        self.free()?;
        match self.before() {
            Some(before) => Err(Error::Linked { path: self.file(), to: title(before) }),
            None => Ok(()),
        }
    }

    /// Writes the link; one that says the same stays as it is. `force`: whatever is there, whose further keys stay.
    ///
    /// # Errors
    /// If something there says otherwise, or a file cannot be written.
    pub fn link(
        &self,
        to: &Chosen,
        account: Option<&AccountId>,
        terms: &Terms,
        force: bool,
    ) -> Result<Linked, Error> {
        let file = self.file();
        let example = self.root.join(".keito/config.example.yml");
        self.takes(to, terms, force)?;
        let (before, same) = (self.before(), self.says(to, terms));
        let text =
            text::link(to, account, &before.map_or_else(|| terms.clone(), |before| terms.over(before)));
        // What cannot be read again is not written.
        match mapping::parse(&text) {
            Ok(Read::Link(read)) if read.link == to.link => {}
            Ok(_) => return Err(Error::BadLink { path: file, why: "it would not link there".to_owned() }),
            Err(error) => return Err(Error::BadLink { path: file, why: error.to_string() }),
        }
        // First of all: at no time may a commit pick the link up.
        let ignore = if self.ignored { Some(ignore::add(&self.root)?) } else { None };
        if !example.exists() {
            file::write(&example, text::EXAMPLE.as_bytes(), None)?;
        }
        if !same {
            file::write(&file, text.as_bytes(), None)?;
        }
        Ok(Linked { file, example, ignore, changed: !same })
    }
}

fn there(root: &Path, home: &Path) -> There {
    let own = root.join(".keito");
    match repo::look(root, home).keito {
        KeitoFile::Text { path, text } if path.starts_with(&own) => match mapping::parse(&text) {
            Ok(Read::Link(file)) => There::Link(file),
            Ok(Read::SwitchedOff) => There::Off(path),
            Err(error) => There::Broken(error.to_string()),
        },
        KeitoFile::Disabled { path } if path.starts_with(&own) => There::Off(path),
        KeitoFile::Unreadable { path, kind } if path.starts_with(&own) => There::Broken(kind.to_string()),
        _ => There::Nothing,
    }
}

fn title(file: &LinkFile) -> String {
    let named = |name: &Option<String>, id: &str| name.clone().unwrap_or_else(|| id.to_owned());
    let project = named(&file.names.project, file.link.project.as_str());
    format!("{project} / {}", named(&file.names.task, file.link.task.as_str()))
}
