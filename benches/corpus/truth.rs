//! What was really used: sums by agent and model.

use std::collections::BTreeMap;

/// Tokens of a request, or sums of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Requests.
    pub requests: u64,
    /// Not cached.
    pub input: u64,
    /// Read from the cache.
    pub cache_read: u64,
    /// Written to it for five minutes.
    pub cache_write_5m: u64,
    /// Written to it for an hour.
    pub cache_write_1h: u64,
    /// With reasoning.
    pub output: u64,
    /// The part of the output that is reasoning.
    pub reasoning: u64,
}

impl Used {
    /// The columns of a report's row, with their values.
    pub fn columns(&self) -> [(&'static str, u64); 7] {
        [
            ("requests", self.requests),
            ("input_tokens", self.input),
            ("cache_read_tokens", self.cache_read),
            ("cache_write_5m_tokens", self.cache_write_5m),
            ("cache_write_1h_tokens", self.cache_write_1h),
            ("output_tokens", self.output),
            ("reasoning_tokens", self.reasoning),
        ]
    }

    fn add(&mut self, more: &Self) {
        self.requests += more.requests;
        self.input += more.input;
        self.cache_read += more.cache_read;
        self.cache_write_5m += more.cache_write_5m;
        self.cache_write_1h += more.cache_write_1h;
        self.output += more.output;
        self.reasoning += more.reasoning;
    }
}

/// The sums.
#[derive(Debug, Default)]
pub struct Truth {
    /// By agent and model.
    pub by_model: BTreeMap<(&'static str, &'static str), Used>,
    /// Files that were written.
    pub files: u64,
    /// Their lines.
    pub lines: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Truth {
    /// Counts one request.
    pub fn count(&mut self, agent: &'static str, model: &'static str, used: &Used) {
        self.by_model.entry((agent, model)).or_default().add(&Used { requests: 1, ..*used });
    }

    /// As JSON.
    pub fn json(&self) -> serde_json::Value {
        let rows = self.by_model.iter().map(|((agent, model), used)| {
            let mut row = serde_json::json!({ "agent": agent, "model": model });
            for (name, value) in used.columns() {
                row[name] = value.into();
            }
            row
        });
        serde_json::json!({ "files": self.files, "lines": self.lines, "bytes": self.bytes, "rows": rows.collect::<Vec<_>>() })
    }

    /// Values that a report by agent and model tells otherwise; rows without a model are activity alone.
    pub fn differing(&self, report: &serde_json::Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut open = self.by_model.clone();
        for row in report["rows"].as_array().into_iter().flatten().filter(|row| !row["model"].is_null()) {
            let (agent, model) = (row["agent"].as_str(), row["model"].as_str());
            let known = open.keys().find(|(a, m)| Some(*a) == agent && Some(*m) == model).copied();
            let Some(used) = known.and_then(|known| open.remove(&known)) else {
                wrong.push(format!("{agent:?} {model:?}: nothing of it was used"));
                continue;
            };
            for (name, value) in used.columns() {
                if row[name].as_u64() != Some(value) {
                    wrong.push(format!("{agent:?} {model:?} {name}: {} for {value}", row[name]));
                }
            }
        }
        wrong.extend(open.keys().map(|key| format!("{key:?}: no row")));
        wrong
    }
}
