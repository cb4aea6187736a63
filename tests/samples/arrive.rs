//! The files through the daemon's parts to the embedded Keito.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use keitod::config::{Config, Env};
use keitod::daemon::assemble::{Sandboxed, Setup};
use keitod::daemon::clerk::Settled;
use keitod::daemon::once::once;
use keitod::model::{Amount, Day, Hours, Instant, Tokens};
use keitod::sandbox::{self, Entry, Expense, Metadata, Sandbox, State, ids};
use keitod::setup::samples::{self, Expected, HAIKU, Names, OPUS, UNHEARD_OF, expected, script};
use keitod::store::{DueRow, Store};

const SEED: u64 = 11;

const NAMES: Names<'_> = Names {
    workspace: sandbox::ACCOUNT,
    client: "Acme Corp",
    project_id: ids::WEBSITE,
    project: "Website relaunch",
    task_id: ids::DEVELOPMENT,
    task: "Development",
};

/// What must arrive, and where its days begin.
struct Truth {
    expected: Expected,
    zone: TimeZone,
}

impl Truth {
    fn new(now: Instant, zone: &str) -> Self {
        Self { expected: expected(now, SEED), zone: TimeZone::get(zone).unwrap() }
    }
}

/// One pass over the samples of `now`, with days in `zone`: what arrived and what is left.
async fn deliver(now: Instant, zone: &str) -> (State, Vec<DueRow>) {
    let home = tempfile::tempdir().unwrap();
    samples::home(home.path(), &NAMES).unwrap();
    samples::write_all(&script(now, home.path(), SEED)).unwrap();
    let sandbox = Sandbox::start(sandbox::Settings::default()).await.unwrap();
    let env = Env::new(home.path(), Vec::<(String, String)>::new());
    let config = format!(
        "since = \"{}\"\ntimezone = \"{zone}\"\n[delivery]\nreconcile_grace = \"1s\"\n[keito]\nexpense_category_id = \"{}\"\n",
        now.minus(samples::SPAN),
        ids::LLM_USAGE
    );
    let config = Arc::new(Config::parse(&config, &env).unwrap());
    let (state_dir, data_dir) = (home.path().join("state"), home.path().join("data"));
    std::fs::create_dir_all(&state_dir).unwrap();
    let account = sandbox::ACCOUNT.to_owned();
    let (key, category) = (sandbox::KEY.to_owned(), sandbox::ids::LLM_USAGE.to_owned());
    let sandboxed = Sandboxed { origin: sandbox.origin(), account, key, category };
    let setup = Setup { env, config, state_dir, data_dir, sandbox: Some(sandboxed) };
    let settled = Settled { time: true, expenses: true };
    let pass = once(&setup, setup.assemble(false).unwrap(), settled).await.unwrap();
    assert_eq!((pass.failed, pass.remaining, pass.blocked), (0, 0, None));
    let store = Store::open(&setup.state_dir.join("keitod.db")).unwrap();
    let left = store.view().dues().unwrap();
    (sandbox.state(), left)
}

fn day(seconds: i64, zone: &TimeZone) -> Day {
    Instant::from_seconds(seconds).timestamp().to_zoned(zone.clone()).date()
}

fn text(metadata: Option<&Metadata>, key: &str) -> String {
    metadata.unwrap().text(key).unwrap_or_default()
}

/// Seconds by session and day, of what is linked or of what is not.
fn seconds(truth: &Truth, linked: bool) -> BTreeMap<(String, Day), u64> {
    let mut sum = BTreeMap::new();
    for session in truth.expected.sessions.iter().filter(|session| session.held.is_none() == linked) {
        for second in session.agent.iter().flat_map(|(start, end)| *start..*end) {
            *sum.entry((session.id.clone(), day(second, &truth.zone))).or_default() += 1;
        }
    }
    sum
}

/// Requests and tokens by session, day and model, of what is held for `held`.
fn usage(truth: &Truth, held: Option<&str>) -> BTreeMap<(String, Day, &'static str), (u64, Tokens)> {
    let mut sum: BTreeMap<_, (u64, Tokens)> = BTreeMap::new();
    for session in &truth.expected.sessions {
        for request in session.requests.iter().filter(|request| request.held == held) {
            let (count, tokens) = sum
                .entry((session.id.clone(), day(request.at.seconds(), &truth.zone), request.model))
                .or_default();
            *count += 1;
            tokens.add(&request.tokens);
        }
    }
    sum
}

fn check_entries(entries: &[Entry], truth: &Truth) {
    let due = seconds(truth, true);
    assert_eq!(entries.len(), due.len());
    for entry in entries {
        let metadata = entry.metadata.as_ref();
        let seconds = due[&(text(metadata, "session_id"), entry.spent_date)];
        assert_eq!(text(metadata, "duration_seconds"), seconds.to_string());
        assert_eq!(entry.hours.digits(), Hours::from_seconds(seconds).to_string());
        assert_eq!((entry.project.as_str(), entry.task.as_str()), (ids::WEBSITE, ids::DEVELOPMENT));
        assert!(entry.notes.as_ref().unwrap().contains("lakeside-website"), "{:?}", entry.notes);
    }
}

/// Pico-USD at today's list prices: $4 / 0.20 / 5 / 8 / 20, and $1 / 0.10 / 1.25 / 2 / 5 a million.
fn price(model: &str, tokens: &Tokens) -> i128 {
    let rates = if model == OPUS { [40, 2, 50, 80, 200] } else { [10, 1, 12, 20, 50] };
    let odd = if model == OPUS { 0 } else { i128::from(tokens.cache_write_5m) * 50_000 };
    let sum: i128 = tokens.classes().iter().zip(rates).map(|(count, rate)| i128::from(*count) * rate).sum();
    sum * 100_000 + odd
}

