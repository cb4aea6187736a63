//! Which files are to be read: by the scan, or because an event named them.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::health::{AgentHealth, Problems};
use super::whole::look;
use super::{COMPARED, Intake, Job};
use crate::daemon::Error;
use crate::sources::{Shape, Source};
use crate::tail::{Found, Root, Scan, ScanLimits, database_cursor, has_changed, scan, scan_below};

impl Intake {
    /// One changed path: a file, or a directory that appeared.
    pub(super) fn look(&mut self, path: &Path) -> Result<(), Error> {
        // A database's changes are in its log first.
        let path = path.to_str().and_then(|path| path.strip_suffix("-wal")).map_or(path, Path::new);
        for index in 0..self.watched.len() {
            for root in self.watched[index].roots.clone() {
                let Ok(opened) = Root::open(&root) else { continue };
                let Ok(relative) = path.strip_prefix(opened.path()) else { continue };
                self.greet(&root)?;
                let source = self.watched[index].source.clone();
                let mut found = Scan::new(limits(&*source, &root));
                let is_log = |path: &Path| source.claim_below(&root, path).is_some();
                scan_below(&opened, relative, &is_log, &mut found);
                self.enqueue(index, &root, found, true);
            }
        }
        Ok(())
    }

    pub(super) fn scan_all(&mut self) -> Result<(), Error> {
        self.enroll();
        // Before the scan: what it finds is told of the agent whose it is.
        self.with_health(|health| {
            health.agents.resize_with(self.watched.len(), AgentHealth::default);
            for (index, agent) in health.agents.iter_mut().enumerate() {
                self.watched[index].agent.as_str().clone_into(&mut agent.agent);
                agent.roots.clone_from(&self.watched[index].roots);
                agent.watcher = self.kinds[index].as_str();
                agent.problems = Problems::default();
            }
        });
        for index in 0..self.watched.len() {
            let (mut files, mut newest) = (0, None);
            for root in self.watched[index].roots.clone() {
                let source = self.watched[index].source.clone();
                let mut found = Scan::new(limits(&*source, &root));
                scan(&root, &|path| source.claim_below(&root, path).is_some(), &mut found);
                if found.absent.is_empty() {
                    self.greet(&root)?;
                } else {
                    self.present.remove(&root);
                }
                files += found.found.len() as u64;
                newest = newest.max(found.found.first().map(|found| found.stat.mtime_ns));
                self.enqueue(index, &root, found, false);
            }
            self.findings.scanned(index, newest);
            self.with_health(|health| {
                if let Some(agent) = health.agents.get_mut(index) {
                    (agent.files, agent.lag_bytes) = (files, 0);
                }
            });
        }
        Ok(())
    }

    fn enqueue(&mut self, watched: usize, root: &Path, mut scan: Scan, front: bool) {
        if self.watched[watched].source.depth(root).is_some() {
            // Where the agent's layout sets the limit nothing is missed by it.
            scan.beyond_depth = 0;
        }
        self.with_health(|health| {
            let Some(agent) = health.agents.get_mut(watched) else { return };
            for problem in &scan.problems {
                agent.problems.add(&problem.path, problem.reason.to_string());
            }
            agent.problems.more += scan.more_problems;
            let beyond = [
                (scan.beyond_files, "files over the limit are not read, the oldest ones"),
                (scan.beyond_depth, "directories too deep are not read"),
            ];
            for (number, what) in beyond.into_iter().filter(|(number, _)| *number > 0) {
                agent.problems.add(root, format!("{number} {what}"));
            }
        });
        if scan.found.is_empty() {
            // Of most agents there is nothing, and to know what is queued already costs as much as the backlog is long.
            return;
        }
        let opened = if front { None } else { Root::open(root).ok() };
        let queued: HashSet<&Path> = self.backlog.iter().map(|job| job.found.path.as_path()).collect();
        let mut age = 0;
        let changed = scan.found.into_iter().filter(|found| {
            age += 1;
            let compared = opened.as_ref().filter(|_| age <= COMPARED);
            !queued.contains(found.path.as_path()) && self.has_changed(watched, compared, found, front)
        });
        let changed: Vec<_> = changed.collect();
        let shared: Arc<Path> = root.into();
        for found in changed {
            let job = Job { watched, root: Arc::clone(&shared), found, live: front };
            if front { self.backlog.push_front(job) } else { self.backlog.push_back(job) }
        }
    }

    /// Whether a file is to be read. `compared`: its bytes are asked too. What is tried again later is left alone by
    /// scans until it looks different.
    fn has_changed(&self, watched: usize, compared: Option<&Root>, found: &Found, named: bool) -> bool {
        let known = self.known.get(&found.path).map(|known| &known.cursor);
        let shape = self.watched[watched].source.shape(found.relative());
        let (changed, changes) = match (shape, known) {
            (Shape::Database, _) => {
                let before = known.cloned().unwrap_or_default();
                let (now, _) = database_cursor(&found.path, &found.stat, &before);
                (!before.is_unchanged(&found.stat) || now.anchor != before.anchor, now.anchor.hash)
            }
            (_, None) => (true, 0),
            (_, Some(cursor)) => {
                let changed = match compared {
                    Some(root) => has_changed(root, found, cursor),
                    None => !cursor.is_unchanged(&found.stat),
                };
                (changed, 0)
            }
        };
        changed
            && (named || !self.retries.waits(&found.path, look(&found.stat, changes), self.clock.millis()))
    }

    /// A root that was not there is there: what it holds may be copies, or the originals of what is known.
    fn greet(&mut self, root: &Path) -> Result<(), Error> {
        if !self.present.insert(root.to_path_buf()) || !self.live {
            return Ok(());
        }
        self.appeared = true;
        self.clerk.call_blocking(|clerk| clerk.set_caught_up(false))??;
        Ok(())
    }
}

fn limits(source: &dyn Source, root: &Path) -> ScanLimits {
    let limits = ScanLimits::default();
    ScanLimits { depth: source.depth(root).unwrap_or(limits.depth), ..limits }
}
