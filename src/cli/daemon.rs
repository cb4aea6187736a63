//! The commands' engine: the daemon in this process.

use std::ffi::OsString;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::engine::Shown;
use super::progress::{Bar, Progress};
use super::{Engine, Exit, Failure, Finished, Mode, Place, Run, log};
use crate::config::{self, Config, Env, Paths};
use crate::daemon::acts;
use crate::daemon::assemble::{Sandboxed, Setup};
use crate::daemon::clerk::{Presumed, Settled};
use crate::daemon::documents::Documents;
use crate::daemon::hooks;
use crate::daemon::lock::{self, StateLock};
use crate::daemon::office::Office;
use crate::daemon::once::{Blocked, Pass, once};
use crate::daemon::rehearse::rehearse;
use crate::daemon::reload;
use crate::daemon::run::{self, Running};
use crate::daemon::watchdog;
use crate::deliver::PauseReason;
use crate::sandbox::{self, Sandbox, ids};
use crate::server::{self, Act, Assign, Limits, Question};
use crate::status::Live;

/// The daemon in this process.
#[derive(Debug, Clone, Copy)]
pub struct InProcess;

impl Engine for InProcess {
    fn settle_in(&self, words: &[OsString]) {
        if let Err(error) = config::take_key_out_of_the_environment(words) {
            let line = format!("keitod: KEITO_API_KEY stays in the environment of this process: {error}\n");
            // Nothing else is lost by it.
            let _ = std::io::stderr().lock().write_all(line.as_bytes());
        }
    }

    fn run(&self, place: &Place, run: Run) -> Result<Finished, Failure> {
        keep_private();
        let config = Arc::new(place.config()?);
        let bar = Bar::new();
        start_log(&config, &place.env, Some(bar.clone()))?;
        let paths = config.paths(&place.env);
        hooks::arm(&place.env);
        tell_faults();
        driven(async {
            let mut rig = Rig::new(place.env.clone(), config, &paths);
            // A sandbox has a state of its own, and a rehearsal a copy: neither may touch the real one.
            let temporary = (run.sandbox || run.mode == Mode::DryRun).then(tempdir).transpose()?;
            if let Some(dir) = &temporary {
                rig.move_to(dir.path(), run.sandbox);
            }
            let sandbox = if run.sandbox { Some(rig.enter_sandbox().await?) } else { None };
            let finished = match run.mode {
                Mode::DryRun => rehearsed(&rig, &paths, Settled::default(), Presumed::default()).await,
                Mode::Once => passed(&rig, &bar).await,
                Mode::Service => serve(&rig, &bar, sandbox.as_ref().map(sandbox::Running::origin)).await,
            };
            if let Some(sandbox) = sandbox {
                sandbox.stop().await;
            }
            finished
        })
    }

    fn preview(&self, place: &Place, presumed: Presumed) -> Result<Vec<u8>, Failure> {
        keep_private();
        let config = Arc::new(place.config()?);
        let paths = config.paths(&place.env);
        driven(async {
            let mut rig = Rig::new(place.env.clone(), config, &paths);
            let dir = tempdir()?;
            rig.move_to(dir.path(), false);
            let settled = Settled { time: true, expenses: true };
            Ok(rehearsed(&rig, &paths, settled, presumed).await?.document.unwrap_or_default())
        })
    }

    fn demo(&self, _: &Place, keep: bool, shown: &mut Shown<'_>) -> Result<(), Failure> {
        keep_private();
        runtime()?.block_on(super::show::show(keep, shown))
    }

