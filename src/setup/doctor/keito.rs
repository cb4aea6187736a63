//! Does Keito answer, and what may the key do?

use super::{Blame, Finding, Room};
use crate::deliver::{Outcome, Refusal, Unsent};
use crate::keito::Me;

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let line = match &room.line {
        None => return Vec::new(),
        Some(Ok(line)) => line,
        Some(Err(error)) => {
            return vec![Finding::fail(Blame::Config, error.to_string(), "correct it in the config")];
        }
    };
    match &line.me {
        Outcome::Applied(me) => answered(me),
        Outcome::NotSent(Unsent::Unreachable(why)) => {
            vec![Finding::fail(Blame::Network, format!("cannot be reached: {why}"), "check the network")]
        }
        Outcome::NotSent(Unsent::Certificate(why)) => {
            let remedy =
                "something is in between (a proxy, a hotel's login page): nothing is sent through it";
            vec![Finding::fail(Blame::Network, format!("the certificate is not Keito's: {why}"), remedy)]
        }
        Outcome::Unknown { status: None, why, .. } => {
            vec![Finding::fail(Blame::Network, format!("broke off: {why}"), "check the network")]
        }
        Outcome::Unknown { status: Some(status), .. } | Outcome::AppliedUnread { status } => {
            let seen = format!("answered {status} and nothing that can be used");
            vec![Finding::fail(Blame::Server, seen, "wait; if it stays so, ask Keito")]
        }
        Outcome::Refused(refusal) => vec![refused(refusal)],
    }
}

fn refused(refusal: &Refusal) -> Finding {
    let says = if refusal.message.is_empty() { String::new() } else { format!(": {}", refusal.message) };
    let seen = format!("answered {}{says}", refusal.status);
    match refusal.status {
        _ if refusal.html => {
            let remedy = "check KEITO_API_URL and [keito] url; a web page answered, not the API";
            Finding::fail(Blame::Network, format!("answered {} with a web page", refusal.status), remedy)
        }
        401 => {
            Finding::fail(Blame::Auth, seen, "the key is not valid any more: make a new one, `keitod init`")
        }
        402 | 403 => Finding::fail(
            Blame::Auth,
            seen,
            "the key or the workspace's plan does not allow it: ask its owner",
        ),
        429 => Finding::fail(Blame::RateLimited, seen, "nothing: it goes on by itself"),
        500.. => Finding::fail(Blame::Server, seen, "wait; if it stays so, ask Keito"),
        _ => Finding::fail(Blame::Auth, seen, "check KEITO_ACCOUNT_ID and the key"),
    }
}

fn answered(me: &Me) -> Vec<Finding> {
    let Some(company) = &me.company else {
        let seen = "the key is a personal one for reading: it sees no workspace and cannot write";
        return vec![Finding::fail(Blame::Auth, seen, "make a full-access key in the workspace's settings")];
    };
    let mut parts = vec![company.name.clone().unwrap_or_else(|| "a workspace without a name".to_owned())];
    parts.extend(company.currency.iter().map(|currency| format!("amounts in {currency}")));
    parts.extend(company.timezone.iter().map(|zone| format!("days of {zone}")));
    let mut found = vec![Finding::ok(format!("answers: {}", parts.join(", ")))];
    let may = me.capabilities;
    for (right, what) in [(may.can_track_time, "time entries"), (may.can_track_expenses, "expenses")] {
        if right == Some(false) {
            let seen = format!("the key may not write {what}");
            found.push(Finding::fail(Blame::Auth, seen, "ask the workspace's owner for the right").of(what));
        }
    }
    found
}
