//! The config that is written: what was decided, with the reason beside it, and nothing else. A key that stands in it
//! counts as chosen, so it is no list of the defaults.

use std::fmt::Write as _;
use std::path::PathBuf;

use rust_decimal::Decimal;

use super::projects::Chosen;
use super::wish::CostWish;
use crate::config::{CostBasis, EntryPer, Origin};
use crate::model::{AccountId, CategoryId, Day};

/// What was decided.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The workspace's name.
    pub workspace: Option<String>,
    /// The company, if the service would not find it elsewhere.
    pub account: Option<AccountId>,
    /// The server, if it is not Keito's own.
    pub url: Option<Origin>,
    /// The file of the key.
    pub api_key_file: Option<PathBuf>,
    /// The program that prints it.
    pub api_key_command: Option<Vec<String>>,
    /// The category, if a person named it.
    pub category: Option<CategoryId>,
    /// How the workspace rounds.
    pub rounding: Option<String>,
    /// What an entry stands for.
    pub entry: EntryPer,
    /// Usage under a subscription; `None` is undecided.
    pub cost: Option<CostWish>,
    /// First day, currency and its amount per USD.
    pub rate: Option<(Day, String, Decimal)>,
    /// What everything else is linked to.
    pub default: Option<Chosen>,
}

/// The text.
pub(super) fn config(plan: &Plan) -> String {
    let mut text = String::from(
        "#:schema ./schema.json\n# keitod, set up by `keitod init`. A key that is not here has its default: `keitod config show` tells all of them.\n",
    );
    keito(plan, &mut text);
    time(plan, &mut text);
    money(plan, &mut text);
    default(plan, &mut text);
    text
}

fn keito(plan: &Plan, text: &mut String) {
    heading(text, "keito");
    if let Some(name) = &plan.workspace {
        comment(text, name);
    }
    if let Some(account) = &plan.account {
        key(text, "account_id", &quoted(account.as_str()));
    }
    if let Some(url) = &plan.url {
        key(text, "url", &quoted(url.as_str()));
    }
    if let Some(path) = &plan.api_key_file {
        comment(text, "Holds the key and nothing else; mode 0600.");
        key(text, "api_key_file", &quoted(&path.to_string_lossy()));
    } else if let Some(words) = &plan.api_key_command {
        comment(text, "Prints the key.");
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        key(text, "api_key_command", &format!("[{}]", words.join(", ")));
    } else {
        comment(
            text,
            "The key comes from KEITO_API_KEY, a systemd credential or the Keito CLI's login. Else:",
        );
        text.push_str("# api_key_file = \"~/.config/keitod/api-key\"   # must be 0600\n");
    }
    match &plan.category {
        Some(id) => key(text, "expense_category_id", &quoted(id.as_str())),
        None => text.push_str("# expense_category_id = \"…\"   # found by its name, \"LLM Usage\"\n"),
    }
}

fn time(plan: &Plan, text: &mut String) {
    heading(text, "time");
    match (&plan.rounding, plan.entry) {
        (Some(how), EntryPer::Day) => {
            comment(
                text,
                &format!(
                    "The workspace rounds each entry ({how}): one entry a day, project and agent is rounded once."
                ),
            );
        }
        (Some(how), EntryPer::Session) => {
            comment(text, &format!("The workspace rounds each entry ({how}), here that of each session."));
        }
        (None, _) => comment(text, "One entry a session and day, or one a day, project and agent (\"day\")."),
    }
    let word = match plan.entry {
        EntryPer::Session => "session",
        EntryPer::Day => "day",
    };
    key(text, "entry", &quoted(word));
}

