//! Change events of the roots. Beside `files` the only user of `notify`.
//!
//! Events are hints. Whatever makes them incomplete (overflow, an error, a root that came or went) is answered by
//! watching everything anew, then [`Event::Rescan`]: add first, then scan, so that nothing falls in between.
//!
//! On Linux each directory is watched by itself instead of through notify's recursive mode: that one reports a new
//! directory before it watches it, gives up a whole tree for one directory without permission, and does not add what
//! an overflow made it miss. Where polling is needed, the root itself is named as changed every few seconds and the
//! scan looks: notify's own poller compares whole seconds and would miss a second append in the same second.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind};
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher};
use rustix::io::Errno;

use super::event::{Event, Kind, Mode, PollReason, RescanReason, Watched};
use super::network::is_network;
use super::scan::ScanLimits;
use super::targets::{Place, Target};

/// How often a polled root is looked at.
const POLL: Duration = Duration::from_secs(5);
/// How often the roots are resolved again, for what no event tells: mounts, links set to another target.
const CHECK: Duration = Duration::from_secs(30);
/// Events waiting for our thread; the kernel's own queue has as many. More are an overflow.
const QUEUE: usize = 16_384;
/// Attempts to watch roots that come and go meanwhile; what is left to the check after that.
const SETTLE: usize = 4;
/// Errors of the watcher, other than limits, until it is given up.
const PATIENCE: u32 = 8;

/// Watches the roots until dropped.
#[derive(Debug)]
pub struct Watch {
    watched: Arc<Mutex<Vec<Watched>>>,
    stop: Arc<AtomicBool>,
    signals: SyncSender<Signal>,
    added: Added,
}

/// Roots to be watched besides, each with the levels of directories below it where they are limited.
type Added = Arc<Mutex<Vec<(Option<usize>, PathBuf)>>>;

#[derive(Debug)]
enum Signal {
    Event(notify::Result<notify::Event>),
    Wake,
}

impl Watch {
    /// Begins to watch. When this returns the watches are set: scan now. A root that does not exist is waited for at
    /// its nearest existing ancestor. `deliver` is called from one thread of our own and should not take long;
    /// repeated events of a path are merged while it does.
    #[must_use]
    pub fn new(roots: &[PathBuf], mode: Mode, deliver: impl Fn(Event) + Send + 'static) -> Self {
        Self::within(roots, BTreeMap::new(), mode, deliver)
    }

    /// The same; below the roots named in `depths` only so many levels of directories.
    #[must_use]
    pub fn within(
        roots: &[PathBuf],
        depths: BTreeMap<PathBuf, usize>,
        mode: Mode,
        deliver: impl Fn(Event) + Send + 'static,
    ) -> Self {
        let (signals, receiver) = sync_channel(QUEUE);
        let watched = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let added = Added::default();
        let mut worker = Worker {
            roots: roots.to_vec(),
            depths,
            mode,
            deliver: Box::new(deliver),
            signals: signals.clone(),
            receiver,
            overflow: Arc::new(AtomicBool::new(false)),
            stop: Arc::clone(&stop),
            added: Arc::clone(&added),
            watched: Arc::clone(&watched),
            watcher: None,
            targets: Vec::new(),
            polled: BTreeMap::new(),
            failures: 0,
            missed: false,
        };
        worker.rebuild();
        if mode != Mode::Off {
            let started = std::thread::Builder::new().name("watch".into()).spawn(move || worker.run());
            if started.is_err() {
                for root in &mut *watched.lock().unwrap_or_else(PoisonError::into_inner) {
                    root.kind = Kind::Off;
                }
            }
        }
        Self { watched, stop, signals, added }
    }

    /// Watches these roots too, each with the levels of directories below it where they are limited. Once they are
    /// watched [`Event::Rescan`] is told.
    pub fn add(&self, roots: Vec<(Option<usize>, PathBuf)>) {
        if roots.is_empty() {
            return;
        }
        self.added.lock().unwrap_or_else(PoisonError::into_inner).extend(roots);
        // If there is no room, there is enough to wake it.
        let _ = self.signals.try_send(Signal::Wake);
    }

    /// How the roots are watched, the worst of them: that is how prompt all is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.watched().iter().map(|root| root.kind).max().unwrap_or(Kind::Off)
    }

    /// Each root and how it is watched.
    #[must_use]
    pub fn watched(&self) -> Vec<Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Not joined: the thread may be inside `deliver`, waiting for whoever drops us.
        self.stop.store(true, Ordering::Release);
        let _ = self.signals.try_send(Signal::Wake);
    }
}

struct Worker {
    roots: Vec<PathBuf>,
    depths: BTreeMap<PathBuf, usize>,
    mode: Mode,
    deliver: Box<dyn Fn(Event) + Send>,
    signals: SyncSender<Signal>,
    receiver: Receiver<Signal>,
    overflow: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    added: Added,
    watched: Arc<Mutex<Vec<Watched>>>,
    watcher: Option<RecommendedWatcher>,
    targets: Vec<Target>,
    /// Roots that native watching failed for; not tried again.
    polled: BTreeMap<PathBuf, PollReason>,
    failures: u32,
    /// A directory was gone when it was to be watched.
    missed: bool,
}

