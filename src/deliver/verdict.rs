//! What an outcome means for the write that was sent: the error table (facts/reliability 2.5, design section 7).

use std::time::Duration;

use super::{Outcome, PauseReason, Refusal, Unsent};

/// What to do with a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is there.
    Done,
    /// It may be there: a listing decides before the same bytes leave again.
    Reconcile,
    /// It is not there: again after a while. `counted`: the attempt counts for the backoff of the write.
    Retry {
        /// Whether the write's own backoff grows.
        counted: bool,
        /// What the server asked for.
        after: Option<Duration>,
    },
    /// 429: everything waits.
    Limited {
        /// What the server asked for.
        after: Option<Duration>,
    },
    /// 409: something stands in its way. A listing decides; refused so again, it is dead.
    Contradicted,
    /// 413: once more without what is optional, then dead.
    Trim,
    /// Refused for good.
    Dead {
        /// Short word.
        reason: &'static str,
    },
    /// Nothing more is sent until a probe succeeds.
    PauseAll(PauseReason),
    /// The project or task is gone, or not ours: its records wait.
    ProjectClosed,
    /// The entry is locked or approved: it does not grow any more.
    Locked,
    /// The record was deleted by a person.
    Deleted,
    /// 412, 428: the record changed in between, list again, then compare.
    Reread,
}

/// The verdict on the outcome of a POST, or of a PATCH of absolute values.
#[must_use]
pub fn verdict<T>(outcome: &Outcome<T>, patch: bool) -> Verdict {
    let unclear = if patch { Verdict::Retry { counted: true, after: None } } else { Verdict::Reconcile };
    let refusal = match outcome {
        Outcome::Applied(_) => return Verdict::Done,
        Outcome::AppliedUnread { .. } => return if patch { Verdict::Done } else { Verdict::Reconcile },
        Outcome::Unknown { .. } => return unclear,
        Outcome::NotSent(Unsent::Unreachable(_)) => return Verdict::Retry { counted: false, after: None },
        Outcome::NotSent(Unsent::Certificate(_)) => return Verdict::PauseAll(PauseReason::Tls),
        Outcome::Refused(refusal) => refusal,
    };
    let locked = says(refusal, &["lock", "approv", "invoic", "billed"]);
    match refusal.status {
        200..=299 | 511 => Verdict::PauseAll(PauseReason::CaptivePortal),
        300..=399 => Verdict::PauseAll(PauseReason::WrongUrl),
        401 => Verdict::PauseAll(PauseReason::Auth),
        402 => Verdict::PauseAll(PauseReason::Plan),
        403 | 409 if locked => Verdict::Locked,
        403 => Verdict::ProjectClosed,
        404 | 410 if refusal.html => Verdict::PauseAll(PauseReason::WrongUrl),
        404 | 410 if patch => Verdict::Deleted,
        404 | 410 => Verdict::ProjectClosed,
        405 | 406 | 415 | 426 | 501 | 505 => Verdict::PauseAll(PauseReason::SchemaDrift),
        408 => unclear,
        // We never start a timer: there is a fault in what we sent.
        409 if says(refusal, &["timer"]) => Verdict::Dead { reason: "timer_running" },
        409 => Verdict::Contradicted,
        412 | 428 => Verdict::Reread,
        413 => Verdict::Trim,
        425 => Verdict::Retry { counted: true, after: refusal.retry_after },
        429 => Verdict::Limited { after: refusal.retry_after },
        500..=599 => Verdict::Retry { counted: true, after: refusal.retry_after },
        _ => Verdict::Dead { reason: "refused" },
    }
}

/// Whether a word of the server's label or explanation begins so.
fn says(refusal: &Refusal, beginnings: &[&str]) -> bool {
    let said = format!("{} {}", refusal.code.as_deref().unwrap_or_default(), refusal.message).to_lowercase();
    let mut words = said.split(|c: char| !c.is_alphanumeric());
    words.any(|word| beginnings.iter().any(|beginning| word.starts_with(beginning)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table() {
        let refused = |status, message: &str, html| {
            let message = message.to_owned();
            Outcome::<()>::Refused(Refusal { status, code: None, message, html, retry_after: None })
        };
        let check = |outcome: &Outcome<()>, post: Verdict, patch: Verdict| {
            assert_eq!((verdict(outcome, false), verdict(outcome, true)), (post, patch), "{outcome:?}");
        };
        let both = |outcome: &Outcome<()>, expected: Verdict| check(outcome, expected.clone(), expected);
        let again = Verdict::Retry { counted: true, after: None };
        both(&Outcome::Applied(()), Verdict::Done);
        check(&Outcome::AppliedUnread { status: 204 }, Verdict::Reconcile, Verdict::Done);
        let unknown = Outcome::Unknown { status: None, why: "reset".into(), retry_after: None };
        check(&unknown, Verdict::Reconcile, again.clone());
        both(
            &Outcome::NotSent(Unsent::Unreachable("refused".into())),
            Verdict::Retry { counted: false, after: None },
        );
        both(&Outcome::NotSent(Unsent::Certificate("name".into())), Verdict::PauseAll(PauseReason::Tls));
        both(&refused(200, "", true), Verdict::PauseAll(PauseReason::CaptivePortal));
        both(&refused(307, "", false), Verdict::PauseAll(PauseReason::WrongUrl));
        both(&refused(400, "spent_date is required", false), Verdict::Dead { reason: "refused" });
        both(&refused(422, "", false), Verdict::Dead { reason: "refused" });
        both(&refused(401, "", false), Verdict::PauseAll(PauseReason::Auth));
        both(&refused(402, "", false), Verdict::PauseAll(PauseReason::Plan));
        both(&refused(403, "not allowed", false), Verdict::ProjectClosed);
        both(&refused(403, "Entry is locked", false), Verdict::Locked);
        check(&refused(404, "not found", false), Verdict::ProjectClosed, Verdict::Deleted);
        both(&refused(404, "<html>", true), Verdict::PauseAll(PauseReason::WrongUrl));
        both(&refused(405, "", false), Verdict::PauseAll(PauseReason::SchemaDrift));
        both(&refused(409, "entry is approved", false), Verdict::Locked);
        both(&refused(409, "conflict", false), Verdict::Contradicted);
        both(&refused(409, "A timer runs", false), Verdict::Dead { reason: "timer_running" });
        both(&refused(403, "your account is blocked", false), Verdict::ProjectClosed);
        both(&refused(403, "the timesheet was approved", false), Verdict::Locked);
        both(&refused(412, "", false), Verdict::Reread);
        both(&refused(413, "", false), Verdict::Trim);
        both(&refused(425, "", false), again.clone());
        both(&refused(429, "", false), Verdict::Limited { after: None });
        both(&refused(503, "", false), again);
        both(&refused(511, "", false), Verdict::PauseAll(PauseReason::CaptivePortal));
        both(&refused(418, "", false), Verdict::Dead { reason: "refused" });
    }
}
