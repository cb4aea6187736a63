//! The reading thread: events and scans → whole lines → facts → the clerk.

pub mod again;
mod aside;
mod batch;
mod beside;
mod discover;
mod drain;
mod heads;
mod health;
mod hot;
mod known;
mod moved;
mod outage;
mod pace;
mod power;
mod registry;
mod rereading;
mod retries;
mod slice;
mod whole;

pub use health::{AgentHealth, Health};
pub use pace::Backlog;
pub use rereading::Rereading;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::clerk::Settled;
use super::desk::{Asked, ClerkHandle};
use super::pulse::{Part, Pulse};
use super::time::Monotonic;
use crate::model::Agent;
use crate::sources;
use crate::store;
use crate::tail::{Cadence, Event, Found, Handles, Kind, Limits, Mode, Pending, Reader, Watch};
use batch::Batch;
use hot::Hot;
use known::Known;
use pace::Pace;
use retries::Retries;

/// One agent and where its logs are.
#[derive(Clone)]
pub struct Watched {
    /// How its logs are read.
    pub source: sources::Reader,
    /// The agent.
    pub agent: Agent,
    /// Its roots.
    pub roots: Vec<PathBuf>,
    /// A file of its own that names further ones, which may come at any time.
    pub registry: Option<PathBuf>,
}

/// How reading is set up.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Longest line.
    pub max_line: usize,
    /// How changes are noticed.
    pub mode: Mode,
    /// Between scans.
    pub scan: Duration,
    /// Between scans while events prove reliable.
    pub scan_max: Duration,
    /// Bounds repeated reads of one file.
    pub debounce: Duration,
    /// What the history of a start, or of a new root, may take.
    pub backlog: Backlog,
}

/// A message to the reading thread.
pub enum Message {
    /// Something changed.
    Event(Event),
    /// Scan everything and read it to the end, then answer.
    Rescan(Sender<()>),
    /// Something else is to be read: see [`Rereading`].
    Reread,
    /// End.
    Stop,
}

/// What comes after serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The end.
    Stop,
    /// Reading of something else.
    Reread,
}

struct Job {
    watched: usize,
    /// One for all of its files: a history has thousands.
    root: Arc<Path>,
    found: Found,
    /// An event named it: it comes before the backlog.
    live: bool,
}

/// The reading side.
pub struct Intake {
    watched: Vec<Watched>,
    reading: Reading,
    clerk: ClerkHandle,
    health: Arc<Mutex<Health>>,
    known: Known,
    handles: Handles,
    reader: Reader,
    backlog: VecDeque<Job>,
    pace: Pace,
    hot: Arc<Hot>,
    retries: Retries,
    clock: Monotonic,
    live: bool,
    /// The daemon reads, not a pass: there is a later look.
    serves: bool,
    /// How each agent is watched.
    kinds: Vec<Kind>,
    /// Roots that were there.
    present: BTreeSet<PathBuf>,
    /// Databases of which the last look ended in the middle.
    continued: HashSet<PathBuf>,
    /// What is wrong with each agent's logs as a whole.
    findings: moved::Findings,
    /// A root appeared: nothing is sealed until it is read.
    appeared: bool,
    /// Roots that a registry named since it was looked at last, with their depth; to be watched.
    enrolled: Vec<(Option<usize>, PathBuf)>,
    rereading: Rereading,
    stop: CancellationToken,
    pulse: Pulse,
    /// Above it no repository is looked for; `None`: branches are those of the logs.
    home: Option<PathBuf>,
    /// The batch that is being written while the next one is read. One at most: a batch whose write failed must not
    /// be followed by one that goes on from it.
    sent: Option<Asked<Result<(), store::Error>>>,
}

/// Scans in a row at most: logs that never stop growing must not hold up delivery for ever.
const SCANS: usize = 5;
/// A backlog of so many bytes is a history, not what was missed.
const MUCH: u64 = 16 << 20;
/// Milliseconds between two sums of what is left to read.
const SHOW: u64 = 200;
/// Bytes of one file that are read before live files get their turn.
const BUDGET: u64 = 4 << 20;
/// Files kept open, for what is written between their last read and a rename or deletion.
const HANDLES: usize = 16;
/// Newest files of a root whose bytes are compared at each scan, whatever their `stat` says.
const COMPARED: usize = 64;

