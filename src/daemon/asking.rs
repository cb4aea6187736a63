//! A question to Keito beside delivery, for an audit, a preview or a person's act: through the one limiter, and what
//! comes of it tells the clerk of the line.

use std::time::Duration;

use super::audit::internal;
use super::clerk::{Answer, Effect, Ticket};
use super::delivery::Courier;
use super::desk::ClerkHandle;
use super::{time, wire};
use crate::deliver::Outcome;
use crate::server::{Code, Failure};

/// Somebody waits for the answer: a server that asks for longer quiet is told of instead.
const PATIENCE: Duration = Duration::from_secs(70);

/// Asks when the limiter lets it, and returns what came. `of` takes the outcome out of the answer of this kind.
pub(super) async fn ask<T: Clone + Send + 'static>(
    clerk: &ClerkHandle,
    courier: &Courier,
    effect: Effect,
    of: impl FnOnce(Answer) -> Option<Outcome<T>>,
) -> Result<Outcome<T>, Failure> {
    leave(clerk).await?;
    let answer = wire::carry_out(&courier.client, effect, &courier.category, time::Monotonic::new()).await;
    let outcome = of(answer).ok_or_else(|| internal("another answer than was asked for"))?;
    let (random, heard) = (time::random(), outcome.clone());
    let note = clerk.call(move |clerk| {
        let now = clerk.now(time::clocks())?;
        clerk.heard(&heard, now, random)
    });
    note.await.map_err(internal)?.map_err(internal)?;
    Ok(outcome)
}

/// Waits until a request may leave.
async fn leave(clerk: &ClerkHandle) -> Result<(), Failure> {
    let closed = || Failure::new(Code::NotReady, "delivery is paused: see `keitod status`");
    loop {
        let ticket = clerk.call(|clerk| {
            let now = clerk.now(time::clocks())?;
            Ok::<_, crate::store::Error>((clerk.ticket(now)?, now))
        });
        let at = match ticket.await.map_err(internal)?.map_err(internal)? {
            (Ticket::Go, _) => return Ok(()),
            (Ticket::Closed, _) => return Err(closed()),
            (Ticket::At(at), now) => at.since(now),
        };
        if at > PATIENCE {
            return Err(Failure::new(Code::Busy, "Keito is not asked for a while: see `keitod status`"));
        }
        tokio::time::sleep(at.max(Duration::from_millis(5))).await;
    }
}
