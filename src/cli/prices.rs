//! `keitod prices`.

use std::io::Write;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::daemon::runtime;
use super::print::{print_explained, print_price_check, print_prices, print_shown, print_update};
use super::{Call, Exit, Failure, Look, print_json};
use crate::daemon::prices::{self, Kept, UpdateError, Usage, Wanted};
use crate::daemon::{policy, time};
use crate::keito::FetchError;
use crate::model::{Geo, Instant, Tier, Tokens};

const EXAMPLES: &str = "\
Examples:
  keitod prices show claude-opus-4-6                 every price that it ever had, and who says so
  keitod prices explain gpt-5.5 --input 300000 --output 2000
  keitod prices list --platform openai
  keitod prices update --from prices.json            take newer prices

No price is ever fetched by itself. A [[price]] in the config goes before all others.";

const LIST_EXAMPLES: &str = "\
Examples:
  keitod prices list --platform anthropic
  keitod prices list --json | jq '.rows[] | select(.model == \"gpt-5.5\")'";

const SHOW_EXAMPLES: &str = "\
Examples:
  keitod prices show deepseek-flash
  keitod prices show claude-opus-4.6 --platform openrouter
  keitod prices show kimi-for-coding --at 2026-07-01T00:00:00Z";

const CHECK_EXAMPLES: &str = "\
Examples:
  keitod prices check
  keitod prices check --json | jq -r '.problems[]'

Ends with 8 if fetched prices cannot be used, or a [[price]] can price nothing.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  keitod prices explain claude-opus-5-5 --input 90 --cache-read 210000 --cache-write-1h 9000 --output 5100 --fast
  keitod prices explain gpt-5.4 --input 10000 --output 2000 --tier flex --geo regional";

const UPDATE_EXAMPLES: &str = "\
Examples:
  keitod prices update --from prices.json
  keitod prices update --from https://example.com/prices.json";

/// Prices of models: what a request costs, and who says so
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The prices in force
    #[command(after_help = LIST_EXAMPLES)]
    List(List),
    /// All prices of a model, with dates and sources
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Show),
    /// Whether fetched prices and the `[[price]]`s of the config can be used
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Form),
    /// What a request costs: each class, its rate and all factors
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(Explain),
    /// Fetches newer prices, once
    #[command(after_help = UPDATE_EXAMPLES)]
    Update(Update),
}

#[derive(Debug, Args)]
struct Form {
    /// As a document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    /// Only this platform: a vendor, a cloud or a reseller
    #[arg(long)]
    platform: Option<String>,
    /// At another time than now
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<Instant>,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// The model, as a log names it
    model: String,
    #[command(flatten)]
    which: List,
}

