//! `decisions.jsonl`: what people decided, outside the state, append-only. With the logs and Keito it is all that a
//! wiped database is made of again.

mod assigned;
mod line;

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use self::line::{Found, Line};
use super::clerk::decision::{Decision, Journal, Ruling};
use crate::model::Instant;

/// The file.
#[derive(Debug, Clone)]
pub struct Decisions {
    path: PathBuf,
}

impl Decisions {
    /// In this data directory; made at the first decision.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join("decisions.jsonl") }
    }

    /// All decisions, oldest first. A line that was cut by a crash, or that only a later keitod knows, is passed over.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn read(&self) -> io::Result<Vec<Decision>> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        // By bytes: half a character at the end must not make the rest unreadable.
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
        let decisions = lines.filter_map(|(number, line)| {
            let found = serde_json::from_slice::<Found>(line).ok().and_then(Found::decision);
            if found.is_none() {
                tracing::warn!(file = %self.path.display(), line = number + 1, "passed over: no decision of this version");
            }
            found
        });
        Ok(decisions.collect())
    }

    /// The last cut-off that was written.
    ///
    /// # Errors
    /// As [`Decisions::read`].
    pub fn since(&self) -> io::Result<Option<Instant>> {
        let since = self.read()?.into_iter().rev().find_map(|decision| match decision.ruling {
            Ruling::Since(since) => Some(since),
            _ => None,
        });
        Ok(since)
    }

    /// Writes a cut-off, durably.
    ///
    /// # Errors
    /// If it could not be written and synced.
    pub fn write_since(&self, now: Instant, since: Instant) -> io::Result<()> {
        self.append(&[Decision { at: now, account: None, ruling: Ruling::Since(since) }])
    }

    fn append(&self, decisions: &[Decision]) -> io::Result<()> {
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let mut file =
            OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(&self.path)?;
        let mut text = Vec::new();
        if !ends_whole(&mut file)? {
            // Half a line of a crash must not swallow ours.
            text.push(b'\n');
        }
        for decision in decisions {
            serde_json::to_writer(&mut text, &Line::of(decision))?;
            text.push(b'\n');
        }
        file.write_all(&text)?;
        file.sync_all()?;
        // The name of a new file is durable only when its directory is.
        self.path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    }
}

fn ends_whole(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl Journal for Decisions {
    fn write(&mut self, decisions: &[Decision]) -> io::Result<()> {
        self.append(decisions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::clerk::assigned::{Assignment, Target};
    use crate::daemon::clerk::decision::{Facts, Verb};
    use crate::ledger::admitted::Earlier;
    use crate::model::{AccountId, Agent, Kind, Link, ProjectId, RequestKey, SessionId, TaskId, Tokens};
    use crate::store::Account;

    #[test]
    fn the_last_cut_off_counts_and_strange_lines_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let decisions = Decisions::new(&dir.path().join("data"));
        assert_eq!(decisions.since().unwrap(), None);
        decisions.write_since(Instant::from_seconds(5), Instant::from_seconds(1)).unwrap();
        decisions.write_since(Instant::from_seconds(6), Instant::from_seconds(2)).unwrap();
        let mut file = OpenOptions::new().append(true).open(&decisions.path).unwrap();
        file.write_all(b"{\"at\":\"x\",\"kind\":\"later\"}\n{half \xc3").unwrap();
        assert_eq!(decisions.since().unwrap(), Some(Instant::from_seconds(2)));
        decisions.write_since(Instant::from_seconds(7), Instant::from_seconds(3)).unwrap();
        assert_eq!(decisions.since().unwrap(), Some(Instant::from_seconds(3)));
        assert_eq!(decisions.read().unwrap().len(), 3);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut decisions = Decisions::new(dir.path());
        let account =
            Account { origin: "https://keito.test".into(), account: AccountId::new("co"), sandbox: false };
        let (agent, session) = (Agent::claude_code(), SessionId::new("s"));
        let link = Link { project: ProjectId::new("p"), task: TaskId::new("t") };
        let place = ("2026-01-05".parse().unwrap(), link);
        let time = Facts::time(Verb::Discard, (&agent, &session), place.clone(), vec![(5, 9), (20, 30)]);
        let mut expense = Facts::time(Verb::Discard, (&agent, &session), place, Vec::new());
        (expense.kind, expense.model, expense.reason) = (Kind::Expense, "m".into(), Some("why".into()));
        let tokens = Tokens { input: 7, output: 3, ..Tokens::default() };
        let requests = [(RequestKey(9 << 100), tokens), (RequestKey(3 << 110), tokens)];
        let expense = expense.with_requests(&requests).with_own_id(Verb::Discard);
        let link = Link { project: ProjectId::new("p2"), task: TaskId::new("t2") };
        let names = ["Acme".to_owned(), "Relaunch".to_owned(), String::new()];
        let assigned = Assignment {
            agent: agent.clone(),
            session: session.clone(),
            dirs: Some(["/home/dev/x".to_owned()].into()),
            from: Some(Instant::from_seconds(1)),
            to: Some(Instant::from_millis(9_500)),
            onward: true,
            target: Some(Target::Link(link, names)),
            spent: None,
            moves: true,
        };
        let of = |ruling| Decision { at: Instant::from_seconds(9), account: Some(account.clone()), ruling };
        let earlier = Earlier {
            from: Instant::from_seconds(1),
            until: Instant::from_seconds(2),
            agent: Some(agent.clone()),
            project: Some(ProjectId::new("p")),
        };
        let all = vec![
            of(Ruling::Zone("Europe/Berlin".into(), None)),
            of(Ruling::Zone("Asia/Tokyo".into(), Some(Instant::from_seconds(7)))),
            of(Ruling::Backfill(earlier.clone())),
            of(Ruling::Backfill(Earlier { agent: None, project: None, ..earlier })),
            of(Ruling::On(Verb::Discard, Box::new(time))),
            of(Ruling::Assign(Box::new(assigned.clone()))),
            of(Ruling::Assign(Box::new(Assignment {
                target: None,
                spent: Some("2026-02-01".parse().unwrap()),
                ..assigned.clone()
            }))),
            of(Ruling::Assign(Box::new(Assignment {
                target: Some(Target::Exclude),
                dirs: None,
                ..assigned
            }))),
            of(Ruling::On(Verb::DeletedByPerson, Box::new(expense))),
        ];
        decisions.write(&all[..1]).unwrap();
        decisions.write(&all[1..]).unwrap();
        assert_eq!(decisions.read().unwrap(), all);
    }
}
