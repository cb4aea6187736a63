//! The delivering task: polls the clerk, carries effects out, brings the outcomes back.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::clerk::{Answer, Noticed, Settled, Wake};
use super::desk::ClerkHandle;
use super::once::{Pass, pass_of};
use super::pulse::{Part, Pulse};
use super::run::{Line, Shown};
use super::{Error, time, wire};
use crate::deliver::Desk;
use crate::keito::Client;
use crate::store::{Account, AccountRow};

/// Who carries effects out: the client of the account in force.
#[derive(Clone)]
pub struct Courier {
    /// Speaks to Keito.
    pub client: Client,
    /// Name of the expense category to look for.
    pub category: Arc<str>,
    /// Hash of the key: other credentials have another one.
    pub print: u64,
}

/// How long a pass waits in all for what is about to happen.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long requests under way may take after the stop.
pub(super) const LAST: Duration = Duration::from_secs(10);
/// Between the first two tries to open the database again.
const OUTAGE: Duration = Duration::from_millis(150);
/// Between looks at a disk that is nearly full, and at any other: whatever else there is to do says so. Where nobody tells
/// of steps of the clock they are looked for, too.
const FULL: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_secs(if cfg!(target_os = "linux") { 15 * 60 } else { 60 });

/// The line between clerk and Keito. One loop, so that at most one poll is under way.
pub struct Delivery {
    clerk: ClerkHandle,
    courier: Option<Courier>,
    under_way: JoinSet<Answer>,
    shown: Line,
    stop: CancellationToken,
    pulse: Pulse,
    /// Answers that the database could not take yet.
    kept: Vec<Answer>,
    /// Whom to deliver to, as long as the clerk could not be told.
    wanted: Option<(Option<Account>, Option<u64>)>,
    /// How often in a row the database failed.
    failures: u32,
}

/// What a turn of the loop left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Requests are under way, or facts are still being worked on.
    Busy,
    /// Nothing more can be done before this.
    Idle(Option<Wake>),
}

impl Delivery {
    /// Over a clerk; without a courier nothing is sent.
    #[must_use]
    pub fn new(clerk: ClerkHandle, courier: Option<Courier>) -> Self {
        Self {
            clerk,
            courier,
            under_way: JoinSet::new(),
            shown: Line::default(),
            stop: CancellationToken::new(),
            pulse: Pulse::default(),
            kept: Vec::new(),
            wanted: None,
            failures: 0,
        }
    }

    /// Has the state of the line put where status looks.
    #[must_use]
    pub fn showing(mut self, line: Line) -> Self {
        self.shown = line;
        self
    }

    /// Has everything end when `stop` is cancelled: no request leaves after that.
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

    /// Polls the clerk once and starts what it wants.
    ///
    /// # Errors
    /// Of the database.
    pub async fn turn(&mut self) -> Result<Turn, Error> {
        self.catch_up().await?;
        self.pulse.works(Part::Sender);
        let sends = self.clerk.storage().may_send();
        let random = time::random();
        let (polled, line, noticed) = self
            .clerk
            .call(move |clerk| {
                clerk.set_sends(sends);
                let now = clerk.now(time::clocks())?;
                let polled = clerk.poll(now, random)?;
                Ok::<_, crate::store::Error>((
                    polled,
                    clerk.line().map(|(_, row, desk)| (row.clone(), desk.clone())),
                    clerk.noticed(),
                ))
            })
            .await??;
        self.show(line, noticed);
        self.start(polled.effects);
        let busy = polled.more || !self.under_way.is_empty();
        Ok(if busy { Turn::Busy } else { Turn::Idle(polled.wake) })
    }

