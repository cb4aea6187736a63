//! The status in the text format of Prometheus, version 0.0.4. Base units (seconds, bytes), money in USD; what only
//! grows while the process lives is a counter and ends in `_total`, everything else is a gauge: a day's sums begin
//! anew at midnight, and files can go.

use std::fmt::{Display, Write as _};

use super::{State, Status};
use crate::model::Instant;

/// What the socket has counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SocketCounts {
    /// Answers by class: 2xx, 4xx, 5xx.
    pub answered: [u64; 3],
    /// Clients that found no seat.
    pub turned_away: u64,
    /// Clients of another user.
    pub foreign: u64,
    /// Clients now.
    pub clients: u64,
    /// Streams of events now.
    pub streams: u64,
}

/// A page of metrics.
#[derive(Debug, Default)]
pub struct Metrics {
    text: String,
}

impl Metrics {
    /// Begins a metric. Samples follow at once.
    fn metric(&mut self, name: &str, help: &str) {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.text.push_str(name);
        let mut joint = '{';
        for (label, word) in labels {
            let word = word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.text, "{joint}{label}=\"{word}\"");
            joint = ',';
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{close} {value}");
    }

    fn one(&mut self, name: &str, help: &str, value: impl Display) {
        self.metric(name, help);
        self.sample(name, &[], value);
    }

    fn each<'a, V: Display>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, V)>,
    ) {
        self.metric(name, help);
        for (word, value) in values {
            self.sample(name, &[(label, word)], value);
        }
    }

    /// An instant as Unix seconds; a metric without one has no sample.
    fn instant(&mut self, name: &str, help: &str, at: Option<&str>) {
        if let Some(at) = at.and_then(Instant::parse) {
            self.one(name, help, at.seconds());
        }
    }
}

/// The page.
#[must_use]
pub fn metrics(status: &Status, socket: &SocketCounts) -> String {
    let mut page = Metrics::default();
    page.metric("keitod_info", "The version that runs, in a label; always 1.");
    page.sample("keitod_info", &[("version", &status.version)], 1);
    page.instant(
        "keitod_start_time_seconds",
        "Start of the process, Unix time in seconds.",
        status.started_at.as_deref(),
    );
    let states = [State::Running, State::Paused, State::Degraded];
    page.each(
        "keitod_state",
        "1 at the state in force, 0 at the others.",
        "state",
        states.map(|state| (state.word(), u8::from(state == status.state))),
    );
    let caught_up = "1 if every log is read to its end and nothing is due, else 0.";
    page.one("keitod_caught_up", caught_up, u8::from(status.caught_up));
    page.each(
        "keitod_reason",
        "1 for each reason why the state is not running.",
        "code",
        distinct(status).into_iter().map(|code| (code, 1)),
    );
    sources(&mut page, status);
    today(&mut page, status);
    queue(&mut page, status);
    keito(&mut page, status);
    counts(&mut page, socket);
    page.text
}

