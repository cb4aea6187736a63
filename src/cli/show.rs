//! What `keitod demo` shows: sample sessions written live, the daemon beside them, the embedded Keito behind it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::daemon::{Rig, run_with_socket, start_log, tempdir};
use super::engine::Shown;
use super::{Exit, Failure};
use crate::config::{Config, Env};
use crate::daemon::clerk::Settled;
use crate::daemon::delivery::Order;
use crate::daemon::lock::StateLock;
use crate::daemon::run::Running;
use crate::daemon::time;
use crate::model::Instant;
use crate::sandbox::{self, Entry, Expense, Metadata, Sandbox, ids};
use crate::server::{Question, QueueQuery};
use crate::setup::samples;
use crate::status::Live;

/// Short waits: what takes hours in real life happens while one looks.
const CONFIG: &str = r#"
[delivery]
time_settle = "1s"
time_update = "2s"
expense_settle = "1s"
reconcile_grace = "1s"
requests_per_minute = 6000
[log]
level = "error"
"#;

/// No demo takes longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Runs the demo; `keep` leaves everything up until a signal comes.
pub(super) async fn show(keep: bool, shown: &mut Shown<'_>) -> Result<(), Failure> {
    let home = tempdir()?;
    let zone = jiff::tz::TimeZone::system();
    let keito = Sandbox::start(sandbox::Settings { zone, ..sandbox::Settings::default() }).await?;
    let now = time::now();
    samples::home(home.path(), &names())?;
    let env = Env::new(home.path(), Vec::<(String, String)>::new());
    let config = Arc::new(configured(now, &env)?);
    start_log(&config, &env, None)?;
    let paths = config.paths(&env);
    let mut rig = Rig::new(env, config, &paths);
    rig.socket = Some(home.path().join("run/keitod.sock"));
    rig.deliver_to(&keito);
    let lock = StateLock::take(&rig.setup.state_dir).map_err(crate::daemon::Error::from)?;
    let (stop, (arrived, arrival)) = (CancellationToken::new(), tokio::sync::oneshot::channel());
    let script = samples::script(now, home.path(), 1);
    let play = {
        let (state, home, stop) = (keito.state(), home.path().to_path_buf(), stop.clone());
        let page = keito.origin();
        async |running: &Running| {
            let running = running.clone();
            tokio::spawn(async move {
                let document = perform(&running, &script, &state, &page, &home).await;
                // Whoever waits for it has ended only with an error of its own.
                let _ = arrived.send(document);
                if !keep {
                    stop.cancel();
                }
            });
        }
    };
    let daemon = run_with_socket(&rig, &lock, stop.clone(), play);
    let showing = async {
        let document = arrival.await.map_err(|_| Failure::new(Exit::Server, "the demo ended early"))??;
        shown(&document)?;
        if keep {
            // An interrupted wait ends the demo as a signal does.
            let _ = tokio::signal::ctrl_c().await;
            stop.cancel();
        }
        Ok::<(), Failure>(())
    };
    let (ran, showed) = tokio::join!(daemon, showing);
    keito.stop().await;
    ran.map_err(Failure::from).and(showed)
}

fn names() -> samples::Names<'static> {
    samples::Names {
        workspace: sandbox::ACCOUNT,
        client: "Acme Corp",
        project_id: ids::WEBSITE,
        project: "Website relaunch",
        task_id: ids::DEVELOPMENT,
        task: "Development",
    }
}

fn configured(now: Instant, env: &Env) -> Result<Config, Failure> {
    // The day before, so that sessions that began before midnight count whenever the demo is run.
    let since = now.minus(Duration::from_secs(24 * 3600));
    Ok(Config::parse(&format!("since = \"{since}\"\n{CONFIG}"), env)?)
}

/// Writes the sessions, waits until everything has arrived, and tells what did.
async fn perform(
    running: &Running,
    script: &[samples::Append],
    keito: &sandbox::State,
    page: &str,
    home: &Path,
) -> Result<Vec<u8>, Failure> {
    running.look_for_credentials().await;
    samples::write_live(script, time::tokio_now()).await?;
    let settled = Settled { time: true, expenses: true };
    let deadline = time::tokio_now() + PATIENCE;
    loop {
        running.rescan().await;
        let (reply, answer) = tokio::sync::oneshot::channel();
        let gone = || Failure::new(Exit::Server, "the daemon has ended; see the log above");
        running.orders.send(Order::Flush { settled, reply }).await.map_err(|_| gone())?;
        let pass = answer.await.map_err(|_| gone())?;
        if pass.sent == 0 && pass.remaining == 0 {
            break;
        }
        if time::tokio_now() > deadline {
            return Err(Failure::new(Exit::Server, "the embedded Keito did not take everything in time"));
        }
    }
    told(running, keito, page, home)
}

fn told(running: &Running, keito: &sandbox::State, page: &str, home: &Path) -> Result<Vec<u8>, Failure> {
    let documents = running.documents();
    let held = QueueQuery { state: Some("held".to_owned()), limit: None };
    let queue = documents.answer(&Question::Queue(held), Live::default())?;
    let queue: Value = serde_json::from_slice(&queue).unwrap_or_default();
    let company = keito.settings();
    let document = json!({
        "schema_version": 1,
        "entries": keito.entries().iter().map(|row| entry(row, &company)).collect::<Vec<_>>(),
        "expenses": keito.expenses().iter().map(|row| expense(row, &company)).collect::<Vec<_>>(),
        "held": queue["items"],
        "page": page,
        "socket": home.join("run/keitod.sock"),
        "home": home,
    });
    Ok(document.to_string().into_bytes())
}

fn entry(entry: &Entry, company: &sandbox::Settings) -> Value {
    let task = company.tasks.iter().find(|task| task.id == entry.task);
    let meta = Meta(entry.metadata.as_ref());
    json!({
        "id": entry.id,
        "spent_date": entry.spent_date.to_string(),
        "project": project(&entry.project, company),
        "task": task.map_or(&entry.task, |task| &task.name),
        "hours": entry.hours.digits(),
        "notes": entry.notes,
        "session_id": meta.text("session_id"),
        "agent": meta.text("agent_type"),
        "duration_seconds": meta.count("duration_seconds"),
    })
}

fn expense(expense: &Expense, company: &sandbox::Settings) -> Value {
    let meta = Meta(expense.metadata.as_ref());
    json!({
        "id": expense.id,
        "spent_date": expense.spent_date.to_string(),
        "project": project(&expense.project, company),
        "model": meta.text("model"),
        "total_cost": expense.total_cost.digits(),
        "requests": meta.count("requests"),
        "input_tokens": meta.count("input_tokens"),
        "cached_input_tokens": meta.count("cached_input_tokens"),
        "cache_write_tokens": meta.count("cache_write_tokens"),
        "output_tokens": meta.count("output_tokens"),
        "notes": expense.notes,
        "session_id": meta.text("session_id"),
    })
}

/// A person knows projects by their names.
fn project<'a>(id: &'a str, company: &'a sandbox::Settings) -> &'a str {
    company.projects.iter().find(|project| project.id == id).map_or(id, |project| &project.name)
}

struct Meta<'a>(Option<&'a Metadata>);

impl Meta<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0.and_then(|meta| meta.text(name))
    }

    fn count(&self, name: &str) -> Option<u64> {
        self.text(name).and_then(|text| text.parse().ok())
    }
}
