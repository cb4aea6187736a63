//! `keitod report --by session,model --json` as numbers.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::home::Home;

/// Requests and tokens of a session and model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub requests: u64,
    pub lower_bounds: u64,
    pub input: u64,
    pub cache_read: u64,
    pub cache_write_5m: u64,
    pub cache_write_1h: u64,
    pub output: u64,
}

impl Count {
    pub fn add(&mut self, more: &Self) {
        self.requests += more.requests;
        self.lower_bounds += more.lower_bounds;
        self.input += more.input;
        self.cache_read += more.cache_read;
        self.cache_write_5m += more.cache_write_5m;
        self.cache_write_1h += more.cache_write_1h;
        self.output += more.output;
    }
}

/// By session and model.
pub type Counts = BTreeMap<(String, String), Count>;

pub const WORDS: [&str; 4] = ["report", "--by", "session,model", "--json"];

pub fn counts(home: &Home) -> Counts {
    counts_where(home, |_| false)
}

/// The same; rows for which `unpriced` says so may have no price.
pub fn counts_where(home: &Home, unpriced: impl Fn(&Value) -> bool) -> Counts {
    let report = home.json(&WORDS);
    let mut counts = Counts::new();
    for row in report["rows"].as_array().unwrap() {
        let number = |name: &str| row[name].as_u64().unwrap();
        if number("requests") == 0 {
            assert_eq!(row["model"], Value::Null, "{row}");
            continue;
        }
        assert!(number("unpriced_requests") == 0 || unpriced(row), "{row}");
        assert_eq!(row["quality"]["estimated"], 0, "{row}");
        let lower_bounds = row["quality"]["lower_bound"].as_u64().unwrap();
        assert_eq!(row["quality"]["exact"], number("requests") - lower_bounds, "{row}");
        let count = Count {
            requests: number("requests"),
            lower_bounds,
            input: number("input_tokens"),
            cache_read: number("cache_read_tokens"),
            cache_write_5m: number("cache_write_5m_tokens"),
            cache_write_1h: number("cache_write_1h_tokens"),
            output: number("output_tokens"),
        };
        let key = (row["session"].as_str().unwrap().to_owned(), row["model"].as_str().unwrap().to_owned());
        assert_eq!(counts.insert(key, count), None, "{row}");
    }
    counts
}
