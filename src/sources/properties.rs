//! What holds for every source, on the logs among the fixtures and on bytes made of them.

mod show;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::tail::{Select, read_database};
pub(super) use show::show;

/// A log of an agent.
struct Log {
    source: &'static dyn Source,
    /// Below the agent's root.
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Where the roots of agents stand among the fixtures.
const ROOTS: &[(&str, &str, &str)] = &[
    ("codex", "recorded/codex", ".codex/sessions"),
    ("codex", "codex/urollup", "sessions"),
    ("codex", "codex/codexbar", "codex-home/archived_sessions"),
    ("gemini-cli", "recorded/gemini", ".gemini/tmp"),
    ("gemini-cli", "gemini/toktrack", "toktrack"),
    ("qwen-code", "recorded/qwen", ".qwen/projects"),
    ("qwen-code", "qwen/lantern", "projects"),
    ("kimi-cli", "recorded/kimi/", ".kimi/sessions"),
    ("kimi-code", "recorded/kimi-code", ".kimi-code/sessions"),
    ("opencode", "opencode/toktrack", "storage/message"),
    ("cline", "recorded/cline", ".cline/data/sessions"),
    ("cline", "cline/extension", "extension/tasks"),
    ("roo-code", "cline/roo-code", "roo-code/tasks"),
    ("kilo-code", "cline/kilo-code", "kilo-code/tasks"),
    ("goose", "goose/lines", "goose/lines"),
    ("copilot-cli", "recorded/copilot-cli", ".copilot/session-state"),
    ("copilot-cli", "copilot-cli/lantern", "session-state"),
    ("pi", "recorded/pi", ".pi/agent/sessions"),
    ("pi", "pi/codexbar", "codexbar/pi"),
    ("omp", "pi/codexbar", "codexbar/omp"),
    ("omp", "pi/codexbar", "codexbar/omp-legacy"),
    ("droid", "droid/built", ".factory/sessions"),
    ("vibe", "recorded/vibe", ".vibe/logs/session"),
    ("vibe", "vibe", "fixtures/vibe"),
    ("aider", "recorded/aider", "home"),
    ("amp", "amp", "threads"),
    ("grok-build", "grok-build", "current"),
    ("grok-build", "grok-build", "legacy"),
    ("grok-build", "grok-build", "sessions"),
    ("cursor-agent", "cursor-agent", "projects"),
    ("aider", "aider", "aider"),
    ("iflow", "iflow/projects", "iflow/projects"),
    ("trae-cli", "trae-cli/sessions", "trae-cli/sessions"),
    ("antigravity", "antigravity/brain", "antigravity/brain"),
    ("copilot-vscode", "copilot-vscode/built", "User/workspaceStorage"),
    ("copilot-visualstudio", "copilot-visualstudio", "VSGitHubCopilotLogs/traces"),
];

/// Dumps of databases.
const DUMPS: &[(&str, &str)] = &[
    ("opencode", "recorded/opencode"),
    ("opencode", "opencode/lantern"),
    ("kilo", "recorded/kilo"),
    ("goose", "goose"),
    ("openclaw", "recorded/openclaw"),
    ("hermes", "hermes/built"),
    ("zed", "zed/built"),
    ("crush", "crush/built"),
    ("cursor", "cursor"),
];

/// What the queries of a source find in a database.
pub(super) fn rows_of(source: &dyn Source, path: &Path) -> Vec<(usize, Vec<Cell>)> {
    let select = |query: &Query| Select {
        needs: query.needs,
        text: query.text,
        after: i64::MIN,
        overlap: query.overlap,
    };
    let mut selects: Vec<Select<'_>> = source.queries().iter().map(select).collect();
    let mut rows: Vec<(usize, Vec<Cell>)> = Vec::new();
    read_database(path, &mut selects, &mut |query, row| rows.push((query, row.to_vec()))).unwrap();
    for pair in rows.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let [Cell::Integer(before), Cell::Integer(after)] = [&pair[0].1[0], &pair[1].1[0]] else {
            panic!("{pair:?}");
        };
        assert!(before <= after, "{}: rows of query {} are out of order", source.agent(), pair[0].0);
    }
    rows
}

