//! The clerk, the real client, real HTTP to the embedded Keito, and a clock that both share.

mod asleep;
mod caught_up;
mod error_table;
mod limits;
mod money;
mod people;
mod poison;
mod refusals;
mod soak;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use keitod::daemon::clerk::{Clerk, Detail, Effect, Factor, NoteFor, Policy, Settings, Spot};
use keitod::daemon::time::Monotonic;
use keitod::daemon::wire;
use keitod::deliver::{Backoff, Desk};
use keitod::keito;
use keitod::ledger::basis::Cost;
use keitod::ledger::due::{self, Place, Price};
use keitod::ledger::held::Held;
use keitod::ledger::overlap::Overlap;
use keitod::ledger::spans::Gaps;
use keitod::model::{
    AccountId, Activity, ActivityKey, Agent, BranchRef, CategoryId, Day, DirRef, Facts, Instant, LineKey,
    Link, MessageKey, ProjectId, Quality, RequestKey, Sighting, TaskId, Terms, Tokens, Usd, Who, WriteRef,
    hash64,
};
use keitod::sandbox::{self, ACCOUNT, Clock, KEY, Running, Sandbox, ids};
use keitod::sources::Context;
use keitod::store::{Account, Error, Read, Store, Tx, WriteRow};
use keitod::tail::Cursor;

pub const START: i64 = 1_772_910_000;
pub const GRACE: u64 = 120;

/// Sends a directory to the project that its last name is.
struct ByName;

impl Policy for ByName {
    fn spot(
        &mut self,
        tx: &Tx<'_>,
        _: &Agent,
        dir: Option<DirRef>,
        _: Option<BranchRef>,
        _: Instant,
    ) -> Result<Option<Arc<Spot>>, Error> {
        let path = dir.map(|dir| tx.dir_of(dir)).transpose()?.flatten();
        let Some((path, _)) = path else { return Ok(None) };
        assert!(!path.ends_with("/poison"), "a directory that nobody can look at");
        let project = ProjectId::new(path.rsplit('/').next().unwrap());
        let link = Link { project, task: TaskId::new(ids::DEVELOPMENT) };
        let place = Place::To {
            link,
            min_seconds: None,
            max_seconds: None,
            overlap: Overlap::Sum,
            cost: Cost::List { chosen: true },
        };
        let detail = Detail { repo: "shop".into(), send_repo: Some("acme/shop".into()), ..Detail::default() };
        Ok(Some(Arc::new(Spot { place, detail })))
    }

    fn default_spot(&self, _: &Agent) -> Option<Arc<Spot>> {
        None
    }

    fn price(&self, _: &Agent, _: &due::Request, tokens: &Tokens) -> Result<Price, Held> {
        let usd = Usd(1_000_000_000 * i128::from(tokens.prompt() + tokens.output));
        Ok(Price { usd, source: "test".to_owned() })
    }

    fn factor(&self, _: &Detail, _: Day, currency: Option<&str>) -> Result<Factor, Held> {
        let rate = match currency {
            Some("GBP") => "0.7931173",
            Some("JPY") => "151",
            _ => return Ok(Factor::one()),
        };
        Ok(Factor::parse(Some(rate), None).unwrap())
    }

    fn bill_estimates(&self, _: &Agent) -> bool {
        false
    }

    fn entries_held(&self, _: &Agent) -> Option<Held> {
        None
    }

    fn note(&self, _: &Detail, of: &NoteFor<'_>) -> String {
        of.model.to_owned()
    }

    fn price_version(&self) -> String {
        "test".to_owned()
    }
}

pub struct Line {
    now: Arc<AtomicI64>,
    pub keito: Running,
    client: keito::Client,
    clerk: Option<Clerk>,
    pub settings: Settings,
    account: AccountId,
    /// So many sendings will panic.
    pub breaks: u32,
}

impl Line {
    pub async fn start(change: impl FnOnce(&mut Settings, &mut sandbox::Settings)) -> Self {
        let now = Arc::new(AtomicI64::new(START * 1000));
        let shared = Arc::clone(&now);
        let clock = Clock::from_fn(move || Instant::from_millis(shared.load(Ordering::SeqCst)));
        let mut served = sandbox::Settings { clock, ..sandbox::Settings::default() };
        let mut settings = settings();
        change(&mut settings, &mut served);
        let keito = Sandbox::start(served).await.unwrap();
        let client = client(&keito.origin(), KEY);
        let mut line =
            Self { now, keito, client, clerk: None, settings, account: AccountId::new(ACCOUNT), breaks: 0 };
        line.take_over(Store::in_memory().unwrap());
        line
    }

