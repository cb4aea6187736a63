//! `keitod assign`.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use super::act::done;
use super::print::print_assign;
use super::{Call, Exit, Failure, print_json};
use crate::config::Env;
use crate::model::Day;
use crate::server::{Act, Assign};

const EXAMPLES: &str = "\
Examples:
  keitod assign --dir ~/scratch/relaunch --project Relaunch --task Development
  keitod assign --session 5e551011 --day 2026-05-04 --project p_31 --task t_7 --yes
  keitod assign --agent codex --from 2026-05-01 --to 2026-05-15 --exclude --dry-run
  keitod assign --session 5e551011 --project Relaunch --task Review --move
  keitod assign --from 2026-04-01 --to 2026-04-30 --spent-date 2026-05-02

It maps what is not billed yet: held work, and what would go to another project. What a repository or a rule excludes
stays excluded. Later work of a session in directories without a link of their own follows it, unless the days have an
end; for all later work in a directory write a [[rule]], or link the repository.";

/// Maps work to a project after the fact, or to nobody; shows first what changes
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// A session: its agent's id, or the beginning of one
    #[arg(long, value_name = "ID", help_heading = "Which work (all that is given must fit)")]
    pub session: Option<String>,
    /// Work in this directory and below; a glob as in a rule's path, ~ is home
    #[arg(long, value_name = "DIR", help_heading = "Which work (all that is given must fit)")]
    pub dir: Option<String>,
    /// Work of this agent
    #[arg(long, value_name = "NAME", help_heading = "Which work (all that is given must fit)")]
    pub agent: Option<String>,
    /// Work of this local day
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with_all = ["from", "to"],
          help_heading = "Which work (all that is given must fit)")]
    pub day: Option<Day>,
    /// Work from this local day on
    #[arg(long, value_name = "DAY", value_parser = day, help_heading = "Which work (all that is given must fit)")]
    pub from: Option<Day>,
    /// Work up to this local day
    #[arg(long, value_name = "DAY", value_parser = day, help_heading = "Which work (all that is given must fit)")]
    pub to: Option<Day>,
    /// The project: its id, or its name if no other has it
    #[arg(long, value_name = "PROJECT", requires = "task", help_heading = "Where it goes")]
    pub project: Option<String>,
    /// The task on it: its id, or its name
    #[arg(long, value_name = "TASK", requires = "project", help_heading = "Where it goes")]
    pub task: Option<String>,
    /// Nowhere: it is reported, and never sent
    #[arg(long, conflicts_with_all = ["project", "task", "spent_date"], help_heading = "Where it goes")]
    pub exclude: bool,
    /// Send what is held `locked_period` on this date instead of its own
    #[arg(long, value_name = "DATE", value_parser = day, conflicts_with = "moves", help_heading = "Where it goes")]
    pub spent_date: Option<Day>,
    /// Take entries at Keito along that are open: ours, not locked, approved or edited. Expenses cannot be moved
    #[arg(long = "move", requires = "project", help_heading = "Where it goes")]
    pub moves: bool,
    /// Only show what would change
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
    /// The document instead of the table
    #[arg(long)]
    pub json: bool,
}

fn day(word: &str) -> Result<Day, &'static str> {
    word.parse().map_err(|_| "write a day as 2026-05-31")
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let env = call.place.env.clone();
        let what = |preview| Act::Assign(Box::new(self.words(preview, &env)));
        let document = done(call, &what(!self.yes))?;
        self.print(&document, call)?;
        if self.yes || self.dry_run {
            return Ok(Exit::Ok);
        }
        let nothing = serde_json::from_slice::<serde_json::Value>(&document).ok().is_some_and(|document| {
            let empty = |key: &str| document[key].as_array().is_some_and(Vec::is_empty);
            empty("rows") && empty("moves")
        });
        if nothing {
            return Ok(Exit::Ok);
        }
        if self.json || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            let way = "the same with --yes does it, with --dry-run it only shows";
            return Err(Failure::new(
                Exit::InvalidInput,
                "nothing is changed yet, and there is nobody to ask",
            )
            .suggest(way));
        }
        call.out.flush()?;
        if !asked()? {
            return Err(Failure::new(Exit::InvalidInput, "nothing is changed"));
        }
        let document = done(call, &what(false))?;
        self.print(&document, call)?;
        Ok(Exit::Ok)
    }

    fn print(&self, document: &[u8], call: &mut Call<'_>) -> Result<(), Failure> {
        if self.json {
            Ok(print_json(document, call.out)?)
        } else {
            print_assign(document, call.look, call.out)
        }
    }

    fn words(&self, preview: bool, env: &Env) -> Assign {
        let day = |day: Option<Day>| day.map(|day| day.to_string());
        Assign {
            session: self.session.clone(),
            // As the daemon sees it, which stands elsewhere.
            dir: self.dir.as_deref().map(|dir| env.typed(dir).to_string_lossy().into_owned()),
            agent: self.agent.clone(),
            from: day(self.from.or(self.day)),
            to: day(self.to.or(self.day)),
            project: self.project.clone(),
            task: self.task.clone(),
            exclude: self.exclude,
            moves: self.moves,
            spent_date: day(self.spent_date),
            preview,
        }
    }
}

fn asked() -> io::Result<bool> {
    let mut err = io::stderr().lock();
    write!(err, "assign it? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