/// A row of a source's query with this number.
type Row = (&'static dyn Source, usize, Vec<Cell>);

fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let mut rows = Vec::new();
        for (agent, folder) in DUMPS {
            let source = *all().iter().find(|source| source.agent().as_str() == *agent).unwrap();
            let mut paths = Vec::new();
            walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder), &mut paths);
            for dump in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "sql")) {
                let dir = tempfile::tempdir().unwrap();
                let path = dir.path().join("db");
                let conn = rusqlite::Connection::open(&path).unwrap();
                conn.pragma_update(None, "foreign_keys", false).unwrap();
                conn.execute_batch(&std::fs::read_to_string(dump).unwrap()).unwrap();
                rows.extend(rows_of(source, &path).into_iter().map(|(query, row)| (source, query, row)));
            }
        }
        assert!(!rows.is_empty());
        rows
    });
    &ROWS
}

fn decoded((source, query, row): &Row) -> Facts {
    let mut facts = Facts::default();
    source.decode_row(&mut Context::default(), *query, row, &mut facts);
    facts
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

fn logs() -> Vec<Log> {
    let mut logs = Vec::new();
    for (agent, folder, root) in ROOTS {
        let source = *all().iter().find(|source| source.agent().as_str() == *agent).unwrap();
        let mut paths = Vec::new();
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder), &mut paths);
        paths.sort();
        let before = logs.len();
        for found in paths {
            let text = found.to_str().unwrap();
            let Some(at) = text.find(&format!("/{root}/")) else { continue };
            let path = PathBuf::from(&text[at + root.len() + 2..]);
            let bytes = std::fs::read(&found).unwrap();
            // Some are begun and hold nothing yet.
            if source.claim(&path).is_some() && !bytes.is_empty() {
                logs.push(Log { source, path, bytes });
            }
        }
        assert!(logs.len() > before, "{folder}: fixtures are there");
    }
    logs
}

impl Log {
    fn context(&self) -> Context {
        Context { claim: self.source.claim(&self.path).unwrap(), state: Vec::new() }
    }

    fn is_lines(&self) -> bool {
        self.source.shape(&self.path) == Shape::Lines
    }

    fn lines_in(&self, context: &mut Context, bytes: &[u8], offset: u64) -> Vec<String> {
        let mut facts = Facts::default();
        self.source.decode(context, Lines::new(bytes, offset), &mut facts);
        show(&facts)
    }

    /// The facts of `bytes`, cut after the newlines for which `cut` says so, the context going through its stored form.
    fn in_chunks(&self, bytes: &[u8], mut cut: impl FnMut() -> bool) -> Vec<String> {
        let (mut context, mut shown, mut start) = (self.context(), Vec::new(), 0);
        for end in memchr::memchr_iter(b'\n', bytes).map(|at| at + 1) {
            if cut() {
                shown.extend(self.lines_in(&mut context, &bytes[start..end], start as u64));
                start = end;
            }
        }
        shown.extend(self.lines_in(&mut context, &bytes[start..], start as u64));
        shown.sort();
        shown
    }

    /// Decodes bytes as what the file is.
    fn any(&self, context: &mut Context, bytes: &[u8]) -> Facts {
        let mut facts = Facts::default();
        if self.is_lines() {
            self.source.decode(context, Lines::new(bytes, u64::MAX / 2), &mut facts);
        } else {
            let _ = self.source.decode_document(context, bytes, &mut facts);
        }
        facts
    }
}

struct Env<'a>(&'a [(&'a str, &'a str)]);

impl Environment for Env<'_> {
    fn var(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }
    fn home(&self) -> &Path {
        Path::new("/home/dev")
    }
}

