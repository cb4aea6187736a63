//! A recorded scenario: what the mock served, what the log holds of it, and when each line was written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::home::{files_below, fixtures};
use crate::report::{Count, Counts};

pub struct Scenario {
    pub name: String,
    pub folder: PathBuf,
}

/// All of them; two versions of one share ids, so each has a home of its own.
pub fn all() -> Vec<Scenario> {
    let mut found = Vec::new();
    for version in ["2.1.29", "2.1.329"] {
        for entry in fs::read_dir(fixtures("recorded/claude-code").join(version)).unwrap() {
            let folder = entry.unwrap().path();
            found.push(Scenario {
                name: format!("{version}/{}", folder.file_name().unwrap().display()),
                folder,
            });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(found.len(), 17);
    found
}

fn usage(of: &Value) -> Count {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    Count {
        requests: 1,
        lower_bounds: 0,
        input: number(&of["input_tokens"]),
        cache_read: number(&of["cache_read_input_tokens"]),
        cache_write_5m: number(&of["cache_creation"]["ephemeral_5m_input_tokens"]),
        cache_write_1h: number(&of["cache_creation"]["ephemeral_1h_input_tokens"]),
        output: number(&of["output_tokens"]),
    }
}

impl Scenario {
    /// Asserts that `found` is the truth.
    pub fn agrees(&self, found: &Counts) {
        assert_eq!(*found, self.truth(), "{}", self.name);
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.folder.join(name)).unwrap()).unwrap()
    }

    /// What the log says of each message: of its lines the usage with the largest output.
    fn logged(&self) -> BTreeMap<String, Count> {
        let mut found = BTreeMap::<String, Count>::new();
        for path in files_below(&self.folder.join("home/.claude/projects")) {
            if path.extension().is_none_or(|extension| extension != "jsonl") {
                continue;
            }
            for line in fs::read_to_string(path).unwrap().lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                if let (true, Some(id)) = (line["type"] == "assistant", line["message"]["id"].as_str()) {
                    let said = usage(&line["message"]["usage"]);
                    let known = found.entry(id.to_owned()).or_insert(said);
                    if said.output > known.output {
                        *known = said;
                    }
                }
            }
        }
        found
    }

    /// What a reader of this log has to count. Responses that the log holds exactly are counted as they were served,
    /// partial ones as the lower bound that the log gives, others not at all.
    fn truth(&self) -> Counts {
        let (truth, logged) = (self.json("truth.json"), self.logged());
        let mut counts = Counts::new();
        for response in truth["responses"].as_array().unwrap() {
            let served = usage(&response["usage"]);
            let counted = match response["logged"].as_str() {
                Some("exact") => served,
                Some("partial") => {
                    let bound = logged[response["id"].as_str().unwrap()];
                    assert!(bound.output <= served.output && bound.input <= served.input, "{response}");
                    Count { lower_bounds: 1, ..bound }
                }
                _ => continue,
            };
            let text = |name: &str| response[name].as_str().unwrap().to_owned();
            let sum = counts.entry((text("session_id"), text("model"))).or_default();
            sum.add(&counted);
        }
        assert!(!counts.is_empty(), "{}", self.name);
        counts
    }

    /// The texts that were planted in prompts, answers and tool results: `PROMPT_CANARY_1`, `FILE_CANARY_2A`, ….
    pub fn canaries(&self) -> Vec<String> {
        canaries_below(&self.folder.join("home"))
    }
}

/// The texts that were planted in the files below `home`.
pub fn canaries_below(home: &Path) -> Vec<String> {
    let canary = regex::Regex::new("[A-Z]+_CANARY_[0-9A-Z]+").unwrap();
    let mut found = Vec::new();
    for path in files_below(home) {
        let text = String::from_utf8(fs::read(path).unwrap()).unwrap();
        found.extend(canary.find_iter(&text).map(|found| found.as_str().to_owned()));
    }
    found.sort();
    found.dedup();
    assert!(!found.is_empty(), "{}", home.display());
    found
}
