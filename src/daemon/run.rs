//! The service in the foreground.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::assemble::{Parts, Setup};
use super::clerk::Noticed;
use super::delivery::{self, Delivery, Order};
use super::documents::Documents;
use super::in_force::{Force, InForce};
use super::intake::{self, Message, Rereading};
use super::pulse::Part;
use super::{Error, reload, steps, time, watchdog};
use crate::deliver::{Desk, PauseReason};
use crate::store::{Account, AccountRow};

/// How often credentials, mapping files and the like are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// At each so many looks it is asked whether a day has passed since the last backup.
const BACK_UP: u32 = 15;

/// How long reader and clerk may take to end, each.
const LAST: Duration = Duration::from_secs(5);

/// A running keitod, for the socket and for tests.
#[derive(Clone)]
pub struct Running {
    /// How it is set up, and the prices.
    pub force: Force,
    /// Asks the clerk.
    pub clerk: super::desk::ClerkHandle,
    /// What reading reports.
    pub health: Arc<Mutex<intake::Health>>,
    /// The cut-off.
    pub since: Option<crate::model::Instant>,
    /// The database.
    pub database: std::path::PathBuf,
    /// When it started.
    pub started: crate::model::Instant,
    /// Orders to the delivering task.
    pub orders: mpsc::Sender<Order>,
    /// Messages to the reading thread.
    pub reader: Arc<Mutex<Sender<Message>>>,
    /// Why credentials cannot be used, if so; empty if there are none.
    pub no_credentials: Arc<Mutex<Option<String>>>,
    /// What is to be read from now on, if something else than so far.
    pub rereading: Rereading,
    /// Has config, prices and credentials looked at.
    pub look: Arc<Notify>,
    /// Held by whoever looks for credentials.
    pub finding: Arc<tokio::sync::Mutex<()>>,
    /// Whom we deliver to, with the hash of the key.
    pub delivering_to: Arc<Mutex<Option<(Account, u64)>>>,
    /// The state of the line after the last turn.
    pub line: Line,
}

/// What status shows of the line to Keito, so that nobody has to ask the clerk.
pub type Line = Arc<Mutex<Shown>>;

/// The state after the last turn.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The account's row and line.
    pub line: Option<(AccountRow, Desk)>,
    /// What the clocks did.
    pub noticed: Noticed,
}

impl Running {
    /// How it is set up now.
    #[must_use]
    pub fn setup(&self) -> Arc<Setup> {
        self.force.now().setup
    }

    /// What is answered from the database, under the configuration of now.
    #[must_use]
    pub fn documents(&self) -> Documents {
        let InForce { setup, table, .. } = self.force.now();
        let (database, data_dir) = (self.database.clone(), setup.data_dir.clone());
        Documents { database, data_dir, config: Arc::clone(&setup.config), table, setup }
    }

    /// Has everything scanned and read; returns when done.
    pub async fn rescan(&self) {
        let (done, waiting) = std::sync::mpsc::channel();
        self.tell(Message::Rescan(done));
        // The reading thread answers, or it has ended and the channel closes.
        let _ = tokio::task::spawn_blocking(move || waiting.recv()).await;
    }

    /// Asks for a scan and returns.
    pub fn ask_for_scan(&self) {
        let (done, _) = std::sync::mpsc::channel();
        self.tell(Message::Rescan(done));
    }

    /// Makes the daily backup if it is time, beside the writer.
    async fn back_up(&self) {
        // On a full disk the room is for what is on its way.
        if !self.clerk.storage().may_send() {
            return;
        }
        let database = self.database.clone();
        let made =
            tokio::task::spawn_blocking(move || crate::store::daily_backup(&database, time::now())).await;
        match made {
            Ok(Ok(Some(path))) => tracing::info!(path = %path.display(), "the database is backed up"),
            Ok(Err(crate::store::Error::Corrupt(what))) => {
                // Nothing leaves any more on what it says; the next start puts a backup in its place.
                let _ = self.clerk.call(move |clerk| clerk.condemn(&what)).await;
            }
            Ok(Err(error)) => tracing::error!("no backup was made: {error}"),
            Ok(Ok(None)) | Err(_) => {}
        }
    }