    fn stored(&self, place: &Place, question: &Question) -> Result<Vec<u8>, Failure> {
        keep_private();
        let config = Arc::new(place.config()?);
        let paths = config.paths(&place.env);
        let database = find_database(&paths)?;
        if let Question::Audit(query) = question {
            let rig = Rig::new(place.env.clone(), config, &paths);
            return driven(async {
                let _lock = StateLock::take(&rig.setup.state_dir).map_err(crate::daemon::Error::from)?;
                Ok(crate::daemon::audit::of_state(&rig.setup, *query).await?)
            });
        }
        let now = crate::daemon::time::now();
        let table = Arc::new(crate::daemon::prices::table(&config, &paths.state_dir, now)?);
        let setup = Arc::new(Rig::new(place.env.clone(), Arc::clone(&config), &paths).setup);
        let data_dir = paths.data_dir;
        Ok(Documents { database, data_dir, config, table, setup }.answer(question, Live::default())?)
    }

    fn act(&self, place: &Place, act: &Act) -> Result<Vec<u8>, Failure> {
        keep_private();
        let config = Arc::new(place.config()?);
        let paths = config.paths(&place.env);
        find_database(&paths)?;
        let rig = Rig::new(place.env.clone(), config, &paths);
        let _lock = StateLock::take(&rig.setup.state_dir).map_err(crate::daemon::Error::from)?;
        if let Act::Backfill(wanted) = act {
            return driven(async {
                Ok(crate::daemon::backfill::of_state(&rig.setup, wanted.clone()).await?)
            });
        }
        if let Act::Assign(words) = act {
            return driven(async {
                Ok(crate::daemon::assign::of_state(&rig.setup, Assign::clone(words)).await?)
            });
        }
        Ok(acts::alone(&rig.setup, act)??)
    }
}

/// Whatever these commands write, the database's own files included, is for this user alone, whatever the shell allows.
fn keep_private() {
    use rustix::fs::Mode;
    use rustix::process::umask;
    let others = Mode::RWXG | Mode::RWXO;
    umask(umask(others) | others);
}

fn find_database(paths: &Paths) -> Result<PathBuf, Failure> {
    let database = paths.state_dir.join("keitod.db");
    if database.exists() {
        return Ok(database);
    }
    let none = format!("there is no database yet in {}", paths.state_dir.display());
    Err(Failure::new(Exit::NotFound, none)
        .suggest("keitod init sets it up, keitod run starts it; keitod demo shows it without"))
}

/// A set-up with its socket.
pub(super) struct Rig {
    pub(super) setup: Setup,
    pub(super) socket: Option<PathBuf>,
}

impl Rig {
    pub(super) fn new(env: Env, config: Arc<Config>, paths: &Paths) -> Self {
        let socket = config.socket.enabled.then(|| paths.socket.clone());
        let (state_dir, data_dir) = (paths.state_dir.clone(), paths.data_dir.clone());
        Self { setup: Setup { env, config, state_dir, data_dir, sandbox: None }, socket }
    }

    fn move_to(&mut self, dir: &Path, data_too: bool) {
        self.setup.state_dir = dir.join("state");
        if data_too {
            self.setup.data_dir = dir.join("data");
            self.socket = self.socket.as_ref().map(|_| dir.join("run/keitod.sock"));
        }
    }

    /// Starts an embedded Keito and delivers to it; records without a link of their own go to one of its projects.
    async fn enter_sandbox(&mut self) -> Result<sandbox::Running, Failure> {
        let zone = self.setup.config.zone.clone().unwrap_or_else(jiff::tz::TimeZone::system);
        let running = Sandbox::start(sandbox::Settings { zone, ..sandbox::Settings::default() }).await?;
        self.deliver_to(&running);
        Ok(running)
    }

    /// Has everything delivered to an embedded Keito, with the category that it has.
    pub(super) fn deliver_to(&mut self, keito: &sandbox::Running) {
        self.setup.sandbox = Some(Sandboxed {
            origin: keito.origin(),
            account: sandbox::ACCOUNT.to_owned(),
            key: sandbox::KEY.to_owned(),
            category: ids::LLM_USAGE.to_owned(),
        });
        self.setup = self.setup.under(Config::clone(&self.setup.config));
    }
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::new(Exit::Config, format!("cannot start: {error}")))
}

