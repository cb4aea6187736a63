//! What is true of a world, and whether the server holds more or less than that.

use std::collections::BTreeMap;

use keitod::coverage::Listed;
use keitod::ledger::spans::{Gaps, SpanKind};
use keitod::ledger::stretches;
use keitod::model::{Agent, Day, Instant, Kind, Tokens};
use keitod::sources::Context;
use keitod::store::Read;
use keitod::tail::Cursor;

use super::server::Server;
use super::world::{AGENT, Does, World};
use super::{policy, pool};

pub const GAPS: Gaps = Gaps { idle_ms: 300_000, tool_ms: 3_600_000 };

pub type ByModel = BTreeMap<String, [u64; 5]>;

fn add(sums: &mut ByModel, model: &str, tokens: &Tokens) {
    let sum = sums.entry(model.to_owned()).or_default();
    for (sum, count) in sum.iter_mut().zip(tokens.classes()) {
        *sum += count;
    }
}

/// Every request once with its largest output, from the cut-off on, but for private directories.
pub fn tokens(world: &World, now: Instant, since: Option<Instant>) -> ByModel {
    let mut outputs: BTreeMap<usize, u64> = BTreeMap::new();
    for line in world.files.iter().flat_map(|file| &file.lines).filter(|line| line.at <= now) {
        if let Does::Answer(request, output) = line.does {
            let most = outputs.entry(request).or_default();
            *most = output.max(*most);
        }
    }
    let mut sums = ByModel::new();
    for (request, output) in outputs {
        let request = &world.requests[request];
        if request.dir != "/w/private" && since.is_none_or(|since| request.at >= since) {
            add(&mut sums, request.model, &Tokens { output, ..request.input });
        }
    }
    sums
}

/// Never more time than is true, be it told as the logs at the end tell it or as it was before anything was copied: a
/// fork that names no origin can draw lines to itself that were counted rightly where they were written. Where a log is
/// gone and the state with it, a prompt may be gone that ended a gap: then what is left says more.
pub fn never_more_time(server: &Server, world: &World, now: Instant, since: Option<Instant>, lost: bool) {
    let (live, mut most) = (posted_seconds(server.rows()), seconds(world, now, since));
    if live > most {
        most = most.max(seconds(&world.without_copies(), now, since));
    }
    if lost && live > most {
        let mut left = world.clone();
        left.files.retain(|file| !file.deleted);
        most = most.max(seconds(&left, now, since));
    }
    assert!(live <= most, "{live} s at Keito, {most} s in truth");
}

/// Counted seconds from the cut-off on, but for private directories.
pub fn seconds(world: &World, now: Instant, since: Option<Instant>) -> u64 {
    let mut store = pool::take();
    let agent = Agent::new(AGENT);
    let seconds = store
        .transact(|tx| {
            for (index, file) in world.files.iter().enumerate() {
                let facts = world.facts(index, 0, file.lines.partition_point(|line| line.at <= now));
                let (cursor, context) = (Cursor::new(&file.path), Context::default());
                tx.ingest(&Read { agent: &agent, cursor: &cursor, context: &context, facts: &facts })?;
            }
            while !tx.settle_dirty(GAPS, now, 1000)?.is_empty() {}
            let mut natives: Vec<&str> = world.files.iter().map(|file| file.session.as_str()).collect();
            natives.sort_unstable();
            natives.dedup();
            let mut all = Vec::new();
            for native in natives {
                let Some(session) = tx.find_session(AGENT, native)? else { continue };
                if std::env::var_os("KEITOD_SIM_TRACE").is_some() {
                    for span in tx.spans(session)? {
                        let dir =
                            span.dir.map(|dir| tx.dir_of(dir)).transpose()?.flatten().map(|(dir, _)| dir);
                        let at = |second| Instant::from_seconds(second);
                        eprintln!(
                            "truth {native} {} {} {:?} {dir:?} {}",
                            at(span.start),
                            at(span.end),
                            span.kind,
                            span.seconds()
                        );
                    }
                }
                for span in tx.spans(session)?.into_iter().filter(|span| span.kind == SpanKind::Agent) {
                    let dir = span.dir.map(|dir| tx.dir_of(dir)).transpose()?.flatten();
                    let start = since.map_or(span.start, |since| span.start.max(since.seconds()));
                    if dir.is_none_or(|(path, _)| path != "/w/private") {
                        all.push((start, span.end));
                    }
                }
            }
            all.retain(|(start, end)| start < end);
            Ok(stretches::seconds(&if world.shared { stretches::union(all) } else { all }))
        })
        .unwrap();
    pool::give(store);
    seconds
}

pub fn posted_tokens<'a>(rows: impl Iterator<Item = &'a Listed>) -> ByModel {
    let mut sums = ByModel::new();
    for posted in rows.filter(|row| row.kind == Kind::Expense).filter_map(|row| row.posted.as_ref()) {
        add(&mut sums, &posted.model, &posted.tokens);
    }
    sums
}

pub fn posted_seconds<'a>(rows: impl Iterator<Item = &'a Listed>) -> u64 {
    let entries = rows.filter(|row| row.kind == Kind::Entry).filter_map(|row| row.posted.as_ref());
    entries.map(|posted| posted.seconds).sum()
}

/// Never more than is true, in any class of any model.
pub fn never_more(server: &Server, truth: &ByModel) {
    for (model, sums) in posted_tokens(server.rows()) {
        let most = truth.get(&model).copied().unwrap_or_default();
        for (sum, most) in sums.iter().zip(most) {
            assert!(*sum <= most, "{model}: {sum} tokens at Keito, {most} in truth ({sums:?})");
        }
    }
}

/// Amounts are the exact cost to within the last digit, per link, day and model.
pub fn amounts(server: &Server) {
    let mut sums: BTreeMap<(String, Day, String), (i128, i128)> = BTreeMap::new();
    for row in server.all_rows().filter(|row| row.kind == Kind::Expense) {
        let (Some(posted), Some(amount)) = (&row.posted, row.amount) else { continue };
        let sum = sums.entry((row.project.clone(), row.day, posted.model.clone())).or_default();
        sum.0 += amount.pico();
        sum.1 += posted.usd.unwrap_or(0);
        assert_eq!(
            posted.usd,
            Some(policy::usd(&posted.model, &posted.tokens)),
            "cost of {}",
            posted.keitod_id
        );
    }
    for (key, (sent, exact)) in sums {
        assert!((sent - exact).abs() < 100_000_000, "{key:?}: {sent} sent, {exact} exact (pico-USD)");
    }
}
