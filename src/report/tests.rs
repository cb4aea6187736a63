//! Reports of a real database against numbers worked out by hand.

use serde_json::{Value, json};

use super::sample::{Log, Sample, at, contract, keys_in_order, london, place, price};
use super::{By, Filter, Report, Rows, Rules};
use crate::model::{
    AccountId, Amount, KeitodId, Kind, Link, Meaning, ProjectId, RequestRef, TaskId, Tokens, Usd, Who,
};
use crate::store::{Account, NewRecord};

fn report(rows: &Rows, by: &str, filter: Filter, min: u64, max: Option<u64>) -> Report {
    let calendar = london();
    let rules = Rules {
        calendar: &calendar,
        min_seconds: min,
        max_seconds: max,
        price: &|request| price(rows.names.model(request.model), &request.tokens),
        place_of: &|dir, _, _| place(rows, dir),
        project_name: &|id| (id == "p1").then(|| "Acme".to_owned()),
    };
    let by: Vec<By> = by.split_terminator(',').map(|word| word.parse().unwrap()).collect();
    Report::build(rows, &by, filter, &rules)
}

fn by(rows: &Rows, by: &str) -> Value {
    serde_json::to_value(report(rows, by, Filter::default(), 60, None)).unwrap()
}

/// requests, input, `cache_read`, 5m, 1h, output, reasoning, cost, unpriced, exact, lower bound, estimated.
fn requests(row: &Value) -> Value {
    let quality = &row["quality"];
    json!([
        row["requests"],
        row["input_tokens"],
        row["cache_read_tokens"],
        row["cache_write_5m_tokens"],
        row["cache_write_1h_tokens"],
        row["output_tokens"],
        row["reasoning_tokens"],
        row["cost_usd"],
        row["unpriced_requests"],
        quality["exact"],
        quality["lower_bound"],
        quality["estimated"]
    ])
}

/// agent, wall, human, dropped, below min, capped.
fn time(row: &Value) -> Value {
    json!([
        row["agent_seconds"],
        row["wall_seconds"],
        row["human_seconds"],
        row["dropped_seconds"],
        row["below_min_seconds"],
        row["capped_seconds"]
    ])
}

fn keys(report: &Value, key: &str) -> Vec<Value> {
    report["rows"].as_array().unwrap().iter().map(|row| row[key].clone()).collect()
}

#[test]
fn by_day_with_a_midnight_in_a_span() {
    let rows = Sample::two_days().reader.report_rows(None).unwrap();
    let report = by(&rows, "day");
    assert_eq!(report["timezone"], "Europe/London");
    assert_eq!(keys(&report, "day"), ["2026-05-05", "2026-05-06", "2026-05-07"]);
    let rows = &report["rows"];
    assert_eq!(requests(&rows[0]), json!([1, 100, 0, 0, 0, 10, 0, "0.00075", 0, 1, 0, 0]));
    assert_eq!(time(&rows[0]), json!([120, 120, 0, 0, 0, 0]));
    assert_eq!(requests(&rows[1]), json!([3, 217, 50, 3, 4, 23, 5, "0.0015", 1, 2, 1, 0]));
    assert_eq!(time(&rows[1]), json!([250, 150, 600, 600, 40, 0]));
    assert_eq!(requests(&rows[2]), json!([0, 0, 0, 0, 0, 0, 0, null, 0, 0, 0, 0]));
    assert_eq!(time(&rows[2]), json!([0, 0, 0, 0, 0, 0]));
    let totals = &report["totals"];
    assert_eq!(requests(totals), json!([4, 317, 50, 3, 4, 33, 5, "0.00225", 1, 3, 1, 0]));
    assert_eq!(time(totals), json!([370, 270, 600, 600, 40, 0]));
}

