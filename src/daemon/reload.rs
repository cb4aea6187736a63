//! Config, prices and credentials while the daemon runs: read again on SIGHUP, when one of their files changes, and once
//! a minute where no event tells. A config that cannot be used is told, and the last good one stays in force.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::assemble::{Setup, Terms};
use super::delivery::Order;
use super::in_force::InForce;
use super::intake::Message;
use super::run::Running;
use super::{Error, prices, time, watchdog};
use crate::config::{Config, ConfigError, credentials};
use crate::prices::Table;
use crate::tail::Files;

/// What the service manager is told while there is nothing else to tell.
pub const WATCHING: &str = "watching the logs";

/// Whoever writes a file may take so long between two writes.
const QUIET: Duration = Duration::from_millis(200);
/// A file that never rests is read as it is after so many looks.
const LOOKS: u32 = 25;
/// Problems that status names; `keitod config check` has all.
const NAMED: usize = 3;

/// Looks, and brings into force what it finds.
struct Reloader {
    running: Running,
    /// What was in force at the start: only a start changes its socket.
    started: Arc<Config>,
    /// The config has named a cut-off, which nothing takes back but a start.
    since: bool,
    seen: Stamps,
    /// Told of each config that comes into force.
    applied: Box<dyn Fn(&Config) + Send + Sync>,
}

/// How each file looked last.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stamps {
    config: Stamp,
    prices: Vec<Stamp>,
    credentials: Vec<Stamp>,
}

/// Device, inode, size, and both times of change to the nanosecond; `None`: there is none.
pub(super) type Stamp = Option<(u64, u64, u64, [i64; 4])>;

/// Another configuration, or other prices.
struct Other {
    setup: Arc<Setup>,
    table: Arc<Table>,
    /// The keys that are said otherwise.
    keys: Vec<String>,
}

/// Watches until `stop`. `applied` is told of each config that comes into force.
pub async fn watch(
    running: Running,
    applied: impl Fn(&Config) + Send + Sync + 'static,
    stop: CancellationToken,
) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = go_on(running, Box::new(applied)) => {}
    }
}

async fn go_on(running: Running, applied: Box<dyn Fn(&Config) + Send + Sync>) {
    let Ok(mut heard) = signal(SignalKind::hangup()) else { return };
    let setup = running.setup();
    let mut reloader = Reloader {
        started: Arc::clone(&setup.config),
        since: setup.config.since.is_some(),
        // The start has just read them.
        seen: Stamps { credentials: stamps(&setup).credentials, ..Stamps::default() },
        applied,
        running,
    };
    let mut files = Watched::new(&reloader.running);
    // From here on changes are told; what changed before is found by looking once.
    reloader.look().await;
    loop {
        files.follow(&reloader.running);
        let by_hand = tokio::select! {
            signal = heard.recv() => if signal.is_some() { true } else { return },
            () = reloader.running.look.notified() => false,
        };
        if by_hand {
            watchdog::reloading("looking at config, credentials and logs again");
            reloader.reload().await;
            watchdog::ready(&reloader.status());
        } else {
            reloader.look().await;
        }
    }
}

/// The files of which changes are told.
struct Watched {
    paths: Vec<PathBuf>,
    _files: Files,
}

impl Watched {
    /// The prices' directory is the database's, which changes all the time: theirs are looked at once a minute.
    fn new(running: &Running) -> Self {
        let paths = Self::of(&running.setup());
        let look = Arc::clone(&running.look);
        let files = Files::watch(&paths, move || look.notify_one());
        Self { paths, _files: files }
    }

    /// Another config may name another file for the key.
    fn follow(&mut self, running: &Running) {
        if Self::of(&running.setup()) != self.paths {
            *self = Self::new(running);
            // What came between is found by looking.
            running.look.notify_one();
        }
    }

    fn of(setup: &Setup) -> Vec<PathBuf> {
        let config = setup.env.config_file();
        credentials::watch_paths(&setup.env, &setup.config.keito).into_iter().chain([config]).collect()
    }
}

impl Reloader {
    /// Everything, whether it has changed or not.
    async fn reload(&mut self) {
        self.seen = self.at_rest().await;
        self.bring_into_force(true).await;
        self.running.look_for_credentials().await;
        self.running.look_at_mapping().await;
        self.running.ask_for_scan();
        tracing::info!("config, credentials and logs are looked at again");
    }

    /// How the files look once nobody writes to them: half of a config is another one. Whoever says that a file is ready,
    /// by a signal, may say so a moment before it is.
    async fn at_rest(&self) -> Stamps {
        let mut now = stamps(&self.running.setup());
        for _ in 0..LOOKS {
            tokio::time::sleep(QUIET).await;
            let later = stamps(&self.running.setup());
            if later == now {
                break;
            }
            now = later;
        }
        now
    }

    /// What has changed since it was looked at last.
    async fn look(&mut self) {
        if stamps(&self.running.setup()) == self.seen {
            return;
        }
        let now = self.at_rest().await;
        let before = std::mem::replace(&mut self.seen, now);
        if self.seen.config != before.config || self.seen.prices != before.prices {
            self.bring_into_force(self.seen.prices != before.prices).await;
        }
        if self.seen.credentials != before.credentials {
            self.running.look_for_credentials().await;
        }
    }

