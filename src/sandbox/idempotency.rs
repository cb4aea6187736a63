//! `Idempotency-Key`, in the three readings that the silence of the documents allows.

use super::refusal::Refusal;
use super::reply::Reply;
use super::settings::Idempotency;
use super::workspace::Workspace;
use std::collections::HashMap;

/// Answers to keys. Unbounded: it lives as long as the records it speaks of.
#[derive(Default)]
pub(super) struct Remembered(HashMap<(Family, String), Reply>);

/// Time entries and expenses have separate keys and may have separate rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Family {
    Time,
    Expense,
}

/// Runs `write` under the rule for its family. Only successes are remembered, so a refused request may be corrected
/// and sent again under its key.
pub(super) fn once(
    workspace: &mut Workspace,
    family: Family,
    key: Option<&str>,
    write: impl FnOnce(&mut Workspace) -> Result<Reply, Refusal>,
) -> Result<Reply, Refusal> {
    let rule = match family {
        Family::Time => workspace.settings.time_idempotency,
        Family::Expense => workspace.settings.expense_idempotency,
    };
    let Some(key) = key.filter(|_| rule != Idempotency::Ignored) else { return write(workspace) };
    let slot = (family, key.to_owned());
    match (workspace.remembered.0.get(&slot), rule) {
        (Some(reply), Idempotency::Honoured) => Ok(reply.clone()),
        (Some(_), _) => Err(Refusal::new(409, "Idempotency-Key was used before")),
        (None, _) => {
            let reply = write(workspace)?;
            workspace.remembered.0.insert(slot, reply.clone());
            Ok(reply)
        }
    }
}