#[test]
fn by_each_other_key() {
    let rows = Sample::two_days().reader.report_rows(None).unwrap();

    let project = by(&rows, "project");
    assert_eq!(keys(&project, "project"), [json!(null), json!("p1")]);
    assert_eq!(keys(&project, "project_name"), [json!(null), json!("Acme")]);
    assert_eq!(time(&project["rows"][0]), json!([0, 0, 0, 0, 40, 0]));
    assert_eq!(time(&project["rows"][1]), json!([370, 270, 600, 600, 0, 0]));

    let agent = by(&rows, "agent");
    assert_eq!(keys(&agent, "agent"), ["claude-code", "codex"]);
    assert_eq!(time(&agent["rows"][1]), json!([0, 0, 0, 0, 40, 0]));

    let session = by(&rows, "session");
    assert_eq!(keys(&session, "session"), ["A", "B", "C", "D"]);
    assert_eq!(time(&session["rows"][0]), json!([270, 270, 600, 0, 0, 0]));
    assert_eq!(time(&session["rows"][1]), json!([100, 100, 0, 600, 0, 0]));

    let none = by(&rows, "");
    assert_eq!(none["rows"].as_array().unwrap().len(), 1);
    assert_eq!(none["rows"][0], none["totals"]);
}

#[test]
fn by_model_time_stands_in_the_totals_alone() {
    let rows = Sample::two_days().reader.report_rows(None).unwrap();

    let model = by(&rows, "model");
    assert_eq!(keys(&model, "model"), ["free", "mystery", "opus"]);
    let costs = keys(&model, "cost_usd");
    assert_eq!(costs, [json!("0"), json!(null), json!("0.00225")]);
    assert_eq!(time(&model["rows"][2]), json!([null, null, null, null, null, null]));
    assert_eq!(time(&model["totals"]), json!([370, 270, 600, 600, 40, 0]));

    // Activity without any request has a row of its own, without a model.
    let both = by(&rows, "agent,model");
    assert_eq!(keys(&both, "agent"), ["claude-code", "claude-code", "claude-code", "codex"]);
    assert_eq!(keys(&both, "model"), [json!("free"), json!("mystery"), json!("opus"), json!(null)]);
    assert_eq!(requests(&both["rows"][3]), json!([0, 0, 0, 0, 0, 0, 0, null, 0, 0, 0, 0]));
}

#[test]
fn the_order_of_keys_is_the_order_of_rows() {
    let rows = Sample::two_days().reader.report_rows(None).unwrap();
    let report = by(&rows, "agent,day");
    let pairs: Vec<String> = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["agent"], row["day"]))
        .collect();
    let expected = [("claude-code", "05"), ("claude-code", "06"), ("codex", "06"), ("codex", "07")]
        .map(|(agent, day)| format!("\"{agent}\" \"2026-05-{day}\""));
    assert_eq!(pairs, expected);
}

#[test]
fn from_and_to_are_included_and_the_minimum_sees_all_days() {
    let sample = Sample::two_days();
    let only = |day: &str| Filter::only(day.parse().unwrap());
    for (day, expected) in [
        ("2026-05-04", json!([0, 0, 0, 0, 0, 0])),
        ("2026-05-05", json!([120, 120, 0, 0, 0, 0])),
        ("2026-05-06", json!([250, 150, 600, 600, 40, 0])),
    ] {
        for range in [None, only(day).range(&london())] {
            let rows = sample.reader.report_rows(range).unwrap();
            let report = report(&rows, "day", only(day), 60, None);
            assert_eq!(time(&serde_json::to_value(&report.totals).unwrap()), expected, "{day} {range:?}");
        }
    }
    // A has 120 s on that day and 270 s in all: a minimum of 200 s lets it pass.
    let rows = sample.reader.report_rows(only("2026-05-05").range(&london())).unwrap();
    let report = report(&rows, "day", only("2026-05-05"), 200, None);
    assert_eq!(report.totals.time.unwrap().agent, 120);
    assert_eq!(report.rows.len(), 1);
}

#[test]
fn a_session_of_exactly_the_minimum_counts() {
    let rows = Sample::two_days().reader.report_rows(None).unwrap();
    let below = |min| report(&rows, "", Filter::default(), min, None).totals.time.unwrap().below_min;
    assert_eq!((below(40), below(41), below(100), below(101)), (0, 40, 40, 140));
}

#[test]
fn the_cap_takes_the_end_of_a_sessions_day() {
    let rows = Sample::two_days().reader.report_rows(None).unwrap();
    let report = report(&rows, "session", Filter::default(), 60, Some(90));
    let times: Vec<(u64, u64, u64)> = report
        .rows
        .iter()
        .map(|row| {
            let time = row.sums.time.unwrap();
            (time.agent, time.below_min, time.capped)
        })
        .collect();
    // A: 120 and 150 s on two days; B: 100 s; C: 40 s, below the minimum.
    assert_eq!(times, [(180, 0, 90), (90, 0, 10), (0, 40, 0), (0, 0, 0)]);
}