    /// Whether directories lead elsewhere now, or hooks of the Keito skill came or went. What waited for that goes at once.
    /// `false`: nobody answers any more.
    pub(super) async fn look_at_mapping(&self) -> bool {
        let looked = self.clerk.call(|clerk| {
            let now = clerk.now(time::clocks())?;
            clerk.look_at_mapping(now)
        });
        let looked = looked.await;
        if matches!(looked, Ok(Ok(true))) {
            // A loop that has ended has nothing to look at.
            let _ = self.orders.send(Order::Look).await;
        }
        looked.is_ok()
    }

    pub(super) fn tell(&self, message: Message) {
        // A reader that has ended has said why.
        let _ = self.reader.lock().unwrap_or_else(PoisonError::into_inner).send(message);
    }

    /// Whom we deliver to.
    #[must_use]
    pub fn account(&self) -> Option<Account> {
        self.delivering_to
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(|(account, _)| account.clone())
    }

    /// Whether they are to be looked for though no file changed: a program prints the key, and there is none, or it is refused.
    /// It may ask its person for a password, so it is not run again while its key is good.
    fn needs_credentials(&self) -> bool {
        let printed = self.setup().config.keito.api_key_command.is_some();
        let refused = || {
            let shown = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            let pause = shown.line.as_ref().and_then(|(_, desk)| desk.pause);
            pause.is_some_and(|pause| pause.reason == PauseReason::Auth)
        };
        printed && (self.account().is_none() || refused())
    }

    /// Looks for credentials and tells the delivering task if they changed.
    pub async fn look_for_credentials(&self) {
        self.find_credentials(false).await;
    }

    /// The same; `anew`: how Keito is spoken to has changed, whoever we are there.
    pub(super) async fn find_credentials(&self, anew: bool) {
        // One after the other: what was found earlier must not arrive later.
        let _turn = self.finding.lock().await;
        let setup = self.setup();
        let found = tokio::task::spawn_blocking(move || setup.credentials()).await;
        let (to, order, why) = match found {
            Ok(Ok(Some((account, courier)))) => {
                let to = (account.clone(), courier.print);
                (Some(to), Order::Deliver(Some(Box::new((account, courier)))), None)
            }
            Ok(Ok(None)) => (None, Order::Deliver(None), Some(String::new())),
            Ok(Err(error)) => (None, Order::Deliver(None), Some(error.to_string())),
            Err(_) => return,
        };
        let changed = {
            let mut known = self.delivering_to.lock().unwrap_or_else(PoisonError::into_inner);
            let mut reason = self.no_credentials.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(why) = why.as_ref().filter(|why| !why.is_empty() && reason.as_ref() != Some(*why)) {
                tracing::error!("{why}");
            }
            *reason = why;
            std::mem::replace(&mut *known, to.clone()) != to
        };
        if changed || anew {
            // The task that obeys has ended only if the whole daemon does.
            let _ = self.orders.send(order).await;
        }
    }
}

