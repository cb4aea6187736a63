//! `keitod backfill`: what stands at Keito is listed, what would be sent is computed on a copy of the state, and then,
//! if a person is sure, the range is admitted. Nothing is sent here: that is delivery's, which lists once more.

use std::path::Path;
use std::sync::PoisonError;

use super::assemble::{Parts, Setup};
use super::audit::{internal, whole};
use super::backfill_document::{Looked, document};
use super::clerk::{ActError, Clerk, Foreseen, Range, Seen, Wanted};
use super::delivery::{Courier, Order};
use super::desk::ClerkHandle;
use super::run::Running;
use super::{acts, time};
use crate::model::{Agent, Day, Instant, Kind};
use crate::server::{Backfill, Code, Failure};
use crate::sources;
use crate::store::{self, Account};

/// Over the running daemon.
///
/// # Errors
/// If the range is none, or the daemon has not read everything yet; of the state.
pub async fn of_running(running: &Running, wanted: Backfill) -> Result<Vec<u8>, Failure> {
    if !running.health.lock().unwrap_or_else(PoisonError::into_inner).caught_up {
        return Err(Failure::new(Code::NotReady, "the logs are still being read: ask again in a moment"));
    }
    let setup = running.setup();
    let found = tokio::task::spawn_blocking(move || setup.credentials()).await;
    let courier = found.ok().and_then(Result::ok).flatten().map(|(_, courier)| courier);
    let asked = ask(&running.clerk, &running.setup(), wanted.clone()).await?;
    let looked = look(&running.clerk, courier.as_ref(), &asked).await;
    let account = running.account();
    let (setup, earlier, seen) = (running.setup(), asked.earlier.clone(), looked.seen.clone());
    let foresee = tokio::task::spawn_blocking(move || -> Result<Foreseen, Failure> {
        let copy = Copied::new(&setup, account)?;
        let mut clerk = copy.setup.clerk_of_copy().map_err(internal)?;
        clerk.set_account(copy.account.as_ref(), time::now()).map_err(internal)?;
        clerk.set_caught_up(true).map_err(internal)?;
        clerk.foresee(&earlier, seen, time::now()).map_err(acts::failure)
    });
    let foreseen = foresee.await.map_err(|_| internal("the preview could not be made; see the log"))??;
    let mut state = "preview";
    if wanted.sure && !foreseen.is_empty() {
        let earlier = asked.earlier.clone();
        let admit = running.clerk.call(move |clerk| {
            let now = clerk.now(time::clocks())?;
            clerk.admit(&earlier, now)
        });
        state = admit.await.map_err(internal)?.map_err(acts::failure)?.state;
        // A loop that has ended has nothing to look at.
        let _ = running.orders.send(Order::Look).await;
    }
    Ok(document(&asked, &looked, &foreseen, state))
}

/// While no daemon runs; the caller holds the lock of the state. The logs are read for it, into a copy.
///
/// # Errors
/// As [`of_running`].
pub async fn of_state(setup: &Setup, wanted: Backfill) -> Result<Vec<u8>, Failure> {
    // Credentials that cannot be used now are no reason not to look.
    let found = setup.credentials().ok().flatten();
    let (account, courier) = found.unzip();
    let account = match account {
        Some(account) => Some(account),
        None => acts::last_account(setup).map_err(internal)?,
    };
    let Parts { clerk, thread, intake, .. } = setup.assemble(false).map_err(internal)?;
    set_account(&clerk, account.clone()).await?;
    let asked = ask(&clerk, setup, wanted.clone()).await;
    let looked = match &asked {
        Ok(asked) => look(&clerk, courier.as_ref(), asked).await,
        Err(_) => Looked::default(),
    };
    drop((clerk, intake));
    // The thread ends with the last handle.
    let _ = thread.join();
    let asked = asked?;
    let foreseen = foresee_alone(Copied::new(setup, account.clone())?, &asked, looked.seen.clone()).await?;
    let mut state = "preview";
    if wanted.sure && !foreseen.is_empty() {
        let mut clerk = setup.clerk_alone().map_err(internal)?;
        clerk.set_account(account.as_ref(), time::now()).map_err(internal)?;
        state = clerk.admit(&asked.earlier, time::now()).map_err(acts::failure)?.state;
    }
    Ok(document(&asked, &looked, &foreseen, state))
}

