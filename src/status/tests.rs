//! The status and the queue of a real database.

use serde_json::{Value, json};

use super::{
    Alert, Counts, HeldCount, Live, LiveSource, Paused, Queue, QueueFilter, QueueState, Refused,
    SourceCounts, State, Status, Today,
};
use crate::ledger::due::{Sheet, Sum, Waiting};
use crate::ledger::held::Held;
use crate::model::{
    AccountId, AccountRef, Amount, Instant, KeitodId, Kind, Link, ProjectId, RemoteId, SessionRef, TaskId,
    Tokens, Usd,
};
use crate::report::sample::{Sample, at, contract, keys_in_order, london, place, price};
use crate::report::{Filter, Rows, Rules};
use crate::store::{Account, NewRecord, NewWrite, Tx, WriteState};

fn now() -> Instant {
    at("2026-05-06T12:00:00Z")
}

fn link() -> Link {
    Link { project: ProjectId::new("p1"), task: TaskId::new("t1") }
}

/// A record with one write in `state`, sealed `age` seconds ago.
fn write(tx: &Tx<'_>, account: AccountRef, id: &str, kind: Kind, state: WriteState, age: i64) {
    let record = NewRecord {
        keitod_id: KeitodId::new(id),
        kind,
        session: Some(SessionRef(1)),
        day: "2026-05-06".parse().unwrap(),
        link: link(),
        model: "opus".to_owned(),
        part: 1,
        excess: false,
        first_at: at("2026-05-05T23:00:00Z"),
        last_at: at("2026-05-05T23:02:00Z"),
        seconds: if kind == Kind::Entry { 150 } else { 0 },
        requests: 2,
        amount: (kind == Kind::Expense).then_some(Amount { units: 23, decimals: 4 }),
        usd: Some(Usd(2_250_000_000)),
        remote: (state == WriteState::Done).then(|| RemoteId::new(format!("remote-{id}"))),
        assumed: false,
    };
    let sealed_at = Instant::from_seconds(now().seconds() - age);
    let record = tx.insert_record(account, &record, false).unwrap();
    let body = br#"{"hours":0.040,"source":"agent"}"#.to_vec();
    let idempotency = format!("{id}-1");
    let new = NewWrite { record, patch: false, body, idempotency, seconds: 150, sealed_at };
    let id = tx.insert_write(&new).unwrap();
    let (mut row, ..) = tx.write(id).unwrap().unwrap();
    row.state = state;
    row.attempts = 2;
    row.absent_at = (state == WriteState::Unknown && kind == Kind::Entry).then(now);
    row.reason = (state == WriteState::Dead).then(|| "too_large".to_owned());
    tx.save_write(&row).unwrap();
}

fn group(kind: Kind, linked: bool, model: &str, waiting: Waiting, sum: Sum) -> Sheet {
    let day = "2026-05-06".parse().unwrap();
    let key = (kind == Kind::Expense, day, linked.then(link), model.into(), waiting);
    Sheet { waiting: [(key, sum)].into(), ..Sheet::default() }
}

