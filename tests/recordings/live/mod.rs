//! The real programs, live: they talk to models that we play, keitod runs beside them and delivers to the embedded Keito.
//!
//! Not part of what is run at every change: it installs programs. See README.md in this folder.

mod agents;
mod apart;
mod mock;
mod packages;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use agents::{Agent, How};
use mock::{Answer, Mock};
use packages::Package;

use crate::home::{Home, files_below};
use crate::keito::Keito;
use crate::report::{Count, Counts, counts};
use crate::{records, silence};

const TEST: &str = "live::what_the_real_agents_use_is_what_arrives";
/// In every text of a prompt, an answer or a tool.
const PLANTED: &str = "_CANARY_";
const FLUSH: [&str; 4] = ["flush", "--settle", "--expenses", "--json"];

/// Requests of each agent, of fifteen to twenty, until the service is killed.
const AMID: usize = 8;

/// Models and providers that no list knows.
const PRICES: &str = r#"
[[price]]
platform = "live"
model = "live-model-1"
from = "2020-01-01T00:00:00Z"
input = "2"
cache_read = "0.2"
cache_write_5m = "2.5"
output = "10"
[[price]]
platform = "live"
model = "live-model-2"
from = "2020-01-01T00:00:00Z"
input = "1"
cache_read = "0.1"
cache_write_5m = "1.25"
output = "5"
"#;

/// What an agent was made to do, and where what was served belongs.
struct Scene<'a> {
    agent: &'a Agent<'a>,
    mock: &'a Mock,
    /// Prompts so far.
    prompts: usize,
    /// The session of each prompt.
    sessions: BTreeMap<String, String>,
    /// The scene of each session.
    names: BTreeMap<String, &'static str>,
}

impl<'a> Scene<'a> {
    fn new(agent: &'a Agent<'a>, mock: &'a Mock) -> Self {
        Self { agent, mock, prompts: 0, sessions: BTreeMap::new(), names: BTreeMap::new() }
    }

    /// A key of its own for a prompt that is answered so.
    fn key(&mut self, answers: &[Answer]) -> String {
        self.prompts += 1;
        let agent = self.agent.package.program.to_uppercase();
        let key = format!("PROMPT_CANARY_{agent}_{:02}", self.prompts);
        self.mock.script(&key, answers);
        key
    }

    /// Runs the agent with a prompt. Returns the session.
    fn run(&mut self, name: &'static str, how: &How, model: &str, answers: &[Answer]) -> String {
        let key = self.key(answers);
        let session = self.agent.run(how, model, &format!("{key} do as you are told"));
        self.belongs(name, &session, [key]);
        session
    }

    fn belongs(&mut self, name: &'static str, session: &str, keys: impl IntoIterator<Item = String>) {
        println!("  {:<12} {name:<10} {session}", self.agent.package.agent);
        self.names.entry(session.to_owned()).or_insert(name);
        self.sessions.extend(keys.into_iter().map(|key| (key, session.to_owned())));
    }

    fn play(&mut self) {
        use Answer::{Shell, Subagent, Text, Wait};
        let [model, other] = self.agent.models();
        self.run("plain", &How::New, model, &[Text]);
        self.run("tools", &How::New, model, &[Shell(1), Shell(2), Text]);

        let turns = [self.key(&[Shell(1), Text]), self.key(&[Text])];
        if let Some(session) = self.agent.talk(model, &turns) {
            self.belongs("two turns", &session, turns);
        } else {
            let [first, second] = turns;
            let session = self.agent.run(&How::New, model, &first);
            let again = self.agent.run(&How::Resume(session.clone()), model, &second);
            assert_eq!(again, session);
            self.belongs("two turns", &session, [first, second]);
        }

        let below = self.key(&[Shell(1), Text]);
        let answers: &[Answer] = &[Subagent(below.clone()), Wait, Text];
        let is_beside = self.agent.package.agent == "codex";
        let answers: Vec<Answer> =
            answers.iter().filter(|answer| is_beside || !matches!(answer, Wait)).cloned().collect();
        let session = self.run("subagent", &How::New, model, &answers);
        self.sessions.insert(below, session);

        let first = self.run("resumed", &How::New, model, &[Shell(1), Text]);
        let again = self.run("resumed", &How::Resume(first.clone()), other, &[Shell(1), Text]);
        assert_eq!(again, first, "{}", self.agent.package.agent);
        // Gemini CLI has no forks.
        if self.agent.package.agent != "gemini-cli" {
            let fork = self.run("fork", &How::Fork(first.clone()), model, &[Shell(1), Text]);
            assert_ne!(fork, first);
            self.run("resumed", &How::Resume(first), model, &[Text]);
        }
    }
}

/// An agent's part of what was served.
struct Played {
    package: &'static Package,
    names: BTreeMap<String, &'static str>,
    truth: Counts,
    /// Requests that no conversation has, and their tokens.
    beside: Count,
}