fn check_expenses(expenses: &[Expense], truth: &Truth) {
    let due = usage(truth, None);
    assert_eq!(expenses.len(), due.len());
    let mut sums: BTreeMap<(Day, String), (i128, i128)> = BTreeMap::new();
    for expense in expenses {
        let of = |key| text(expense.metadata.as_ref(), key);
        let model = of("model");
        let known = [OPUS, HAIKU].into_iter().find(|known| *known == model).unwrap();
        let (requests, tokens) = &due[&(of("session_id"), expense.spent_date, known)];
        assert_eq!(of("requests"), requests.to_string());
        let counts = ["input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens"].map(of);
        let expected = [tokens.input, tokens.cache_read, tokens.cache_write(), tokens.output];
        assert_eq!(counts, expected.map(|count| count.to_string()));
        let exact = price(known, tokens);
        assert_eq!(Amount::parse(&of("cost_usd")).unwrap().pico(), exact);
        let sent = Amount::parse(expense.total_cost.digits()).unwrap().pico();
        assert!((sent - exact).abs() < 100_000_000, "{sent} is not {exact} to the fourth decimal");
        let sum = sums.entry((expense.spent_date, model)).or_default();
        *sum = (sum.0 + sent, sum.1 + exact);
        assert_eq!((expense.project.as_str(), expense.category.as_str()), (ids::WEBSITE, ids::LLM_USAGE));
    }
    for (sent, exact) in sums.into_values() {
        assert_eq!(sent, Amount::round(exact, 4).pico());
    }
}

fn check_held(left: &[DueRow], truth: &Truth) {
    let mut time: Vec<_> =
        left.iter().filter(|row| !row.expense).map(|row| (row.day.clone(), row.seconds)).collect();
    let mut due: Vec<_> =
        seconds(truth, false).into_iter().map(|((_, day), sum)| (day.to_string(), sum)).collect();
    time.sort();
    due.sort();
    assert_eq!(time, due);
    for (reason, model) in [("unmapped", OPUS), ("unpriced", UNHEARD_OF)] {
        let of = |row: &&DueRow| row.expense && row.reason == reason;
        let rows: Vec<_> =
            left.iter().filter(of).map(|row| (row.day.as_str(), &*row.model, row.requests)).collect();
        let due = usage(truth, Some(reason));
        let due: Vec<_> =
            due.iter().map(|((_, day, _), (count, _))| (day.to_string(), model, *count)).collect();
        let due: Vec<_> = due.iter().map(|(day, model, count)| (day.as_str(), *model, *count)).collect();
        assert_eq!(rows, due, "{reason}");
        assert!(!rows.is_empty());
    }
    assert!(left.iter().all(|row| ["unmapped", "unpriced"].contains(&&*row.reason)), "{left:?}");
}

#[tokio::test]
async fn all_of_one_day_arrives() {
    let (keito, left) = deliver(super::noon(), "UTC").await;
    let truth = Truth::new(super::noon(), "UTC");
    check_entries(&keito.entries(), &truth);
    check_expenses(&keito.expenses(), &truth);
    check_held(&left, &truth);

    let names: BTreeMap<_, _> = truth
        .expected
        .sessions
        .iter()
        .map(|session| session.id.clone())
        .zip(["form", "page", "again", "menu", "question"])
        .collect();
    let name = |metadata: Option<&Metadata>| names[&text(metadata, "session_id")];
    let mut hours: Vec<_> = keito
        .entries()
        .iter()
        .map(|entry| (name(entry.metadata.as_ref()), entry.hours.digits().to_owned()))
        .collect();
    hours.sort();
    // 451, 121, 395 and 412 seconds.
    assert_eq!(
        hours.iter().map(|(name, hours)| (*name, hours.as_str())).collect::<Vec<_>>(),
        [("again", "0.11"), ("form", "0.13"), ("menu", "0.11"), ("page", "0.03")]
    );
    let mut usd: Vec<_> = keito
        .expenses()
        .iter()
        .map(|expense| {
            let metadata = expense.metadata.as_ref();
            (name(metadata), text(metadata, "model"), text(metadata, "cost_usd"))
        })
        .collect();
    usd.sort();
    let usd: Vec<_> = usd.iter().map(|(name, model, usd)| (*name, model.as_str(), usd.as_str())).collect();
    assert_eq!(
        usd,
        [
            ("again", OPUS, "0.0769694"),
            ("form", HAIKU, "0.02283775"),
            ("form", OPUS, "0.3502644"),
            ("menu", OPUS, "0.1398616"),
            ("page", OPUS, "0.1962"),
        ]
    );
    let sent =
        keito.expenses().iter().map(|expense| expense.total_cost.value()).sum::<rust_decimal::Decimal>();
    // 0.7633 of the one model and 0.0228 of the other.
    assert_eq!(sent.to_string(), "0.7861");
}

#[tokio::test]
async fn after_midnight_all_arrives_on_two_days() {
    let (keito, left) = deliver(super::after_midnight(), "Pacific/Auckland").await;
    let truth = Truth::new(super::after_midnight(), "Pacific/Auckland");
    check_entries(&keito.entries(), &truth);
    check_expenses(&keito.expenses(), &truth);
    check_held(&left, &truth);
    for days in [
        keito.entries().iter().map(|entry| entry.spent_date).collect::<Vec<_>>(),
        keito.expenses().iter().map(|expense| expense.spent_date).collect(),
    ] {
        assert!(
            days.contains(&Day::constant(2025, 11, 19)) && days.contains(&Day::constant(2025, 11, 20)),
            "{days:?}"
        );
    }
}
