use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::mpsc::{Receiver, channel};

use super::*;

const PATIENT: Duration = Duration::from_secs(20);

fn watch(roots: &[PathBuf], mode: Mode) -> (Watch, Receiver<Event>) {
    let (sender, events) = channel();
    let watch = Watch::new(roots, mode, move |event| drop(sender.send(event)));
    (watch, events)
}

/// Waits for the event; others may come before.
fn wait(events: &Receiver<Event>, expected: &Event) {
    let end = Instant::now() + PATIENT;
    let mut others = Vec::new();
    while let Ok(event) = events.recv_timeout(end.saturating_duration_since(Instant::now())) {
        if event == *expected {
            return;
        }
        others.push(event);
    }
    panic!("{expected:?} did not come, but {others:?}");
}

fn changed(path: &Path) -> Event {
    Event::Changed(path.to_owned())
}

fn append(path: &Path) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(b"line\n").unwrap();
}

fn temp() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap();
    (dir, path)
}

#[test]
fn an_append_is_told_and_our_own_reading_is_not() {
    let (_dir, base) = temp();
    append(&base.join("log"));
    let (watch, events) = watch(std::slice::from_ref(&base), Mode::Native);
    assert_eq!(watch.kind(), Kind::Native);
    fs::read(base.join("log")).unwrap();
    append(&base.join("mark"));
    let first = events.recv_timeout(PATIENT).unwrap();
    assert_eq!(first, changed(&base.join("mark")), "reading made an event");
    append(&base.join("log"));
    wait(&events, &changed(&base.join("log")));
}

#[test]
fn below_a_limited_root_nothing_is_watched_but_a_root_of_its_own() {
    let (_dir, base) = temp();
    let inner = base.join("storage/message");
    for path in ["snapshot/objects", "storage/message/ses_1", "storage/part"] {
        fs::create_dir_all(base.join(path)).unwrap();
    }
    let (sender, events) = channel();
    let depths = [(base.clone(), 1)].into();
    let _watch = Watch::within(&[base.clone(), inner.clone()], depths, Mode::Native, move |event| {
        drop(sender.send(event))
    });
    append(&base.join("snapshot/objects/ab"));
    append(&base.join("storage/part/x"));
    append(&inner.join("ses_1/a"));
    wait(&events, &changed(&inner.join("ses_1/a")));
    fs::create_dir(inner.join("ses_2")).unwrap();
    wait(&events, &changed(&inner.join("ses_2")));
    append(&inner.join("ses_2/b"));
    wait(&events, &changed(&inner.join("ses_2/b")));
    append(&base.join("opencode.db"));
    let mut seen = Vec::new();
    loop {
        let Event::Changed(path) = events.recv_timeout(PATIENT).unwrap() else { continue };
        let done = path == base.join("opencode.db");
        seen.push(path);
        if done {
            break;
        }
    }
    assert!(
        seen.iter()
            .all(|path| !path.starts_with(base.join("snapshot"))
                && !path.starts_with(base.join("storage/part"))),
        "{seen:?}"
    );
}

#[test]
fn a_root_to_come_is_waited_for_below_a_limited_one() {
    let (_dir, base) = temp();
    fs::create_dir_all(base.join("a/b")).unwrap();
    let inner = base.join("a/b/c");
    let (sender, events) = channel();
    let depths = [(base.clone(), 1)].into();
    let _watch = Watch::within(&[base.clone(), inner.clone()], depths, Mode::Native, move |event| {
        drop(sender.send(event))
    });
    append(&base.join("begun"));
    wait(&events, &changed(&base.join("begun")));
    fs::create_dir(&inner).unwrap();
    wait(&events, &Event::Rescan(RescanReason::RootChanged));
    append(&inner.join("log"));
    wait(&events, &changed(&inner.join("log")));
}

/// Follows events as the daemon does, a scan of each path that is told, until all of these were seen.
fn wait_for_files(events: &Receiver<Event>, mut missing: BTreeSet<PathBuf>) {
    let end = Instant::now() + PATIENT;
    while !missing.is_empty() {
        let event = events.recv_timeout(end.saturating_duration_since(Instant::now()));
        let Ok(Event::Changed(told)) = event else { panic!("{event:?}, and never told: {missing:?}") };
        missing.retain(|path| !(path.starts_with(&told) && path.exists()));
    }
}

