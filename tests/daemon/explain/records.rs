//! A record's numbers, made again, are what was sent.

use keitod::sandbox::{Settings, ids};
use serde_json::Value;

use super::{COUNTS, deliver, explained, json, link, list, sum};
use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::Place;

/// Two sessions: one over midnight with a wait in it, one of two models and all classes.
fn work(place: &Place) {
    let mut one = Talk::new(1, "/home/dev/work");
    let midnight = 14 * 3600;
    let lines = [
        one.prompt(midnight - 250),
        one.answer(midnight - 100, COUNTS),
        one.answer(midnight + 150, COUNTS),
        one.prompt(midnight + 900),
        one.answer(midnight + 1033, COUNTS),
    ];
    place.append("one", &lines.concat());
    let mut two = Talk::new(2, "/home/dev/other");
    let all = Counts { input: 1001, cache_read: 2003, write_5m: 307, write_1h: 41, output: 103 };
    let lines = [
        two.prompt(0),
        two.answer(60, all),
        two.answer(120, all).replace("claude-opus-4-6", "claude-haiku-4-5"),
        two.tool(2000, 1700),
    ];
    place.append("two", &lines.concat());
}

fn number(text: &Value) -> rust_decimal::Decimal {
    text.as_str().unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

/// Each class times its rate, times the factor, with the fees.
fn made(sum: &Value) -> rust_decimal::Decimal {
    let million = rust_decimal::Decimal::from(1_000_000);
    let lines = list(sum, "lines").iter();
    let lines = lines.map(|line| {
        let made =
            rust_decimal::Decimal::from(line["tokens"].as_u64().unwrap()) * number(&line["rate"]) / million;
        assert_eq!(made, number(&line["usd"]), "{line}");
        made
    });
    lines.sum::<rust_decimal::Decimal>() * number(&sum["factor"]) + number(&sum["fees"])
}

#[test]
fn a_record_adds_up_to_what_was_sent() {
    let keito = Keito::with(Settings { currency: "EUR".to_owned(), ..Settings::default() });
    let place = Place::new(&keito.origin);
    let rate = "[[money.rate]]\nfrom = \"2026-01-01\"\ncurrency = \"EUR\"\nper_usd = \"0.923\"\n";
    place.config(&format!("{}[money]\nmarkup_percent = \"12.5\"\n{rate}", link()));
    work(&place);
    deliver(&place);
    let (entries, expenses) = (keito.entries(), keito.expenses());
    assert_eq!((entries.len(), expenses.len()), (3, 4));
    let sent: Vec<String> = keito.asked("POST", "/api/v2/").iter().map(|request| request.text()).collect();

    for entry in &entries {
        let meta = entry.metadata.as_ref().unwrap();
        let id = meta.text("keitod_id").unwrap();
        let told = explained(&place, &id);
        assert_eq!((&told["kind"], &told["id"]), (&"record".into(), &id.as_str().into()));
        assert_eq!(told["check"]["equal"], true, "{}", told["check"]);
        let seconds: u64 = meta.text("duration_seconds").unwrap().parse().unwrap();
        assert_eq!(
            (&told["check"]["seconds"], &told["totals"]["counted_seconds"]),
            (&seconds.into(), &seconds.into())
        );
        let parts: Vec<Value> =
            list(&told["sessions"][0], "gaps").iter().flat_map(|gap| list(gap, "parts").clone()).collect();
        assert_eq!(sum(&parts, "seconds"), seconds);
        let day = entry.spent_date.to_string();
        assert!(
            parts.iter().all(|part| part["day"] == day && part["id"] == id && part["status"] == "billed")
        );
        assert_eq!(told["echoed"]["remote_id"], entry.id.as_str());
        // What it says of requests is told too.
        let requests: u64 = list(&told["sessions"][0], "requests").len() as u64;
        let output: u64 = meta.text("output_tokens").unwrap().parse().unwrap();
        assert_eq!(told["totals"]["tokens"]["output"], output, "{requests} requests");
        let (_, text, _) = place.run(&["explain", &id]);
        let ending = format!("{seconds} s = {} h sent\n", told["check"]["hours"].as_str().unwrap());
        assert!(text.ends_with(&ending), "{text}");
        // The very bytes.
        assert!(sent.iter().any(|body| text.contains(body.as_str())), "{text}");
    }
    for expense in &expenses {
        let meta = expense.metadata.as_ref().unwrap();
        let id = meta.text("keitod_id").unwrap();
        let told = explained(&place, &id);
        let check = &told["check"];
        assert_eq!(check["equal"], true, "{check}");
        assert_eq!((&check["rate"], &check["markup_percent"]), (&"0.923".into(), &"12.5".into()));
        assert_eq!(number(&check["sent_amount"]), expense.total_cost.digits().parse().unwrap());
        assert_eq!(check["cost_usd"].as_str(), meta.text("cost_usd").as_deref());
        let factor: rust_decimal::Decimal = "1.038375".parse().unwrap();
        assert_eq!(number(&check["exact"]), (number(&check["cost_usd"]) * factor).round_dp(12));
        let requests = list(&told["sessions"][0], "requests");
        assert_eq!(requests.len().to_string(), meta.text("requests").unwrap());
        let mut all = rust_decimal::Decimal::ZERO;
        for request in requests {
            let [on] = list(request, "on").as_slice() else { panic!("{request}") };
            assert_eq!((&on["id"], &request["waits"]), (&id.as_str().into(), &Value::Null));
            assert_eq!(made(&on["sum"]), number(&on["cost_usd"]), "{on}");
            assert_eq!(on["sum"]["provenance"], on["price"]);
            assert!(on["price"].as_str().unwrap().starts_with("embedded 20"), "{on}");
            all += number(&on["cost_usd"]);
        }
        assert_eq!(all, number(&check["cost_usd"]));
        let (_, text, _) = place.run(&["explain", &id]);
        assert!(text.trim_end().ends_with(" EUR sent"), "{text}");
        assert!(sent.iter().any(|body| text.contains(body.as_str())), "{text}");
    }
}

#[test]
fn a_session_and_a_day_are_as_the_report_has_them() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    work(&place);
    deliver(&place);
    for (by, key) in [("session", "session"), ("day", "day")] {
        let report = json(&place, &["report", "--by", by, "--json"]);
        assert_eq!(list(&report, "rows").len(), 2, "{report}");
        for row in list(&report, "rows") {
            let told = explained(&place, row[key].as_str().unwrap());
            for (own, theirs) in [
                ("counted_seconds", "agent_seconds"),
                ("human_seconds", "human_seconds"),
                ("dropped_seconds", "dropped_seconds"),
                ("requests", "requests"),
                ("cost_usd", "cost_usd"),
            ] {
                assert_eq!(told["totals"][own], row[theirs], "{key} {}: {own}", row[key]);
                assert_eq!(told["report"][theirs], row[theirs], "{key} {}: {theirs}", row[key]);
            }
            let tokens = &told["totals"]["tokens"];
            assert_eq!(tokens["cache_read"], row["cache_read_tokens"]);
            let stands = list(&told["totals"], "stands");
            assert!(stands.iter().all(|stand| stand["status"] == "billed"), "{stands:?}");
            assert_eq!(sum(stands, "seconds"), row["agent_seconds"].as_u64().unwrap());
            assert_eq!(sum(stands, "requests"), row["requests"].as_u64().unwrap());
            let records: Vec<&str> =
                list(&told, "records").iter().map(|item| item["id"].as_str().unwrap()).collect();
            assert!(stands.iter().all(|stand| records.contains(&stand["id"].as_str().unwrap())));
        }
    }
}

