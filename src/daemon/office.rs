//! What the socket answers: documents from the database, with what only the running daemon knows.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use super::acts;
use super::board::Board;
use super::clerk::{Noticed, Settled};
use super::delivery::Order;
use super::documents::document;
use super::happenings::{self, Listeners};
use super::reports::{MadeFrom, Reports};
use super::run::{Running, Shown};
use super::time;
use crate::deliver::PauseReason;
use crate::server::{
    Act, Answer, Answers, AuditQuery, Code, Event, Failure, Flush, Question, QueueQuery, ReportQuery, Seen,
    SessionsQuery, StatuslineQuery,
};
use crate::status::{
    self, Alert, Glance, GlanceSession, KeitoLine, Live, LiveSource, Paused, Project, Proved, Queue,
    QueueItem, QueueState, SocketCounts, Status,
};
use crate::store::AccountRow;

/// A line below a prompt is asked for with little time: what was known last is the answer after that.
const GLANCE: Duration = Duration::from_millis(10);
/// Sessions whose numbers are remembered.
const GLANCES: usize = 32;

/// The daemon behind its socket.
pub struct Office {
    running: Running,
    board: Arc<Board>,
    listeners: Listeners,
    glances: Arc<Mutex<Vec<(StatuslineQuery, MadeFrom, Told)>>>,
    reports: Reports,
    own: Weak<Self>,
}

/// What was told of a session.
type Told = (Option<GlanceSession>, Option<Project>);

impl Office {
    /// Over a running daemon.
    #[must_use]
    pub fn new(running: Running) -> Arc<Self> {
        let board = Arc::new(Board::new(running.clone()));
        Arc::new_cyclic(|own| Self {
            running,
            board,
            listeners: Listeners::new(),
            glances: Arc::default(),
            reports: Reports::default(),
            own: own.clone(),
        })
    }

    async fn document(&self, question: Question) -> Result<Vec<u8>, Failure> {
        let documents = self.running.documents();
        let answer = beside(move || documents.answer(&question, Live::default())).await;
        // Who sees a request in a report finds it in the status, too.
        self.board.outdate();
        answer
    }

    /// A report; the one made last, if nothing that it was made from has changed.
    async fn reported(&self, query: ReportQuery) -> Result<Vec<u8>, Failure> {
        let from = MadeFrom::now(&self.running.documents(), self.running.clerk.ended());
        if let Some(document) = self.reports.find(&query, &from) {
            return Ok(document);
        }
        let document = self.document(Question::Report(query.clone())).await?;
        self.reports.keep(query, from, &document);
        Ok(document)
    }

    /// The status as it is.
    pub(super) async fn current(&self) -> Result<Status, Failure> {
        Ok(self.board.standing().await?.status(self.live()))
    }

    /// The newest records, in whatever state.
    pub(super) async fn items(&self) -> Result<Vec<QueueItem>, Failure> {
        let documents = self.running.documents();
        let queue: Queue = beside(move || documents.newest(&QueueState::ALL)).await?;
        Ok(queue.items)
    }

    pub(super) const fn listeners(&self) -> &Listeners {
        &self.listeners
    }

    pub(super) fn written(&self) -> watch::Receiver<u64> {
        self.running.clerk.written()
    }

    async fn glance(&self, query: StatuslineQuery) -> Result<Glance, Failure> {
        let standing = match tokio::time::timeout(GLANCE, self.board.standing()).await {
            Ok(standing) => standing?,
            Err(_) => match self.board.last() {
                Some(last) => last,
                None => self.board.standing().await?,
            },
        };
        let documents = self.running.documents();
        let from = MadeFrom::now(&documents, self.running.clerk.ended());
        if let Some(told) = self.glanced(|known, of| *known == query && of.is(&from)) {
            return Ok(Glance::new(standing.status(self.live()), told.0, told.1));
        }
        let (asked, at, glances) = (query.clone(), Arc::clone(&standing), Arc::clone(&self.glances));
        // It goes on when its time is over, for whoever asks next.
        let found = tokio::spawn(async move {
            let of = asked.clone();
            let told = beside(move || documents.session(&at, &of)).await?;
            let mut glances = glances.lock().unwrap_or_else(PoisonError::into_inner);
            glances.retain(|(known, ..)| *known != asked);
            glances.push((asked, from, told.clone()));
            let over = glances.len().saturating_sub(GLANCES);
            glances.drain(..over);
            Ok::<Told, Failure>(told)
        });
        let told = match tokio::time::timeout(GLANCE, found).await {
            Ok(told) => told.unwrap_or_else(|_| Err(unmade()))?,
            Err(_) => self.glanced(|known, _| *known == query).unwrap_or_default(),
        };
        Ok(Glance::new(standing.status(self.live()), told.0, told.1))
    }