fn filled() -> (Sample, AccountRef) {
    let mut sample = Sample::two_days();
    let account = Account { origin: "https://x".to_owned(), account: AccountId::new("co"), sandbox: false };
    let account = sample
        .store
        .transact(|tx| {
            let (account, _) = tx.account(&account)?;
            write(tx, account, "k1done", Kind::Expense, WriteState::Done, 9_000);
            write(tx, account, "k1pending", Kind::Entry, WriteState::Pending, 100);
            write(tx, account, "k1unknown", Kind::Expense, WriteState::Unknown, 300);
            write(tx, account, "k1reconciling", Kind::Entry, WriteState::Unknown, 200);
            write(tx, account, "k1dead", Kind::Expense, WriteState::Dead, 500);
            write(tx, account, "k1conflict", Kind::Expense, WriteState::Conflict, 500);
            let unpriced = Sum { requests: 3, ..Sum::default() };
            let held = Waiting::Held(Held::Unpriced);
            tx.save_sheet(SessionRef(1), &group(Kind::Expense, true, "mystery", held, unpriced), None)?;
            let unmapped = Sum { seconds: 40, ..Sum::default() };
            let held = Waiting::Held(Held::Unmapped);
            tx.save_sheet(SessionRef(2), &group(Kind::Entry, false, "", held, unmapped), None)?;
            let open = Sum { seconds: 70, ..Sum::default() };
            let ready = Instant::from_seconds(now().seconds() - 250);
            tx.save_sheet(SessionRef(3), &group(Kind::Entry, true, "", Waiting::Open, open), Some(ready))?;
            let excluded = Sum { requests: 1, usd: Some(Usd(120_000_000_000)), ..Sum::default() };
            tx.save_sheet(
                SessionRef(4),
                &group(Kind::Expense, false, "opus", Waiting::Excluded, excluded),
                None,
            )?;
            Ok(account)
        })
        .unwrap();
    (sample, account)
}

#[test]
fn counts_of_the_queue_by_state_and_reason() {
    let (sample, account) = filled();
    for account in [Some(account), None] {
        let counts = sample.reader.status_counts(account, now()).unwrap();
        let expected = json!({
            "open": 1, "pending": 1, "sending": 0, "unknown": 1, "reconciling": 1, "done": 1, "dead": 1, "conflict": 1,
            "held": {"unmapped": 1, "unpriced": 1},
            "held_seconds": 40, "held_usd": "0", "excluded_seconds": 0, "excluded_usd": "0.12",
            "oldest_due_seconds": 300
        });
        assert_eq!(serde_json::to_value(&counts.queue).unwrap(), expected);
        assert_eq!((counts.ready, counts.changing, counts.unchecked), (1, false, false));
        assert_eq!(counts.refused.len(), 2);
    }
    // Of another account nothing is sealed; what waits is ready for 250 s.
    let other = sample.reader.status_counts(Some(AccountRef(99)), now()).unwrap();
    assert_eq!(other.queue.oldest_due_seconds, 250);
    assert_eq!((other.queue.done, other.queue.dead, other.queue.open), (0, 0, 1));
    let found = |id: &str| sample.reader.account_ref("https://x", &AccountId::new(id)).unwrap();
    assert_eq!((found("co"), found("other")), (Some(account), None));
}

#[test]
fn files_and_lines_by_agent() {
    let (sample, account) = filled();
    let counts = sample.reader.status_counts(Some(account), now()).unwrap();
    let claude = &counts.sources[0];
    assert_eq!(
        (claude.agent.as_str(), claude.files, claude.sessions, claude.rejected_lines),
        ("claude-code", 2, 2, 1)
    );
    assert_eq!(claude.last_event_at, Some(at("2026-05-05T23:12:30Z")));
    assert_eq!(counts.recent_rejects, 1);
    let later = sample.reader.status_counts(Some(account), at("2026-05-07T12:00:00Z")).unwrap();
    assert_eq!(later.recent_rejects, 0);
}