fn money(plan: &Plan, text: &mut String) {
    heading(text, "money");
    comment(
        text,
        "Usage that a subscription paid for: \"list\" bills it at the vendor's list price, \"metered\" bills only",
    );
    comment(
        text,
        "what a log proves was charged, \"off\" bills no cost at all. Until this is written, such usage is held.",
    );
    match plan.cost {
        Some(CostWish::Basis(basis)) => key(text, "cost", &quoted(basis_word(basis))),
        Some(CostWish::Later) | None => text.push_str("# cost = \"list\"\n"),
    }
    if let Some((from, currency, per_usd)) = &plan.rate {
        text.push('\n');
        comment(text, "Add another of these when the rate changes: what is billed keeps its own.");
        text.push_str("[[money.rate]]\n");
        key(text, "from", &quoted(&from.to_string()));
        key(text, "currency", &quoted(currency));
        key(text, "per_usd", &quoted(&per_usd.to_string()));
    }
}

fn default(plan: &Plan, text: &mut String) {
    match &plan.default {
        Some(chosen) => {
            heading(text, "default");
            comment(text, &format!("Sessions that nothing else maps: {}.", chosen.title()));
            key(text, "project_id", &quoted(chosen.link.project.as_str()));
            key(text, "task_id", &quoted(chosen.link.task.as_str()));
        }
        None => {
            text.push('\n');
            comment(
                text,
                "Sessions that no repository's .keito/config.yml (`keitod link`) and no [[rule]] maps are held, unless:",
            );
            text.push_str("# [default]\n# project_id = \"…\"\n# task_id = \"…\"\n");
        }
    }
}

/// The config's word.
pub(super) const fn basis_word(basis: CostBasis) -> &'static str {
    match basis {
        CostBasis::List => "list",
        CostBasis::Metered => "metered",
        CostBasis::Off => "off",
    }
}

fn heading(text: &mut String, table: &str) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "\n[{table}]");
}

fn key(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "{name} = {value}");
}

/// A line of its own whatever a name holds.
fn comment(text: &mut String, words: &str) {
    let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(text, "# {words}");
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Env};
    use crate::model::{Link, ProjectId, TaskId};

    #[test]
    fn what_is_written_is_in_force() {
        let env = Env::new("/h", [("", ""); 0]);
        let nasty = "Acme \"Ltd\" \\ \n[evil]\u{7f}";
        let chosen = Chosen {
            link: Link { project: ProjectId::new("p\"1"), task: TaskId::new("t1") },
            client: nasty.to_owned(),
            client_id: None,
            project: nasty.to_owned(),
            task: String::new(),
        };
        let plan = Plan {
            workspace: Some(nasty.to_owned()),
            account: Some(AccountId::new("co_1")),
            url: Origin::parse("https://keito.example").ok(),
            api_key_file: Some("/h/my \"key\"".into()),
            api_key_command: None,
            category: Some(CategoryId::new("cat")),
            rounding: Some("up_15".to_owned()),
            entry: EntryPer::Day,
            cost: Some(CostWish::Basis(CostBasis::Metered)),
            rate: Some((Day::constant(2026, 5, 1), "GBP".to_owned(), Decimal::new(79, 2))),
            default: Some(chosen.clone()),
        };
        let config = Config::parse(&config(&plan), &env).unwrap();
        assert_eq!(config.keito.account, plan.account);
        assert_eq!(config.keito.url, plan.url);
        assert_eq!(config.keito.api_key_file, plan.api_key_file);
        assert_eq!(config.keito.expense_category_id, plan.category);
        assert_eq!(
            (config.time.entry, config.money.cost, config.money.cost_chosen),
            (EntryPer::Day, CostBasis::Metered, true)
        );
        assert_eq!((config.money.rates.len(), config.money.only_currency()), (1, Some("GBP")));
        assert_eq!(config.rules.default, Some(chosen.link));

        let bare = super::config(&Plan::default());
        let config = Config::parse(&bare, &env).unwrap();
        assert!(!config.money.cost_chosen, "nobody chose");
        assert_eq!(config.rules.default, None);
        let command = Plan { api_key_command: Some(vec!["pass".into(), "a b".into()]), ..Plan::default() };
        let config = Config::parse(&super::config(&command), &env).unwrap();
        assert_eq!(config.keito.api_key_command, command.api_key_command);
    }
}
