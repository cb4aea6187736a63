//! From a log on disk to records at Keito: the daemon's parts with real files, a real database and real HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a test says what it saw, and ends where it must"
)]

use std::path::Path;
use std::sync::Arc;

use keitod::config::{Config, Env};
use keitod::daemon::assemble::{Sandboxed, Setup};
use keitod::daemon::clerk::Settled;
use keitod::daemon::once::once;
use keitod::sandbox::{self, Sandbox, ids};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap();
}

#[tokio::test]
async fn a_session_becomes_an_entry_and_an_expense() {
    let home = tempfile::tempdir().unwrap();
    let log = "-home-demo-todo-app/1af7fc5e-8455-4414-9ccd-011d40f70b2a.jsonl";
    copy(
        Path::new("tests/fixtures/claude/lantern/1af7fc5e-8455-4414-9ccd-011d40f70b2a.jsonl"),
        &home.path().join(".claude/projects").join(log),
    );
    let sandbox = Sandbox::start(sandbox::Settings::default()).await.unwrap();
    let env = Env::new(home.path(), Vec::<(String, String)>::new());
    let config = format!(
        "since = \"2020-01-01T00:00:00Z\"\n[time]\nmin_seconds = 10\n[delivery]\nreconcile_grace = \"1s\"\n[keito]\nexpense_category_id = \"{}\"\n[default]\nproject_id = \"{}\"\ntask_id = \"{}\"\n",
        ids::LLM_USAGE,
        ids::WEBSITE,
        ids::DEVELOPMENT
    );
    let config = Arc::new(Config::parse(&config, &env).unwrap());
    let setup = Setup {
        env,
        config,
        state_dir: home.path().join("state"),
        data_dir: home.path().join("data"),
        sandbox: Some(Sandboxed {
            origin: sandbox.origin(),
            account: sandbox::ACCOUNT.to_owned(),
            key: sandbox::KEY.to_owned(),
            category: ids::LLM_USAGE.to_owned(),
        }),
    };
    std::fs::create_dir_all(&setup.state_dir).unwrap();
    for round in 0..4 {
        if round >= 2 {
            std::fs::remove_dir_all(&setup.state_dir).unwrap();
            std::fs::create_dir_all(&setup.state_dir).unwrap();
        }
        let pass = once(&setup, setup.assemble(true).unwrap(), Settled::default()).await.unwrap();
        println!("{pass:?}");
        for request in sandbox.requests() {
            println!("{} {} {:?} {}", request.method, request.path, request.answered, request.text());
        }
        assert_eq!((sandbox.entries().len(), sandbox.expenses().len()), (1, 1));
        let posts = sandbox.requests().iter().filter(|request| request.method == "POST").count();
        assert_eq!(posts, if round == 0 { 2 } else { 0 });
        sandbox.forget_requests();
    }
    for entry in sandbox.entries() {
        println!("{entry:?}");
    }
    for expense in sandbox.expenses() {
        println!("{expense:?}");
    }
}
