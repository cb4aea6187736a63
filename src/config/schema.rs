//! The configuration's JSON Schema, for editors: taplo, and VS Code with it, complete and check a file whose first line is
//! `#:schema` and where the schema is. Tests hold it to the keys that are read and to what they may be.

/// `config/schema.json`, draft 7: what taplo knows best.
pub const SCHEMA: &str = include_str!("../../config/schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value};

    use super::SCHEMA;
    use crate::config::document::Document;
    use crate::config::tests::everything;
    use crate::config::{Config, DEFAULTS, Env, resolve};

    fn schema() -> Value {
        serde_json::from_str(SCHEMA).expect("JSON")
    }

    fn env() -> Env {
        Env::new("/h", [("", ""); 0])
    }

    /// As taplo shows a file to a schema: dates are texts.
    fn document(toml: &str) -> Value {
        fn plain(value: Value) -> Value {
            match value {
                Value::Object(map) => match map.get("$__toml_private_datetime") {
                    Some(at) => at.clone(),
                    None => Value::Object(map.into_iter().map(|(key, value)| (key, plain(value))).collect()),
                },
                Value::Array(list) => list.into_iter().map(plain).collect(),
                other => other,
            }
        }
        plain(toml::from_str(toml).unwrap_or_else(|error| panic!("{error}\n{toml}")))
    }

    /// The keys of a schema: `[]` for the elements of a list, `*` for free names.
    fn keys(of: &Value, path: &str, found: &mut BTreeSet<String>) {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        for (name, value) in of["properties"].as_object().into_iter().flatten() {
            found.insert(below(name));
            keys(value, &below(name), found);
        }
        if of["items"]["properties"].is_object() {
            keys(&of["items"], &format!("{path}[]"), found);
        }
        if of["additionalProperties"]["properties"].is_object() {
            keys(&of["additionalProperties"], &below("*"), found);
        }
    }

    fn all_keys() -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        keys(&schema(), "", &mut found);
        found
    }

    fn any_name(key: &str) -> String {
        let index = regex::Regex::new(r"\[\d+\]").expect("a regex");
        let free = regex::Regex::new(r"^sources\.[^.]+\.").expect("a regex");
        free.replace(&index.replace_all(key, "[]"), "sources.*.").into_owned()
    }

    #[test]
    fn it_has_the_keys_that_are_read_and_no_others() {
        let text = everything();
        let document = Document::parse(DEFAULTS, &text, None);
        resolve::read(document.root(), &env());
        assert_eq!(document.problems.take(), []);
        let asked: BTreeSet<String> = document.asked.take().iter().map(|key| any_name(key)).collect();
        assert_eq!(asked, all_keys());
    }

    #[test]
    fn the_shipped_file_has_every_key_of_it_and_is_valid() {
        let check = jsonschema::draft7::new(&schema()).expect("a schema");
        for text in [DEFAULTS, &everything()] {
            let document = document(text);
            let errors: Vec<String> = check
                .iter_errors(&document)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
        let config = Config::parse(&everything(), &env()).expect("a config");
        let mut written: BTreeSet<String> =
            config.show().iter().map(|setting| any_name(&setting.key)).collect();
        // One of the two ways to a key is switched off there.
        written.insert("keito.api_key_file".to_owned());
        written.retain(|key| !key.starts_with("source[].who."));
        let leaves = all_keys().into_iter().filter(|key| {
            !all_keys().iter().any(|other| {
                other.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
            })
        });
        let leaves: BTreeSet<String> = leaves.filter(|key| key != "source[].who").collect();
        assert_eq!(written, leaves);
    }

    #[test]
    fn its_defaults_are_those_of_the_shipped_file() {
        fn compare(of: &Value, said: &Value, path: &str, compared: &mut usize) {
            for (name, value) in of["properties"].as_object().into_iter().flatten() {
                let path = format!("{path}.{name}");
                if let Some(said) = said.get(name).filter(|said| !said.is_object()) {
                    assert_eq!(value.get("default"), Some(said), "{path}");
                    *compared += 1;
                } else if value.get("items").is_none() && value.get("properties").is_none() {
                    assert_eq!(value.get("default"), None, "{path} has no default");
                }
                compare(value, said.get(name).unwrap_or(&Value::Null), &path, compared);
            }
        }
        let mut compared = 0;
        compare(&schema(), &document(DEFAULTS), "", &mut compared);
        assert!(compared > 30, "{compared}");
    }

    #[test]
    fn what_it_refuses_is_refused_and_what_it_takes_is_taken() {
        let check = jsonschema::draft7::new(&schema()).expect("a schema");
        let rule = "project_id = \"p\"\ntask_id = \"t\"";
        let source = "[[source]]\nagent = \"mine\"\nfiles = [\"/a/*.jsonl\"]";
        let good = [
            "#:schema ./schema.json\n".to_owned(),
            "since = 2026-05-05T00:00:00+02:00".to_owned(),
            "since = \"2026-05-05T00:00:00Z\"".to_owned(),
            "[keito]\nurl = \"http://127.0.0.1:8080/api/v2\"".to_owned(),
            "[keito]\nurl = \"https://keito.example\"\nproxy = \"http://u:p@proxy.example:3128\"".to_owned(),
            "[delivery]\naudit = \"off\"\ntime_settle = \"0s\"\nrequests_per_minute = 0x10".to_owned(),
            "[tail]\nmax_line = 1048576\nscan = \" 90 s\"".to_owned(),
            "[tail]\nmax_line = \"1GiB\"".to_owned(),
            "[money]\nmarkup_percent = 10".to_owned(),
            "[money]\nmarkup_percent = \"-12.5\"".to_owned(),
            "[[money.rate]]\nfrom = 2026-05-01\ncurrency = \"GBP\"\nper_usd = \"0.79\"".to_owned(),
            "[[price]]\nmodel = \"m\"\ndiscount_percent = \"10\"".to_owned(),
            format!("[[rule]]\npath = \"/a/**\"\n{rule}"),
            "[[rule]]\nbranch = \"^x\"\nexclude = true".to_owned(),
            format!("[default]\n{rule}"),
            "[sources.codex]\nroots = [\"~/.codex\"]\nskill = \"coverage\"".to_owned(),
            format!("{source}\n[source.fields]\nat = \"/t\"\nwho = \"/w\"\n[source.who]\nu = \"prompt\""),
        ];
        for text in &good {
            let document = document(text);
            let errors: Vec<String> = check.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{text}: {errors:?}");
            assert!(Config::parse(text, &env()).is_ok(), "{text}: {:?}", Config::parse(text, &env()).err());
        }
        let bad = [
            "idle_gap = \"5m\"".to_owned(),
            "since = \"yesterday\"".to_owned(),
            "since = 2026-05-05".to_owned(),
            "since = \"2026-05-05T00:00:00\"".to_owned(),
            "time = 3".to_owned(),
            "[keito]\napi_key = \"k\"".to_owned(),
            "[keito]\nurl = \"http://keito.example\"".to_owned(),
            "[keito]\nurl = \"https://keito.example/v1\"".to_owned(),
            "[keito]\nurl = \"https://u:p@keito.example\"".to_owned(),
            "[keito]\naccount_id = \" \"".to_owned(),
            "[keito]\napi_key_command = \"pass keito\"".to_owned(),
            "[keito]\napi_key_command = []".to_owned(),
            "[keito]\napi_key_file = \"key\"".to_owned(),
            "[keito]\napi_key_file = \"/k\"\napi_key_command = [\"a\"]".to_owned(),
            "[keito]\nproxy = \"socks5://p\"".to_owned(),
            "[delivery]\nreview = \"yes\"".to_owned(),
            "[delivery]\nrequests_per_minute = 0".to_owned(),
            "[delivery]\nin_flight = 65".to_owned(),
            "[delivery]\nbackoff_base = \"0s\"".to_owned(),
            "[delivery]\naudit = \"never\"".to_owned(),
            "[time]\nidle_gap = 300".to_owned(),
            "[time]\nidle_gap = \"5 minutes\"".to_owned(),
            "[time]\nmin_seconds = -1".to_owned(),
            "[time]\noverlap = \"al\"".to_owned(),
            "[money]\ncost = \"free\"".to_owned(),
            "[money]\ncost_decimals = 13".to_owned(),
            "[money]\nmarkup_percent = 1.5".to_owned(),
            "[money]\nmarkup_percent = \"ten\"".to_owned(),
            "[[money.rate]]\nfrom = \"2026-05-01\"\ncurrency = \"gbp\"\nper_usd = \"1\"".to_owned(),
            "[[money.rate]]\nfrom = \"2026-05-01\"\ncurrency = \"GBP\"".to_owned(),
            "[[price]]\nmodel = \"m\"".to_owned(),
            "[[price]]\ninput = \"1\"".to_owned(),
            "[[price]]\nmodel = \"m\"\ninput = \"-1\"".to_owned(),
            "[price]\nmodel = \"m\"".to_owned(),
            "[privacy]\nsend_paths = 1".to_owned(),
            "[default]\nproject_id = \"p\"".to_owned(),
            "[[project]]\ncost = \"off\"".to_owned(),
            format!("[[rule]]\n{rule}"),
            "[[rule]]\npath = \"/a/**\"\nproject_id = \"p\"".to_owned(),
            format!("[[rule]]\npath = \"/a/**\"\noverlap = \"all\"\n{rule}"),
            "[sources]\ncodex = true".to_owned(),
            "[sources.codex]\nroots = [\"codex\"]".to_owned(),
            "[sources.codex]\nskill = \"ignore\"".to_owned(),
            source.to_owned(),
            format!("{source}\n[source.fields]\nat = \"t\"\nwho = \"/w\"\n[source.who]\nu = \"prompt\""),
            format!("{source}\n[source.fields]\nat = \"/t\"\nwho = \"/w\"\n[source.who]\nu = \"somebody\""),
            "[tail]\nmax_line = \"64MB\"".to_owned(),
            "[tail]\nwatcher = \"inotify\"".to_owned(),
            "[tail]\nbacklog_cpu_percent = 101".to_owned(),
            "[socket]\npath = \"run/keitod.sock\"".to_owned(),
            "[log]\nlevel = \"verbose\"".to_owned(),
        ];
        for text in &bad {
            assert!(!check.is_valid(&document(text)), "the schema takes it: {text}");
            assert!(Config::parse(text, &env()).is_err(), "it is read: {text}");
        }
    }

    #[test]
    fn every_key_says_what_it_means_or_points_to_what_does() {
        fn look(of: &Value, path: &str) {
            for (name, value) in of["properties"].as_object().unwrap_or(&Map::new()) {
                let says = ["description", "$ref", "items"].iter().any(|word| value.get(word).is_some());
                assert!(says, "{path}.{name}");
                look(value, &format!("{path}.{name}"));
                look(&value["items"], &format!("{path}.{name}[]"));
            }
        }
        look(&schema(), "");
    }
}