impl Intake {
    /// Prepares reading from where the store's cursors stand.
    ///
    /// # Errors
    /// Of the database.
    pub fn new(
        watched: Vec<Watched>,
        reading: Reading,
        clerk: ClerkHandle,
        health: Arc<Mutex<Health>>,
    ) -> Result<Self, super::Error> {
        let known = outage::cursors(&clerk)?;
        let reader = Reader::new(Limits { max_line: reading.max_line, budget: BUDGET });
        Ok(Self {
            kinds: vec![Kind::Off; watched.len()],
            watched,
            reading,
            clerk,
            health,
            known,
            handles: Handles::within_limits(HANDLES),
            reader,
            backlog: VecDeque::new(),
            pace: Pace::new(reading.backlog),
            hot: Arc::new(Hot::new(reading.debounce)),
            retries: Retries::default(),
            clock: Monotonic::new(),
            live: false,
            serves: false,
            present: BTreeSet::new(),
            continued: HashSet::new(),
            findings: moved::Findings::default(),
            appeared: false,
            enrolled: Vec::new(),
            rereading: Rereading::default(),
            stop: CancellationToken::new(),
            pulse: Pulse::default(),
            home: None,
            sent: None,
        })
    }

    /// Has reading end after the piece at hand when `stop` is cancelled.
    #[must_use]
    pub fn until(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// Has its steps counted here.
    #[must_use]
    pub fn beating(mut self, pulse: Pulse) -> Self {
        self.pulse = pulse;
        self
    }

    /// Has this directory tell where the power comes from, in place of the system's.
    #[must_use]
    pub fn powered_by(mut self, supplies: &Path) -> Self {
        self.pace.powered_by(supplies);
        self
    }

    /// Scans everything once and reads it to the end.
    ///
    /// # Errors
    /// Of the database.
    pub fn read_all(&mut self) -> Result<(), super::Error> {
        // Again until a scan finds nothing: a file may have grown after it was looked at and before its copy was, and
        // a copy must not be taken for the original because it was read first.
        for _ in 0..SCANS {
            self.scan_all()?;
            let done = self.backlog.is_empty();
            self.drain()?;
            if done {
                break;
            }
        }
        if self.stop.is_cancelled() {
            // Half of a history must not be taken for all of it.
            return Ok(());
        }
        self.tell_findings()?;
        self.settle_health(true);
        self.clerk.call_blocking(|clerk| clerk.set_caught_up(true))??;
        Ok(())
    }

    /// Watches, scans and reads until it is told to stop. `changed` is called after each commit.
    ///
    /// # Errors
    /// Of the database.
    pub fn run(
        mut self,
        messages: &Receiver<Message>,
        events: Sender<Message>,
        changed: &(dyn Fn() + Send),
    ) -> Result<(), super::Error> {
        while self.serve(messages, events.clone(), changed)? == Then::Reread {
            while let Err(error) = self.read_others() {
                if !self.survive(error, messages)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn serve(
        &mut self,
        messages: &Receiver<Message>,
        events: Sender<Message>,
        changed: &(dyn Fn() + Send),
    ) -> Result<Then, super::Error> {
        let (roots, depths) = self.places();
        let clock = Monotonic::new();
        self.serves = true;
        // Watch first, then scan: what changes in between is in one of the two.
        let hot = Arc::clone(&self.hot);
        let watch = Watch::within(&roots, depths, self.reading.mode, move |event| {
            hot.note(&event);
            // The receiver is gone only when reading has ended.
            let _ = events.send(Message::Event(event));
        });
        self.show(&watch);
        if let Err(error) = self.read_all()
            && !self.survive(error, messages)?
        {
            return Ok(Then::Stop);
        }
        changed();
        self.live = true;
        let mut pending = Pending::new(self.reading.debounce);
        let mut cadence = Cadence::new(self.reading.scan, self.reading.scan_max, clock.millis());
        cadence.started();
        cadence.finished(clock.millis(), watch.kind() == Kind::Native);
        self.with_health(|health| health.scan = Some(cadence.interval()));
        loop {
            if self.rereading.is_wanted() {
                return Ok(Then::Reread);
            }
            self.show(&watch);
            // Told to be watched they are scanned once more: what was written in between is in one of the two.
            watch.add(std::mem::take(&mut self.enrolled));
            let now = clock.millis();
            let wake = pending.next_wake().map_or(cadence.next_wake(), |at| at.min(cadence.next_wake()));
            let wait = Duration::from_millis(wake.saturating_sub(now));
            let retry = self
                .retries
                .next_wake()
                .map(|at| Duration::from_millis(at.saturating_sub(self.clock.millis())));
            let wait = retry.map_or(wait, |retry| retry.min(wait));
            self.pulse.waits(Part::Reader);
            let message = messages.recv_timeout(wait);
            self.pulse.works(Part::Reader);
            match message {
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return Ok(Then::Stop),
                Ok(Message::Reread) => continue,
                Ok(Message::Event(event)) => note(event, &mut pending, &mut cadence, clock.millis()),
                Ok(Message::Rescan(done)) => {
                    if let Err(error) = self.read_all()
                        && !self.survive(error, messages)?
                    {
                        return Ok(Then::Stop);
                    }
                    changed();
                    // Nobody waits any more if the asker is gone.
                    let _ = done.send(());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            while let Ok(message) = messages.try_recv() {
                match message {
                    Message::Stop => return Ok(Then::Stop),
                    Message::Reread => {}
                    Message::Event(event) => note(event, &mut pending, &mut cadence, clock.millis()),
                    Message::Rescan(done) => {
                        if let Err(error) = self.read_all()
                            && !self.survive(error, messages)?
                        {
                            return Ok(Then::Stop);
                        }
                        changed();
                        let _ = done.send(());
                    }
                }
            }
            let mut due = pending.due(clock.millis());
            due.extend(self.retries.due(self.clock.millis()));
            if due.iter().any(|path| !self.known.contains(path)) {
                due.extend(pending.all(clock.millis()));
                // The last one looked at is read first: files that are known already.
                due.sort_by_key(|path| self.known.contains(path));
            }
            if due.iter().any(|path| self.is_registry(path)) {
                self.enroll();
                if !self.enrolled.is_empty() {
                    cadence.request(clock.millis());
                }
            }
            let scan = cadence.due(clock.millis());
            if !scan && due.is_empty() && self.backlog.is_empty() {
                continue;
            }
            if scan {
                cadence.started();
            }
            let clean = match self.work(&due, scan) {
                Ok(clean) => clean,
                Err(error) => {
                    if !self.survive(error, messages)? {
                        return Ok(Then::Stop);
                    }
                    false
                }
            };
            if scan {
                cadence.finished(clock.millis(), clean && watch.kind() == Kind::Native);
                self.with_health(|health| health.scan = Some(cadence.interval()));
            }
            self.settle_health(true);
            changed();
        }
    }

    /// Looks at these files, scans if it is time, and reads what is new. Returns whether a scan found nothing that
    /// events had not told.
    fn work(&mut self, due: &[PathBuf], scan: bool) -> Result<bool, super::Error> {
        for path in due {
            self.look(path)?;
        }
        let before = self.backlog.len();
        if scan {
            self.scan_all()?;
        }
        let clean = self.backlog.len() == before;
        self.drain()?;
        if scan {
            self.tell_findings()?;
        }
        Ok(clean)
    }

    /// How changes are noticed may become worse while running, and better when a root comes back.
    fn show(&mut self, watch: &Watch) {
        let roots = watch.watched();
        let kind = |watched: &Watched| {
            let own = roots.iter().filter(|root| watched.roots.contains(&root.root));
            own.map(|root| root.kind).max().unwrap_or(Kind::Off)
        };
        let kinds: Vec<Kind> = self.watched.iter().map(kind).collect();
        if kinds != self.kinds {
            self.with_health(|health| {
                for (agent, kind) in health.agents.iter_mut().zip(&kinds) {
                    agent.watcher = kind.as_str();
                }
            });
            self.kinds = kinds;
        }
    }

    fn unread(&self, job: &Job) -> u64 {
        let offset = self.known.get(&job.found.path).map_or(0, |known| known.cursor.offset);
        job.found.stat.size.saturating_sub(offset)
    }
}

fn note(event: Event, pending: &mut Pending, cadence: &mut Cadence, now: u64) {
    match event {
        Event::Changed(path) => pending.note(path, now),
        Event::Rescan(_) => cadence.request(now),
    }
}

/// Channel to the reading thread.
#[must_use]
pub fn messages() -> (Sender<Message>, Receiver<Message>) {
    channel()
}

/// What a flush asks for besides the scan.
pub type FlushSettled = Settled;