#[test]
fn roots_follow_each_agents_own_variables() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        ("codex", &[], &["/home/dev/.codex/sessions", "/home/dev/.codex/archived_sessions"]),
        ("codex", &[("CODEX_HOME", "/x")], &["/x/sessions", "/x/archived_sessions"]),
        ("gemini-cli", &[], &["/home/dev/.gemini/tmp"]),
        ("gemini-cli", &[("GEMINI_CLI_HOME", "/x")], &["/x/.gemini/tmp"]),
        ("qwen-code", &[], &["/home/dev/.qwen/projects", "/home/dev/.qwen/tmp"]),
        ("qwen-code", &[("QWEN_HOME", "/x")], &["/x/projects", "/x/tmp"]),
        (
            "qwen-code",
            &[("QWEN_HOME", "/x"), ("QWEN_RUNTIME_DIR", "/y")],
            &["/y/projects", "/y/tmp", "/x/projects", "/x/tmp"],
        ),
        ("kimi-cli", &[], &["/home/dev/.kimi/sessions"]),
        ("kimi-cli", &[("KIMI_SHARE_DIR", "/x")], &["/x/sessions"]),
        ("kimi-code", &[], &["/home/dev/.kimi-code/sessions"]),
        ("kimi-code", &[("KIMI_CODE_HOME", "/x")], &["/x/sessions"]),
        ("copilot-cli", &[], &["/home/dev/.copilot/session-state"]),
        ("pi", &[], &["/home/dev/.pi/agent/sessions"]),
        ("pi", &[("PI_CODING_AGENT_DIR", "~/x")], &["/home/dev/x/sessions"]),
        ("pi", &[("PI_CODING_AGENT_SESSION_DIR", "/y")], &["/y", "/home/dev/.pi/agent/sessions"]),
        ("omp", &[], &["/home/dev/.omp/agent/sessions"]),
        ("prime-agent", &[], &["/home/dev/.prime/agent/sessions"]),
        ("openclaw", &[("OPENCLAW_STATE_DIR", "/x")], &["/x/agents"]),
        (
            "openclaw",
            &[],
            &[
                "/home/dev/.openclaw/agents",
                "/home/dev/.clawdbot/agents",
                "/home/dev/.moltbot/agents",
                "/home/dev/.moldbot/agents",
            ],
        ),
        ("copilot-cli", &[("COPILOT_HOME", "/x")], &["/x/session-state"]),
        (
            "goose",
            &[],
            &["/home/dev/.local/share/goose/sessions", "/home/dev/.local/share/Block/goose/sessions"],
        ),
        ("goose", &[("XDG_DATA_HOME", "/y"), ("GOOSE_PATH_ROOT", "/x")], &["/x/data/sessions"]),
        (
            "opencode",
            &[],
            &["/home/dev/.local/share/opencode", "/home/dev/.local/share/opencode/storage/message"],
        ),
        (
            "opencode",
            &[("OPENCODE_DB", "/x/opencode.db"), ("XDG_DATA_HOME", "/y")],
            &["/y/opencode", "/y/opencode/storage/message", "/x", "/x/storage/message"],
        ),
        (
            "opencode",
            &[("OPENCODE_DB", ":memory:"), ("XDG_DATA_HOME", "/y")],
            &["/y/opencode", "/y/opencode/storage/message"],
        ),
        ("openclaw", &[("OPENCLAW_STATE_DIR", "/x"), ("OPENCLAW_PROFILE", "dev")], &["/x/agents"]),
        ("droid", &[], &["/home/dev/.factory/sessions"]),
        ("iflow", &[], &["/home/dev/.iflow/projects"]),
        (
            "antigravity",
            &[],
            &["/home/dev/.gemini/antigravity/brain", "/home/dev/.gemini/antigravity-cli/brain"],
        ),
        ("trae-cli", &[("TRAE_HOME", "/x")], &["/x/cli/sessions", "/x/cli/archived_sessions"]),
        (
            "trae-cli",
            &[("TRAECLI_HOME", "/y"), ("TRAE_HOME", "/x")],
            &["/y/sessions", "/y/archived_sessions"],
        ),
        #[cfg(not(target_os = "macos"))]
        ("kiro", &[("KIRO_HOME", "/x")], &["/x/sessions/cli", "/home/dev/.local/share/kiro-cli"]),
        ("hermes", &[], &["/home/dev/.hermes"]),
        ("hermes", &[("HERMES_HOME", "/x")], &["/x"]),
        #[cfg(not(target_os = "macos"))]
        ("zed", &[], &["/home/dev/.local/share/zed/threads"]),
        #[cfg(not(target_os = "macos"))]
        ("zed", &[("XDG_DATA_HOME", "/x")], &["/x/zed/threads"]),
        ("opencode", &[("XDG_DATA_HOME", "/x")], &["/x/opencode", "/x/opencode/storage/message"]),
        (
            "kilo",
            &[("XDG_DATA_HOME", "x")],
            &["/home/dev/.local/share/kilo", "/home/dev/.local/share/kilo/storage/message"],
        ),
        ("vibe", &[], &["/home/dev/.vibe/logs/session"]),
        ("vibe", &[("VIBE_HOME", "/x")], &["/x/logs/session"]),
        ("amp", &[], &["/home/dev/.local/share/amp/threads"]),
        ("amp", &[("XDG_DATA_HOME", "/x")], &["/x/amp/threads"]),
        ("amp", &[("AMP_DATA_DIR", "/x")], &["/x/threads"]),
        ("grok-build", &[("GROK_HOME", "/x")], &["/x/sessions"]),
        (
            "cursor",
            &[("XDG_CONFIG_HOME", "/x")],
            &[
                "/x/Cursor/User/globalStorage",
                "/home/dev/Library/Application Support/Cursor/User/globalStorage",
            ],
        ),
        ("cursor-agent", &[], &["/home/dev/.cursor/projects"]),
        ("aider", &[], &["/home/dev/.aider", "/home/dev"]),
        ("aider", &[("AIDER_ANALYTICS_LOG", "/x/a.jsonl")], &["/x", "/home/dev/.aider", "/home/dev"]),
        ("aider", &[("AIDER_ANALYTICS_LOG", "~/a.jsonl")], &["/home/dev", "/home/dev/.aider"]),
    ];
    for (agent, vars, expected) in cases {
        let source = all().iter().find(|source| source.agent().as_str() == *agent).unwrap();
        let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(source.roots(&Env(vars)), expected, "{agent} {vars:?}");
    }
    let source = |agent: &str| *all().iter().find(|source| source.agent().as_str() == agent).unwrap();
    #[cfg(not(target_os = "macos"))]
    for (agent, vars, wanted) in [
        ("cline", &[][..], "/home/dev/.cline/data/sessions"),
        ("cline", &[], "/home/dev/.cline/data/tasks"),
        ("cline", &[], "/home/dev/.config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks"),
        ("cline", &[], "/home/dev/.vscode-server/data/User/globalStorage/saoudrizwan.claude-dev/tasks"),
        ("cline", &[("CLINE_DIR", "/x")], "/x/data/sessions"),
        ("cline", &[("CLINE_DATA_DIR", "/x"), ("CLINE_DIR", "/y")], "/x/tasks"),
        ("cline", &[("CLINE_SESSION_DATA_DIR", "/x")], "/x"),
        ("roo-code", &[], "/home/dev/.vscode-mock/global-storage/tasks"),
        (
            "roo-code",
            &[("XDG_CONFIG_HOME", "/x")],
            "/x/Cursor/User/globalStorage/rooveterinaryinc.roo-cline/tasks",
        ),
        (
            "kilo-code",
            &[("VSCODE_PORTABLE", "/p")],
            "/p/user-data/User/globalStorage/kilocode.kilo-code/tasks",
        ),
    ] {
        let roots = source(agent).roots(&Env(vars));
        assert!(roots.contains(&PathBuf::from(wanted)), "{agent} {wanted}: {roots:?}");
    }
    for (agent, expected) in
        [("gemini-cli", "/h/tmp"), ("kimi-cli", "/h/sessions"), ("kimi-code", "/h/sessions")]
    {
        let source = all().iter().find(|source| source.agent().as_str() == agent).unwrap();
        assert_eq!(source.below(&[PathBuf::from("/h")]), [PathBuf::from(expected)], "{agent}");
    }
}

