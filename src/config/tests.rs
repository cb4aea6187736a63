use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::*;

fn env() -> Env {
    Env::new("/h", [("", ""); 0])
}

fn problems(text: &str) -> Vec<String> {
    match Config::parse(text, &env()) {
        Ok(_) => Vec::new(),
        Err(error) => error
            .problems()
            .iter()
            .map(|problem| format!("{}: {problem}", problem.line.unwrap_or_default()))
            .collect(),
    }
}

/// The shipped file with every commented key switched on and the placeholders filled.
pub(super) fn everything() -> String {
    let key = regex::Regex::new(r"^# (\[|[a-z0-9_]+ = )").expect("a regex");
    let mut lines: Vec<String> = Vec::new();
    for line in DEFAULTS.lines() {
        let on = if key.is_match(line) { &line[2..] } else { line };
        let placeholder = format!("id-{}", lines.len());
        lines.push(on.replace('…', &placeholder));
    }
    let text = lines.join("\n");
    // One of the two ways to a key, and the placeholder of a path.
    let text = text.replace("api_key_file = ", "# api_key_file = ");
    regex::Regex::new(r#"\npath = "id-"#).expect("a regex").replace(&text, "\npath = \"/id-").into_owned()
}

#[test]
fn the_shipped_file_is_the_defaults() {
    let config = Config::defaults(&env()).expect("good defaults");
    assert_eq!((config.since, config.zone.is_none()), (None, true));
    assert_eq!(config.keito.expense_category, "LLM Usage");
    assert_eq!(config.keito.request_timeout, Duration::from_secs(60));
    assert_eq!(config.delivery.requests_per_minute, 50);
    assert_eq!(config.delivery.audit, Some(Duration::from_secs(86_400)));
    assert_eq!(config.time.idle_gap, Duration::from_secs(300));
    assert_eq!((config.time.min_seconds, config.time.max_seconds), (60, None));
    assert_eq!(
        (config.money.cost, config.money.cost_chosen, config.money.cost_decimals),
        (CostBasis::List, false, 4)
    );
    assert_eq!(config.notes.entry.to_string(), "{agent} in {repo} ({branch})");
    assert_eq!(config.tail.max_line, 64 << 20);
    assert!(config.privacy.send_repo && !config.privacy.send_paths && config.socket.enabled);
    assert!(config.rules.default.is_none() && config.projects.is_empty());
    assert_eq!(config.agent(&Agent::new("codex")), AgentSettings::default());
    assert!(config.show().iter().all(|setting| setting.origin == SettingOrigin::Default));
}

#[test]
fn every_key_of_the_shipped_file_is_read() {
    let text = everything();
    let config = Config::parse(&text, &env()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(config.since, Instant::parse("2026-05-04T22:00:00Z"));
    assert_eq!(
        config.zone.and_then(|zone| zone.iana_name().map(str::to_owned)).as_deref(),
        Some("Europe/London")
    );
    assert_eq!(config.keito.api_key_command, Some(vec!["pass".to_owned(), "keito".to_owned()]));
    assert_eq!(config.time.max_seconds, Some(28_800));
    assert!(config.money.cost_chosen);
    let day = |text: &str| text.parse::<crate::model::Day>().expect("a day");
    assert_eq!(
        config.money.rate("GBP", day("2026-05-01")).map(|r| r.per_usd.to_string()).as_deref(),
        Some("0.79")
    );
    assert_eq!(config.money.rate("GBP", day("2026-04-30")), None);
    assert_eq!(config.money.rate("EUR", day("2026-05-02")), None);
    let price = &config.money.prices[0];
    assert_eq!(price.input.map(|rate| rate.to_string()).as_deref(), Some("4.50"));
    assert_eq!(price.discount_percent.map(|percent| percent.to_string()).as_deref(), Some("10"));
    assert!(config.rules.default.is_some() && config.projects.len() == 1 && config.rules.exclude.is_empty());
    let rule = &config.rules.link[0];
    assert_eq!(rule.when.path.as_ref().map(Pattern::as_str), Some("/h/work/acme/**"));
    assert_eq!(rule.overlap, Some(Overlap::Project));
    let claude = config.agents.get(&Agent::claude_code()).expect("its table");
    assert_eq!(
        (claude.cost, claude.roots.as_deref()),
        (Some(CostBasis::Off), Some(&[PathBuf::from("/h/.claude")][..]))
    );
    let custom = &config.custom_sources[0];
    assert_eq!(custom.fields.at.as_str(), "/timestamp");
    assert_eq!(custom.who.get("user"), Some(&crate::model::Who::Prompt));
    assert_eq!(config.socket.path.map(|path| path.starts_with("/")), Some(true));
}

#[test]
fn all_problems_come_at_once_with_their_lines() {
    let text = "\
timezone = \"Europe/Londn\"
[time]
idle_gapp = \"5m\"
min_seconds = \"60\"
overlap = \"al\"
[money]
cost = \"free\"
[[rule]]
path = \"work/**\"
project_id = \"p\"
overlap = \"all\"
[[rule]]
exclude = true
[nonsense]
";
    assert_eq!(
        problems(text),
        [
            "1: timezone must be an IANA time zone, such as \"Europe/London\"",
            "3: time.idle_gapp is not a key; did you mean idle_gap?",
            "4: time.min_seconds must be a whole number from 0 on",
            "5: time.overlap must be \"sum\", \"project\" or \"all\"",
            "7: money.cost must be \"list\", \"metered\" or \"off\"",
            "8: rule[0].task_id is missing",
            "9: rule[0].path must be a glob over absolute paths, such as \"~/work/acme/**\"",
            "11: rule[0].overlap must be \"sum\" or \"project\" here: \"all\" belongs in [time]",
            "12: rule[1] needs a path, a remote or a branch; for everything else there is [default]",
            "14: nonsense is not a key",
        ]
    );
}

#[test]
fn single_problems() {
    let cases = [
        ("[keito]\napi_key = \"kto_secret\"", "2: keito.api_key must not be in this file"),
        ("[keito]\nurl = \"http://keito.example\"", "2: keito.url must begin with https://"),
        (
            "[keito]\napi_key_command = [\"a\"]\napi_key_file = \"/k\"",
            "3: keito.api_key_file cannot be given together",
        ),
        ("[keito]\napi_key_command = \"pass keito\"", "2: keito.api_key_command must be a list of texts"),
        ("[money]\nmarkup_percent = 1.5", "2: money.markup_percent must be a decimal in quotes"),
        ("[[money.rate]]\nfrom = \"2026-05-01\"\ncurrency = \"GBP\"", "1: money.rate[0].per_usd is missing"),
        ("[[price]]\nmodel = \"m\"", "1: price[0] must be given a price"),
        (
            "[[price]]\nmodel = \"m\"\ninput = \"0.0000001\"",
            "3: price[0].input must be a price from 0 to 1000000 with at most six decimals",
        ),
        ("[[price]]\nmodel = \"m\"\noutput = \"-1\"", "3: price[0].output must be a decimal from 0 on"),
        (
            "[[price]]\nmodel = \"m\"\ndiscount_percent = \"1.23456\"",
            "3: price[0].discount_percent must be a percentage with at most four decimals",
        ),
        (
            "[[price]]\nmodel = \"m\"\ninput = \"1\"\nfrom = \"2026-05-01T00:00:00Z\"\nto = \"2026-05-01T00:00:00Z\"",
            "5: price[0].to must be later than from",
        ),
        (
            "[[price]]\nmodel = \"m\"\ninput = \"1\"\n[[price]]\nmodel = \"m\"\noutput = \"1\"",
            "5: price[1].model says the same as an earlier one",
        ),
        (
            "[[project]]\nid = \"p\"\n[[project]]\nid = \"p\"",
            "4: project[1].id says the same as an earlier one",
        ),
        ("[sources.claude-cod]\nenabled = false", "names no agent that is read; did you mean claude-code?"),
        ("[sources]\nclaude-code = false", "2: sources.claude-code must be a table"),
        (
            "[[rule]]\nbranch = \"(\"\nproject_id = \"p\"\ntask_id = \"t\"",
            "2: rule[0].branch is not a regular expression",
        ),
        (
            "[[rule]]\npath = \"/a\"\nproject_id = \"p\"\ntask_id = \"t\"\nnotes = \"{ticket}\"",
            "5: rule[0].notes has no field {ticket}; there are agent,",
        ),
        ("[default]\nproject_id = \"p\"", "1: default.task_id is missing"),
        (
            "[[source]]\nagent = \"claude-code\"\nfiles = [\"/a/*\"]\n[source.fields]\nat = \"/t\"",
            "keitod does not read already",
        ),
        ("[[source]]\nagent = \"x\"\nfiles = [\"/a/*\"]", "source[0].fields.at is missing"),
        (
            "[[source]]\nagent = \"x\"\nfiles = [\"/a/*\"]\n[source.fields]\nat = \"/t\"\nwho = \"/r\"",
            "source[0].who must be a table [source.who] that maps values of fields.who",
        ),
        (
            "[[source]]\nagent = \"x\"\nfiles = [\"/a/*\"]\n[source.fields]\nat = \"/t\"\ninput = \"/i\"\nmodel = \"/m\"\n[source.who]\nu = \"prompt\"",
            "source[0].who must be left out, or fields.who must point to the value",
        ),
        (
            "[[source]]\nagent = \"x\"\nfiles = [\"/a/*\"]\n[source.fields]\nat = \"/t\"",
            "source[0].fields must be pointers to what is billed",
        ),
        (
            "[[source]]\nagent = \"x\"\nfiles = [\"/a/*\"]\n[source.fields]\nat = \"/t\"\noutput = \"/o\"",
            "source[0].fields.model is missing",
        ),
        (
            "[[source]]\nagent = \"x\"\nfiles = [\"/a/*\"]\n[source.fields]\nat = \"/t\"\noutput = \"/o\"\nmodel = \"/m\"\n[sources.x]\nroots = [\"/b\"]",
            "sources.x.roots must be left out",
        ),
        ("[tail]\nscan = \"20m\"", "1: tail.scan_max must be at least scan"),
        ("rule = 1", "1: rule must be an array of tables"),
        ("[time]\nmin_seconds = 60\nmin_seconds = 61", "3: not TOML"),
        ("time = \n[log]\nlevel = \"loud\"", "3: log.level must be"),
    ];
    for (text, expected) in cases {
        let found = problems(text).join("\n");
        assert!(found.contains(expected), "{text}\nwanted {expected}\nfound  {found}");
        assert!(!found.contains("kto_secret"));
    }
}

#[test]
fn groups_of_the_branch_are_fields_of_the_note() {
    let text = r#"
[[rule]]
branch = '^(?P<ticket>ACME-\d+)'
project_id = "p"
task_id = "t"
notes = "{ticket}: {agent}"
"#;
    assert_eq!(problems(text), [""; 0]);
}

#[test]
fn chosen_means_written_by_the_user() {
    let chosen = |text| Config::parse(text, &env()).expect("good").money.cost_chosen;
    assert!(!chosen(""));
    assert!(!chosen("[money]\ncost_decimals = 2"));
    assert!(chosen("[money]\ncost = \"list\""));
}

#[test]
fn show_names_each_origin_and_no_secret_and_reads_back() {
    let env = Env::new("/h", [("KEITO_ACCOUNT_ID", "co_env"), ("KEITO_API_KEY", "kto_secret")]);
    let text = "[keito]\napi_key_command = [\"echo\", \"kto_secret\"]\naccount_id = \"co_file\"\n\
                proxy = \"http://u:kto_secret@p:1\"\n[time]\nmin_seconds = 90\n\
                [[rule]]\npath = \"~/a\"\nexclude = true\n[[rule]]\npath = \"~/b\"\nexclude = true\n";
    let config = Config::parse(text, &env).expect("good");
    let shown = render(config.show());
    assert!(!shown.contains("kto_secret") && !format!("{config:?}").contains("u:kto_secret"), "{shown}");
    for line in [
        "min_seconds = 90  # line 6",
        "account_id = \"co_env\"  # KEITO_ACCOUNT_ID",
        "idle_gap = \"300s\"  # default",
        "api_key_command = \"(hidden)\"  # line 2",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let table: toml::Table = shown.parse().unwrap_or_else(|error| panic!("{error}\n{shown}"));
    assert_eq!(table["rule"].as_array().map(Vec::len), Some(2));
    assert_eq!(table["time"]["tool_gap"].as_str(), Some("1h"));
    let full = Config::parse(&everything(), &Env::new("/h", [("", ""); 0])).expect("good");
    let shown = render(full.show()).replace("\"(hidden)\"", "[\"pass\"]");
    Config::parse(&shown, &Env::new("/h", [("", ""); 0])).unwrap_or_else(|error| panic!("{error}\n{shown}"));
}

#[test]
fn an_absent_file_is_fine_unless_it_was_asked_for() {
    let home = tempfile::tempdir().expect("a home");
    assert!(Config::load(&Env::new(home.path(), [("", ""); 0])).is_ok());
    let named = Env::new(home.path(), [("KEITOD_CONFIG", "no.toml")]);
    assert!(
        matches!(Config::load(&named), Err(ConfigError::Unreadable { path, .. }) if path == home.path().join("no.toml"))
    );
    fs::write(home.path().join("no.toml"), "[time]\nmin_seconds = -1\n").expect("a file");
    let error = Config::load(&named).expect_err("a bad value").to_string();
    assert_eq!(
        error,
        format!("{}/no.toml:2: time.min_seconds must be a whole number from 0 on", home.path().display())
    );
}
