//! A small database that is read as the real one is: facts → transaction → settled → reader.

use std::path::PathBuf;

use crate::ledger::days::Calendar;
use crate::ledger::spans::Gaps;
use crate::model::{
    Activity, ActivityKey, Agent, Facts, Instant, Mark, Meaning, MessageKey, Quality, Reject, RejectReason,
    Reported, RequestKey, Sighting, Terms, Tokens, Usd, Who, hash64,
};
use crate::report::{Place, Rows};
use crate::sources::Context;
use crate::store::{Read, Reader, Store};
use crate::tail::Cursor;

pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

pub(crate) fn london() -> Calendar {
    Calendar::new(jiff::tz::TimeZone::get("Europe/London").unwrap())
}

/// One file of an agent with one session in one directory.
pub(crate) struct Log {
    agent: Agent,
    session: String,
    dir: String,
    facts: Facts,
    unread: u64,
}

impl Log {
    pub(crate) fn new(agent: &str, session: &str, dir: &str) -> Self {
        let (agent, facts) = (Agent::new(agent), Facts::default());
        Self { agent, session: session.to_owned(), dir: dir.to_owned(), facts, unread: 0 }
    }

    /// `input cache_read cache_write_5m cache_write_1h output reasoning`.
    pub(crate) fn request(mut self, time: &str, model: &str, counts: [u64; 6]) -> Self {
        let message = format!("{}-{time}", self.session);
        let [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning] = counts;
        let names = &mut self.facts.names;
        let sighting = Sighting {
            session: names.intern(&self.session),
            origin: None,
            message: MessageKey::new(self.agent.as_str(), &message),
            key: RequestKey::with_request_id(self.agent.as_str(), &message, "r"),
            has_request_id: true,
            line: None,
            at: at(time),
            model: names.intern(model),
            provider: None,
            reported: None,
            dir: Some(names.intern(&self.dir)),
            branch: None,
            tokens: Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning },
            terms: Terms::default(),
            quality: Quality::Exact,
            nested: false,
            offset: 0,
        };
        self.facts.sightings.push(sighting);
        self
    }

    /// What the log says the last request cost, and whose list applies.
    pub(crate) fn reported(mut self, provider: &str, usd: i128, meaning: Meaning) -> Self {
        let provider = self.facts.names.intern(provider);
        if let Some(last) = self.facts.sightings.last_mut() {
            (last.provider, last.reported) = (Some(provider), Some(Reported { usd: Usd(usd), meaning }));
        }
        self
    }

    /// The request of that time was cut.
    pub(crate) fn cut(mut self, time: &str) -> Self {
        let message = MessageKey::new(self.agent.as_str(), &format!("{}-{time}", self.session));
        let session = self.facts.names.intern(&self.session);
        self.facts.marks.push(Mark { session, message });
        self
    }

    pub(crate) fn event(mut self, time: &str, who: Who) -> Self {
        let key = ActivityKey(hash64(&[self.session.as_bytes(), time.as_bytes()]));
        let session = self.facts.names.intern(&self.session);
        let dir = Some(self.facts.names.intern(&self.dir));
        self.facts.activities.push(Activity {
            origin: None,
            session,
            key,
            at: at(time),
            who,
            dir,
            branch: None,
            proven_ms: 0,
            offset: 0,
        });
        self
    }

    pub(crate) fn bad_line(mut self) -> Self {
        self.facts.rejects.push(Reject { offset: 7, length: 3, reason: RejectReason::NotJson });
        self
    }

    pub(crate) fn unread(mut self, bytes: u64) -> Self {
        self.unread = bytes;
        self
    }

    pub(crate) fn ingest(self, store: &mut Store) {
        let path = PathBuf::from(format!("/logs/{}/{}.jsonl", self.agent, self.session));
        let cursor = Cursor { path, size: 100 + self.unread, offset: 100, ..Cursor::default() };
        let mut context = Context::default();
        context.claim.session = Some(self.session.clone());
        let read = Read { agent: &self.agent, cursor: &cursor, context: &context, facts: &self.facts };
        store.transact(|tx| tx.ingest(&read)).unwrap();
    }
}

