//! Why the status is not `running`: code, message, remedy.

use super::{Alert, Counts, HeldCount, Live, QueueState, Reason};
use crate::ledger::held::Held;
use crate::model::{Hours, Usd};

/// What a person can do about a held reason.
#[must_use]
pub fn remedy(code: &str) -> Option<&'static str> {
    Held::parse(code).map(Held::remedy)
}

fn reason(code: &str, message: String, remedy: impl Into<String>) -> Reason {
    Reason { code: code.to_owned(), message, remedy: remedy.into() }
}

/// `1 request is`, `3 requests are`.
fn are(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun} is") } else { format!("{count} {noun}s are") }
}

/// All reasons: what stops delivery first, then what is wrong, then what is held.
pub(super) fn reasons(live: &Live, counts: &Counts) -> Vec<Reason> {
    let mut list = Vec::new();
    line(live, &mut list);
    for kind in &counts.unproved {
        list.push(of_alert(&Alert::UnprovedListing { kind: kind.clone() }));
    }
    live.alerts.iter().for_each(|alert| list.push(of_alert(alert)));
    sources(live, counts, &mut list);
    refused(counts, &mut list);
    audited(live, &mut list);
    held_work(counts, &mut list);
    list
}

fn audited(live: &Live, list: &mut Vec<Reason>) {
    let Some(audit) = &live.last_audit else { return };
    for (count, what) in [(audit.duplicate, "twice at Keito"), (audit.missing, "not at Keito any more")] {
        if count > 0 {
            let message = format!("the last audit found {count} of our records {what}");
            list.push(reason("conflict", message, "keitod audit"));
        }
    }
}

fn line(live: &Live, list: &mut Vec<Reason>) {
    if let Some(pause) = &live.pause {
        let message = match pause.code.as_str() {
            "paused_by_user" => "delivery was paused by hand",
            "auth" => "Keito refused the API key",
            "plan" => "the workspace's plan does not allow it",
            "captive_portal" => "something else than Keito answered",
            "tls" => "the certificate is not Keito's",
            "wrong_url" => "the URL is not that of Keito's API",
            "schema_drift" => "Keito refuses what this version sends",
            "amount_mismatch" => "Keito stored another amount than was sent: expenses wait",
            _ => "delivery is paused",
        };
        list.push(reason(&pause.code, message.to_owned(), pause.remedy.clone()));
    }
    if live.pid.is_some() && !live.credentials {
        list.push(match &live.credential_trouble {
            Some(trouble) => {
                let message =
                    format!("the credentials cannot be used, and everything stays queued: {trouble}");
                reason("no_credentials", message, "keitod doctor")
            }
            None => reason(
                "no_credentials",
                "there are no credentials: everything stays queued".to_owned(),
                "set KEITO_API_KEY and KEITO_ACCOUNT_ID, or `keitod init`",
            ),
        });
    }
    if live.keito.breaker == "open" {
        let next = live.keito.next_attempt_at.as_deref().unwrap_or("a while");
        let message = format!("Keito does not answer; the next attempt is at {next}");
        list.push(reason("breaker_open", message, "nothing, or check the network"));
    }
    if let Some(until) = live.limited_until.filter(|until| *until > live.now) {
        let message = format!("Keito asked to wait until {until}");
        list.push(reason("rate_limited", message, "nothing: it goes on by itself"));
    }
}

fn of_alert(alert: &Alert) -> Reason {
    match alert {
        Alert::UnprovedListing { kind } => reason(
            "unproved_listing",
            format!("it is not known whether the first {kind} arrived, and no other can prove it"),
            "look for it in Keito; if it is not there, `keitod queue retry ID`",
        ),
        Alert::ZoneProvisional => reason(
            "zone_provisional",
            "days are those of the system's zone until Keito has named the workspace's".to_owned(),
            "set timezone in the config, or credentials",
        ),
        Alert::ClockAhead { events } => reason(
            "clock_ahead",
            format!("{} in the future and waiting", are(*events, "event")),
            "check the clock of this machine",
        ),
        Alert::ClockJump => reason(
            "clock_jump",
            "the clock of this machine was set".to_owned(),
            "nothing: everything was looked at again",
        ),
        Alert::ConfigBroken { message } => reason(
            "config",
            format!("the config is not used, and what it said before stays in force: {message}"),
            "correct the file: `keitod config check`",
        ),
        Alert::ConfigWaits { keys } => {
            let them = if keys.len() == 1 { "is" } else { "are" };
            let message = format!("{} {them} other in the config than in force", keys.join(", "));
            reason("config", message, "keitod service restart")
        }
        Alert::DiskLow { free } => reason(
            "disk_low",
            format!("{} MiB are free for the state directory", free / (1 << 20)),
            "free some space",
        ),
        Alert::Database { message } => reason("database", message.clone(), "keitod doctor"),
    }
}