    fn take_over(&mut self, store: Store) {
        let mut clerk = Clerk::new(store, self.settings.clone(), Box::new(ByName), self.now()).unwrap();
        let account = Account { origin: self.keito.origin(), account: self.account.clone(), sandbox: true };
        clerk.set_account(Some(&account), self.now()).unwrap();
        clerk.set_caught_up(true).unwrap();
        self.clerk = Some(clerk);
    }

    /// The process dies here, and another one takes over.
    pub fn restart(&mut self) {
        let store = self.clerk.take().unwrap().into_store();
        self.take_over(store);
    }

    pub fn use_key(&mut self, key: &str, print: u64) {
        self.client = client(&self.keito.origin(), key);
        self.restart();
        self.clerk().set_key(print).unwrap();
    }

    pub fn clerk(&mut self) -> &mut Clerk {
        self.clerk.as_mut().unwrap()
    }

    pub fn now(&self) -> Instant {
        Instant::from_millis(self.now.load(Ordering::SeqCst))
    }

    pub fn pass(&self, time: Duration) {
        self.now.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub fn desk(&mut self) -> Desk {
        self.clerk().line().unwrap().2.clone()
    }

    pub fn pause(&mut self) -> &'static str {
        self.desk().pause.map_or("", |pause| pause.reason.code())
    }

    /// A session in a project: an agent's minutes from `START + from` on, and so many requests at its first instant.
    pub fn session(&mut self, name: &str, project: &str, from: i64, minutes: i64, requests: u64) {
        let mut facts = Facts::default();
        let session = facts.names.intern(name);
        let dir = Some(facts.names.intern(&format!("/w/{project}")));
        let model = facts.names.intern("opus");
        for minute in 0..=minutes {
            let at = Instant::from_seconds(START + from + minute * 60);
            let key = ActivityKey(hash64(&[name.as_bytes(), &(from + minute * 60).to_le_bytes()]));
            let (who, origin, branch) = (Who::Agent, None, None);
            facts.activities.push(Activity {
                origin,
                session,
                key,
                at,
                who,
                dir,
                branch,
                proven_ms: 0,
                offset: 0,
            });
        }
        for request in 0..requests {
            let message = format!("msg_{name}_{from}_{request}");
            let at = Instant::from_seconds(START + from);
            facts.sightings.push(Sighting {
                session,
                origin: None,
                message: MessageKey::new("claude-code", &message),
                key: RequestKey::with_request_id("claude-code", &message, &message),
                has_request_id: true,
                line: Some(LineKey(hash64(&[message.as_bytes()]))),
                at,
                model,
                provider: None,
                reported: None,
                dir,
                branch: None,
                tokens: Tokens { input: 1000, output: 500, ..Tokens::default() },
                terms: Terms::default(),
                quality: Quality::Exact,
                nested: false,
                offset: 0,
            });
        }
        self.read(&format!("{name}-{from}"), &facts);
    }

    /// What a decoder found in a log.
    pub fn read(&mut self, log: &str, facts: &Facts) {
        let cursor = Cursor::new(std::path::Path::new(&format!("/logs/{log}.jsonl")));
        let (agent, context) = (Agent::new("claude-code"), Context::default());
        let read = Read { agent: &agent, cursor: &cursor, context: &context, facts };
        let now = self.now();
        self.clerk().ingest(&[read], false, now).unwrap();
    }

    /// Polls, and has everything carried out that wants to leave now. Returns when to poll again.
    pub async fn turn(&mut self) -> (usize, Option<Instant>) {
        let mut carried = 0;
        loop {
            let now = self.now();
            let polled = self.clerk().poll(now, u32::MAX).unwrap();
            if polled.effects.is_empty() && !polled.more {
                return (carried, polled.wake.map(|wake| wake.at));
            }
            for effect in polled.effects {
                carried += 1;
                self.carry_out(effect).await;
                self.pass(Duration::from_millis(20));
            }
        }
    }