/// Runs to the end, whatever hangs beside it.
fn driven<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(work)));
    // Dropping it would wait for a thread that hangs.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended.unwrap_or_else(|_| Err(crate::daemon::Error::Ended { part: "sender" }.into()))
}

/// A fault of ours is told by its place alone: what it says may hold anything, a key or a prompt.
fn tell_faults() {
    std::panic::set_hook(Box::new(|fault| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        let at = fault.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        tracing::error!(thread = name, at, "a fault of keitod: please report it");
    }));
}

pub(super) fn start_log(config: &Config, env: &Env, bar: Option<Bar>) -> Result<(), Failure> {
    let log = log::init(config.log, env, false, bar);
    log.map_err(|error| Failure::new(Exit::Config, format!("cannot set up the log: {error}")))
}

pub(super) fn tempdir() -> Result<tempfile::TempDir, Failure> {
    let dir = tempfile::Builder::new().prefix("keitod-").tempdir();
    dir.map_err(|error| Failure::new(Exit::Config, format!("cannot make a temporary directory: {error}")))
}

async fn rehearsed(
    rig: &Rig,
    real: &Paths,
    settled: Settled,
    presumed: Presumed,
) -> Result<Finished, Failure> {
    let _lock = StateLock::take(&rig.setup.state_dir).map_err(crate::daemon::Error::from)?;
    let requests = rehearse(&rig.setup, &real.state_dir, settled, presumed).await?;
    let requests: Vec<serde_json::Value> = requests
        .iter()
        .map(|request| {
            let body = serde_json::from_slice::<&serde_json::value::RawValue>(&request.body).ok();
            serde_json::json!({"method": request.method, "path": request.path, "body": body})
        })
        .collect();
    let document = serde_json::json!({"schema_version": 1, "requests": requests}).to_string().into_bytes();
    Ok(Finished { exit: Exit::Ok, document: Some(document) })
}

async fn passed(rig: &Rig, bar: &Bar) -> Result<Finished, Failure> {
    let _lock = StateLock::take(&rig.setup.state_dir).map_err(crate::daemon::Error::from)?;
    let parts = rig.setup.assemble(true)?;
    stop_on_signals(&parts.stop)?;
    let (health, shown) = (Arc::clone(&parts.health), bar.clone());
    let drawing = tokio::spawn(async move { draw(&health, &shown).await });
    let pass = once(&rig.setup, parts, Settled::default()).await;
    drawing.abort();
    let pass = pass?;
    let exit = exit_of(&pass);
    let document = serde_json::json!({
        "schema_version": 1,
        "caught_up": pass.remaining == 0,
        "sent": pass.sent,
        "failed": pass.failed,
        "remaining": pass.remaining,
    });
    Ok(Finished { exit, document: Some(document.to_string().into_bytes()) })
}

fn exit_of(pass: &Pass) -> Exit {
    match pass.blocked {
        _ if pass.failed > 0 => Exit::Conflict,
        Some(Blocked::Paused(PauseReason::Auth | PauseReason::Plan)) => Exit::Auth,
        Some(Blocked::Paused(PauseReason::User)) => Exit::Ok,
        Some(Blocked::Paused(_)) => Exit::Server,
        Some(Blocked::Line) => Exit::Network,
        Some(Blocked::RateLimited) => Exit::RateLimited,
        // No credentials is no error: everything stays queued.
        Some(Blocked::NoCredentials) | None => Exit::Ok,
    }
}

/// Shows how far reading is, until everything is read.
async fn draw(health: &std::sync::Mutex<crate::daemon::intake::Health>, bar: &Bar) {
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (caught_up, (done, total)) = {
            let health = health.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            (health.caught_up, health.progress)
        };
        bar.show(Progress { total, done });
        if caught_up {
            return;
        }
    }
}

