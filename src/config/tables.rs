//! The plain tables of the file → [`settings`](super::settings).

use super::Env;
use super::error::Trouble;
use super::money;
use super::origin::Origin;
use super::scalar::{self, duration, flag, range, some_time, text, word};
use super::section::Section;
use super::settings::{
    BacklogPriority, Delivery, EntryPer, Keito, Log, LogFormat, LogLevel, Notes, Overlap, Privacy, Socket,
    Tail, Time, Watcher,
};
use super::template::Template;
use crate::model::{AccountId, CategoryId};

pub(super) const OVERLAPS: &[(&str, Overlap)] =
    &[("sum", Overlap::Sum), ("project", Overlap::Project), ("all", Overlap::All)];

pub(super) fn keito(mut s: Section<'_>, env: &Env) -> Keito {
    let keito = Keito {
        url: s.get("url", |v| Ok(Origin::parse(&text(v)?)?)),
        account: s.get("account_id", text).map(AccountId::new),
        api_key_command: s.get("api_key_command", scalar::texts),
        api_key_file: s.get("api_key_file", scalar::path(env)),
        expense_category_id: s.get("expense_category_id", text).map(CategoryId::new),
        expense_category: s.value("expense_category", text),
        agent_id: s.get("agent_id", text),
        request_timeout: s.value("request_timeout", some_time),
        connect_timeout: s.value("connect_timeout", some_time),
        proxy: s.get("proxy", money::proxy),
    };
    if keito.api_key_command.is_some() && keito.api_key_file.is_some() {
        s.problem("api_key_file", Trouble::Both("api_key_command"));
    }
    s.end();
    keito
}

pub(super) fn delivery(mut s: Section<'_>) -> Delivery {
    let delivery = Delivery {
        review: s.value("review", flag),
        requests_per_minute: s
            .value("requests_per_minute", range(1, 1_000_000, "a whole number from 1 to 1000000")),
        time_settle: s.value("time_settle", duration),
        time_update: s.value("time_update", some_time),
        expense_settle: s.value("expense_settle", duration),
        reconcile_grace: s.value("reconcile_grace", duration),
        backoff_base: s.value("backoff_base", some_time),
        backoff_max: s.value("backoff_max", some_time),
        in_flight: s.value("in_flight", range(1, 64, "a whole number from 1 to 64")),
        audit: s.value("audit", scalar::duration_or_off),
    };
    if delivery.backoff_max < delivery.backoff_base {
        s.problem("backoff_max", Trouble::Expected("at least backoff_base"));
    }
    s.end();
    delivery
}

pub(super) fn time(mut s: Section<'_>) -> Time {
    let entries = &[("session", EntryPer::Session), ("day", EntryPer::Day)];
    let time = Time {
        idle_gap: s.value("idle_gap", some_time),
        tool_gap: s.value("tool_gap", some_time),
        overlap: s.value("overlap", word(OVERLAPS, "\"sum\", \"project\" or \"all\"")),
        entry: s.value("entry", word(entries, "\"session\" or \"day\"")),
        min_seconds: s.value("min_seconds", scalar::count),
        max_seconds: s.get("max_seconds", scalar::count),
    };
    if time.max_seconds.is_some_and(|most| most < time.min_seconds) {
        s.problem("max_seconds", Trouble::Expected("at least min_seconds"));
    }
    s.end();
    time
}

pub(super) fn notes(mut s: Section<'_>) -> Notes {
    let template = |v: &super::document::Value<'_>| Template::parse(&scalar::any_text(v)?, &[]);
    let notes = Notes { entry: s.value("entry", template), expense: s.value("expense", template) };
    s.end();
    notes
}

pub(super) fn privacy(mut s: Section<'_>) -> Privacy {
    let privacy = Privacy {
        send_branch: s.value("send_branch", flag),
        send_repo: s.value("send_repo", flag),
        send_paths: s.value("send_paths", flag),
    };
    s.end();
    privacy
}

pub(super) fn tail(mut s: Section<'_>) -> Tail {
    let watchers = &[
        ("auto", Watcher::Auto),
        ("native", Watcher::Native),
        ("poll", Watcher::Poll),
        ("off", Watcher::Off),
    ];
    let priorities = &[("idle", BacklogPriority::Idle), ("normal", BacklogPriority::Normal)];
    let tail = Tail {
        scan: s.value("scan", some_time),
        scan_max: s.value("scan_max", some_time),
        debounce: s.value("debounce", duration),
        max_line: s.value("max_line", scalar::bytes),
        watcher: s.value("watcher", word(watchers, "\"auto\", \"native\", \"poll\" or \"off\"")),
        backlog_cpu_percent: s.value("backlog_cpu_percent", range(1, 100, "a whole number from 1 to 100")),
        backlog_priority: s.value("backlog_priority", word(priorities, "\"idle\" or \"normal\"")),
    };
    if tail.scan_max < tail.scan {
        s.problem("scan_max", Trouble::Expected("at least scan"));
    }
    s.end();
    tail
}

pub(super) fn socket(mut s: Section<'_>, env: &Env) -> Socket {
    let socket = Socket { enabled: s.value("enabled", flag), path: s.get("path", scalar::path(env)) };
    s.end();
    socket
}

pub(super) fn log(mut s: Section<'_>) -> Log {
    let levels = &[
        ("off", LogLevel::Off),
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    let formats = &[("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json)];
    let log = Log {
        level: s
            .value("level", word(levels, "\"off\", \"error\", \"warn\", \"info\", \"debug\" or \"trace\"")),
        format: s.value("format", word(formats, "\"auto\", \"text\" or \"json\"")),
    };
    s.end();
    log
}