/// What a batch of signals asks for, beyond the changed paths.
#[derive(Default)]
struct Batch {
    changed: BTreeSet<PathBuf>,
    check: bool,
    rebuild: Option<RescanReason>,
}

impl Worker {
    fn run(mut self) {
        let (mut poll, mut check) = (Instant::now() + POLL, Instant::now() + CHECK);
        loop {
            let wait = poll.min(check).saturating_duration_since(Instant::now());
            let mut batch = Batch::default();
            match self.receiver.recv_timeout(wait) {
                Ok(first) => {
                    self.signal(first, &mut batch);
                    for _ in 0..QUEUE {
                        let Ok(next) = self.receiver.try_recv() else { break };
                        self.signal(next, &mut batch);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            if self.overflow.swap(false, Ordering::AcqRel) {
                batch.rebuild.get_or_insert(RescanReason::Overflow);
            }
            for (levels, root) in
                std::mem::take(&mut *self.added.lock().unwrap_or_else(PoisonError::into_inner))
            {
                batch.rebuild.get_or_insert(RescanReason::RootChanged);
                self.depths.extend(levels.map(|levels| (root.clone(), levels)));
                self.roots.push(root);
            }
            let now = Instant::now();
            if now >= check || batch.check {
                check = now + CHECK;
                if self.moved() {
                    batch.rebuild.get_or_insert(RescanReason::RootChanged);
                }
            }
            if let Some(reason) = batch.rebuild {
                self.rebuild();
                (self.deliver)(Event::Rescan(reason));
            }
            if now >= poll {
                poll = now + POLL;
                batch.changed.extend(self.polled_directories());
            }
            for path in batch.changed {
                (self.deliver)(Event::Changed(path));
            }
        }
    }

    fn signal(&mut self, signal: Signal, batch: &mut Batch) {
        match signal {
            Signal::Wake => {}
            Signal::Event(Ok(event)) if event.need_rescan() => {
                batch.rebuild.get_or_insert(RescanReason::Overflow);
            }
            Signal::Event(Ok(event)) => self.event(event, batch),
            Signal::Event(Err(error)) => self.error(&error, batch),
        }
    }

    fn event(&mut self, event: notify::Event, batch: &mut Batch) {
        // Reading is an event as well, our own reading first of all.
        if let EventKind::Access(access) = event.kind
            && access != AccessKind::Close(AccessMode::Write)
        {
            return;
        }
        let new = matches!(
            event.kind,
            EventKind::Create(CreateKind::Any | CreateKind::Folder) | EventKind::Modify(ModifyKind::Name(_))
        );
        let gone = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
        for path in event.paths {
            batch.check |= self.targets.iter().any(|target| target.concerns(&path));
            if gone && self.targets.iter().any(|target| target.watched() == Some(path.as_path())) {
                // Its watch is gone with it, even if a directory of that name is there again.
                batch.rebuild = Some(RescanReason::RootChanged);
            }
            let Some((root, levels)) = self.around(&path) else { continue };
            if new && path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                let depth = path.strip_prefix(&root).map_or(0, |below| below.components().count());
                // Watched before it is named, so what was made in it meanwhile is either told or scanned.
                if let Some(Err(error)) =
                    self.watcher.as_mut().map(|watcher| cover(watcher, &path, depth, levels))
                {
                    self.error(&error, batch);
                }
            }
            batch.changed.insert(path);
        }
    }

    fn error(&mut self, error: &notify::Error, batch: &mut Batch) {
        let limit = is_limit(error);
        self.failures += u32::from(!limit);
        batch.rebuild = Some(if limit { RescanReason::Limit } else { RescanReason::Failed });
        let reason = match limit {
            true => PollReason::Limit,
            false if self.failures > PATIENCE => PollReason::Failed,
            false => return,
        };
        // The tree that it happened in, or all if that is not known.
        for target in &self.targets {
            let touched = |root: &Path| error.paths.iter().any(|path| path.starts_with(root));
            if error.paths.is_empty() || target.directory().is_some_and(touched) {
                self.polled.insert(target.root.clone(), reason);
            }
        }
    }

    /// Resolves all roots and watches them anew.
    fn rebuild(&mut self) {
        for _ in 0..SETTLE {
            self.targets = self.roots.iter().map(|root| Target::resolve(root)).collect();
            // A root that cannot be watched falls back to polling and gives its watches to the others: each turn
            // takes one root away, so this ends.
            while let Err((root, reason)) = self.build() {
                self.polled.insert(root, reason);
            }
            // A root may have come while its ancestor was not watched yet, and what was to be watched may have gone; a
            // directory made in its place may even have its inode.
            if !self.missed && !self.moved() {
                break;
            }
        }
        let watched = self.targets.iter().map(|target| Watched {
            root: target.root.clone(),
            directory: target.directory().map(Path::to_owned),
            kind: self.kind(target),
        });
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = watched.collect();
    }

    fn build(&mut self) -> Result<(), (PathBuf, PollReason)> {
        (self.watcher, self.missed) = (None, false);
        let native = |target: &&Target| self.kind(target) == Kind::Native;
        let native: Vec<&Target> = self.targets.iter().filter(native).collect();
        let Some(first) = native.first() else { return Ok(()) };
        let mut watcher = self.watcher().map_err(|error| (first.root.clone(), reason(&error)))?;
        let mut missed = false;
        for target in &native {
            let added = match &target.place {
                Place::There { path, .. } => cover(&mut watcher, path, 0, self.levels(target)),
                Place::Absent { ancestor, .. } => {
                    if native.iter().any(|other| self.covers(other, ancestor)) {
                        continue;
                    }
                    add(&mut watcher, ancestor, RecursiveMode::NonRecursive)
                }
                Place::Nowhere => continue,
            };
            missed |= !added.map_err(|error| (target.root.clone(), reason(&error)))?;
        }
        self.missed = missed;
        self.watcher = Some(watcher);
        Ok(())
    }

    fn watcher(&self) -> notify::Result<RecommendedWatcher> {
        let (signals, overflow) = (self.signals.clone(), Arc::clone(&self.overflow));
        let handler = move |event| {
            if let Err(TrySendError::Full(_)) = signals.try_send(Signal::Event(event)) {
                overflow.store(true, Ordering::Release);
            }
        };
        RecommendedWatcher::new(handler, Config::default().with_follow_symlinks(false))
    }

    fn kind(&self, target: &Target) -> Kind {
        match self.mode {
            Mode::Off => Kind::Off,
            Mode::Poll => Kind::Poll(PollReason::Configured),
            Mode::Auto if target.directory().is_some_and(is_network) => Kind::Poll(PollReason::Network),
            Mode::Auto | Mode::Native => match self.polled.get(&target.root) {
                Some(reason) => Kind::Poll(*reason),
                None => Kind::Native,
            },
        }
    }

    /// Whether a root is not where it was.
    fn moved(&self) -> bool {
        self.targets.iter().any(|target| Target::resolve(&target.root) != *target)
    }

    /// The innermost root around `path`, and how many levels of directories are watched below it.
    fn around(&self, path: &Path) -> Option<(PathBuf, usize)> {
        let there = |target: &Target| Some((target.directory()?.to_owned(), self.levels(target)));
        let around = self.targets.iter().filter_map(there).filter(|(root, _)| path.starts_with(root));
        around.max_by_key(|(root, _)| root.components().count())
    }

    /// Whether what is made in `directory` is told by the watch of `target`.
    fn covers(&self, target: &Target, directory: &Path) -> bool {
        let below = target.directory().and_then(|root| directory.strip_prefix(root).ok());
        below.is_some_and(|below| below.components().count() < self.levels(target))
    }

    fn levels(&self, target: &Target) -> usize {
        let most = ScanLimits::default().depth;
        self.depths.get(&target.root).map_or(most, |depth| most.min(*depth))
    }

    fn polled_directories(&self) -> Vec<PathBuf> {
        let polled = self.targets.iter().filter(|target| matches!(self.kind(target), Kind::Poll(_)));
        polled.filter_map(Target::directory).map(Path::to_owned).collect()
    }
}

/// Watches a directory and all below it, as deep as the scan looks. Whether it was there.
fn cover(
    watcher: &mut RecommendedWatcher,
    directory: &Path,
    depth: usize,
    levels: usize,
) -> notify::Result<bool> {
    if depth >= levels {
        return Ok(true);
    }
    // One stream covers a tree here, and each further watch would restart it.
    if cfg!(target_os = "macos") && levels > 1 {
        return if depth == 0 { add(watcher, directory, RecursiveMode::Recursive) } else { Ok(true) };
    }
    match add(watcher, directory, RecursiveMode::NonRecursive) {
        // Not ours to read, which the scan reports. The root itself must be watched.
        Err(error) if depth > 0 && !is_limit(&error) => return Ok(true),
        Ok(true) => {}
        other => return other,
    }
    let Ok(entries) = directory.read_dir() else { return Ok(true) };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            cover(watcher, &entry.path(), depth + 1, levels)?;
        }
    }
    Ok(true)
}

/// Whether the directory was there. That it is gone already is no error: its parent or the check tells.
fn add(watcher: &mut RecommendedWatcher, directory: &Path, mode: RecursiveMode) -> notify::Result<bool> {
    match watcher.watch(directory, mode) {
        Err(error) if matches!(&error.kind, notify::ErrorKind::PathNotFound) => Ok(false),
        Err(notify::Error { kind: notify::ErrorKind::Io(error), .. })
            if error.kind() == std::io::ErrorKind::NotFound =>
        {
            Ok(false)
        }
        other => other.map(|()| true),
    }
}

fn is_limit(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => true,
        notify::ErrorKind::Io(error) => {
            matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOSPC))
        }
        _ => false,
    }
}

fn reason(error: &notify::Error) -> PollReason {
    if is_limit(error) { PollReason::Limit } else { PollReason::Failed }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