#[test]
fn the_list_shows_what_needs_a_person_first() {
    let (sample, account) = filled();
    let queue = sample.reader.queue(Some(account), &QueueFilter::default(), now()).unwrap();
    let states: Vec<&str> = queue.items.iter().map(|item| item.state.word()).collect();
    assert_eq!(states, ["conflict", "dead", "held", "held", "unknown", "reconciling", "pending", "open"]);
    let dead = serde_json::to_value(&queue.items[1]).unwrap();
    let expected = json!({
        "id": "k1dead", "kind": "expense", "state": "dead", "agent": "claude-code", "session": "A", "day": "2026-05-06",
        "project": "p1", "task": "t1", "model": "opus", "part": 1, "hours": null, "amount": "0.0023", "seconds": 150,
        "requests": 2, "cost_usd": "0.00225", "reason": "too_large",
        "remedy": "see why with `keitod queue show ID`, then `keitod queue retry ID`, or discard it",
        "attempts": 2, "next_at": null, "remote_id": null
    });
    assert_eq!(dead, expected);
    let pending = &queue.items[6];
    assert_eq!((pending.hours.as_deref(), pending.next_at.is_some()), (Some("0.04"), true));

    let listed = |states: Vec<QueueState>, limit| {
        sample.reader.queue(Some(account), &QueueFilter { states, limit }, now()).unwrap().items
    };
    assert_eq!(listed(vec![QueueState::Done], 9)[0].remote_id.as_deref(), Some("remote-k1done"));
    assert_eq!(listed(QueueState::ALL.to_vec(), 5).len(), 5);
    assert_eq!(listed(vec![QueueState::Excluded], 9)[0].cost_usd.as_deref(), Some("0.12"));

    let text = serde_json::to_string(&queue).unwrap();
    assert_eq!(serde_json::from_str::<Queue>(&text).unwrap(), queue);
}

#[test]
fn a_held_group_has_an_id_that_outlives_the_database() {
    let (sample, account) = filled();
    let held = QueueFilter { states: vec![QueueState::Held], limit: 9 };
    let ids = |sample: &Sample| -> Vec<String> {
        let queue = sample.reader.queue(Some(account), &held, now()).unwrap();
        queue.items.into_iter().map(|item| item.id).collect()
    };
    let first = ids(&sample);
    assert_eq!(first, ids(&filled().0));
    assert_ne!(first[0], first[1]);
    assert!(first.iter().all(|id| id.len() == 13 && id.starts_with('h')), "{first:?}");
    let detail = sample.reader.queue_item(Some(account), &first[0]).unwrap().unwrap();
    assert_eq!(detail.item.id, first[0]);
    assert!(detail.item.remedy.is_some() && detail.record.is_none());
    let due = sample.reader.due_group(&first[0]).unwrap().unwrap();
    assert_eq!(
        (due.reason.as_str(), due.requests),
        (detail.item.reason.as_deref().unwrap(), detail.item.requests)
    );
    assert!(sample.reader.due_group("h000000000000").unwrap().is_none());
}

