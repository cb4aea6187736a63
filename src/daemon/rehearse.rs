//! `--dry-run`: what would be sent, byte for byte, without sending or changing anything.

use std::path::Path;

use super::assemble::{Parts, Setup};
use super::clerk::{Presumed, Settled};
use super::{Error, time};
use crate::model::{AccountId, CategoryId};
use crate::store::{self, Account};

/// A request that would leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// `POST` or `PATCH`.
    pub method: &'static str,
    /// Path below the API.
    pub path: String,
    /// The exact body.
    pub body: Vec<u8>,
}

/// Computes what is due on a copy of the state at `real`, in the directory that `setup` names.
///
/// # Errors
/// Of the state.
pub async fn rehearse(
    setup: &Setup,
    real: &Path,
    settled: Settled,
    presumed: Presumed,
) -> Result<Vec<Rehearsed>, Error> {
    let database = real.join("keitod.db");
    if database.exists() {
        store::copy(&database, &setup.state_dir.join("keitod.db"))?;
    }
    super::prices::copy(real, &setup.state_dir);
    let Parts { clerk, thread, mut intake, .. } = setup.assemble(false)?;
    let account = match setup.credentials() {
        Ok(Some((account, _))) => account,
        // Nobody to ask: the ids that only Keito knows are named as such.
        _ => Account {
            origin: "dry-run".into(),
            account: AccountId::new("dry-run"),
            sandbox: setup.sandbox.is_some(),
        },
    };
    let intake = tokio::task::spawn_blocking(move || intake.read_all().map(|()| intake));
    let intake = intake.await.map_err(|_| Error::ClerkGone)??;
    let now = time::now();
    let writes = clerk
        .call(move |clerk| -> Result<Vec<Rehearsed>, store::Error> {
            clerk.set_account(Some(&account), now)?;
            clerk.pretend(&CategoryId::new("<expense category>"), &presumed, now)?;
            clerk.settle(settled)?;
            while clerk.poll(now, 0)?.more {}
            let Some((account, ..)) = clerk.line() else { return Ok(Vec::new()) };
            let view = clerk.store().view();
            let mut requests = Vec::new();
            for write in view.unfinished(account)? {
                let Some((write, body, _)) = view.write(write.id)? else { continue };
                let kind =
                    if write.kind == crate::model::Kind::Entry { "/time_entries" } else { "/expenses" };
                let id = write.remote.as_ref().filter(|_| write.patch).map(|id| format!("/{id}"));
                let method = if write.patch { "PATCH" } else { "POST" };
                requests.push(Rehearsed { method, path: format!("{kind}{}", id.unwrap_or_default()), body });
            }
            Ok(requests)
        })
        .await??;
    drop((clerk, intake));
    let _ = thread.join();
    Ok(writes)
}
