//! GitHub Copilot CLI.

use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;
use crate::others::Agent;
use crate::report::WORDS;

static RECORDED: Agent =
    Agent { folder: "copilot-cli/1.0.102", scenarios: 8, logs: ".copilot", model: None, side: true };

#[test]
fn copilot_1_0_102_is_counted_to_the_token() {
    RECORDED.check();
}

#[test]
fn totals_of_1_0_78_are_counted_once_and_what_only_they_tell_is_an_estimate() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    copy(&fixtures("copilot-cli/lantern"), &home.path().join(".copilot"));
    home.says(&["run", "--once"]);
    let report = home.json(&WORDS);
    let mut found: Vec<[u64; 5]> = Vec::new();
    for row in report["rows"].as_array().unwrap().iter().filter(|row| row["requests"] != 0) {
        let number = |name: &str| row[name].as_u64().unwrap();
        let quality = |name: &str| row["quality"][name].as_u64().unwrap();
        assert_eq!(row["model"], "qwen3:0.6b");
        found.push([
            number("input_tokens"),
            number("cache_read_tokens"),
            number("output_tokens"),
            quality("lower_bound"),
            quality("estimated"),
        ]);
    }
    assert_eq!(found, [[4100, 0, 978, 2, 1], [2050, 0, 382, 1, 1]]);
}