    fn show(&self, line: Option<(AccountRow, Desk)>, noticed: Noticed) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.noticed.set_at != noticed.set_at {
            let seconds = noticed.set_by / 1000;
            tracing::warn!(seconds, "the clock was set: what waits was moved with it");
        }
        *shown = Shown { line, noticed };
    }

    fn start(&mut self, effects: Vec<super::clerk::Effect>) {
        let Some(courier) = &self.courier else { return };
        for effect in effects {
            let (courier, since) = (courier.clone(), time::Monotonic::new());
            self.under_way.spawn(async move {
                let asked = effect.clone();
                // A task of its own: what panics in it is one record's fault, and the clerk is told which.
                let carried =
                    async move { wire::carry_out(&courier.client, effect, &courier.category, since).await };
                tokio::spawn(carried).await.unwrap_or_else(|_| wire::broken(asked))
            });
        }
    }

    async fn bring(&mut self, answer: Result<Answer, tokio::task::JoinError>) -> Result<(), Error> {
        // A task that panicked left its write as sending, which only a new start takes up again.
        let answer = answer.map_err(|_| Error::Ended { part: Part::Sender.name() })?;
        self.pulse.works(Part::Sender);
        self.kept.push(answer);
        // Those that came with it need no look of their own at all that is left.
        while let Some(answer) = self.under_way.try_join_next() {
            self.kept.push(answer.map_err(|_| Error::Ended { part: Part::Sender.name() })?);
        }
        self.catch_up().await
    }

    /// Tells the clerk what it could not be told before. An answer is let go only once it is stored.
    async fn catch_up(&mut self) -> Result<(), Error> {
        if let Some((account, print)) = self.wanted.clone() {
            let set = move |clerk: &mut super::clerk::Clerk| {
                let now = clerk.now(time::clocks())?;
                clerk.set_account(account.as_ref(), now)?;
                print.map_or(Ok(()), |print| clerk.set_key(print))
            };
            self.clerk.call(set).await??;
            self.wanted = None;
        }
        while let Some(answer) = self.kept.first().cloned() {
            let random = time::random();
            let take = move |clerk: &mut super::clerk::Clerk| {
                let now = clerk.now(time::clocks())?;
                clerk.answer(answer, now, random)
            };
            let more = self.clerk.call(take).await??;
            self.kept.remove(0);
            if self.stop.is_cancelled() {
                continue;
            }
            self.start(more);
        }
        Ok(())
    }

    /// Waits longer each time the database fails, and passes on what waiting does not heal.
    fn patience(&mut self, error: Error) -> Result<Duration, Error> {
        if !error.may_pass() {
            return Err(error);
        }
        self.clerk.storage().wait_for(Some(error.to_string()));
        let wait = OUTAGE.saturating_mul(1 << self.failures.min(5));
        self.failures = self.failures.saturating_add(1);
        Ok(wait)
    }

    /// Works until nothing more can be done now; waits for the limiter and for listings that are about to be repeated,
    /// but not for settling, grace or a server that stays away. A stop ends it.
    ///
    /// # Errors
    /// Of the database.
    pub async fn until_idle(&mut self) -> Result<(), Error> {
        let mut patience = PATIENCE;
        let stop = self.stop.clone();
        while !stop.is_cancelled() {
            let wake = match self.turn().await? {
                Turn::Busy if self.under_way.is_empty() => continue,
                Turn::Busy => {
                    self.pulse.waits(Part::Sender);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        Some(answer) = self.under_way.join_next() => self.bring(answer).await?,
                    }
                    continue;
                }
                Turn::Idle(None) => return Ok(()),
                Turn::Idle(Some(wake)) => wake,
            };
            let wait = wake.at.since(time::now()).max(Duration::from_millis(1));
            if !wake.limiter {
                let Some(left) = patience.checked_sub(wait) else { return Ok(()) };
                patience = left;
            }
            self.pulse.waits(Part::Sender);
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
        Ok(())
    }

    /// Delivers until told to stop. `changed` says that facts have come in, or that the clock was set.
    ///
    /// # Errors
    /// Of the database.
    pub async fn run(&mut self, changed: &Notify, orders: &mut mpsc::Receiver<Order>) -> Result<(), Error> {
        let stop = self.stop.clone();
        while !stop.is_cancelled() {
            let turned = self.turn().await;
            if turned.is_ok() && self.failures > 0 {
                self.failures = 0;
                self.clerk.storage().wait_for(None);
            }
            let mut sleep = match turned {
                Ok(Turn::Busy) if self.under_way.is_empty() => Duration::ZERO,
                Ok(Turn::Busy | Turn::Idle(None)) => Duration::from_secs(3600),
                Ok(Turn::Idle(Some(wake))) => wake.at.since(time::now()).max(Duration::from_millis(5)),
                Err(error) => self.patience(error)?,
            };
            sleep = sleep.min(if self.clerk.storage().is_low() { FULL } else { LOOK });
            self.pulse.waits(Part::Sender);
            // Only the waiting is inside: an outcome that was taken must reach the clerk whatever else happens.
            tokio::select! {
                () = stop.cancelled() => break,
                () = changed.notified() => {}
                Some(answer) = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    let brought = self.bring(answer).await;
                    self.survive(brought, &stop).await?;
                }
                Some(order) = orders.recv() => {
                    let obeyed = self.obey(order).await;
                    self.survive(obeyed, &stop).await?;
                }
                () = tokio::time::sleep(sleep) => {}
            }
        }
        self.finish().await
    }

    /// Lets requests under way end; what does not in time is found as unknown at the next start.
    ///
    /// # Errors
    /// Of the database.
    pub async fn finish(&mut self) -> Result<(), Error> {
        let ended = async {
            while let Some(answer) = self.under_way.join_next().await {
                self.bring(answer).await?;
            }
            Ok(())
        };
        tokio::time::timeout(LAST, ended).await.unwrap_or(Ok(()))
    }

    /// Goes on after an error that may pass, not at once.
    async fn survive(&mut self, done: Result<(), Error>, stop: &CancellationToken) -> Result<(), Error> {
        let Err(error) = done else { return Ok(()) };
        let wait = self.patience(error)?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
        Ok(())
    }

    async fn obey(&mut self, order: Order) -> Result<(), Error> {
        match order {
            Order::Deliver(to) => {
                let (account, courier) = to.map(|to| *to).unzip();
                self.wanted = Some((account, courier.as_ref().map(|courier| courier.print)));
                self.courier = courier;
                self.catch_up().await?;
            }
            Order::Flush { settled, reply } => {
                let started = time::now();
                self.clerk.call(move |clerk| clerk.settle(settled)).await??;
                self.until_idle().await?;
                self.clerk.call(|clerk| clerk.settle(Settled::default())).await??;
                let known = self.courier.is_some();
                let pass = self.clerk.call(move |clerk| pass_of(clerk, started, known)).await??;
                // Whoever asked may have hung up.
                let _ = reply.send(pass);
            }
            Order::Look => {}
        }
        Ok(())
    }
}

/// What the delivering task can be told.
pub enum Order {
    /// Deliver to this account from now on; `None`: to nobody.
    Deliver(Option<Box<(Account, Courier)>>),
    /// Attempt all that is due, then answer.
    Flush {
        /// What counts as settled.
        settled: Settled,
        /// Where to answer.
        reply: oneshot::Sender<Pass>,
    },
    /// Something was decided: look again.
    Look,
}