    /// What was told of a session before.
    fn glanced(&self, is: impl Fn(&StatuslineQuery, &MadeFrom) -> bool) -> Option<Told> {
        let glances = self.glances.lock().unwrap_or_else(PoisonError::into_inner);
        glances.iter().find(|(known, of, _)| is(known, of)).map(|(.., told)| told.clone())
    }

    async fn done(&self, act: Act) -> Result<Vec<u8>, Failure> {
        if let Act::Backfill(wanted) = act {
            return super::backfill::of_running(&self.running, wanted).await;
        }
        if let Act::Assign(words) = act {
            let running = self.running.clone();
            // A task of its own: whoever asked may hang up, and what is decided is done whole.
            let done = tokio::spawn(async move { super::assign::of_running(&running, *words).await });
            let stopped = "the assignment did not end; see the log";
            let document = done.await.map_err(|_| Failure::new(Code::Internal, stopped))??;
            let _ = self.running.orders.send(Order::Look).await;
            return Ok(document);
        }
        let now = time::now();
        let doing = act.clone();
        let done = self.running.clerk.call(move |clerk| acts::act(clerk, &doing, now)).await;
        let gone = || Failure::new(Code::Internal, "the daemon is stopping; ask again when it runs");
        let document = done.map_err(|_| gone())??;
        // What was decided takes effect at once; a loop that has ended has nothing to look at.
        let _ = self.running.orders.send(Order::Look).await;
        Ok(document)
    }

    fn live(&self) -> Live {
        let Shown { line, noticed } =
            self.running.line.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = time::now();
        let health = self.running.health.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let missing = self.running.no_credentials.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sources = health.agents.iter().map(|agent| LiveSource {
            agent: agent.agent.clone(),
            roots: agent.roots.iter().map(|root| self.shown(root)).collect(),
            lag_bytes: agent.lag_bytes,
            watcher: agent.watcher.to_owned(),
            scan_seconds: health.scan.map(|every| every.as_secs()),
            unreadable: agent.problems.count(),
            unreadable_first: agent
                .problems
                .reasons
                .first_key_value()
                .map(|(path, reason)| format!("{}: {reason}", self.shown(path))),
        });
        let setup = self.running.setup();
        let delivery = &setup.config.delivery;
        let desk = line.as_ref().map(|(_, desk)| desk);
        Live {
            now,
            pid: Some(std::process::id()),
            started_at: Some(self.running.started),
            timezone: None,
            since: noticed.since.or(self.running.since).map(|since| since.to_string()),
            read_to_end: health.is_read_to_the_end(),
            credentials: missing.is_none(),
            credential_trouble: missing.filter(|why| !why.is_empty()),
            sources: sources.collect(),
            keito: KeitoLine {
                origin: self.running.account().map(|account| account.origin),
                account_id: self.running.account().map(|account| account.account.as_str().to_owned()),
                user_id: line
                    .as_ref()
                    .and_then(|(row, _)| row.user.as_ref().map(|user| user.as_str().to_owned())),
                proved: line.as_ref().map(|(row, _)| proved(row)).unwrap_or_default(),
                last_ok_at: line.as_ref().and_then(|(row, _)| row.me_at).map(|at| at.to_string()),
                next_attempt_at: desk
                    .and_then(|desk| desk.open_until.max(desk.quiet_until))
                    .map(|at| at.to_string()),
                breaker: match desk.and_then(|desk| desk.open_until) {
                    Some(until) if until > now => "open".to_owned(),
                    Some(_) => "half_open".to_owned(),
                    None => "closed".to_owned(),
                },
                paused: None,
                requests_last_minute: desk
                    .map_or(0, |desk| u32::try_from(desk.in_window(now).len()).unwrap_or(u32::MAX)),
                requests_per_minute: desk.map_or(delivery.requests_per_minute, |desk| {
                    desk.limit_at(now, delivery.requests_per_minute)
                }),
                cost_decimals: None,
            },
            pause: desk.and_then(|desk| desk.pause).map(|pause| Paused {
                code: pause.reason.code().to_owned(),
                remedy: pause.reason.remedy().to_owned(),
                all: pause.reason != PauseReason::AmountMismatch,
            }),
            limited_until: desk.and_then(|desk| desk.quiet_until).filter(|until| *until > now),
            alerts: of_clocks(noticed)
                .chain(self.running.clerk.storage().alerts())
                .chain(self.running.force.alerts())
                .collect(),
            last_audit: None,
            price_drift: Vec::new(),
            prices_unused: Vec::new(),
        }
    }