fn sources(live: &Live, counts: &Counts, list: &mut Vec<Reason>) {
    for source in &counts.sources {
        let agent = &source.agent;
        if let Some(alarm) = &source.alarm {
            let way_out =
                format!("update keitod, or `keitod queue approve --agent {agent}` if it is as it should be");
            list.push(reason("format_alarm", format!("{agent} is stopped: {alarm}"), way_out));
        }
    }
    for source in &live.sources {
        let agent = &source.agent;
        if source.unreadable > 0 {
            let first =
                source.unreadable_first.as_ref().map_or_else(String::new, |first| format!(": {first}"));
            let message = format!("{} not readable for {agent}{first}", are(source.unreadable, "file"));
            list.push(reason("unreadable", message, "keitod doctor"));
        }
        if source.watcher == "poll" {
            let message = format!("changes of {agent} are seen by the scan alone");
            list.push(reason("watcher_poll", message, "raise fs.inotify.max_user_watches, or leave it so"));
        }
    }
    if counts.recent_rejects > 0 {
        let message = format!("{} unreadable in logs of the last day", are(counts.recent_rejects, "line"));
        list.push(reason("rejects", message, "keitod doctor"));
    }
}

fn refused(counts: &Counts, list: &mut Vec<Reason>) {
    for refused in &counts.refused {
        let why = if refused.reason.is_empty() { String::new() } else { format!(": {}", refused.reason) };
        let message = match refused.state {
            QueueState::Conflict => format!("{} in conflict with Keito{why}", are(refused.records, "record")),
            _ => format!("{} refused for good{why}", are(refused.records, "record")),
        };
        let way_out = format!("keitod queue list --state {}", refused.state.word());
        list.push(reason(refused.state.word(), message, way_out));
    }
}

/// One reason a code, but unpriced work by model: each has a price of its own to add.
fn held_work(counts: &Counts, list: &mut Vec<Reason>) {
    for group in counts.held.chunk_by(|a, b| a.reason == b.reason) {
        let code = group[0].reason.as_str();
        if code == Held::Unpriced.code() {
            for of in group {
                let (count, model, tokens) = (of.requests, &of.model, of.tokens);
                let message = match count {
                    1 => format!("1 request of {model} has no price: {tokens} tokens"),
                    _ => format!("{count} requests of {model} have no price: {tokens} tokens"),
                };
                list.push(reason(code, message, format!("keitod prices show {}", of.model)));
            }
            continue;
        }
        let records: u64 = group.iter().map(|of| of.records).sum();
        let message = format!("{} held: {}{}", are(records, "record"), meaning(code), at_stake(group));
        list.push(reason(code, message, remedy(code).unwrap_or("keitod queue list")));
    }
}

/// ` (0.03 h, 0.0075 USD)`.
fn at_stake(group: &[HeldCount]) -> String {
    let seconds: u64 = group.iter().map(|of| of.seconds).sum();
    let usd = group.iter().fold(Usd(0), |sum, of| sum.plus(of.usd));
    let time = (seconds > 0).then(|| format!("{} h", Hours::from_seconds(seconds)));
    let cost = (usd.0 > 0).then(|| format!("{usd} USD"));
    let both: Vec<String> = time.into_iter().chain(cost).collect();
    if both.is_empty() { String::new() } else { format!(" ({})", both.join(", ")) }
}

fn meaning(code: &str) -> &'static str {
    let Some(held) = Held::parse(code) else { return "see the queue" };
    match held {
        Held::Unmapped => "no link for their directory",
        Held::MappingError => "the repository's .keito/config.yml cannot be used",
        Held::Unpriced => "no price",
        Held::BadUsage => "the log's counts contradict themselves",
        Held::NoRate => "no exchange rate for the workspace's currency",
        Held::NoCategory => "the expense category is not known yet",
        Held::NoBasis => "a subscription paid, and nobody chose how to bill that",
        Held::Estimated => "only estimates of their usage are known",
        Held::Review => "everything waits for approval",
        Held::Unproven => "what stands at Keito and the logs do not add up",
        Held::OtherAccount => "their repository is linked to another workspace",
        Held::SkillActive => "the Keito skill's hooks log this agent's time",
        Held::LockedPeriod => "Keito has locked the period",
        Held::ProjectClosed => "the project is closed or the task is not on it",
    }
}