#[test]
fn whatever_is_made_in_new_directories_is_told() {
    let (_dir, base) = temp();
    let (_watch, events) = watch(std::slice::from_ref(&base), Mode::Native);
    let mut expected = BTreeSet::new();
    for n in 0..200 {
        // Made faster than watches can be set: told as a directory that holds it, or by itself.
        let deep = base.join(format!("{n}/a/b"));
        fs::create_dir_all(&deep).unwrap();
        for file in [deep.join("log"), base.join(format!("{n}/log"))] {
            append(&file);
            expected.insert(file);
        }
    }
    wait_for_files(&events, expected);
    // All is watched now, moved directories too.
    append(&base.join("7/a/b/late"));
    wait(&events, &changed(&base.join("7/a/b/late")));
    fs::rename(base.join("7"), base.join("moved")).unwrap();
    wait(&events, &changed(&base.join("moved")));
    append(&base.join("moved/a/b/late"));
    wait(&events, &changed(&base.join("moved/a/b/late")));
}

#[test]
fn a_root_is_waited_for_and_found_again_after_it_went() {
    let (_dir, base) = temp();
    let root = base.join("home/agent/sessions");
    let (watch, events) = watch(std::slice::from_ref(&root), Mode::Native);
    assert_eq!(watch.watched(), [Watched { root: root.clone(), directory: None, kind: Kind::Native }]);
    let rescan = Event::Rescan(RescanReason::RootChanged);
    for _ in 0..3 {
        fs::create_dir_all(&root).unwrap();
        while watch.watched()[0].directory.is_none() {
            wait(&events, &rescan);
        }
        append(&root.join("log"));
        wait(&events, &changed(&root.join("log")));
        fs::remove_dir_all(base.join("home")).unwrap();
        while watch.watched()[0].directory.is_some() {
            wait(&events, &rescan);
        }
    }
}

#[test]
fn a_linked_root_is_told_by_its_target() {
    let (_dir, base) = temp();
    fs::create_dir(base.join("real")).unwrap();
    std::os::unix::fs::symlink("real", base.join("link")).unwrap();
    let (watch, events) = watch(&[base.join("link")], Mode::Native);
    assert_eq!(watch.watched()[0].directory, Some(base.join("real")));
    append(&base.join("link/log"));
    wait(&events, &changed(&base.join("real/log")));
}

#[test]
fn a_polled_root_is_told_every_few_seconds() {
    let (_dir, base) = temp();
    let (watch, events) = watch(std::slice::from_ref(&base), Mode::Poll);
    assert_eq!(watch.kind(), Kind::Poll(PollReason::Configured));
    wait(&events, &changed(&base));
}

#[test]
fn off_is_off() {
    let (_dir, base) = temp();
    let (watch, events) = watch(std::slice::from_ref(&base), Mode::Off);
    assert_eq!((watch.kind(), watch.kind().as_str()), (Kind::Off, "off"));
    assert!(events.recv().is_err(), "nobody is left to send");
}

/// A worker that is not running, to hand it what the kernel would.
fn worker(roots: &[PathBuf]) -> Worker {
    let (signals, receiver) = sync_channel(QUEUE);
    let mut worker = Worker {
        depths: BTreeMap::new(),
        roots: roots.to_vec(),
        mode: Mode::Native,
        deliver: Box::new(|_| ()),
        signals,
        receiver,
        overflow: Arc::default(),
        stop: Arc::default(),
        added: Added::default(),
        watched: Arc::default(),
        watcher: None,
        targets: Vec::new(),
        polled: BTreeMap::new(),
        failures: 0,
        missed: false,
    };
    worker.rebuild();
    worker
}

fn kinds(worker: &Worker) -> Vec<Kind> {
    worker.watched.lock().unwrap().iter().map(|root| root.kind).collect()
}

#[test]
fn the_limit_of_watches_makes_that_root_polled() {
    let (_dir, base) = temp();
    let roots = [base.join("a"), base.join("b")];
    roots.iter().for_each(|root| fs::create_dir(root).unwrap());
    let mut worker = worker(&roots);
    let error = notify::Error::new(notify::ErrorKind::MaxFilesWatch).add_path(roots[1].join("new"));
    let mut batch = Batch::default();
    worker.signal(Signal::Event(Err(error)), &mut batch);
    assert_eq!(batch.rebuild, Some(RescanReason::Limit));
    worker.rebuild();
    assert_eq!(kinds(&worker), [Kind::Native, Kind::Poll(PollReason::Limit)]);
    assert_eq!(worker.polled_directories(), [roots[1].clone()]);
}