#[derive(Debug, Args)]
struct Explain {
    #[command(flatten)]
    show: Show,
    /// Prompt tokens that were not cached
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    input: u64,
    /// Prompt tokens read from a cache
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    cache_read: u64,
    /// Prompt tokens written to a cache for 5 minutes (OpenAI: 30)
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    cache_write: u64,
    /// Prompt tokens written to a cache for an hour (OpenAI: 12)
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    cache_write_1h: u64,
    /// Tokens of the answer, reasoning included
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    output: u64,
    /// Reasoning tokens among them
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    reasoning: u64,
    /// Web searches that the vendor ran
    #[arg(long, value_name = "CALLS", default_value_t = 0)]
    searches: u32,
    /// Fast mode
    #[arg(long)]
    fast: bool,
    /// The service tier
    #[arg(long)]
    tier: Option<Service>,
    /// Where it was served, if the customer chose that
    #[arg(long)]
    geo: Option<Where>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Service {
    Batch,
    Flex,
    Priority,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Where {
    Us,
    Regional,
}

#[derive(Debug, Args)]
struct Update {
    /// A table.json of this project's: a file, or an https URL that you trust
    #[arg(long, value_name = "FILE|URL")]
    from: String,
    #[command(flatten)]
    form: Form,
}

fn instant(word: &str) -> Result<Instant, &'static str> {
    Instant::parse(word).ok_or("write an instant as 2026-05-31T12:00:00Z")
}

impl Command {
    pub(super) const fn json(&self) -> bool {
        match &self.what {
            What::List(list) => list.form.json,
            What::Show(show) => show.which.form.json,
            What::Explain(explain) => explain.show.which.form.json,
            What::Check(form) => form.json,
            What::Update(update) => update.form.json,
        }
    }

    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let config = call.place.config()?;
        let state = config.paths(&call.place.env).state_dir;
        let now = time::now();
        if let What::Update(update) = &self.what {
            let fetching = prices::update(&config, &state, &update.from, now);
            let said = runtime()?.block_on(fetching)?;
            return tell(call, &said, update.form.json, print_update).map(|()| Exit::Ok);
        }
        let Kept { table, troubles } = prices::load(&state, now).map_err(crate::daemon::Error::Prices)?;
        let table = table.with_overrides(policy::overrides(&config));
        match &self.what {
            What::List(list) => {
                let said = prices::list(&table, list.platform.as_deref(), list.at.unwrap_or(now));
                tell(call, &said, list.form.json, print_prices).map(|()| Exit::Ok)
            }
            What::Show(show) => {
                let said = prices::show(&table, &show.wanted(now));
                let known = ["rows", "overrides"].iter().any(|list| said[list][0].is_object());
                tell(call, &said, show.which.form.json, print_shown)?;
                Ok(if known { Exit::Ok } else { Exit::NotFound })
            }
            What::Explain(explain) => {
                let said = prices::explain(&table, &explain.show.wanted(now), &explain.usage());
                tell(call, &said, explain.show.which.form.json, print_explained)?;
                Ok(if said["priced"] == true { Exit::Ok } else { Exit::NotFound })
            }
            What::Check(form) => {
                let said = prices::check(&table, &troubles, now);
                tell(call, &said, form.json, print_price_check)?;
                Ok(if said["ok"] == true { Exit::Ok } else { Exit::Config })
            }
            What::Update(_) => Ok(Exit::Ok),
        }
    }
}

impl Show {
    fn wanted(&self, now: Instant) -> Wanted {
        Wanted {
            platform: self.which.platform.clone(),
            model: self.model.clone(),
            at: self.which.at.unwrap_or(now),
        }
    }
}

impl Explain {
    fn usage(&self) -> Usage {
        Usage {
            tokens: Tokens {
                input: self.input,
                cache_read: self.cache_read,
                cache_write_5m: self.cache_write,
                cache_write_1h: self.cache_write_1h,
                output: self.output,
                reasoning: self.reasoning,
            },
            fast: self.fast,
            tier: match self.tier {
                None => Tier::Standard,
                Some(Service::Batch) => Tier::Batch,
                Some(Service::Flex) => Tier::Flex,
                Some(Service::Priority) => Tier::Priority,
            },
            geo: match self.geo {
                None => Geo::Global,
                Some(Where::Us) => Geo::Us,
                Some(Where::Regional) => Geo::Regional,
            },
            web_searches: self.searches,
        }
    }
}

type Printer = fn(&Value, Look, &mut dyn Write) -> Result<(), Failure>;

fn tell(call: &mut Call<'_>, said: &Value, json: bool, printer: Printer) -> Result<(), Failure> {
    if json {
        return Ok(print_json(said.to_string().as_bytes(), call.out)?);
    }
    printer(said, call.look, call.out)
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        let exit = match &error {
            UpdateError::Fetch { source: FetchError::Url(_), .. } | UpdateError::Refused { .. } => {
                Exit::InvalidInput
            }
            UpdateError::Fetch { .. } => Exit::Network,
            UpdateError::File { .. } => Exit::NotFound,
            UpdateError::State { .. } | UpdateError::Directory(_) | UpdateError::Table(_) => Exit::Config,
        };
        Self::new(exit, error.to_string())
    }
}