fn account() -> Account {
    Account { origin: "o".to_owned(), account: AccountId::new("a"), sandbox: false }
}

fn record(kind: Kind, id: &str, project: &str) -> NewRecord {
    NewRecord {
        keitod_id: KeitodId::new(id),
        kind,
        session: None,
        day: "2026-05-05".parse().unwrap(),
        link: Link { project: ProjectId::new(project), task: TaskId::new("t") },
        model: "opus".to_owned(),
        part: 1,
        excess: false,
        first_at: at("2026-05-05T22:59:00Z"),
        last_at: at("2026-05-05T22:59:00Z"),
        seconds: 60,
        requests: 1,
        amount: Some(Amount { units: 1, decimals: 4 }),
        usd: Some(Usd(7)),
        remote: None,
        assumed: false,
    }
}

#[test]
fn what_is_billed_keeps_its_project_and_its_price() {
    let mut sample = Sample::two_days();
    let rows = sample.reader.report_rows(None).unwrap();
    let of = |time: &str| rows.requests.iter().find(|row| row.at == at(time)).unwrap().clone();
    let (first, second) = (of("2026-05-05T22:59:00Z"), of("2026-05-05T23:02:00Z"));
    let adopted = of("2026-05-05T23:01:40Z");
    sample
        .store
        .transact(|tx| {
            let (account, _) = tx.account(&account())?;
            let old = tx.insert_record(account, &record(Kind::Expense, "k1a", "p0"), false)?;
            tx.bill(account, first.id, old, &first.tokens, Usd(7), "row")?;
            // Of the second only half was billed: the other half has today's price on top.
            let half = Tokens { input: 100, output: 10, ..Tokens::default() };
            tx.bill(account, second.id, old, &half, Usd(5), "row")?;
            let theirs = tx.insert_record(account, &record(Kind::Expense, "k1b", "p9"), true)?;
            tx.bill(account, adopted.id, theirs, &adopted.tokens, Usd(0), "")?;
            let entry = tx.insert_record(account, &record(Kind::Entry, "k1c", "p0"), false)?;
            let start = at("2026-05-05T22:58:00Z").seconds();
            tx.cover(account, first.session, entry, None, &[(start, start + 60)])
        })
        .unwrap();
    let rows = sample.reader.report_rows(None).unwrap();
    let report = report(&rows, "project", Filter::default(), 1_000, None);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(keys(&json, "project"), [json!(null), json!("p0"), json!("p1"), json!("p9")]);
    // 7 + 5 + (0.0015 − 0.00075) USD.
    assert_eq!(report.rows[1].sums.cost, Some(Usd(12 + 750_000_000)));
    assert_eq!(report.rows[3].sums.cost, Some(Usd(0)));
    // Nobody reaches a minimum of 1000 s, but the minute on the entry is billed.
    assert_eq!(report.rows[1].sums.time.unwrap().agent, 60);
    assert_eq!(report.rows[2].sums.time.unwrap().below_min, 210 + 100);
}

#[test]
fn an_unpriced_excess_is_shown_as_unpriced() {
    let mut sample = Sample::of(vec![Log::new("codex", "S", "/x").request(
        "2026-05-05T10:00:00Z",
        "mystery",
        [10, 0, 0, 0, 5, 0],
    )]);
    sample
        .store
        .transact(|tx| {
            let (account, _) = tx.account(&account())?;
            let id = tx.insert_record(account, &record(Kind::Expense, "k1a", "p0"), false)?;
            tx.bill(account, RequestRef(1), id, &Tokens { input: 10, ..Tokens::default() }, Usd(9), "row")
        })
        .unwrap();
    let rows = sample.reader.report_rows(None).unwrap();
    let totals = report(&rows, "", Filter::default(), 60, None).totals;
    assert_eq!((totals.cost, totals.unpriced), (Some(Usd(9)), 1));
}