/// A database file, its writer, and a reader beside it.
pub(crate) struct Sample {
    _dir: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) reader: Reader,
}

impl Sample {
    pub(crate) fn of(logs: Vec<Log>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keitod.db");
        let mut store = Store::open(&path).unwrap();
        logs.into_iter().for_each(|log| log.ingest(&mut store));
        let gaps = Gaps { idle_ms: 300_000, tool_ms: 3_600_000 };
        let horizon = at("2027-01-01T00:00:00Z");
        store
            .transact(|tx| {
                while !tx.settle_dirty(gaps, horizon, 100)?.is_empty() {}
                Ok(())
            })
            .unwrap();
        Self { _dir: dir, reader: Reader::open(&path).unwrap(), store }
    }

    /// Two days around a midnight in London (23:00 UTC), two agents, priced, unpriced and free models.
    pub(crate) fn two_days() -> Self {
        use Who::{Agent, Prompt, Tool};
        Self::of(vec![
            // 120 s before midnight and 120 s after it, 600 s of waiting for a person, 30 s.
            Log::new("claude-code", "A", "/w/acme")
                .event("2026-05-05T22:58:00Z", Prompt)
                .request("2026-05-05T22:59:00Z", "opus", [100, 0, 0, 0, 10, 0])
                .request("2026-05-05T23:02:00Z", "opus", [200, 50, 0, 0, 20, 5])
                .cut("2026-05-05T23:02:00Z")
                .event("2026-05-05T23:02:00Z", Agent)
                .event("2026-05-05T23:12:00Z", Prompt)
                .event("2026-05-05T23:12:30Z", Agent)
                .request("2026-05-05T23:12:30Z", "mystery", [7, 0, 0, 0, 1, 0])
                .unread(30),
            // 100 s beside A, then 600 s that nothing proves.
            Log::new("claude-code", "B", "/w/acme")
                .event("2026-05-05T23:00:00Z", Agent)
                .event("2026-05-05T23:01:40Z", Agent)
                .request("2026-05-05T23:01:40Z", "free", [10, 0, 3, 4, 2, 0])
                .event("2026-05-05T23:11:40Z", Agent)
                .bad_line(),
            // 40 s: below the minimum.
            Log::new("codex", "C", "/w/other")
                .event("2026-05-06T10:00:00Z", Prompt)
                .event("2026-05-06T10:00:40Z", Tool),
            // A single event.
            Log::new("codex", "D", "/w/other").event("2026-05-07T09:00:00Z", Prompt),
        ])
    }
}

/// Dollars per million tokens: opus 5 and 25, the free model nothing, mystery unknown.
pub(crate) fn price(model: &str, tokens: &Tokens) -> Option<Usd> {
    match model {
        "opus" => Some(Usd(i128::from(tokens.input * 5 + tokens.output * 25) * 1_000_000)),
        "free" => Some(Usd(0)),
        _ => None,
    }
}

/// `/w/acme` is project `p1`; nothing else is mapped.
pub(crate) fn place(rows: &Rows, dir: Option<crate::model::DirRef>) -> Place {
    let acme = dir.and_then(|dir| rows.names.dir(dir)) == Some("/w/acme");
    Place { project: acme.then(|| "p1".into()), ..Place::default() }
}

/// The keys of a JSON text in the order in which they stand there.
pub(crate) fn keys_in_order(json: &str) -> Vec<String> {
    let parts: Vec<&str> = json.split('"').collect();
    let pairs = parts.windows(2).skip(1).step_by(2);
    pairs.filter(|pair| pair[1].trim_start().starts_with(':')).map(|pair| pair[0].to_owned()).collect()
}

pub(crate) fn contract(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/contract").join(name);
    std::fs::read_to_string(path).unwrap()
}
