//! The delivering task: polls the clerk, carries effects out, brings the outcomes back.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::clerk::{Answer, Settled, Wake};
use super::desk::ClerkHandle;
use super::once::{Pass, pass_of};
use super::run::Line;
use super::{Error, time, wire};
use crate::keito::Client;
use crate::store::Account;

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

/// Between the first two tries to open the database again.
const OUTAGE: Duration = Duration::from_millis(150);
/// Between looks at a disk that is nearly full, and at any other.
const FULL: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_secs(60);

/// The line between clerk and Keito. One loop, so that at most one poll is under way.
pub struct Delivery {
    clerk: ClerkHandle,
    courier: Option<Courier>,
    under_way: JoinSet<Answer>,
    shown: Line,
    /// Answers that the database could not take yet.
    kept: Vec<Answer>,
    /// Whom to deliver to, as long as the clerk could not be told.
    wanted: Option<Option<Account>>,
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

    /// Polls the clerk once and starts what it wants.
    ///
    /// # Errors
    /// Of the database.
    pub async fn turn(&mut self) -> Result<Turn, Error> {
        self.catch_up().await?;
        let sends = self.clerk.storage().may_send();
        let (now, random) = (time::now(), time::random());
        let (polled, line) = self
            .clerk
            .call(move |clerk| {
                clerk.set_sends(sends);
                let polled = clerk.poll(now, random)?;
                Ok::<_, crate::store::Error>((
                    polled,
                    clerk.line().map(|(_, row, desk)| (row.clone(), desk.clone())),
                ))
            })
            .await??;
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = line;
        self.start(polled.effects);
        let busy = polled.more || !self.under_way.is_empty();
        Ok(if busy { Turn::Busy } else { Turn::Idle(polled.wake) })
    }

    fn start(&mut self, effects: Vec<super::clerk::Effect>) {
        let Some(courier) = &self.courier else { return };
        for effect in effects {
            let courier = courier.clone();
            self.under_way
                .spawn(async move { wire::carry_out(&courier.client, effect, &courier.category).await });
        }
    }

    /// Waits for one outcome and brings it to the clerk. Returns at once if nothing is under way.
    ///
    /// # Errors
    /// Of the database.
    pub async fn take_answer(&mut self) -> Result<(), Error> {
        let Some(answer) = self.under_way.join_next().await else { return Ok(()) };
        self.bring(answer).await
    }

    async fn bring(&mut self, answer: Result<Answer, tokio::task::JoinError>) -> Result<(), Error> {
        // A task that panicked left its write as sending: found again at the next start.
        let Ok(answer) = answer else { return Ok(()) };
        self.kept.push(answer);
        self.catch_up().await
    }

    /// Tells the clerk what it could not be told before. An answer is let go only once it is stored.
    async fn catch_up(&mut self) -> Result<(), Error> {
        if let Some(account) = self.wanted.clone() {
            let now = time::now();
            self.clerk.call(move |clerk| clerk.set_account(account.as_ref(), now)).await??;
            self.wanted = None;
        }
        while let Some(answer) = self.kept.first().cloned() {
            let (now, random) = (time::now(), time::random());
            let more = self.clerk.call(move |clerk| clerk.answer(answer, now, random)).await??;
            self.kept.remove(0);
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
    /// but not for settling, grace or a server that stays away.
    ///
    /// # Errors
    /// Of the database.
    pub async fn until_idle(&mut self) -> Result<(), Error> {
        let mut patience = PATIENCE;
        loop {
            let wake = match self.turn().await? {
                Turn::Busy => {
                    self.take_answer().await?;
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
            tokio::time::sleep(wait).await;
        }
    }

    /// Delivers until told to stop. `changed` says that facts have come in.
    ///
    /// # Errors
    /// Of the database.
    pub async fn run(
        &mut self,
        changed: &Notify,
        orders: &mut mpsc::Receiver<Order>,
        stop: &CancellationToken,
    ) -> Result<(), Error> {
        loop {
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
            // Only the waiting is inside: an outcome that was taken must reach the clerk whatever else happens.
            tokio::select! {
                () = stop.cancelled() => break,
                () = changed.notified() => {}
                Some(answer) = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    let brought = self.bring(answer).await;
                    self.survive(brought, stop).await?;
                }
                Some(order) = orders.recv() => {
                    let obeyed = self.obey(order).await;
                    self.survive(obeyed, stop).await?;
                }
                () = tokio::time::sleep(sleep) => {}
            }
        }
        // In-flight requests finish within ten seconds; what does not is found as unknown at the next start.
        let finish = async {
            while !self.under_way.is_empty() {
                self.take_answer().await?;
            }
            Ok(())
        };
        tokio::time::timeout(Duration::from_secs(10), finish).await.unwrap_or(Ok(()))
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
                self.courier = courier;
                self.wanted = Some(account);
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
}