    /// Until the first request of this kind has been answered.
    pub async fn until(&mut self, stop: impl Fn(&Effect) -> bool) {
        for _ in 0..2000 {
            let now = self.now();
            let polled = self.clerk().poll(now, u32::MAX).unwrap();
            let mut stopped = false;
            let idle = polled.effects.is_empty() && !polled.more;
            for effect in polled.effects {
                stopped |= stop(&effect);
                self.carry_out(effect).await;
            }
            if stopped {
                return;
            }
            if idle {
                let wake = polled.wake.expect("something to wait for").at;
                self.pass(wake.since(self.now()).max(Duration::from_millis(1)));
            }
        }
        panic!("in vain");
    }

    /// As [`Line::carry_out`], with a sleep of the machine between the server's answer and its arrival here.
    async fn carry_out_asleep(&mut self, effect: Effect, sleep: Duration) {
        let answer = wire::carry_out(&self.client, effect, "LLM Usage", Monotonic::new()).await;
        self.pass(sleep);
        let now = self.now();
        assert!(self.clerk().answer(answer, now, u32::MAX).unwrap().is_empty());
    }

    async fn carry_out(&mut self, effect: Effect) {
        let breaks = matches!(effect, Effect::Send { .. }) && self.breaks > 0;
        self.breaks -= u32::from(breaks);
        let answer = if breaks {
            wire::broken(effect)
        } else {
            wire::carry_out(&self.client, effect, "LLM Usage", Monotonic::new()).await
        };
        let now = self.now();
        for more in self.clerk().answer(answer, now, u32::MAX).unwrap() {
            Box::pin(self.carry_out(more)).await;
        }
    }

    /// Time goes on for so long, everything is done when it wants to be.
    pub async fn run(&mut self, time: Duration) {
        let end = self.now().plus(time);
        for _ in 0..20_000 {
            let (_, wake) = self.turn().await;
            match wake.filter(|wake| *wake < end) {
                Some(wake) => self.pass(wake.since(self.now()).max(Duration::from_millis(1))),
                None => {
                    self.pass(end.since(self.now()));
                    return;
                }
            }
        }
        panic!("no rest");
    }

    pub fn write(&mut self, id: i64) -> Option<WriteRow> {
        self.clerk().store().view().write(WriteRef(id)).unwrap().map(|(row, _, _)| row)
    }

    /// State and the first word of the reason.
    pub fn state(&mut self, id: i64) -> String {
        let Some(write) = self.write(id) else { return "gone".to_owned() };
        let reason = write.reason.as_deref().unwrap_or("").split(':').next().unwrap_or("").to_owned();
        format!("{} {reason}", write.state.word()).trim_end().to_owned()
    }

    /// Requests of a method and path.
    pub fn asked(&self, method: &str, path: &str) -> usize {
        let path = format!("/api/v2{path}");
        let hit = |of: &&sandbox::Request| of.method == method && of.path.starts_with(&path);
        self.keito.state().requests().iter().filter(hit).count()
    }
}

fn client(origin: &str, key: &str) -> keito::Client {
    keito::Client::new(&keito::Settings {
        origin: origin.to_owned(),
        account: Some(ACCOUNT.to_owned()),
        key: key.to_owned().into(),
        request_timeout: Duration::from_secs(2),
        connect_timeout: Duration::from_secs(2),
        proxy: None,
    })
    .unwrap()
}

fn settings() -> Settings {
    let zone = jiff::tz::TimeZone::UTC;
    Settings {
        since: None,
        zone: Some(zone.clone()),
        system_zone: zone,
        gaps: Gaps { idle_ms: 300_000, tool_ms: 3_600_000 },
        min_seconds: 0,
        max_seconds: None,
        shares: false,
        per_day: false,
        time_settle: Duration::from_secs(600),
        time_update: Duration::from_secs(1800),
        expense_settle: Duration::from_secs(600),
        grace: Duration::from_secs(GRACE),
        backoff: Backoff { base: Duration::from_secs(2), max: Duration::from_secs(900) },
        per_minute: 1000,
        in_flight: 4,
        review: false,
        decimals: 4,
        category: Some(CategoryId::new(ids::LLM_USAGE)),
        checks_links: false,
        machine: "m1".to_owned(),
    }
}
