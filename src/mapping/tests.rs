use super::*;
use crate::config::{Config, Env};
use crate::model::{Agent, ProjectId, TaskId};

fn config(text: &str) -> Config {
    Config::parse(text, &Env::new("/h", [("", ""); 0])).unwrap_or_else(|error| panic!("{error}"))
}

fn link(project: &str) -> Link {
    Link { project: ProjectId::new(project), task: TaskId::new("t") }
}

fn facts(root: &str, remote: &str) -> DirFacts {
    DirFacts {
        root: Some(root.into()),
        main_root: Some(root.into()),
        remote: Some(remote.to_owned()),
        ..DirFacts::default()
    }
}

fn file(text: &str) -> KeitoFile {
    KeitoFile::Text { path: "/r/.keito/config.yml".into(), text: text.to_owned() }
}

/// In a word: the project and what gave it, or what else came out.
fn word(mapped: &Mapped) -> String {
    match mapped {
        Mapped::Linked(to) => match &to.by {
            By::Rule(index) => format!("{} by rule {index}", to.link.project),
            By::KeitoFile(_) => format!("{} by file", to.link.project),
            By::Default => format!("{} by default", to.link.project),
            By::Assigned => format!("{} by assign", to.link.project),
        },
        Mapped::Excluded(Excluded::Rule(index)) => format!("excluded by rule {index}"),
        Mapped::Excluded(Excluded::Renamed(_)) => "renamed".to_owned(),
        Mapped::Excluded(Excluded::SwitchedOff(_)) => "switched off".to_owned(),
        Mapped::Error(error) => format!("{error}"),
        Mapped::Unmapped => "unmapped".to_owned(),
    }
}

const RULES: &str = r#"
[[rule]]
path = "~/work/acme/**"
branch = '^(?P<ticket>ACME-\d+)(-(?P<rest>x))?'
project_id = "ticket"
task_id = "t"
notes = "{ticket}{rest}: {agent}"
[[rule]]
path = "~/work/acme/**"
project_id = "acme"
task_id = "t"
[[rule]]
remote = "github.com/globex/*"
project_id = "globex"
task_id = "t"
[[rule]]
path = "~/work/acme/private"
exclude = true
[[rule]]
remote = "github.com/globex/secret"
branch = "^wip"
exclude = true
[default]
project_id = "default"
task_id = "t"
"#;

#[test]
fn excluded_first_then_the_file_then_the_rules() {
    let rules = config(RULES).rules;
    let none = DirFacts::default();
    let globex = facts("/r", "github.com/Globex/api");
    let secret = facts("/r", "github.com/globex/secret");
    let with = |keito: KeitoFile| DirFacts { keito, ..facts("/r", "github.com/globex/api") };
    let good = with(file("project_id: own\ntask_id: t\n"));
    let worktree = DirFacts { root: Some("/wt".into()), ..facts("/h/work/acme/api", "x.example/a") };
    let private = DirFacts { root: Some("/wt".into()), ..facts("/h/work/acme/private", "x.example/a") };
    let submodule = DirFacts { submodule_remote: Some("github.com/globex/secret".into()), ..globex.clone() };
    let unreadable = KeitoFile::Unreadable { path: "/r/.keito".into(), kind: ReadError::Permission };
    type Case<'a> = (&'a str, &'a DirFacts, Option<&'a str>, Option<&'a str>, &'a str);
    let cases: &[Case<'_>] = &[
        ("/h/work/acme/api", &none, None, None, "acme by rule 1"),
        ("/h/work/acme/api", &none, Some("ACME-7"), None, "ticket by rule 0"),
        // What the daemon saw is truer than the log's.
        ("/h/work/acme/api", &none, Some("ACME-7"), Some("main"), "acme by rule 1"),
        ("/h/work/other", &none, Some("ACME-7"), None, "unmapped"),
        ("/r", &globex, None, None, "globex by rule 2"),
        ("/h/work/acme/private/x", &none, None, None, "excluded by rule 3"),
        ("/r", &secret, Some("wip/1"), None, "excluded by rule 4"),
        ("/r", &secret, Some("main"), None, "globex by rule 2"),
        ("/r", &secret, None, None, "globex by rule 2"),
        ("/r", &submodule, Some("wip"), None, "excluded by rule 4"),
        ("/r", &good, None, None, "own by file"),
        ("/h/work/acme/private", &good, None, None, "excluded by rule 3"),
        ("/wt/src", &worktree, None, None, "acme by rule 1"),
        ("/wt/src", &private, None, None, "excluded by rule 3"),
        // A file that cannot be followed is not passed over for a rule.
        ("/r", &with(KeitoFile::Disabled { path: "/r/.keito/x".into() }), None, None, "renamed"),
        ("/r", &with(file("agent_tracking: {enabled: false}")), None, None, "switched off"),
        ("/r", &with(unreadable), None, None, "/r/.keito: permission denied"),
        (
            "/r",
            &with(file("secret words: [")),
            None,
            None,
            "/r/.keito/config.yml: not a valid link file (line 1)",
        ),
        (
            "/r",
            &with(file("project_id: p")),
            None,
            None,
            "/r/.keito/config.yml: task_id is missing: run `keitod link`",
        ),
    ];
    for (path, facts, log_branch, head_branch, expected) in cases {
        let dir =
            DirView { path: Path::new(path), facts, log_branch: *log_branch, head_branch: *head_branch };
        assert_eq!(word(&link_of(&rules, &dir)), *expected, "{path} {log_branch:?} {head_branch:?}");
    }
}