    /// Reads the file and goes by it, if it says anything else and can be used.
    async fn bring_into_force(&mut self, prices: bool) {
        let now = self.running.force.now();
        let found = tokio::task::spawn_blocking(move || find(&now, prices)).await;
        match found {
            Ok(Ok(found)) => {
                if self.running.force.change(|force| force.broken.take()).is_some() {
                    tracing::info!("the config can be used again");
                    watchdog::status(&self.status());
                }
                let Some(other) = found else { return };
                if let Err(error) = self.change(other).await {
                    tracing::error!("the config is read again in a minute: {error}");
                    self.seen = Stamps::default();
                }
            }
            Ok(Err(message)) => {
                tracing::error!("the config is not used, and what it said before stays in force: {message}");
                self.running.force.change(|force| force.broken = Some(message));
                watchdog::status(&self.status());
            }
            Err(_) => self.seen = Stamps::default(),
        }
    }

    async fn change(&mut self, other: Other) -> Result<(), Error> {
        let Other { setup, table, keys } = other;
        let watched = {
            let setup = Arc::clone(&setup);
            let found = tokio::task::spawn_blocking(move || setup.watched()).await;
            found.map_err(|_| Error::Ended { part: "reader" })?
        };
        let Terms { settings, policy, logging } =
            setup.terms(&watched, Arc::clone(&table), setup.config.since);
        let reform = move |clerk: &mut super::clerk::Clerk| {
            let now = clerk.now(time::clocks())?;
            clerk.reform(settings, Box::new(policy), logging, now)
        };
        self.running.clerk.call(reform).await??;
        let config = Arc::clone(&setup.config);
        self.since |= config.since.is_some();
        let mut waiting = config.differs_from(&self.started);
        waiting.retain(|key| is_fixed(key));
        if self.since && config.since.is_none() {
            waiting.push("since".to_owned());
        }
        let reading = setup.reading();
        self.running.force.change(|force| {
            (force.setup, force.table, force.waiting) = (setup, table, waiting.clone());
        });
        let any = |start: &str| keys.iter().any(|key| key.starts_with(start));
        if any("source") || any("tail.") {
            self.running.rereading.want(watched, reading);
            self.running.tell(Message::Reread);
        }
        if any("keito.") {
            self.running.find_credentials(true).await;
        }
        (self.applied)(&config);
        if !keys.is_empty() {
            tracing::info!(keys = keys.join(" "), "the config is in force as it is now");
        }
        if !waiting.is_empty() {
            tracing::warn!(
                keys = waiting.join(" "),
                "only a new start goes by these: keitod service restart"
            );
        }
        // What waited for it goes at once; a loop that has ended has nothing to look at.
        let _ = self.running.orders.send(Order::Look).await;
        Ok(())
    }

    fn status(&self) -> String {
        match self.running.force.now().broken {
            Some(message) => format!("{WATCHING}; the config is not used: {message}"),
            None => WATCHING.to_owned(),
        }
    }
}

/// Another configuration than the one in force, if the file has one; or the same with other `prices`.
///
/// # Errors
/// With what is wrong, for people.
fn find(now: &InForce, prices: bool) -> Result<Option<Other>, String> {
    let (setup, old) = (&now.setup, &now.setup.config);
    let config = Config::load(&setup.env).map_err(|error| summary(&error))?;
    if old.is_written() && !config.is_written() {
        // An editor may have emptied it for a moment; and without its rules all would be billed that they exclude.
        let path = setup.env.config_file();
        let how = if path.exists() { "says nothing any more" } else { "is gone" };
        return Err(format!("{} {how}; if that is meant: keitod service restart", path.display()));
    }
    let keys = config.differs_from(old);
    let priced = prices || keys.iter().any(|key| key.starts_with("price["));
    let table = if priced {
        let table =
            prices::table(&config, &setup.state_dir, time::now()).map_err(|error| error.to_string())?;
        Arc::new(table)
    } else {
        Arc::clone(&now.table)
    };
    let same = table.version() == now.table.version() && table.unused() == now.table.unused();
    let setup = Arc::new(setup.under(config));
    Ok((!keys.is_empty() || !same).then_some(Other { setup, table, keys }))
}

/// The first problems, each with its file and line, and how many there are besides.
fn summary(error: &ConfigError) -> String {
    let problems = error.problems();
    if problems.is_empty() {
        return error.to_string();
    }
    let mut text: Vec<String> = problems.iter().take(NAMED).map(ToString::to_string).collect();
    if problems.len() > NAMED {
        text.push(format!("and {} more", problems.len() - NAMED));
    }
    text.join("; ")
}

/// Keys that nothing but a start goes by.
fn is_fixed(key: &str) -> bool {
    key.starts_with("socket.") || key == "log.format"
}

fn stamps(setup: &Setup) -> Stamps {
    Stamps {
        config: stamp(&setup.env.config_file()),
        prices: prices::files(&setup.state_dir).iter().map(|path| stamp(path)).collect(),
        credentials: credential_files(setup),
    }
}

/// How the files look in which a key may stand.
pub(super) fn credential_files(setup: &Setup) -> Vec<Stamp> {
    let paths = credentials::watch_paths(&setup.env, &setup.config.keito);
    paths.iter().map(|path| stamp(path)).collect()
}

fn stamp(path: &Path) -> Stamp {
    let of = std::fs::metadata(path).ok()?;
    let times = [of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec()];
    Some((of.dev(), of.ino(), of.size(), times))
}
