//! Prices and the choice of a basis as the user's config has them, from the log line to Keito.

use keitod::sandbox::ids;
use serde_json::Value;

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::Place;

/// Every class once. At the list of Claude Opus 4.6: 0.005 + 0.001 + 0.001875 + 0.0004 + 0.0025 USD, two searches 0.02.
const COUNTS: Counts = Counts { input: 1000, cache_read: 2000, write_5m: 300, write_1h: 40, output: 100 };
const LIST: &str = "0.030775";

/// One session in `dir`: its request is at 2026-01-05T10:02:00Z.
fn session(dir: &str) -> String {
    let mut talk = Talk::new(1, dir);
    let searched = r#""output_tokens":100,"server_tool_use":{"web_search_requests":2}"#;
    talk.prompt(0) + &talk.answer(120, COUNTS).replace(r#""output_tokens":100"#, searched)
}

fn default() -> String {
    format!("[default]\nproject_id = \"{}\"\ntask_id = \"{}\"\n", ids::WEBSITE, ids::DEVELOPMENT)
}

/// Cost in USD and project of what one pass sends.
fn sent(config: &str, dir: impl FnOnce(&Place) -> String) -> Vec<(String, String)> {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.config(config);
    place.append("one", &session(&dir(&place)));
    let (code, out, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 0, "{config}\n{out}{err}");
    let expenses = keito.expenses();
    let shown = expenses.iter().map(|row| {
        let meta = row.metadata.as_ref().unwrap();
        (meta.text("cost_usd").unwrap_or_default(), row.project.clone())
    });
    shown.collect()
}

#[test]
fn each_key_of_a_price_overrides_the_list() {
    let cases = [
        ("", LIST),
        ("input = \"10\"", "0.035775"),
        ("cache_read = \"1\"", "0.031775"),
        ("cache_write_5m = \"12.5\"", "0.03265"),
        ("cache_write_1h = \"20\"", "0.031175"),
        ("output = \"50\"", "0.033275"),
        ("web_search = \"50\"", "0.110775"),
        ("input = \"0\"", "0.025775"),
        ("input = \"0.000001\"", "0.025775001"),
        // A discount is on the tokens, and on the user's own rates too.
        ("discount_percent = \"10\"", "0.0296975"),
        ("discount_percent = 100", "0.02"),
        ("input = \"10\"\ndiscount_percent = \"50\"", "0.0278875"),
        // Whose list it is.
        ("platform = \"anthropic\"\ninput = \"10\"", "0.035775"),
        ("platform = \"openrouter\"\ninput = \"10\"", LIST),
        // From the instant on, up to the instant before.
        ("from = \"2026-01-05T10:02:00Z\"\ninput = \"10\"", "0.035775"),
        ("from = \"2026-01-05T10:02:01Z\"\ninput = \"10\"", LIST),
        ("to = \"2026-01-05T10:02:00Z\"\ninput = \"10\"", LIST),
        ("to = \"2026-01-05T10:02:01Z\"\ninput = \"10\"", "0.035775"),
    ];
    for (keys, expected) in cases {
        let price = if keys.is_empty() {
            String::new()
        } else {
            format!("[[price]]\nmodel = \"claude-opus-4-6\"\n{keys}\n")
        };
        let found = sent(&(default() + &price), |_| "/home/dev/work".to_owned());
        assert_eq!(found.len(), 1, "{keys}");
        assert_eq!(found[0].0, expected, "{keys}");
    }
    // The exact name, no beginning of it.
    for model in ["claude-opus-4", "claude-opus", "opus-4-6", "claude-opus-4-6-x"] {
        let price = format!("[[price]]\nmodel = \"{model}\"\ninput = \"10\"\n");
        assert_eq!(sent(&(default() + &price), |_| "/home/dev/work".to_owned())[0].0, LIST, "{model}");
    }
}

#[test]
fn what_is_billed_can_be_chosen_for_a_repository() {
    let repository = |place: &Place| {
        let dir = place.path("work");
        std::fs::create_dir_all(dir.join(".keito")).unwrap();
        std::fs::create_dir_all(dir.join(".git")).unwrap();
        let (account, project, task) = (keitod::sandbox::ACCOUNT, ids::BILLING, ids::DEVELOPMENT);
        let text = format!("version: 1\nworkspace_id: {account}\nproject_id: {project}\ntask_id: {task}\n");
        std::fs::write(dir.join(".keito/config.yml"), text).unwrap();
        std::fs::write(dir.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        let remote = "[remote \"origin\"]\n\turl = git@github.com:acme/billing.git\n";
        std::fs::write(dir.join(".git/config"), remote).unwrap();
        dir.to_str().unwrap().to_owned()
    };
    let projects = |config: &str| -> Vec<String> {
        sent(config, repository).into_iter().map(|(_, project)| project).collect()
    };
    // Its own file leads to the project, whose `cost` goes before all others.
    assert_eq!(projects(&default()), [ids::BILLING]);
    let project = |cost: &str| format!("[[project]]\nid = \"{}\"\ncost = \"{cost}\"\n", ids::BILLING);
    assert_eq!(projects(&(default() + &project("off"))), [""; 0]);
    assert_eq!(projects(&(default() + "[money]\ncost = \"off\"\n" + &project("list"))), [ids::BILLING]);
    assert_eq!(projects(&(default() + "[money]\ncost = \"off\"\n")), [""; 0]);
}

#[test]
fn what_has_no_price_is_counted_wherever_somebody_looks() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    // Just now, so that the sums of the day show it too; the seconds of a talk begin at 2026-01-05T10:00:00Z.
    let now = keitod::daemon::time::now().seconds() - 1_767_607_200;
    let answers = [3, 2, 1].map(|ago| talk.answer(now - ago, COUNTS));
    let lines = talk.prompt(now - 4) + &answers.concat();
    place.append("one", &lines.replacen("claude-opus-4-6", "claude-opus-99", 2));
    assert_eq!(place.run(&["run", "--once"]).0, 0);
    let some = "2 requests, 6,880 tokens without a price";
    for words in [&["status"][..], &["report"]] {
        let (_, text, _) = place.run(words);
        assert!(text.contains(some), "{words:?}: {text}");
    }
    let (_, text, _) = place.run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&text).unwrap();
    let day = &status["today"];
    assert_eq!((&day["unpriced_requests"], &day["unpriced_tokens"]), (&2.into(), &6880.into()));
    assert_eq!(status["reasons"][0]["message"], "2 requests of claude-opus-99 have no price: 6880 tokens");
    assert_eq!(status["reasons"][0]["remedy"], "keitod prices show claude-opus-99");
}