/// A code can be there for several things, a sample but once.
fn distinct(status: &Status) -> std::collections::BTreeSet<&str> {
    status.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

fn sources(page: &mut Metrics, status: &Status) {
    let all = &status.sources;
    let name = |source: &'_ super::Source| source.agent.clone();
    let names: Vec<String> = all.iter().map(name).collect();
    let of = |value: fn(&super::Source) -> u64| {
        names.iter().map(String::as_str).zip(all.iter().map(value)).collect::<Vec<_>>()
    };
    page.each("keitod_source_files", "Log files that were read.", "agent", of(|source| source.files));
    page.each("keitod_source_sessions", "Sessions in the logs.", "agent", of(|source| source.sessions));
    page.each(
        "keitod_source_lag_bytes",
        "Bytes of the logs that are not read yet.",
        "agent",
        of(|source| source.lag_bytes),
    );
    page.each(
        "keitod_source_rejected_lines",
        "Lines of the logs that could not be read.",
        "agent",
        of(|source| source.rejected_lines),
    );
    page.each(
        "keitod_source_alarm",
        "1 if a format alarm stops the agent, else 0.",
        "agent",
        of(|source| u64::from(source.alarm.is_some())),
    );
    let last = all.iter().filter_map(|source| {
        let at = source.last_event_at.as_deref().and_then(Instant::parse)?;
        Some((source.agent.as_str(), at.seconds()))
    });
    let help = "The latest instant in the logs, Unix time in seconds.";
    page.each("keitod_source_last_event_time_seconds", help, "agent", last);
}

fn today(page: &mut Metrics, status: &Status) {
    let today = &status.today;
    page.each(
        "keitod_today_seconds",
        "Time of the local day so far in seconds, by what it is: agent counts, the others do not.",
        "kind",
        [
            ("agent", today.agent_seconds),
            ("wall", today.wall_seconds),
            ("human", today.human_seconds),
            ("dropped", today.dropped_seconds),
            ("below_min", today.below_min_seconds),
            ("capped", today.capped_seconds),
        ],
    );
    if let Some(cost) = &today.cost_usd {
        page.one("keitod_today_cost_usd", "Cost of the local day's priced requests so far in USD.", cost);
    }
    page.one("keitod_today_requests", "Model requests of the local day so far.", today.requests);
    page.one(
        "keitod_today_unpriced_requests",
        "Those of the local day's requests that have no price.",
        today.unpriced_requests,
    );
    let tokens = &today.tokens;
    page.each(
        "keitod_today_tokens",
        "Tokens of the local day so far by class; reasoning is a part of output.",
        "class",
        [
            ("input", tokens.input),
            ("cache_read", tokens.cache_read),
            ("cache_write_5m", tokens.cache_write_5m),
            ("cache_write_1h", tokens.cache_write_1h),
            ("output", tokens.output),
            ("reasoning", tokens.reasoning),
        ],
    );
}

fn queue(page: &mut Metrics, status: &Status) {
    let queue = &status.queue;
    page.each(
        "keitod_queue_records",
        "Records by the state of their latest write.",
        "state",
        [
            ("open", queue.open),
            ("pending", queue.pending),
            ("sending", queue.sending),
            ("unknown", queue.unknown),
            ("reconciling", queue.reconciling),
            ("done", queue.done),
            ("dead", queue.dead),
            ("conflict", queue.conflict),
        ],
    );
    page.each(
        "keitod_queue_held_records",
        "Groups of work that are held, by reason.",
        "reason",
        queue.held.iter().map(|(reason, count)| (reason.as_str(), count)),
    );
    page.one("keitod_queue_held_seconds", "Time that is held in seconds.", queue.held_seconds);
    page.one("keitod_queue_held_usd", "Cost that is held in USD, as far as it is priced.", &queue.held_usd);
    page.one("keitod_queue_excluded_seconds", "Time that is never sent in seconds.", queue.excluded_seconds);
    page.one("keitod_queue_excluded_usd", "Cost that is never sent in USD.", &queue.excluded_usd);
    page.one(
        "keitod_queue_oldest_due_seconds",
        "How long the oldest of what is due has been waiting in seconds.",
        queue.oldest_due_seconds,
    );
}

fn keito(page: &mut Metrics, status: &Status) {
    let line = &status.keito;
    let proved = [("entry", line.proved.entries), ("expense", line.proved.expenses)];
    page.each(
        "keitod_keito_proved",
        "1 if records of the kind came back in a listing as they were sent, else 0.",
        "kind",
        proved.map(|(kind, proved)| (kind, u8::from(proved))),
    );
    page.each(
        "keitod_keito_breaker",
        "1 at the state of the breaker, 0 at the others.",
        "state",
        ["closed", "open", "half_open"].map(|state| (state, u8::from(state == line.breaker))),
    );
    page.instant(
        "keitod_keito_last_ok_time_seconds",
        "The last good answer, Unix time in seconds.",
        line.last_ok_at.as_deref(),
    );
    page.one(
        "keitod_keito_requests_last_minute",
        "Requests to Keito in the last 60 seconds.",
        line.requests_last_minute,
    );
    page.one(
        "keitod_keito_requests_per_minute_limit",
        "Requests to Keito that the limiter lets through in 60 seconds.",
        line.requests_per_minute,
    );
    if let Some(audit) = &status.last_audit {
        page.instant(
            "keitod_audit_time_seconds",
            "The last comparison of both sides, Unix time in seconds.",
            Some(&audit.at),
        );
        page.each(
            "keitod_audit_records",
            "Records of the last audit that differ, by how.",
            "finding",
            [
                ("missing", audit.missing),
                ("extra", audit.extra),
                ("duplicate", audit.duplicate),
                ("drift", audit.drift),
            ],
        );
    }
}

fn counts(page: &mut Metrics, socket: &SocketCounts) {
    let [fine, theirs, ours] = socket.answered;
    page.each(
        "keitod_socket_answers_total",
        "Answers on the socket by the class of their status.",
        "class",
        [("2xx", fine), ("4xx", theirs), ("5xx", ours)],
    );
    page.one(
        "keitod_socket_clients_turned_away_total",
        "Clients that found no seat on the socket.",
        socket.turned_away,
    );
    page.one(
        "keitod_socket_foreign_clients_total",
        "Clients of another user, which are not answered.",
        socket.foreign,
    );
    page.one("keitod_socket_clients", "Clients that are connected to the socket.", socket.clients);
    page.one("keitod_socket_streams", "Streams of events that are open.", socket.streams);
}
