//! Every session that was read can be explained: its sums are those of the report, its records add up, each request has
//! its place in a log.

use serde_json::Value;

use crate::home::Home;

/// What was said, for whoever looks for planted texts in it.
pub fn agrees(home: &Home, name: &str) -> Vec<Vec<u8>> {
    let mut said = Vec::new();
    let list = home.json(&["sessions", "--json"]);
    for session in list["sessions"].as_array().unwrap() {
        let text = |key: &str| session[key].as_str().unwrap();
        let id = format!("{}/{}", text("agent"), text("session"));
        let bytes = home.says(&["explain", &id, "--json"]);
        let told: Value = serde_json::from_slice(&bytes).unwrap();
        let (totals, report) = (&told["totals"], &told["report"]);
        for (own, theirs) in [
            ("counted_seconds", "agent_seconds"),
            ("human_seconds", "human_seconds"),
            ("dropped_seconds", "dropped_seconds"),
            ("requests", "requests"),
            ("cost_usd", "cost_usd"),
        ] {
            assert_eq!(totals[own], report[theirs], "{name}: {id}: {own}");
        }
        let story = &told["sessions"][0];
        let requests = story["requests"].as_array().unwrap();
        assert_eq!(requests.len() as u64, session["requests"].as_u64().unwrap(), "{name}: {id}");
        for fact in requests.iter().chain(story["gaps"].as_array().unwrap()) {
            // A step of a total is in no log once the total has grown.
            let place = !fact["source"].is_null() || fact["quality"] == "estimated";
            assert!(place, "{name}: {id}: no place of {fact} in {}", told["files"]);
        }
        said.push(bytes);
        said.push(home.says(&["explain", &id]));
        said.push(home.says(&["explain", &id, "--timeline", "-"]));
        for record in told["records"].as_array().unwrap() {
            let id = record["id"].as_str().unwrap();
            let bytes = home.says(&["explain", id, "--json"]);
            let told: Value = serde_json::from_slice(&bytes).unwrap();
            if told["kind"] == "record" {
                assert_eq!(told["check"]["equal"], true, "{name}: {id}: {}", told["check"]);
            }
            said.push(home.says(&["explain", id]));
        }
    }
    said
}