async fn serve(rig: &Rig, bar: &Bar, sandbox: Option<String>) -> Result<Finished, Failure> {
    let lock = StateLock::take(&rig.setup.state_dir).map_err(crate::daemon::Error::from)?;
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    // One that comes before anything runs asks for nothing, and must not end the start.
    drop(signal(SignalKind::hangup()));
    let stopping = stop.clone();
    tokio::spawn(async move {
        stopping.cancelled().await;
        watchdog::stopping("ending requests under way");
    });
    loop {
        let inner = stop.child_token();
        let until = inner.clone();
        let done = run_with_socket(rig, &lock, inner, async |running: &Running| {
            if let Some(origin) = &sandbox {
                tracing::info!(page = origin, "delivering to the embedded Keito");
            }
            let (health, bar) = (Arc::clone(&running.health), bar.clone());
            watchdog::ready("reading the logs");
            tokio::spawn(async move {
                draw(&health, &bar).await;
                watchdog::status(reload::WATCHING);
            });
            tokio::spawn(reload::watch(running.clone(), |config| log::set_level(config.log.level), until));
        })
        .await;
        match done {
            // Only a start replaces a damaged database, before anybody holds a row of it.
            Err(RunError::Daemon(error)) if error.is_damage() && !stop.is_cancelled() => {
                tracing::error!("{error}; starting anew");
            }
            done => break done?,
        }
    }
    Ok(Finished { exit: Exit::Ok, document: None })
}

/// Why the daemon ended.
pub(super) enum RunError {
    /// The daemon itself.
    Daemon(crate::daemon::Error),
    /// Its socket.
    Socket(server::BindError),
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Daemon(error) => error.into(),
            RunError::Socket(error) => error.into(),
        }
    }
}

/// Runs the daemon with its socket until `stop`, which is cancelled at the end.
pub(super) async fn run_with_socket(
    rig: &Rig,
    lock: &StateLock,
    stop: CancellationToken,
    ready: impl AsyncFnOnce(&Running),
) -> Result<(), RunError> {
    let bound = match &rig.socket {
        Some(path) => {
            if let Some(dir) = path.parent() {
                lock::private_dir(dir).map_err(|error| RunError::Daemon(error.into()))?;
            }
            Some(server::bind(path, lock).map_err(RunError::Socket)?)
        }
        None => None,
    };
    let serving = stop.clone();
    let mut task = None;
    let done = run::run(rig.setup.clone(), stop.clone(), async |running: &Running| {
        if let Some(bound) = bound {
            let office = Office::new(running.clone());
            // Its end, in a fault too, is the daemon's: nobody could ask it any more.
            let last = serving.clone().drop_guard();
            task = Some(tokio::spawn(async move {
                let _last = last;
                server::serve(bound, office, Limits::DAEMON, serving).await
            }));
        }
        ready(running).await;
        Ok(())
    })
    .await;
    stop.cancel();
    // It has a deadline of its own for last answers.
    let served = match task {
        Some(task) => matches!(task.await, Ok(Ok(()))),
        None => true,
    };
    done.map_err(RunError::Daemon)?;
    if served { Ok(()) } else { Err(RunError::Daemon(crate::daemon::Error::Ended { part: "socket" })) }
}

/// SIGXFSZ: with nobody listening a write beyond the limit on file sizes ends the process instead of failing.
const FILE_TOO_LARGE: i32 = 25;

fn stop_on_signals(stop: &CancellationToken) -> Result<(), Failure> {
    let failed = |error| Failure::new(Exit::Config, format!("cannot wait for signals: {error}"));
    // Once heard it stays harmless.
    drop(signal(SignalKind::from_raw(FILE_TOO_LARGE)).map_err(failed)?);
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let (mut heard, stop) = (signal(kind).map_err(failed)?, stop.clone());
        tokio::spawn(async move {
            heard.recv().await;
            stop.cancel();
            // The second signal ends at once: a restart finds what was under way.
            heard.recv().await;
            std::process::exit(130);
        });
    }
    Ok(())
}
