//! `keitod report`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use super::ask::ask;
use super::{Call, Exit, Failure, print_csv, print_json, print_report};
use crate::model::Day;
use crate::report::By;
use crate::server::{Question, ReportQuery};

const EXAMPLES: &str = "\
Examples:
  keitod report                                     a line a day
  keitod report --by day,project,agent --from 2026-05-01 --to 2026-05-31
  keitod report --by model --csv > models.csv
  keitod report --by session --json | jq '.rows[] | select(.cost_usd == null)'";

/// Time, tokens and cost, by day, project, agent, model or session
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// What rows are split by, in this order; with `model`, time stands in the totals alone
    #[arg(long, value_name = "KEYS", value_delimiter = ',', default_value = "day", value_parser = keys())]
    pub by: Vec<By>,
    /// First day
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub from: Option<Day>,
    /// Last day
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub to: Option<Day>,
    /// The document instead of the table
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Comma-separated values with exact numbers, without totals
    #[arg(long)]
    pub csv: bool,
}

fn keys() -> impl clap::builder::TypedValueParser<Value = By> {
    PossibleValuesParser::new(By::ALL.map(By::word)).try_map(|word| word.parse::<By>())
}

fn day(word: &str) -> Result<Day, &'static str> {
    word.parse().map_err(|_| "write a day as 2026-05-31")
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let query = ReportQuery::new(self.by.clone(), self.from, self.to)?;
        let document = ask(call, &Question::Report(query))?;
        if self.json {
            print_json(&document, call.out)?;
        } else if self.csv {
            print_csv(&document, call.out)?;
        } else {
            print_report(&document, call.look, call.out)?;
        }
        Ok(Exit::Ok)
    }
}
