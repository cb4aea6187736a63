//! What an expense is made of: who paid, what was chosen, in which currency, and what is held until that is known.

use keitod::sandbox::{Settings, ids};
use serde_json::Value;

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::Place;

/// 1000 tokens in, 100 out: 0.0075 USD.
const COUNTS: Counts = Counts { input: 1000, cache_read: 0, write_5m: 0, write_1h: 0, output: 100 };

fn place(keito: &Keito, more: &str) -> Place {
    let place = Place::new(&keito.origin);
    configure(&place, more);
    place
}

fn configure(place: &Place, more: &str) {
    let (project, task) = (ids::WEBSITE, ids::DEVELOPMENT);
    place.config(&format!("[default]\nproject_id = \"{project}\"\ntask_id = \"{task}\"\n{more}"));
}

#[track_caller]
fn pass(place: &Place) {
    let (code, out, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 0, "{out}{err}");
}

#[track_caller]
fn json(place: &Place, words: &[&str]) -> Value {
    let (code, out, err) = place.run(words);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

/// Amount, requests and the named metadata of each expense, sorted.
fn expenses(keito: &Keito, keys: &[&str]) -> Vec<String> {
    let mut rows: Vec<String> = keito
        .expenses()
        .iter()
        .map(|row| {
            let meta = row.metadata.as_ref().unwrap();
            let text = |key: &&str| meta.text(key).unwrap_or_else(|| "-".to_owned());
            let values: Vec<String> = ["requests"].iter().chain(keys).map(text).collect();
            format!("{} {}", row.total_cost.digits(), values.join(" "))
        })
        .collect();
    rows.sort();
    rows
}

fn held(place: &Place) -> Value {
    json(place, &["status", "--json"])["queue"]["held"].clone()
}

#[test]
fn cost_and_markup_are_taken_from_the_nearest_that_says_them() {
    let money = |text: &str| format!("[money]\n{text}\n");
    let agent = |text: &str| format!("[sources.claude-code]\n{text}\n");
    let rule = |text: &str| {
        let (project, task) = (ids::BILLING, ids::DEVELOPMENT);
        format!(
            "[[rule]]\npath = \"/home/dev/**\"\nproject_id = \"{project}\"\ntask_id = \"{task}\"\n{text}\n"
        )
    };
    let project = |text: &str| format!("[[project]]\nid = \"{}\"\n{text}\n", ids::BILLING);
    let percent = |of: u32| format!("markup_percent = \"{of}\"");
    let (off, list, metered) = ("cost = \"off\"", "cost = \"list\"", "cost = \"metered\"");
    let plain = || Some("0.0075 1 - list_price");
    let cases = [
        (String::new(), plain()),
        (money(&percent(20)), Some("0.009 1 20 list_price")),
        (money(&percent(20)) + &agent(&percent(40)), Some("0.0105 1 40 list_price")),
        (money(&percent(20)) + &agent(&percent(40)) + &rule(&percent(60)), Some("0.012 1 60 list_price")),
        (agent(&percent(40)) + &rule(&percent(60)) + &project(&percent(80)), Some("0.0135 1 80 list_price")),
        (money(&percent(20)) + &agent(list), Some("0.009 1 20 list_price")),
        (money(off), None),
        (money(off) + &agent(list), plain()),
        (money(off) + &agent(list) + &rule(off), None),
        (agent(off) + &rule(off) + &project(list), plain()),
        (project(off) + &rule(list), None),
        (money(metered), None),
        (agent(metered) + &rule(list), plain()),
    ];
    for (config, expected) in cases {
        let keito = Keito::start();
        let place = place(&keito, &config);
        place.append("one", &Talk::new(1, "/home/dev/work").exchange());
        pass(&place);
        let found = expenses(&keito, &["markup_percent", "cost_basis"]);
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{config}");
        assert_eq!(keito.entries().len(), 1, "{config}");
        assert_eq!(held(&place), serde_json::json!({}), "{config}");
        let report = json(&place, &["report", "--json"]);
        assert_eq!(report["totals"]["cost_usd"], "0.0075", "{config}");
    }
}

/// A request before any evidence, one that a plan paid for, one beyond the plan.
fn three(seed: u64) -> String {
    let mut talk = Talk::new(seed, "/home/dev/work");
    [
        talk.prompt(0),
        talk.answer(60, COUNTS),
        talk.quota(100, false),
        talk.answer(120, COUNTS),
        talk.quota(180, true),
        talk.answer(240, COUNTS),
    ]
    .concat()
}

#[test]
fn what_a_plan_paid_for_is_held_until_somebody_chooses() {
    let keito = Keito::start();
    let place = place(&keito, "");
    place.append("one", &three(1));
    pass(&place);
    assert_eq!(expenses(&keito, &["cost_basis"]), ["0.015 2 list_price"]);
    assert_eq!(held(&place), serde_json::json!({"no_basis": 1}));
    let status = json(&place, &["status", "--json"]);
    assert_eq!(status["queue"]["held_usd"], "0.0075");
    assert_eq!(status["reasons"][0]["code"], "no_basis", "{}", status["reasons"]);
    pass(&place);
    assert_eq!(keito.expenses().len(), 1, "another pass is no choice");

    configure(&place, "[money]\ncost = \"list\"\n");
    pass(&place);
    assert_eq!(expenses(&keito, &["cost_basis"]), ["0.0075 1 list_price", "0.015 2 list_price"]);
    assert_eq!(held(&place), serde_json::json!({}));
}

#[test]
fn metered_bills_what_was_charged_and_nothing_else() {
    let keito = Keito::start();
    let place = place(&keito, "[sources.claude-code]\ncost = \"metered\"\n");
    place.append("one", &three(1));
    pass(&place);
    assert_eq!(expenses(&keito, &["cost_basis"]), ["0.0075 1 metered"]);
    assert_eq!(held(&place), serde_json::json!({}));
    assert_eq!(json(&place, &["report", "--json"])["totals"]["cost_usd"], "0.0225");
}

#[test]
fn an_amount_in_another_currency_waits_for_the_rate_of_its_day() {
    let keito = Keito::with(Settings { currency: "EUR".to_owned(), ..Settings::default() });
    let place = place(&keito, "");
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    pass(&place);
    assert!(keito.expenses().is_empty());
    assert_eq!(held(&place), serde_json::json!({"no_rate": 1}));

    let rate = |from: &str, currency: &str, rate: &str| {
        format!("[[money.rate]]\nfrom = \"{from}\"\ncurrency = \"{currency}\"\nper_usd = \"{rate}\"\n")
    };
    // Neither another currency's nor one of later days.
    let useless = rate("2025-01-01", "GBP", "0.5") + &rate("2026-01-06", "EUR", "0.7");
    configure(&place, &useless);
    pass(&place);
    assert!(keito.expenses().is_empty());
    configure(&place, &(useless + &rate("2025-12-31", "EUR", "0.8") + "[money]\nmarkup_percent = \"10\"\n"));
    pass(&place);
    assert_eq!(expenses(&keito, &["rate", "markup_percent", "cost_usd"]), ["0.0066 1 0.8 10 0.0075"]);

    // Another day, other rates: what is billed stays.
    let mut later = Talk::new(2, "/home/dev/work");
    place.append("two", &(later.prompt(86_400) + &later.answer(86_520, COUNTS)));
    configure(&place, &(rate("2025-12-31", "EUR", "0.9") + &rate("2026-01-06", "EUR", "0.6")));
    pass(&place);
    let expected = ["0.0045 1 0.6 - 0.0075", "0.0066 1 0.8 10 0.0075"];
    assert_eq!(expenses(&keito, &["rate", "markup_percent", "cost_usd"]), expected);
    assert_eq!(held(&place), serde_json::json!({}));
}

#[test]
fn a_model_without_a_price_waits_for_one_beside_its_neighbours() {
    let keito = Keito::start();
    let place = place(&keito, "");
    let mut talk = Talk::new(1, "/home/dev/work");
    let known = talk.prompt(0) + &talk.answer(60, COUNTS);
    let unknown = talk.answer(120, COUNTS).replace("claude-opus-4-6", "claude-opus-99");
    place.append("one", &(known + &unknown));
    pass(&place);
    assert_eq!(expenses(&keito, &["model"]), ["0.0075 1 claude-opus-4-6"]);
    assert_eq!(held(&place), serde_json::json!({"unpriced": 1}));
    let status = json(&place, &["status", "--json"]);
    assert_eq!(status["reasons"][0]["message"], "1 request of claude-opus-99 has no price: 1100 tokens");
    let totals = json(&place, &["report", "--json"])["totals"].clone();
    assert_eq!((&totals["unpriced_requests"], &totals["unpriced_tokens"]), (&1.into(), &1100.into()));
    let (_, text, _) = place.run(&["report"]);
    assert!(text.contains("1 request, 1,100 tokens without a price"), "{text}");

    configure(&place, "[[price]]\nmodel = \"claude-opus-99\"\ninput = \"10\"\noutput = \"50\"\n");
    pass(&place);
    assert_eq!(expenses(&keito, &["model"]), ["0.0075 1 claude-opus-4-6", "0.015 1 claude-opus-99"]);
    assert_eq!(held(&place), serde_json::json!({}));
    // The price goes again: what is billed keeps its own.
    configure(&place, "");
    pass(&place);
    assert_eq!(keito.expenses().len(), 2);
    let totals = json(&place, &["report", "--json"])["totals"].clone();
    assert_eq!((&totals["cost_usd"], &totals["unpriced_requests"]), (&"0.0225".into(), &0.into()));
}

#[test]
fn a_currency_that_keito_does_not_name_is_that_of_the_rates() {
    let keito = Keito::with(Settings { currency: String::new(), ..Settings::default() });
    let rate = |currency: &str, rate: &str| {
        format!("[[money.rate]]\nfrom = \"2026-01-01\"\ncurrency = \"{currency}\"\nper_usd = \"{rate}\"\n")
    };
    let place = place(&keito, &(rate("EUR", "0.8") + &rate("GBP", "0.7")));
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    pass(&place);
    assert_eq!(held(&place), serde_json::json!({"no_rate": 1}), "one of two is a guess");
    configure(&place, &rate("EUR", "0.8"));
    pass(&place);
    assert_eq!(expenses(&keito, &["rate"]), ["0.006 1 0.8"]);
}

#[test]
fn status_names_the_decimals_that_the_workspace_keeps() {
    let keito = Keito::with(Settings { cost_decimals: Some(2), ..Settings::default() });
    let place = place(&keito, "");
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("one", &(talk.prompt(0) + &talk.answer(60, COUNTS)));
    pass(&place);
    let status = json(&place, &["status", "--json"]);
    assert_eq!(status["keito"]["cost_decimals"], 2, "{}", status["keito"]);
    let (_, text, _) = place.run(&["status"]);
    assert!(text.contains("keeps 2 decimals"), "{text}");
    // What was cut is made up for by what comes later: 0.0075 of the first and of this.
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    pass(&place);
    assert_eq!(expenses(&keito, &[]), ["0 1", "0.02 1"]);
}

#[test]
fn a_list_that_drifts_from_the_agents_own_costs_is_shown() {
    let keito = Keito::start();
    let place = place(&keito, "");
    // Three answers of Pi, a minute ago; by our list 0.0075 USD each. 2 % off, 1 % off, and free on a plan.
    let at = keitod::daemon::time::now().minus(std::time::Duration::from_secs(60));
    let answer = |(id, cost): (u32, &str)| {
        format!(
            r#"{{"type":"message","id":"{id:08x}","timestamp":"{at}","message":{{"role":"assistant","provider":"anthropic","model":"claude-opus-4-6","responseId":"msg_{id}","stopReason":"stop","timestamp":{},"usage":{{"input":1000,"output":100,"cacheRead":0,"cacheWrite":0,"totalTokens":1100,"cost":{{"total":{cost}}}}}}}}}"#,
            at.millis() + i64::from(id)
        )
    };
    let header = format!(
        r#"{{"type":"session","version":3,"id":"0199aaaa-0000-7000-8000-000000000001","timestamp":"{at}","cwd":"/home/dev/work"}}"#
    );
    let answers = [(1, "0.00765"), (2, "0.007575"), (3, "0")].map(answer);
    let folder = place.path(".pi/agent/sessions/--home-dev-work--");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("2026-01-05T10-00-00-000Z_0199aaaa-0000-7000-8000-000000000001.jsonl");
    std::fs::write(&file, format!("{header}\n{}\n", answers[1..].join("\n"))).unwrap();
    pass(&place);
    assert!(json(&place, &["status", "--json"]).get("price_drift").is_none());
    std::fs::write(&file, format!("{header}\n{}\n{}\n", answers[1..].join("\n"), answers[0])).unwrap();
    pass(&place);
    let drift = &json(&place, &["status", "--json"])["price_drift"];
    let expected = serde_json::json!([{
        "agent": "pi", "model": "claude-opus-4-6", "compared": 2, "requests": 1,
        "list_usd": "0.0075", "reported_usd": "0.00765"
    }]);
    assert_eq!(*drift, expected);
    let (_, text, _) = place.run(&["status"]);
    assert!(text.contains("1 of 2 requests are more than 1 % off"), "{text}");
    // Shown, not billed: our list is.
    assert!(expenses(&keito, &["cost_basis"]).iter().all(|row| row.ends_with("list_price")));
}