#[test]
fn what_waits_is_told_by_its_id_in_the_queue() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let rule = format!(
        "[[rule]]\npath = \"/home/dev/other\"\nproject_id = \"{}\"\ntask_id = \"{}\"\n",
        ids::WEBSITE,
        ids::DEVELOPMENT
    );
    place.config(&rule);
    work(&place);
    deliver(&place);
    let queue = json(&place, &["queue", "list", "--state", "held", "--json"]);
    let items = list(&queue, "items");
    assert_eq!(items.len(), 4, "{queue}");
    for item in items {
        let id = item["id"].as_str().unwrap();
        let told = explained(&place, id);
        assert_eq!((&told["kind"], &told["queue"]["item"]["id"]), (&"held".into(), &item["id"]));
        let [stand] = list(&told["totals"], "stands").as_slice() else { panic!("{told}") };
        assert_eq!(
            (&stand["status"], &stand["reason"], &stand["id"]),
            (&"held".into(), &"unmapped".into(), &item["id"])
        );
        assert_eq!((&stand["seconds"], &stand["requests"]), (&item["seconds"], &item["requests"]));
        if item["kind"] == "expense" {
            assert_eq!(stand["cost_usd"], item["cost_usd"]);
        }
        // As much of its id as is needed.
        assert_eq!(explained(&place, &id[..8])["id"], item["id"]);
        let (_, text, _) = place.run(&["explain", id]);
        assert!(text.contains("held: unmapped") && text.contains("→ link the repository"), "{text}");
    }
}

#[test]
fn a_request_that_grew_is_on_two_records() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    let (prompt, answer) = (talk.prompt(0), talk.answer(120, COUNTS));
    place.append("one", &(prompt + &answer));
    deliver(&place);
    let more =
        answer.replace("\"output_tokens\":100", "\"output_tokens\":300").replace("10:02:00", "10:02:05");
    place.append("one", &more.replace("8000-000000100002", "8000-000000100003"));
    deliver(&place);
    assert_eq!(keito.expenses().len(), 2);
    let told = explained(&place, &talk.id);
    let [request] = list(&told["sessions"][0], "requests").as_slice() else { panic!("{told}") };
    let costs: Vec<&str> = list(request, "on").iter().map(|on| on["cost_usd"].as_str().unwrap()).collect();
    assert_eq!((costs, &request["cost_usd"]), (vec!["0.0075", "0.005"], &"0.0125".into()), "{request}");
    for expense in keito.expenses() {
        let id = expense.metadata.as_ref().unwrap().text("keitod_id").unwrap();
        assert_eq!(explained(&place, &id)["check"]["equal"], true);
    }
}