/// Runs until `stop`. `ready` is called once the state is open and reading has begun, with what the socket serves.
///
/// # Errors
/// Of the state; everything else is survived and shown in the status.
pub async fn run(
    setup: Setup,
    stop: CancellationToken,
    ready: impl AsyncFnOnce(&Running) -> Result<(), Error>,
) -> Result<(), Error> {
    let Parts { clerk, thread, intake, health, table, since, database, stop: clerk_ended, pulse } =
        setup.assemble(true)?;
    let (messages, inbox) = intake::messages();
    let (orders, mut obeyed) = mpsc::channel(16);
    let changed = Arc::new(Notify::new());
    let rereading = intake.rereading();
    let running = Running {
        force: Force::new(Arc::new(setup), table),
        clerk: clerk.clone(),
        health,
        since,
        database,
        started: time::now(),
        orders,
        reader: Arc::new(Mutex::new(messages.clone())),
        no_credentials: Arc::new(Mutex::new(Some(String::new()))),
        rereading,
        look: Arc::default(),
        finding: Arc::default(),
        delivering_to: Arc::default(),
        line: Line::default(),
    };
    let reading = {
        let (changed, events, intake) = (Arc::clone(&changed), messages.clone(), intake.until(stop.clone()));
        // Whatever ends the thread ends the daemon: half of it would look alive and bill nothing.
        let last = stop.clone().drop_guard();
        std::thread::Builder::new()
            .name(Part::Reader.name().into())
            .spawn(move || {
                let _last = last;
                let told = Arc::clone(&changed);
                let ended = intake.run(&inbox, events, &move || told.notify_one());
                // Whatever ended it concerns delivery too, which may be asleep.
                changed.notify_one();
                ended
            })
            .map_err(Error::Thread)?
    };
    ready(&running).await?;
    let beside = [
        tokio::spawn(ending(stop.clone(), look(running.clone(), stop.clone()))),
        tokio::spawn(ending(stop.clone(), async move { clerk_ended.cancelled().await })),
        tokio::spawn(steps::watch(running.clone(), Arc::clone(&changed), stop.clone())),
        tokio::spawn(watchdog::feed(pulse.clone())),
        tokio::spawn(super::audit::daily(running.clone(), stop.clone())),
        tokio::spawn(super::kept::keep(running.clone(), stop.clone())),
    ];
    let mut delivery = Delivery::new(clerk.clone(), None)
        .showing(Arc::clone(&running.line))
        .until(stop.clone())
        .beating(pulse);
    let ended = tokio::select! {
        ended = delivery.run(&changed, &mut obeyed) => ended,
        () = overdue(&stop) => Err(Error::Ended { part: Part::Clerk.name() }),
    };
    stop.cancel();
    running.tell(Message::Stop);
    let read = tokio::time::timeout(LAST, tokio::task::spawn_blocking(move || reading.join())).await;
    // Source, sender, store: what was read and answered is written before the log of the database is closed.
    let closed = tokio::time::timeout(LAST, clerk.call(|clerk| clerk.store().checkpoint())).await;
    for task in beside {
        task.abort();
    }
    drop((delivery, running, clerk));
    // What still holds a handle (a socket's last answer) lets go within its own deadline; then the store gives its
    // lease back and the log of the database goes.
    let _ = tokio::time::timeout(LAST, tokio::task::spawn_blocking(move || thread.join())).await;
    ended?;
    match read {
        Ok(Ok(Ok(result))) => result?,
        Ok(_) => return Err(Error::Ended { part: Part::Reader.name() }),
        Err(_) => tracing::warn!("the reader did not end in time: it reads the same again at the next start"),
    }
    match closed {
        Ok(Ok(Ok(()))) => Ok(()),
        // Nothing is lost by it: the next start reads the log of the database.
        Ok(Ok(Err(error))) => {
            tracing::warn!(%error, "the database's log was not written back");
            Ok(())
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::Ended { part: Part::Clerk.name() }),
    }
}

/// Returns when sending should long have ended: then it waits for a clerk that hangs.
async fn overdue(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(delivery::LAST + Duration::from_secs(2)).await;
}

/// Runs a task whose end is the daemon's.
async fn ending(stop: CancellationToken, task: impl Future<Output = ()>) {
    let _last = stop.drop_guard();
    task.await;
}

/// Once a minute: credentials, and whether directories lead elsewhere now. Files that are as they were are not read again: a
/// daemon with nothing to do wakes up for this alone.
async fn look(running: Running, stop: CancellationToken) {
    let mut seen = None;
    for looks in 0_u32.. {
        let files = Some(reload::credential_files(&running.setup()));
        if files != seen || running.needs_credentials() {
            running.look_for_credentials().await;
            seen = files;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        running.look.notify_one();
        if looks % BACK_UP == 0 {
            running.back_up().await;
        }
        if !running.look_at_mapping().await {
            return;
        }
    }
}
