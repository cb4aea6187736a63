//! `[[rule]]` and `[default]`.

use regex::{Regex, RegexBuilder};
use rust_decimal::Decimal;

use super::Env;
use super::document::Value;
use super::error::Trouble;
use super::glob::Pattern;
use super::money::cost;
use super::scalar::{self, flag, text, word};
use super::section::Section;
use super::settings::{CostBasis, Overlap};
use super::tables::OVERLAPS;
use super::template::Template;
use crate::model::{Link, ProjectId, TaskId};

/// What a rule looks at. All that is given must match; at least one is.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The working directory.
    pub path: Option<Pattern>,
    /// The repository's remote.
    pub remote: Option<Pattern>,
    /// The branch.
    pub branch: Option<Regex>,
}

/// A rule that keeps sessions from being sent.
#[derive(Debug, Clone)]
pub struct ExcludeRule {
    /// Its place among all `[[rule]]`s, from 0.
    pub index: usize,
    /// What it looks at.
    pub when: Condition,
}

/// A rule that gives a link.
#[derive(Debug, Clone)]
pub struct LinkRule {
    /// Its place among all `[[rule]]`s, from 0.
    pub index: usize,
    /// What it looks at.
    pub when: Condition,
    /// Where it leads; the task as it is written.
    pub link: Link,
    /// The task, where groups of the branch expression stand in it.
    pub task: Option<Template>,
    /// Note of its entries; fields may be groups of the branch expression.
    pub notes: Option<Template>,
    /// What its expenses are made of.
    pub cost: Option<CostBasis>,
    /// Added to its cost.
    pub markup_percent: Option<Decimal>,
    /// How its parallel sessions add up; never [`Overlap::All`].
    pub overlap: Option<Overlap>,
}

/// All rules, each kind in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Tried first of all.
    pub exclude: Vec<ExcludeRule>,
    /// Tried after the repository's own `.keito/config.yml`.
    pub link: Vec<LinkRule>,
    /// `[default]`, for sessions that have no link at all.
    pub default: Option<Link>,
}

impl Rules {
    /// Whether any of them looks at branches.
    #[must_use]
    pub fn ask_branches(&self) -> bool {
        let conditions =
            self.exclude.iter().map(|rule| &rule.when).chain(self.link.iter().map(|rule| &rule.when));
        conditions.into_iter().any(|when| when.branch.is_some())
    }
}

pub(super) fn rules(sections: Vec<Section<'_>>, default: Section<'_>, env: &Env) -> Rules {
    let mut rules = Rules { default: fallback(default), ..Rules::default() };
    for (index, mut s) in sections.into_iter().enumerate() {
        let exclude = s.get("exclude", flag).unwrap_or_default();
        let when = Condition {
            path: s.get("path", |v| Pattern::path(&text(v)?, env)),
            remote: s.get("remote", |v| Pattern::remote(&text(v)?)),
            branch: s.get("branch", branch),
        };
        if !["path", "remote", "branch"].iter().any(|key| s.written(key)) {
            s.problem_here(Trouble::MatchesAll);
        }
        let groups: Vec<String> = when
            .branch
            .iter()
            .flat_map(|regex| regex.capture_names().flatten().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let task = |v: &Value<'_>| task(v, &groups);
        let (project, task) = if exclude {
            // A rule may be switched to `exclude = true` for a while without losing its link.
            (s.get("project_id", text), s.get("task_id", task))
        } else {
            (s.need("project_id", text), s.need("task_id", task))
        };
        let notes = s.get("notes", |v| Template::parse(&text(v)?, &groups));
        let cost = s.get("cost", cost);
        let markup_percent = s.get("markup_percent", scalar::markup);
        let overlap = s.get("overlap", |v| match word(OVERLAPS, "\"sum\" or \"project\"")(v)? {
            Overlap::All => Err(Trouble::OverlapAll),
            narrower => Ok(narrower),
        });
        s.end();
        if exclude {
            rules.exclude.push(ExcludeRule { index, when });
        } else if let (Some(project), Some(task)) = (project, task) {
            let (task, template) = task;
            let link = Link { project: ProjectId::new(project), task: TaskId::new(task) };
            rules.link.push(LinkRule {
                index,
                when,
                link,
                task: template,
                notes,
                cost,
                markup_percent,
                overlap,
            });
        }
    }
    rules
}

fn fallback(mut s: Section<'_>) -> Option<Link> {
    if !s.present() {
        return None;
    }
    let link = (s.need("project_id", text), s.need("task_id", text));
    s.end();
    match link {
        (Some(project), Some(task)) => {
            Some(Link { project: ProjectId::new(project), task: TaskId::new(task) })
        }
        _ => None,
    }
}

/// A task, and its template if groups of the branch stand in it: an id has no braces.
fn task(value: &Value<'_>, groups: &[String]) -> Result<(String, Option<Template>), Trouble> {
    let text = text(value)?;
    let template = text.contains(['{', '}']).then(|| Template::of_groups(&text, groups)).transpose()?;
    Ok((text, template))
}

fn branch(value: &Value<'_>) -> Result<Regex, Trouble> {
    RegexBuilder::new(&text(value)?).size_limit(1 << 20).build().map_err(|error| {
        Trouble::Regex(match error {
            regex::Error::CompiledTooBig(_) => "too large".to_owned(),
            // The parser's message quotes the pattern over several lines; its last line is the reason.
            other => {
                other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            }
        })
    })
}