impl Played {
    fn new(scene: Scene<'_>) -> Self {
        let (mut truth, mut beside) = (Counts::new(), Count::default());
        for served in scene.mock.served() {
            let session = served.key.as_ref().map(|key| scene.sessions.get(key));
            match session {
                Some(Some(session)) => {
                    truth.entry((session.clone(), served.model)).or_default().add(&served.count);
                }
                None if served.api == scene.agent.package.api => beside.add(&served.count),
                _ => {}
            }
        }
        Self { package: scene.agent.package, names: scene.names, truth, beside }
    }
}

fn play(package: &'static Package, home: &Home, mock: &Mock) -> Played {
    let agent = Agent::new(package, home.path(), &mock.origin);
    let mut scene = Scene::new(&agent, mock);
    scene.play();
    Played::new(scene)
}

fn line(count: Option<&Count>) -> String {
    let Some(c) = count else { return "nothing".to_owned() };
    let counts = [c.requests, c.input, c.cache_read, c.cache_write_5m, c.cache_write_1h, c.output]
        .map(|n| n.to_string());
    counts.join("/")
}

/// Prints both sides of each session and model; whether they are equal.
fn compare(played: &[Played], arrived: &Counts) -> bool {
    println!("\nrequests/input/cache read/cache write 5m/1h/output");
    println!(
        "{:<12} {:<9} {:<10} {:<18} {:<34} {:<34} verdict",
        "agent", "version", "scene", "model", "served", "arrived"
    );
    let mut is_equal = true;
    for one in played {
        for ((session, model), served) in &one.truth {
            let found = arrived.get(&(session.clone(), model.clone()));
            let verdict = if found == Some(served) { "equal" } else { "DIFFERENT" };
            is_equal &= found == Some(served);
            let Package { agent, version, .. } = one.package;
            let (served, found) = (line(Some(served)), line(found));
            println!(
                "{agent:<12} {version:<9} {:<10} {model:<18} {served:<34} {found:<34} {verdict}",
                one.names[session]
            );
        }
        if one.beside.requests > 0 {
            println!("{:<12} asked beside, in no log: {}", one.package.agent, line(Some(&one.beside)));
        }
    }
    let known = |key| played.iter().any(|one| one.truth.contains_key(key));
    for (key, count) in arrived.iter().filter(|(key, _)| !known(key)) {
        println!("{key:?} arrived and was never served: {}", line(Some(count)));
        is_equal = false;
    }
    is_equal
}

/// The planted texts are in the agents' logs, and nowhere in our files and what was sent.
fn is_silent(home: &Home, keito: &Keito, packages: &[&Package]) {
    for package in packages {
        let logs = files_below(&home.path().join(package.logs));
        let said =
            |path: &PathBuf| memchr::memmem::find(&fs::read(path).unwrap(), PLANTED.as_bytes()).is_some();
        assert!(logs.iter().any(said), "nothing was planted in {}", package.logs);
    }
    let planted = [PLANTED.to_owned()];
    silence::traces_in(home, &keito.state, &planted, "live", |below| {
        ["state", "run", "log"].iter().any(|ours| below.starts_with(ours))
    });
}

#[test]
#[ignore = "installs programs; see tests/recordings/live/README.md"]
fn what_the_real_agents_use_is_what_arrives() {
    let packages = packages::wanted();
    let Some(how) = apart::how() else {
        packages.iter().for_each(|package| package.install());
        assert!(apart::again(TEST), "see above");
        return;
    };
    apart::is_apart(&how);
    println!("without outside network: {how}");
    let (mock, keito) = (Mock::start(), Keito::start());
    let home = Home::new(&keito.origin);
    home.configure_more(PRICES);
    let first = home.serve();
    // All at once, as on a desk.
    let (played, service) = std::thread::scope(|scope| {
        let started: Vec<_> =
            packages.iter().map(|package| scope.spawn(|| play(package, &home, &mock))).collect();
        // Amid the work a part is sent, and the service is killed and comes again.
        while mock.served().len() < AMID * packages.len() && !started.iter().all(|agent| agent.is_finished())
        {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(home.tries(&FLUSH), "{}", home.end_of_log());
        println!("  {} expenses are sent when the service is killed", keito.state.expenses().len());
        drop(first);
        let second = home.serve();
        let played: Vec<Played> = started.into_iter().map(|played| played.join().unwrap()).collect();
        (played, second)
    });
    home.until_delivered(&FLUSH);

    let arrived = counts(&home);
    let is_equal = compare(&played, &arrived);
    let (left, strange) = (mock.left(), mock.strange());
    println!("answers that nobody asked for: {left:?}; asked at other paths: {strange:?}");
    assert!(is_equal, "what arrived is not what was served");
    assert!(left.is_empty(), "a scene was not played to its end");
    let truth = played.iter().flat_map(|one| one.truth.clone()).collect();
    records::agree(&keito.state, &truth, "live");
    let (entries, expenses) = records::well_formed(&keito.state, &home.path().display().to_string());
    silence::answers(&home, &[PLANTED.to_owned()], "live");
    // Killed, the service leaves its write-ahead log behind to be looked at.
    drop(service);
    is_silent(&home, &keito, &packages);
    println!("{expenses} expenses and {entries} entries written; no planted text in them or in our files");
}
