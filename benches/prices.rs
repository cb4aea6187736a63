//! What the price table costs at a start, beside reading the same table whole.
//!
//! `cargo bench --bench prices` prints the median of each, and both as a multiple of the baseline: parsing
//! `config/prices/table.json` as JSON in the same run.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "a benchmark ends where it must"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use keitod::model::{Terms, Tokens};
use keitod::prices::{Request, Table};

const RUNS: usize = 201;
const TEXT: &str = include_str!("../config/prices/table.json");

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

fn main() {
    let parse = median(|| drop(black_box(serde_json::from_str::<serde_json::Value>(TEXT).unwrap())));
    let load = median(|| drop(black_box(Table::embedded().unwrap())));
    let tokens = Tokens { input: 1000, output: 100, ..Tokens::default() };
    let terms = Terms::default();
    let at = keitod::model::Instant::from_seconds(1_790_000_000);
    let price = |table: &Table, model: &str| {
        let request = Request { platform: None, model, at, tokens: &tokens, terms: &terms };
        black_box(table.usd(&request)).unwrap();
    };
    let first = median(|| {
        let table = Table::embedded().unwrap();
        price(&table, "claude-sonnet-4-5-20250929");
        price(&table, "gpt-5.5");
    });
    let whole = median(|| assert!(black_box(Table::embedded().unwrap().rows().count()) > 0));
    let times = |time: Duration| time.as_secs_f64() / parse.as_secs_f64();
    println!("parse the table as JSON        {parse:>12?}  1.00");
    for (what, time) in
        [("load", load), ("load and price two vendors", first), ("load and read every row", whole)]
    {
        println!("{what:<30} {time:>12?}  {:.2}", times(time));
    }
}