#[test]
fn any_cut_of_a_log_gives_the_same_facts() {
    for (seed, log) in logs().iter().enumerate().filter(|(_, log)| log.is_lines()) {
        let whole = log.in_chunks(&log.bytes, || false);
        assert_eq!(log.in_chunks(&log.bytes, || true), whole, "{}", log.path.display());
        let mut random = fastrand::Rng::with_seed(seed as u64);
        for _ in 0..8 {
            assert_eq!(log.in_chunks(&log.bytes, || random.u8(..) < 60), whole, "{}", log.path.display());
        }
    }
}

#[test]
fn a_prefix_holds_nothing_that_the_whole_log_does_not() {
    for log in logs().iter().filter(|log| log.is_lines()) {
        let whole = log.in_chunks(&log.bytes, || false);
        for end in memchr::memchr_iter(b'\n', &log.bytes).map(|at| at + 1) {
            let mut rest = whole.iter();
            for fact in log.in_chunks(&log.bytes[..end], || false) {
                assert!(rest.any(|known| *known == fact), "{}: {fact}", log.path.display());
            }
        }
    }
}

#[test]
fn logs_of_the_real_programs_have_nothing_that_cannot_be_read() {
    for log in logs() {
        let facts = log.any(&mut log.context(), &log.bytes);
        assert_eq!(facts.rejects, [], "{}", log.path.display());
        assert!(facts.lines > 0, "{}", log.path.display());
    }
}