#[test]
fn an_overflow_asks_for_a_scan_and_errors_are_borne_for_a_while() {
    let (_dir, base) = temp();
    let mut worker = worker(std::slice::from_ref(&base));
    let mut batch = Batch::default();
    let overflow = notify::Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
    worker.signal(Signal::Event(Ok(overflow)), &mut batch);
    assert_eq!(batch.rebuild, Some(RescanReason::Overflow));
    for n in 0..=PATIENCE {
        assert_eq!(kinds(&worker), [Kind::Native], "{n}");
        worker.signal(Signal::Event(Err(notify::Error::generic("broken"))), &mut batch);
        assert_eq!(batch.rebuild, Some(RescanReason::Failed));
        worker.rebuild();
    }
    assert_eq!(kinds(&worker), [Kind::Poll(PollReason::Failed)]);
}

#[test]
fn an_overflow_loses_no_directory() {
    let (_dir, base) = temp();
    let (sender, events) = channel();
    let (hold, held) = channel::<()>();
    let _watch = Watch::new(std::slice::from_ref(&base), Mode::Native, move |event| {
        let _ = held.recv(); // until the other end is dropped
        let _ = sender.send(event);
    });
    // Equal neighbours are one event, so two files in turn.
    let mut files = ["a", "b"].map(|name| fs::File::create(base.join(name)).unwrap());
    for n in 0..QUEUE * 2 {
        files[n % 2].write_all(b"x").unwrap();
    }
    fs::create_dir(base.join("late")).unwrap();
    drop(hold);
    wait(&events, &Event::Rescan(RescanReason::Overflow));
    append(&base.join("late/log"));
    wait(&events, &changed(&base.join("late/log")));
}

/// The kernel's own limit: run in a user namespace with `max_inotify_watches` set to 3.
#[test]
#[ignore = "needs a lowered limit of watches"]
fn the_kernels_limit_of_watches_is_survived() {
    let (_dir, base) = temp();
    for n in 0..9 {
        fs::create_dir_all(base.join(format!("big/{n}"))).unwrap();
    }
    fs::create_dir(base.join("small")).unwrap();
    let roots = [base.join("big"), base.join("small")];
    let (watch, events) = watch(&roots, Mode::Auto);
    let kinds: Vec<_> = watch.watched().iter().map(|root| root.kind).collect();
    assert_eq!(kinds, [Kind::Poll(PollReason::Limit), Kind::Native]);
    append(&base.join("small/log"));
    wait(&events, &changed(&base.join("small/log")));
    wait(&events, &changed(&base.join("big")));
    for n in 0..9 {
        fs::create_dir(base.join(format!("small/{n}"))).unwrap();
    }
    wait(&events, &Event::Rescan(RescanReason::Limit));
    assert_eq!(watch.kind(), Kind::Poll(PollReason::Limit));
}

#[test]
fn a_root_that_is_added_is_watched_as_if_it_had_been_there_from_the_start() {
    let (_dir, base) = temp();
    let (first, later) = (base.join("first"), base.join("later"));
    fs::create_dir(&first).unwrap();
    fs::create_dir_all(later.join("deep")).unwrap();
    let (watch, events) = watch(std::slice::from_ref(&first), Mode::Native);
    watch.add(vec![(Some(1), later.clone())]);
    wait(&events, &Event::Rescan(RescanReason::RootChanged));
    let roots: Vec<PathBuf> = watch.watched().into_iter().map(|watched| watched.root).collect();
    assert_eq!(roots, [first.clone(), later.clone()]);
    append(&later.join("log"));
    wait(&events, &changed(&later.join("log")));
    append(&first.join("log"));
    wait(&events, &changed(&first.join("log")));
    append(&later.join("deep/log"));
    append(&later.join("mark"));
    loop {
        let event = events.recv_timeout(PATIENT).unwrap();
        if event == changed(&later.join("mark")) {
            break;
        }
        assert_ne!(event, changed(&later.join("deep/log")), "deeper than its logs lie");
    }
}

#[test]
fn a_directory_that_a_root_is_waited_for_in_may_go_and_come_again() {
    let (_dir, base) = temp();
    fs::create_dir(base.join("home")).unwrap();
    let mut worker = worker(&[base.join("home/agent")]);
    // It is there again, for all that its place tells; the watch was of the other one.
    let gone = |name: &str| {
        notify::Event::new(EventKind::Remove(notify::event::RemoveKind::Folder)).add_path(base.join(name))
    };
    for (name, expected) in [("other", None), ("home", Some(RescanReason::RootChanged))] {
        let mut batch = Batch::default();
        worker.event(gone(name), &mut batch);
        assert_eq!(batch.rebuild, expected, "{name}");
    }
    let mut watcher = worker.watcher().unwrap();
    assert!(!add(&mut watcher, &base.join("never"), RecursiveMode::NonRecursive).unwrap());
    assert!(add(&mut watcher, &base, RecursiveMode::NonRecursive).unwrap());
}
