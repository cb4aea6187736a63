//! `keitod link`.

use clap::Args;
use serde_json::{Value, json};

use super::daemon::runtime;
use super::print::{Ink, paint, plain};
use super::{Call, Exit, Failure, print_json};
use crate::config::{Credentials, Env, Template};
use crate::setup::error::Unanswered;
use crate::setup::init::{Bookable, Chosen, Terminal, client, look};
use crate::setup::link::{Linked, Place, Terms};
use crate::setup::{Error, Scalar};
use crate::sources::Environment as _;

const EXAMPLES: &str = "\
Examples:
  keitod link                                            choose from a list
  keitod link --project \"Website relaunch\" --task Development
  keitod link ~/work/api --project \"Billing API\" --task Development --metadata team=platform
  keitod link services/shop --here --project p1 --task t1     a part of a repository

The link is .keito/config.yml at the repository's root, which all its worktrees share and the Keito skill reads, too. It
is added to .gitignore; .keito/config.example.yml shows others what it holds.";

/// Link a repository to a Keito project and task
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// A directory of the repository
    #[arg(default_value = ".")]
    dir: String,
    /// The project, by id or name
    #[arg(long, value_name = "PROJECT", requires = "task")]
    project: Option<String>,
    /// The task of that project, by id or name
    #[arg(long, value_name = "TASK", requires = "project")]
    task: Option<String>,
    /// Link the directory itself, not the repository round it
    #[arg(long)]
    here: bool,
    /// Shorter sessions give no entry
    #[arg(long, value_name = "SECONDS")]
    min_seconds: Option<u64>,
    /// At most so much of a session is billed on a day
    #[arg(long, value_name = "SECONDS")]
    max_seconds: Option<u64>,
    /// Notes say only that the agent worked
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    redact_notes: Option<bool>,
    /// Mark the metadata of records as a draft
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    draft: Option<bool>,
    /// Template of this repository's notes, such as "{agent} in {repo}"
    #[arg(long, value_name = "TEMPLATE")]
    notes: Option<String>,
    /// Further metadata of each record; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    metadata: Vec<String>,
    /// Link anew what is linked, broken or switched off; further keys stay
    #[arg(long)]
    force: bool,
    /// As a document; nothing is asked
    #[arg(long)]
    pub(super) json: bool,
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let env = call.place.env.clone();
        let terms = self.terms()?;
        let place = Place::of(&env.typed(&self.dir), env.home(), self.here)?;
        if !self.force {
            place.free()?;
        }
        let terminal = if self.json { None } else { Terminal::here() };
        if self.project.is_none() && terminal.is_none() {
            let what = format!("which project {} belongs to", place.root().display());
            return Err(Error::Unanswered(vec![Unanswered { flags: "--project and --task", what }]).into());
        }
        let (linked, chosen) = runtime()?.block_on(self.link(call, &env, &place, &terms, terminal))?;
        if self.json {
            let document = document(&linked, &chosen.title());
            let mut document = json!({"schema_version": 1, "link": document});
            document["link"]["project_id"] = chosen.link.project.as_str().into();
            document["link"]["task_id"] = chosen.link.task.as_str().into();
            print_json(document.to_string().as_bytes(), call.out)?;
            return Ok(Exit::Ok);
        }
        let mark = paint(call.look, Ink::Good, "✓");
        let already = if linked.changed { "" } else { " already" };
        let root = place.root().display();
        writeln!(call.out, "{mark} {}", plain(&format!("{root} is billed to {}{already}", chosen.title())))?;
        for path in [Some(&linked.file), Some(&linked.example), linked.ignore.as_ref()].into_iter().flatten()
        {
            writeln!(call.out, "  {}", plain(&path.display().to_string()))?;
        }
        Ok(Exit::Ok)
    }

    async fn link(
        &self,
        call: &Call<'_>,
        env: &Env,
        place: &Place,
        terms: &Terms,
        terminal: Option<Terminal>,
    ) -> Result<(Linked, Chosen), Failure> {
        let config = call.place.config()?;
        let credentials = Credentials::find(env, &config.keito).map_err(Error::Credentials)?;
        let client = client(&credentials, &config.keito)?;
        let workspace = look(&client, &credentials).await?;
        let mut all = Bookable::ask(&client).await?;
        let chosen = match (&self.project, &self.task, terminal) {
            (Some(project), Some(task), _) => all.find(&client, project, task).await?,
            (_, _, Some(mut terminal)) => all.choose(&client, &mut terminal).await?,
            // Told before.
            _ => return Err(Error::Stopped.into()),
        };
        let linked = place.link(&chosen, workspace.account.as_ref(), terms, self.force)?;
        Ok((linked, chosen))
    }

    fn terms(&self) -> Result<Terms, Failure> {
        if self.notes.as_deref().is_some_and(|notes| Template::plain(notes).is_none()) {
            let why = "is no template: fields stand in braces, such as {agent} in {repo}".to_owned();
            return Err(Error::Flag { flag: "--notes", why }.into());
        }
        let mut metadata = Vec::new();
        for pair in &self.metadata {
            match pair.split_once('=') {
                Some((name, value)) if !name.trim().is_empty() => {
                    metadata.push((name.trim().to_owned(), Scalar::Text(value.to_owned())));
                }
                _ => {
                    let why = "must be a name and a value, such as team=platform".to_owned();
                    return Err(Error::Flag { flag: "--metadata", why }.into());
                }
            }
        }
        Ok(Terms {
            draft: self.draft,
            redact_notes: self.redact_notes,
            min_seconds: self.min_seconds,
            max_seconds: self.max_seconds,
            notes: self.notes.clone(),
            metadata,
        })
    }
}

/// What was written, as a document.
pub(super) fn document(linked: &Linked, to: &str) -> Value {
    json!({
        "file": linked.file, "example": linked.example, "gitignore": linked.ignore, "to": to,
        "changed": linked.changed,
    })
}