    fn shown(&self, root: &std::path::Path) -> String {
        use crate::sources::Environment as _;
        let setup = self.running.setup();
        root.strip_prefix(setup.env.home())
            .map_or_else(|_| root.display().to_string(), |rest| format!("~/{}", rest.display()))
    }

    async fn flushed(&self, flush: Flush) -> Result<Vec<u8>, Failure> {
        self.running.rescan().await;
        self.running.look_for_credentials().await;
        let (reply, answer) = tokio::sync::oneshot::channel();
        let settled = Settled { time: flush.settle, expenses: flush.settle && flush.expenses };
        let gone = || Failure::new(Code::Internal, "the daemon is stopping; ask again when it runs");
        self.running.orders.send(Order::Flush { settled, reply }).await.map_err(|_| gone())?;
        let pass = answer.await.map_err(|_| gone())?;
        self.board.outdate();
        let caught_up = self.running.health.lock().unwrap_or_else(PoisonError::into_inner).caught_up;
        let mut document = serde_json::json!({
            "caught_up": caught_up && pass.remaining == 0,
            "sent": pass.sent,
            "failed": pass.failed,
            "remaining": pass.remaining,
        });
        if let Some(blocked) = &pass.blocked {
            document["blocked"] = blocked.code().into();
        }
        Ok(document.to_string().into_bytes())
    }
}

/// Has a thread that may block do it.
async fn beside<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, Failure> + Send + 'static,
) -> Result<R, Failure> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(unmade()))
}

fn unmade() -> Failure {
    Failure::new(Code::Internal, "the answer could not be made; see the log")
}

/// How long status tells that the clock was set.
const TOLD_MS: u64 = 3_600_000;

fn of_clocks(noticed: Noticed) -> impl Iterator<Item = Alert> {
    let lately = |set_at: &u64| time::steady().saturating_sub(*set_at) < TOLD_MS;
    let set = noticed.set_at.filter(lately).map(|_| Alert::ClockJump);
    let ahead = (noticed.ahead > 0).then_some(Alert::ClockAhead { events: noticed.ahead });
    set.into_iter().chain(ahead)
}

fn proved(row: &AccountRow) -> Proved {
    Proved { entries: row.proved_entry, expenses: row.proved_expense }
}

impl Answers for Office {
    fn status(&self) -> Answer<'_> {
        Box::pin(async move { document(&self.current().await?) })
    }

    fn statusline(&self, query: StatuslineQuery) -> Answer<'_> {
        Box::pin(async move { document(&self.glance(query).await?) })
    }

    fn metrics(&self, socket: Seen) -> Answer<'_> {
        Box::pin(async move {
            let Seen { answered, turned_away, foreign, clients, streams } = socket;
            let counts = SocketCounts { answered, turned_away, foreign, clients, streams };
            Ok(status::metrics(&self.current().await?, &counts).into_bytes())
        })
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        let (events, unwatched) = self.listeners.listen();
        if unwatched && let Some(own) = self.own.upgrade() {
            happenings::begin(&own);
        }
        events
    }

    fn sessions(&self, query: SessionsQuery) -> Answer<'_> {
        Box::pin(self.document(Question::Sessions(query)))
    }

    fn queue(&self, query: QueueQuery) -> Answer<'_> {
        Box::pin(self.document(Question::Queue(query)))
    }

    fn record(&self, id: String) -> Answer<'_> {
        Box::pin(self.document(Question::Record(id)))
    }

    fn explain(&self, id: String) -> Answer<'_> {
        Box::pin(self.document(Question::Explain(id)))
    }

    fn report(&self, query: ReportQuery) -> Answer<'_> {
        Box::pin(self.reported(query))
    }

    fn audit(&self, query: AuditQuery) -> Answer<'_> {
        Box::pin(async move {
            let (running, stopped) = (self.running.clone(), "the audit did not end; see the log");
            // A task of its own: whoever asked may hang up, and what it spent of the limiter should count.
            let audit = tokio::spawn(async move { super::audit::of_running(&running, query).await });
            audit.await.unwrap_or_else(|_| Err(Failure::new(Code::Internal, stopped)))
        })
    }

    fn flush(&self, flush: Flush) -> Answer<'_> {
        Box::pin(async move {
            tokio::select! {
                answer = self.flushed(flush) => answer,
                // What reads and what sends wait for the database without end, a person or a script does not.
                words = self.running.clerk.storage().long_closed() => Err(Failure::new(Code::NotReady, words)),
            }
        })
    }

    fn act(&self, act: Act) -> Answer<'_> {
        Box::pin(async move {
            let done = self.done(act).await;
            self.board.outdate();
            done
        })
    }

    fn rescan(&self) {
        self.running.ask_for_scan();
    }
}