#[test]
fn groups_of_the_branch_are_in_the_note() {
    let rules = config(RULES).rules;
    let note = |branch| {
        let dir = DirView {
            path: Path::new("/h/work/acme"),
            facts: &DirFacts::default(),
            log_branch: Some(branch),
            head_branch: None,
        };
        let Mapped::Linked(to) = link_of(&rules, &dir) else { panic!("not linked") };
        to.notes.as_ref().expect("a note").render(|field| (field == "agent").then(|| "codex".to_owned()))
    };
    assert_eq!(note("ACME-12-fix"), "ACME-12: codex");
    assert_eq!(note("ACME-12-x"), "ACME-12x: codex");
}

#[test]
fn the_file_brings_all_its_fields() {
    let text = "workspace_id: co\nclient_name: C\nproject_id: p\ntask_id: t\n\
                agent_tracking: {draft: true, min_duration_seconds: 5, max_duration_seconds: 50, redact_notes: true}\n\
                metadata: {team: x, list: [1]}\n";
    let facts = DirFacts { keito: file(text), ..DirFacts::default() };
    let dir = DirView { path: Path::new("/r"), facts: &facts, log_branch: None, head_branch: None };
    let Mapped::Linked(to) = link_of(&Rules::default(), &dir) else { panic!("not linked") };
    let expected = LinkTo {
        workspace: Some(AccountId::new("co")),
        names: Names { client: Some("C".into()), ..Names::default() },
        min_seconds: Some(5),
        max_seconds: Some(50),
        redact_notes: true,
        draft: true,
        metadata: vec![("team".into(), Scalar::Text("x".into()))],
        ignored_metadata: vec!["list".into()],
        ..LinkTo::bare(link("p"), By::KeitoFile("/r/.keito/config.yml".into()))
    };
    assert_eq!(*to, expected);
}

#[test]
fn the_narrowest_that_speaks_sets_the_terms() {
    let project = "[[project]]\nid = \"p\"\ncost = \"off\"\n";
    let markup_only = "[[project]]\nid = \"p\"\nmarkup_percent = \"3\"\n";
    let source = "[sources.claude-code]\ncost = \"metered\"\nmarkup_percent = \"7\"\n";
    let money = "[money]\ncost = \"list\"\nmarkup_percent = \"9\"\n";
    let ruled = LinkTo {
        cost: Some(CostBasis::Metered),
        markup_percent: Some(5.into()),
        ..LinkTo::bare(link("p"), By::Rule(0))
    };
    let bare = LinkTo::bare(link("p"), By::Default);
    let cases = [
        ([money, source, project].concat(), &ruled, CostBasis::Off, true, 5),
        ([money, source, markup_only].concat(), &ruled, CostBasis::Metered, true, 3),
        ([money, source].concat(), &bare, CostBasis::Metered, true, 7),
        (money.to_owned(), &bare, CostBasis::List, true, 9),
        ("[money]\nmarkup_percent = \"9\"".to_owned(), &bare, CostBasis::List, false, 9),
        (String::new(), &bare, CostBasis::List, false, 0),
        (String::new(), &ruled, CostBasis::Metered, true, 5),
        (project.replace("\"p\"", "\"q\""), &bare, CostBasis::List, false, 0),
    ];
    for (text, to, cost, chosen, markup) in cases {
        let expected = MoneyTerms { cost, chosen, markup_percent: markup.into() };
        assert_eq!(money_terms(&config(&text), &Agent::claude_code(), to), expected, "{text}");
    }
    let codex = money_terms(&config(source), &Agent::new("codex"), &bare);
    assert_eq!((codex.cost, codex.chosen), (CostBasis::List, false));
}