#[test]
fn rows_of_the_real_programs_have_nothing_that_cannot_be_read() {
    for row in rows() {
        let facts = decoded(row);
        assert_eq!(facts.rejects, [], "{}", row.0.agent());
        assert_eq!(show(&facts), show(&decoded(row)), "a row that comes again says the same");
    }
}

fn cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        Just(Cell::Null),
        any::<i64>().prop_map(Cell::Integer),
        "[0-9.e-]{1,9}".prop_map(Cell::Real),
        ".{0,40}".prop_map(Cell::Text),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Cell::Blob),
    ]
}

proptest! {
    #[test]
    fn any_row_is_read_without_a_panic(query in 0..9_usize, row in prop::collection::vec(cell(), 0..14)) {
        for source in all() {
            decoded(&(*source, query, row.clone()));
        }
    }

    #[test]
    fn broken_rows_are_read_without_a_panic_or_an_absurd_count(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), by in cell(), digit in any::<prop::sample::Index>(), number in prop::sample::select(vec!["-1", "1.5", "1e300", "99999999999999999999", "1099511627776", "null", "\"7\"", "{}"])) {
        let (source, query, row) = which.get(rows());
        let mut broken = row.clone();
        *at.get_mut(&mut broken) = by;
        decoded(&(*source, *query, broken));
        let mut broken = row.clone();
        if let Some(Cell::Text(text)) = broken.last_mut() {
            let digits = regex::Regex::new(r":\s*\d+(\.\d+)?").unwrap();
            let found: Vec<_> = digits.find_iter(text).map(|found| found.range()).collect();
            if !found.is_empty() {
                let range = digit.get(&found).clone();
                text.replace_range(range, &format!(":{number}"));
            }
        }
        for look in decoded(&(*source, *query, broken)).sightings {
            prop_assert!(!look.terms.bad_usage || look.tokens.is_zero());
            prop_assert!(look.tokens.classes().iter().all(|class| *class <= 4 * crate::model::Tokens::MAX_PER_CLASS));
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), state in prop::collection::vec(any::<u8>(), 0..60)) {
        for log in logs().iter().step_by(7) {
            log.any(&mut Context { state: state.clone(), ..log.context() }, &bytes);
        }
    }

    #[test]
    fn broken_logs_are_read_without_a_panic(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let logs = logs();
        let log = which.get(&logs);
        let mut bytes = log.bytes.clone();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at); bytes.push(b'\n'); } else { bytes[at] = byte; }
        log.any(&mut log.context(), &bytes);
    }

    #[test]
    fn no_number_in_a_log_makes_a_panic_or_an_absurd_count(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), number in prop::sample::select(vec!["-1", "1.5", "1e300", "99999999999999999999", "1099511627776", "null", "\"7\"", "{}", "0"])) {
        let logs = logs();
        let log = which.get(&logs);
        let text = String::from_utf8(log.bytes.clone()).unwrap();
        let digits = regex::Regex::new(r":\s*\d+(\.\d+)?").unwrap();
        let found: Vec<_> = digits.find_iter(&text).map(|found| found.range()).collect();
        prop_assume!(!found.is_empty());
        let range = at.get(&found).clone();
        let broken = format!("{}:{number}{}", &text[..range.start], &text[range.end..]);
        for look in log.any(&mut log.context(), broken.as_bytes()).sightings {
            prop_assert!(!look.terms.bad_usage || look.tokens.is_zero());
            prop_assert!(look.tokens.classes().iter().all(|class| *class <= 4 * crate::model::Tokens::MAX_PER_CLASS));
        }
    }
}
