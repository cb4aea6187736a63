//! The typed configuration: one struct a table of the file. Field docs give the unit; what a key means stands in
//! `config/default.toml`.

use std::path::PathBuf;
use std::time::Duration;

use rust_decimal::Decimal;
use secrecy::SecretString;

use super::Origin;
use super::template::Template;
use crate::model::{AccountId, CategoryId, Day, Instant, ProjectId};

/// `[keito]`, as the file has it: the environment and the Keito CLI's file are the business of
/// [`credentials`](super::credentials).
#[derive(Debug, Clone, Default)]
pub struct Keito {
    /// Server, if the file names one.
    pub url: Option<Origin>,
    /// Company, if the file names one.
    pub account: Option<AccountId>,
    /// Program and arguments that print the key.
    pub api_key_command: Option<Vec<String>>,
    /// File that holds the key.
    pub api_key_file: Option<PathBuf>,
    /// Category of LLM expenses by id.
    pub expense_category_id: Option<CategoryId>,
    /// Category of LLM expenses by name.
    pub expense_category: String,
    /// Value of `metadata.agent_id`.
    pub agent_id: Option<String>,
    /// Whole request.
    pub request_timeout: Duration,
    /// TCP and TLS.
    pub connect_timeout: Duration,
    /// Proxy URL; it may hold a password.
    pub proxy: Option<SecretString>,
}

/// `[delivery]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Hold every record until it is approved.
    pub review: bool,
    /// Limit for all traffic.
    pub requests_per_minute: u32,
    /// Quiet time before an entry is written.
    pub time_settle: Duration,
    /// Between two writes of an entry while its session goes on.
    pub time_update: Duration,
    /// Quiet time before an expense is written.
    pub expense_settle: Duration,
    /// Between the end of an ambiguous request and the deciding look.
    pub reconcile_grace: Duration,
    /// First delay of the backoff.
    pub backoff_base: Duration,
    /// Its longest delay.
    pub backoff_max: Duration,
    /// Requests at the same time.
    pub in_flight: u32,
    /// Between two audits; `None` is off.
    pub audit: Option<Duration>,
}

/// How parallel sessions add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Overlap {
    /// Each session has its own hours.
    #[default]
    Sum,
    /// Union within a project and day.
    Project,
    /// Union within a day.
    All,
}

/// What an entry stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum EntryPer {
    /// A session, local day and link.
    #[default]
    Session,
    /// A local day, link and agent.
    Day,
}

/// `[time]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Time {
    /// Longest gap that counts without proof.
    pub idle_gap: Duration,
    /// Longest gap that counts with proof.
    pub tool_gap: Duration,
    /// How parallel sessions add up.
    pub overlap: Overlap,
    /// What an entry stands for.
    pub entry: EntryPer,
    /// A session shorter than this, in seconds, gives no entry.
    pub min_seconds: u64,
    /// Cap of a session's day, in seconds.
    pub max_seconds: Option<u64>,
}

/// What an expense is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum CostBasis {
    /// The vendor's list price.
    #[default]
    List,
    /// Only what the log proves was charged.
    Metered,
    /// No expenses.
    Off,
}

/// Workspace currency per USD from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// First day, in the pinned zone.
    pub from: Day,
    /// ISO 4217 code of the workspace's currency.
    pub currency: String,
    /// Above 0.
    pub per_usd: Decimal,
}

/// A price of the user's own, over every table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceOverride {
    /// Platform; `None` is every platform.
    pub platform: Option<String>,
    /// Model by exact name.
    pub model: String,
    /// First instant; `None` is from ever.
    pub from: Option<Instant>,
    /// First instant after it; `None` is for ever.
    pub to: Option<Instant>,
    /// USD per million uncached input tokens.
    pub input: Option<Decimal>,
    /// USD per million tokens read from a cache.
    pub cache_read: Option<Decimal>,
    /// USD per million tokens written to a 5-minute cache.
    pub cache_write_5m: Option<Decimal>,
    /// USD per million tokens written to a 1-hour cache.
    pub cache_write_1h: Option<Decimal>,
    /// USD per million output tokens.
    pub output: Option<Decimal>,
    /// USD per thousand web searches.
    pub web_search: Option<Decimal>,
    /// Off the rates of this or the table's row, 0 to 100.
    pub discount_percent: Option<Decimal>,
}

/// `[money]`, `[[money.rate]]`, `[[price]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Money {
    /// What expenses are made of where nothing narrower says so.
    pub cost: CostBasis,
    /// Whether the user wrote `money.cost`: the default is no consent to bill subscription usage.
    pub cost_chosen: bool,
    /// Added to cost where nothing narrower says so.
    pub markup_percent: Decimal,
    /// Decimals of `total_cost`.
    pub cost_decimals: u32,
    /// Sorted by currency and day.
    pub rates: Vec<Rate>,
    /// In the order of the file.
    pub prices: Vec<PriceOverride>,
}

impl Money {
    /// The currency of all rates, if it is one.
    #[must_use]
    pub fn only_currency(&self) -> Option<&str> {
        let first = self.rates.first()?.currency.as_str();
        self.rates.iter().all(|rate| rate.currency == first).then_some(first)
    }

    /// The rate for `currency` in force on `day`.
    #[must_use]
    pub fn rate(&self, currency: &str, day: Day) -> Option<&Rate> {
        self.rates.iter().rev().find(|rate| rate.currency == currency && rate.from <= day)
    }
}

/// `[notes]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Of entries.
    pub entry: Template,
    /// Of expenses.
    pub expense: Template,
}

/// `[privacy]`: what may leave the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privacy {
    /// Branch names.
    pub send_branch: bool,
    /// Repository names.
    pub send_repo: bool,
    /// Absolute paths.
    pub send_paths: bool,
}

/// `[[project]]`: terms of a project, whatever maps to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectTerms {
    /// Keito project.
    pub id: ProjectId,
    /// What its expenses are made of.
    pub cost: Option<CostBasis>,
    /// Added to its cost.
    pub markup_percent: Option<Decimal>,
}

/// How files are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Watcher {
    /// Native events, polling where they do not work.
    #[default]
    Auto,
    /// Native events.
    Native,
    /// Polling.
    Poll,
    /// Scans only.
    Off,
}

/// How hard the backlog of the first scan works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BacklogPriority {
    /// Only when nothing else wants the processor.
    #[default]
    Idle,
    /// As everything else.
    Normal,
}

/// `[tail]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tail {
    /// Between two scans.
    pub scan: Duration,
    /// Longest time between two scans.
    pub scan_max: Duration,
    /// Bounds repeats of one file's events.
    pub debounce: Duration,
    /// Longest line in bytes.
    pub max_line: u64,
    /// How files are watched.
    pub watcher: Watcher,
    /// Share of one processor for the backlog; 100 is all of it.
    pub backlog_cpu_percent: u32,
    /// Priority of the backlog.
    pub backlog_priority: BacklogPriority,
}

/// `[socket]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Socket {
    /// Whether there is one.
    pub enabled: bool,
    /// Its place, if the file names one; see [`Paths`](super::Paths).
    pub path: Option<PathBuf>,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// What may fail.
    Warn,
    /// What happened.
    #[default]
    Info,
    /// How.
    Debug,
    /// All of it.
    Trace,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Text.
    Text,
    /// JSON.
    Json,
}

/// `[log]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Log {
    /// How much.
    pub level: LogLevel,
    /// How it looks.
    pub format: LogFormat,
}