async fn foresee_alone(copy: Copied, asked: &Range, seen: Vec<Seen>) -> Result<Foreseen, Failure> {
    let Parts { clerk, thread, mut intake, .. } = copy.setup.assemble(false).map_err(internal)?;
    let intake = tokio::task::spawn_blocking(move || intake.read_all().map(|()| intake));
    let intake = intake.await.map_err(internal)?.map_err(internal)?;
    set_account(&clerk, copy.account.clone()).await?;
    let earlier = asked.earlier.clone();
    let foresee = clerk.call(move |clerk| {
        let now = clerk.now(time::clocks())?;
        clerk.foresee(&earlier, seen, now)
    });
    let foreseen = foresee.await.map_err(internal)?.map_err(acts::failure);
    drop((clerk, intake));
    let _ = thread.join();
    foreseen
}

async fn set_account(clerk: &ClerkHandle, account: Option<Account>) -> Result<(), Failure> {
    let set = clerk.call(move |clerk| {
        let now = clerk.now(time::clocks())?;
        clerk.set_account(account.as_ref(), now)
    });
    set.await.map_err(internal)?.map_err(internal)
}

/// What the words mean: the range in days of the calendar in force, of an agent that there is.
async fn ask(clerk: &ClerkHandle, setup: &Setup, wanted: Backfill) -> Result<Range, Failure> {
    let Backfill { from, to, agent, project, .. } = wanted;
    if let Some(agent) = &agent {
        is_known(setup, &Agent::new(agent))?;
    }
    let wanted = Wanted { from, to, agent, project };
    let range = clerk.call(move |clerk: &mut Clerk| -> Result<Range, ActError> {
        let now = clerk.now(time::clocks())?;
        Ok(clerk.earlier_range(&wanted, now).map_err(super::clerk::Refused::from)?)
    });
    range.await.map_err(internal)?.map_err(acts::failure)
}

/// A name with a slip in it would admit nothing, and look as if there were nothing.
fn is_known(setup: &Setup, agent: &Agent) -> Result<(), Failure> {
    let declared = setup.config.custom_sources.iter().map(|source| source.declared());
    let known: Vec<Agent> = sources::readers(declared).iter().map(|reader| reader.agent()).collect();
    if known.contains(agent) {
        return Ok(());
    }
    let names: Vec<&str> = known.iter().map(Agent::as_str).collect();
    let message = format!("`{agent}` is no agent that keitod reads: use {}", names.join(", "));
    Err(Failure::new(Code::InvalidInput, message))
}

/// Lists both kinds over the range and a day on each side: an earlier keitod may have cut days in another zone.
async fn look(clerk: &ClerkHandle, courier: Option<&Courier>, range: &Range) -> Looked {
    let Some(courier) = courier else { return Looked::failed("there are no credentials") };
    let from = range.from.yesterday().unwrap_or(range.from);
    let to = range.to.tomorrow().unwrap_or(range.to);
    match list(clerk, courier, from, to).await {
        Ok(seen) => Looked { seen, why: None },
        Err(failure) => Looked::failed(&failure.message),
    }
}

async fn list(clerk: &ClerkHandle, courier: &Courier, from: Day, to: Day) -> Result<Vec<Seen>, Failure> {
    let mut seen = Vec::new();
    for kind in [Kind::Entry, Kind::Expense] {
        let ask = clerk.call(move |clerk| {
            let now = clerk.now(time::clocks())?;
            clerk.ask_audit(Some(from), Some(to), now)
        });
        let asked = ask.await.map_err(internal)?.map_err(internal)?;
        let asked = asked.ok_or_else(super::audit::no_credentials)?;
        let (rows, began): (_, Instant) = (whole(clerk, courier, &asked, kind).await?, asked.began);
        seen.push(Seen { kind, rows, from, to, began });
    }
    Ok(seen)
}

/// A copy of the state in a directory of its own, which goes with it.
struct Copied {
    setup: Setup,
    account: Option<Account>,
    _dir: tempfile::TempDir,
}

impl Copied {
    /// `account`: whom to deliver to; without one a workspace in USD is assumed, and nothing of it is kept.
    fn new(setup: &Setup, account: Option<Account>) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("keitod-").tempdir().map_err(internal)?;
        let copy = Setup { state_dir: dir.path().join("state"), ..setup.clone() };
        std::fs::create_dir(&copy.state_dir).map_err(internal)?;
        let database = |state: &Path| state.join("keitod.db");
        store::copy(&database(&setup.state_dir), &database(&copy.state_dir)).map_err(internal)?;
        super::prices::copy(&setup.state_dir, &copy.state_dir);
        let nobody = || Account {
            origin: "preview".into(),
            account: crate::model::AccountId::new("preview"),
            sandbox: setup.sandbox.is_some(),
        };
        Ok(Self { setup: copy, account: Some(account.unwrap_or_else(nobody)), _dir: dir })
    }
}