#[test]
fn a_record_in_full_with_the_very_bytes_of_its_writes() {
    let (sample, account) = filled();
    for id in ["k1done", "remote-k1done"] {
        let detail = sample.reader.queue_item(Some(account), id).unwrap().unwrap();
        assert_eq!((detail.item.id.as_str(), detail.writes.len()), ("k1done", 1));
        let text = serde_json::to_string(&detail).unwrap();
        assert!(text.contains(r#""method":"POST","state":"done""#), "{text}");
        assert!(text.contains(r#""body":{"hours":0.040,"source":"agent"}"#), "{text}");
    }
    assert!(sample.reader.queue_item(Some(account), "k1none").unwrap().is_none());
    assert!(sample.reader.queue_item(Some(AccountRef(99)), "k1done").unwrap().is_none());
}

#[test]
fn unproven_work_shows_both_totals() {
    let (mut sample, account) = filled();
    sample
        .store
        .transact(|tx| {
            let record = tx.record_by_id(account, &KeitodId::new("k1done"))?.unwrap();
            let posted = Tokens { input: 5, output: 6, ..Tokens::default() };
            let local = Tokens { input: 4, output: 3, ..Tokens::default() };
            tx.hold_unproven(account, SessionRef(2), "opus", record.id, (&posted, &local))?;
            let held = Waiting::Held(Held::Unproven);
            tx.save_sheet(SessionRef(2), &group(Kind::Expense, true, "opus", held, Sum::default()), None)
        })
        .unwrap();
    let queue = sample.reader.queue(Some(account), &QueueFilter::default(), now()).unwrap();
    let item = queue.items.iter().find(|item| item.reason.as_deref() == Some("unproven")).unwrap();
    let detail = sample.reader.queue_item(Some(account), &item.id).unwrap().unwrap();
    let unproven = serde_json::to_value(&detail.unproven).unwrap();
    assert_eq!((&unproven[0]["record"], &unproven[0]["posted"]["output"]), (&json!("k1done"), &json!(6)));
    assert_eq!(unproven[0]["local"]["input"], 4);
}

fn today(rows: &Rows, day: &str) -> Today {
    let calendar = london();
    let rules = Rules {
        calendar: &calendar,
        min_seconds: 60,
        max_seconds: None,
        price: &|request| price(rows.names.model(request.model), &request.tokens),
        place_of: &|dir, _, _| place(rows, dir),
        project_name: &|_| None,
    };
    Today::build(rows, day.parse().unwrap(), &rules)
}

#[test]
fn the_numbers_of_today() {
    let sample = Sample::two_days();
    for range in [None, Filter::only("2026-05-06".parse().unwrap()).range(&london())] {
        let rows = sample.reader.report_rows(range).unwrap();
        let expected = json!({
            "day": "2026-05-06", "agent_seconds": 250, "wall_seconds": 150, "human_seconds": 600, "dropped_seconds": 600,
            "below_min_seconds": 40, "capped_seconds": 0, "max_concurrency": 2,
            "cost_usd": "0.0015", "unpriced_requests": 1, "unpriced_tokens": 8, "requests": 3,
            "tokens": {"input": 217, "cache_read": 50, "cache_write_5m": 3, "cache_write_1h": 4, "output": 23, "reasoning": 5}
        });
        assert_eq!(serde_json::to_value(today(&rows, "2026-05-06")).unwrap(), expected);
        assert_eq!(today(&rows, "2026-05-05").max_concurrency, 1);
        assert_eq!(today(&rows, "2026-05-09").max_concurrency, 0);
    }
}

#[test]
fn the_document_is_that_of_the_contract() {
    let text = contract("status.json");
    let status: Status = serde_json::from_str(&text).unwrap();
    let ours = serde_json::to_string(&status).unwrap();
    assert_eq!(keys_in_order(&ours), keys_in_order(&text));
    assert_eq!(serde_json::from_str::<Value>(&ours).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
}

fn live() -> Live {
    let source =
        LiveSource { agent: "codex".to_owned(), watcher: "native".to_owned(), ..LiveSource::default() };
    Live {
        now: now(),
        pid: Some(7),
        started_at: Some(at("2026-05-06T11:00:00Z")),
        read_to_end: true,
        credentials: true,
        sources: vec![source],
        ..Live::default()
    }
}

fn built(change: impl FnOnce(&mut Live, &mut Counts)) -> Status {
    let (mut live, mut counts) = (live(), Counts::default());
    change(&mut live, &mut counts);
    Status::build(live, counts, Today::default())
}

#[test]
fn nothing_wrong_is_running_and_caught_up() {
    let status = built(|_, _| {});
    assert_eq!((status.state, status.reasons.len(), status.caught_up), (State::Running, 0, true));
    assert_eq!((status.uptime_seconds, status.schema_version), (3600, 1));
}

#[test]
fn what_is_due_or_unread_is_not_caught_up() {
    let caught_up = |change: fn(&mut Live, &mut Counts)| built(change).caught_up;
    assert!(!caught_up(|live, _| live.read_to_end = false));
    assert!(!caught_up(|_, counts| counts.queue.pending = 1));
    assert!(!caught_up(|_, counts| counts.queue.reconciling = 1));
    assert!(!caught_up(|_, counts| counts.ready = 1));
    assert!(!caught_up(|_, counts| counts.unchecked = true));
    assert!(!caught_up(|_, counts| counts.changing = true));
    // Held, open and refused work is not due; without credentials nothing is.
    assert!(caught_up(|_, counts| counts.queue.open = 4));
    assert!(caught_up(|_, counts| counts.queue.dead = 4));
    assert!(caught_up(|live, counts| {
        live.credentials = false;
        counts.queue.pending = 1;
        counts.ready = 1;
        counts.unchecked = true;
    }));
}

#[test]
fn each_thing_that_is_wrong_has_its_reason() {
    let held = |reason: &str, model: &str, requests| HeldCount {
        reason: reason.to_owned(),
        model: model.to_owned(),
        records: 2,
        requests,
        tokens: 1000 * requests,
        seconds: 900 * (2 - requests.min(2)),
        usd: crate::model::Usd(2_500_000_000 * i128::from(requests)),
    };
    let codes = |change: &dyn Fn(&mut Live, &mut Counts)| -> (State, Vec<String>) {
        let status = built(|live, counts| change(live, counts));
        assert!(status.reasons.iter().all(|of| !of.message.is_empty() && !of.remedy.is_empty()));
        (status.state, status.reasons.into_iter().map(|of| of.code).collect())
    };
    let check = |change: &dyn Fn(&mut Live, &mut Counts), state, code: &str| {
        assert_eq!(codes(change), (state, vec![code.to_owned()]));
    };
    let pause = |code: &str, all| Some(Paused { code: code.to_owned(), remedy: "x".to_owned(), all });
    check(&|live, _| live.pause = pause("auth", true), State::Paused, "auth");
    check(&|live, _| live.pause = pause("amount_mismatch", false), State::Degraded, "amount_mismatch");
    check(&|live, _| live.credentials = false, State::Degraded, "no_credentials");
    check(&|live, _| live.keito.breaker = "open".to_owned(), State::Degraded, "breaker_open");
    check(&|live, _| live.limited_until = Some(at("2026-05-06T12:00:09Z")), State::Degraded, "rate_limited");
    check(&|live, _| live.alerts.push(Alert::ClockJump), State::Degraded, "clock_jump");
    let stopped =
        SourceCounts { agent: "codex".to_owned(), alarm: Some("x".to_owned()), ..SourceCounts::default() };
    check(&|_, counts| counts.sources.push(stopped.clone()), State::Degraded, "format_alarm");
    check(&|live, _| live.sources[0].unreadable = 1, State::Degraded, "unreadable");
    check(&|live, _| live.sources[0].watcher = "poll".to_owned(), State::Degraded, "watcher_poll");
    check(&|_, counts| counts.recent_rejects = 2, State::Degraded, "rejects");
    for state in [QueueState::Dead, QueueState::Conflict] {
        let refused = Refused { state, reason: "too_large".to_owned(), records: 1 };
        check(&|_, counts| counts.refused.push(refused.clone()), State::Degraded, state.word());
    }
    check(&|_, counts| counts.held.push(held("unmapped", "", 0)), State::Degraded, "unmapped");
    assert_eq!(codes(&|live, _| live.limited_until = Some(now())).0, State::Running);

    let status = built(|_, counts| {
        counts.held.extend([held("unmapped", "a", 1), held("unmapped", "b", 1)]);
        counts.held.extend([held("unpriced", "claude-opus-9-9", 3), held("unpriced", "x", 1)]);
    });
    let messages: Vec<&str> = status.reasons.iter().map(|of| of.message.as_str()).collect();
    let expected = [
        "4 records are held: no link for their directory (0.5 h, 0.005 USD)",
        "3 requests of claude-opus-9-9 have no price: 3000 tokens",
        "1 request of x has no price: 1000 tokens",
    ];
    assert_eq!(messages, expected);
    assert_eq!(status.reasons[1].remedy, "keitod prices show claude-opus-9-9");
}

#[test]
fn watched_agents_come_first_and_forgotten_ones_are_off() {
    let (sample, account) = filled();
    let counts = sample.reader.status_counts(Some(account), now()).unwrap();
    let status = Status::build(live(), counts, Today::default());
    let sources: Vec<(&str, &str, u64)> = status
        .sources
        .iter()
        .map(|source| (source.agent.as_str(), source.watcher.as_str(), source.files))
        .collect();
    assert_eq!(sources, [("codex", "native", 2), ("claude-code", "off", 2)]);
}