#[test]
fn what_was_charged_is_the_cost_and_what_an_agent_reckons_is_not() {
    let counts = [100, 0, 0, 0, 10, 0];
    let sample = Sample::of(vec![
        Log::new("pi", "S", "/x")
            .request("2026-05-05T10:00:00Z", "opus", counts)
            .reported("openrouter", 7_000_000, Meaning::Charged)
            .request("2026-05-05T10:00:01Z", "mystery", counts)
            .reported("openrouter", 9_000_000, Meaning::Charged)
            .request("2026-05-05T10:00:02Z", "opus", counts)
            .reported("anthropic", 5, Meaning::Listed)
            .request("2026-05-05T10:00:03Z", "mystery", counts),
    ]);
    let rows = sample.reader.report_rows(None).unwrap();
    let provider = |at: usize| rows.requests[at].provider.as_deref();
    assert_eq!((provider(0), provider(2), provider(3)), (Some("openrouter"), Some("anthropic"), None));
    let totals = report(&rows, "", Filter::default(), 60, None).totals;
    assert_eq!(totals.cost, Some(Usd(7_000_000 + 9_000_000 + 750_000_000)));
    assert_eq!((totals.unpriced, totals.unpriced_tokens), (1, 110));
    // Only the agent's own sum is there to be compared.
    let listed = sample.reader.listed_costs(at("2026-05-05T10:00:02Z")).unwrap();
    let found: Vec<_> =
        listed.iter().map(|of| (of.agent.as_str(), of.provider.as_deref(), of.reported)).collect();
    assert_eq!(found, [("pi", Some("anthropic"), Usd(5))]);
    assert!(sample.reader.listed_costs(at("2026-05-05T10:00:03Z")).unwrap().is_empty());
}

#[test]
fn the_document_has_the_keys_of_the_contract_in_its_order() {
    let sample = Sample::of(vec![Log::new("codex", "S", "/x").request(
        "2026-05-05T10:00:00Z",
        "opus",
        [10, 0, 0, 0, 5, 0],
    )]);
    let rows = sample.reader.report_rows(None).unwrap();
    let report = report(&rows, "day,agent,model", Filter::default(), 60, None);
    let text = serde_json::to_string(&report).unwrap();
    let keys = keys_in_order(&text);
    assert!(keys.len() > 40, "{keys:?}");
    assert_eq!(keys, keys_in_order(&contract("report.json")));
    let ours: Value = serde_json::from_str(&text).unwrap();
    let theirs: Value = serde_json::from_str(&contract("report.json")).unwrap();
    assert_eq!((&ours["by"], &ours["schema_version"]), (&theirs["by"], &theirs["schema_version"]));
}

#[test]
fn the_list_of_sessions() {
    let sample = Sample::two_days();
    let list = serde_json::to_value(sample.reader.sessions(3, false).unwrap()).unwrap();
    let names: Vec<&Value> = list["sessions"].as_array().unwrap().iter().map(|row| &row["session"]).collect();
    assert_eq!(names, ["D", "C", "A"]);
    let a = json!({
        "agent": "claude-code", "session": "A",
        "first_at": "2026-05-05T22:58:00.000Z", "last_at": "2026-05-05T23:12:30.000Z",
        "requests": 3,
        "tokens": {"input": 307, "cache_read": 50, "cache_write_5m": 0, "cache_write_1h": 0, "output": 31, "reasoning": 5},
        "agent_seconds": 270, "human_seconds": 600, "dropped_seconds": 0,
        "models": ["mystery", "opus"], "dirs": ["acme"], "lag_bytes": 30
    });
    assert_eq!(list["sessions"][2], a);
    let with_paths = sample.reader.sessions(3, true).unwrap();
    assert_eq!(with_paths.sessions[2].paths.as_deref(), Some(&["/w/acme".to_owned()][..]));
}

#[test]
fn a_day_that_is_asked_for_alone_reads_no_more_than_its_neighbours() {
    let mut log = Log::new("codex", "S", "/x");
    for day in 10..28 {
        log = log.event(&format!("2026-05-{day}T10:00:00Z"), Who::Agent).request(
            &format!("2026-05-{day}T10:00:00Z"),
            "opus",
            [1, 0, 0, 0, 1, 0],
        );
    }
    let sample = Sample::of(vec![log]);
    let filter = Filter::only("2026-05-20".parse().unwrap());
    let rows = sample.reader.report_rows(filter.range(&london())).unwrap();
    assert!(rows.requests.len() <= 5, "{}", rows.requests.len());
    assert_eq!(report(&rows, "day", filter, 0, None).totals.requests, 1);
}
