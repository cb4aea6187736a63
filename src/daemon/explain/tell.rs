//! All that was gathered → the document.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::gather::{Gathered, One};
use super::origins;
use super::subject::{Subject, nothing_on};
use crate::config::{EntryPer, Overlap};
use crate::daemon::clerk::Factor;
use crate::daemon::documents::{Documents, document, internal};
use crate::daemon::intake::again::{Found, State};
use crate::daemon::prices;
use crate::ledger::days::Calendar;
use crate::ledger::due::{Request, Waiting, WaitingKey};
use crate::ledger::spans::{Gaps, RULE};
use crate::model::{AccountRef, Kind as RecordKind, Meaning, RequestRef, Tokens, Usd};
use crate::prices as list;
use crate::report::explained::{
    self, Check, Echoed, EntryState, Evidence, Explanation, FileLine, Kind, Only, Posted, Story, TimeRule,
};
use crate::report::{By, Filter, Report, Sums, cost_of};
use crate::server::Failure;
use crate::status::QueueItem;
use crate::store::{DueRow, Reader};

/// What is asked for.
pub(super) struct Asked {
    pub(super) subject: Subject,
    pub(super) calendar: Calendar,
    pub(super) account: Option<AccountRef>,
}

pub(super) fn tell(
    of: &Documents,
    reader: &Reader,
    asked: Asked,
    gathered: &Gathered,
    found: &Found,
) -> Result<Vec<u8>, Failure> {
    let Asked { subject, calendar, account } = asked;
    let (kind, id, only) = only(&subject, gathered);
    let costs = of.with_rules(reader, &gathered.rows, &calendar, |rules| {
        let cost = |(id, row): (&RequestRef, &crate::report::RequestRow)| (*id, cost_of(row, rules));
        gathered.by_request.iter().map(cost).collect::<HashMap<_, _>>()
    })?;
    let report = report(of, reader, &subject, &calendar, gathered)?;
    let stories: Vec<Story> = gathered
        .sessions
        .iter()
        .map(|one| story(of, one, &only, (gathered, found), (&calendar, &costs)))
        .filter(|story| kind != Kind::Day || is_told(story))
        .collect();
    if let (Kind::Day, true) = (kind, stories.is_empty()) {
        return Err(nothing_on(&id));
    }
    let totals = explained::totals(&stories);
    let queue = match kind {
        Kind::Record | Kind::Held => reader.queue_item(account, &id).map_err(internal)?,
        Kind::Session | Kind::Day => None,
    };
    let check = check(gathered, &stories, queue.as_ref());
    let ids: BTreeSet<&str> = totals.stands.iter().filter_map(|sum| sum.id.as_deref()).collect();
    let mut records: Vec<QueueItem> = Vec::new();
    for id in ids {
        records.extend(reader.queue_item(account, id).map_err(internal)?.map(|detail| detail.item));
    }
    records.sort_by(|a, b| (&a.day, &a.kind, &a.part).cmp(&(&b.day, &b.kind, &b.part)));
    document(&Explanation {
        schema_version: 1,
        kind,
        id,
        timezone: calendar.name().map(str::to_owned),
        time_rule: rule(of),
        since: gathered.since.map(|since| since.to_string()),
        queue,
        echoed: echoed(gathered),
        check,
        report,
        totals,
        records,
        sessions: stories,
        files: found.files.iter().map(file).collect(),
    })
}

/// Whether anything of a session lies on the day.
fn is_told(story: &Story) -> bool {
    story.first.is_some() || !story.gaps.is_empty() || !story.requests.is_empty()
}

fn only(subject: &Subject, gathered: &Gathered) -> (Kind, String, Only) {
    match subject {
        Subject::Record(_, id) => {
            let row = gathered.record.as_ref().map(|sealed| &sealed.row.new);
            let entry = row.filter(|of| of.kind == RecordKind::Entry).map(|of| (of.day, of.link.clone()));
            (Kind::Record, id.clone(), Only::Record { id: id.as_str().into(), entry })
        }
        Subject::Group(id, due) => {
            (Kind::Held, id.clone(), Only::Group { id: id.clone(), time: !due.expense })
        }
        Subject::Session(_, native) => (Kind::Session, native.clone(), Only::All),
        Subject::Day(day, _) => (Kind::Day, day.to_string(), Only::Day(*day)),
    }
}

fn rule(of: &Documents) -> TimeRule {
    let time = &of.config.time;
    TimeRule {
        name: RULE,
        idle_gap_seconds: time.idle_gap.as_secs(),
        tool_gap_seconds: time.tool_gap.as_secs(),
        min_seconds: time.min_seconds,
        max_seconds: time.max_seconds,
        overlap: match time.overlap {
            Overlap::Sum => "sum",
            Overlap::Project => "project",
            Overlap::All => "all",
        },
        entry: match time.entry {
            EntryPer::Session => "session",
            EntryPer::Day => "day",
        },
    }
}

fn report(
    of: &Documents,
    reader: &Reader,
    subject: &Subject,
    calendar: &Calendar,
    gathered: &Gathered,
) -> Result<Option<Sums>, Failure> {
    let filter = match subject {
        Subject::Session(..) => Filter { from: None, to: None },
        Subject::Day(day, _) => Filter::only(*day),
        Subject::Record(..) | Subject::Group(..) => return Ok(None),
    };
    let rows = &gathered.rows;
    let report =
        of.with_rules(reader, rows, calendar, |rules| Report::build(rows, &[By::Day], filter, rules))?;
    Ok(Some(report.totals))
}

type Costs = HashMap<RequestRef, (Option<Usd>, bool)>;

fn story(
    of: &Documents,
    one: &One,
    only: &Only,
    (gathered, found): (&Gathered, &Found),
    (calendar, costs): (&Calendar, &Costs),
) -> Story {
    let time = &of.config.time;
    let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let origins = origins::of(found, one);
    explained::story(
        &Evidence {
            agent: one.seen.head.agent.as_str(),
            session: one.seen.head.native.as_str(),
            calendar,
            limits: Gaps { idle_ms: millis(time.idle_gap), tool_ms: millis(time.tool_gap) },
            since: gathered.since,
            horizon: gathered.horizon,
            min_seconds: time.min_seconds,
            max_seconds: time.max_seconds,
            ledger: &one.seen.session,
            sheet: &one.seen.sheet,
            events: &one.events,
            gaps: &one.gaps,
            held: &one.held,
            bills: &one.bills,
            groups: &|key| one.groups.iter().find(|(_, due)| is_group(due, key)).map(|(id, _)| id.clone()),
            places: &one.led.places,
            request_places: &one.led.requests,
            span_places: &one.led.spans,
            origins: &origins,
            price: &|request, tokens| price(of, request, tokens),
            cost: &|request| costs.get(&request.id).copied().unwrap_or((None, true)),
        },
        only,
    )
}

fn is_group(due: &DueRow, (expense, day, link, model, waiting): &WaitingKey) -> bool {
    let (project, task) = link.as_ref().map_or(("", ""), |link| (link.project.as_str(), link.task.as_str()));
    let reason = match waiting {
        Waiting::Open => "",
        Waiting::Held(held) => held.code(),
        Waiting::Excluded => "excluded",
    };
    due.expense == *expense
        && due.day == day.to_string()
        && (due.project.as_str(), due.task.as_str()) == (project, task)
        && due.model == **model
        && due.reason == reason
}

/// What the log says was charged is the price, whatever the list says.
fn price(of: &Documents, request: &Request, tokens: &Tokens) -> Value {
    let charged = request.reported.filter(|reported| reported.meaning == Meaning::Charged);
    if let Some(charged) = charged.filter(|charged| charged.usd.0 >= 0 && !request.terms.bad_usage) {
        return json!({"priced": true, "lines": [], "factor": "1", "fees": "0", "usd": charged.usd.to_string(),
                      "provenance": "reported", "notes": ["the log says what was charged"]});
    }
    let asked = list::Request {
        platform: request.provider.as_deref(),
        model: &request.model,
        at: request.at,
        tokens,
        terms: &request.terms,
    };
    prices::quoted(&of.table, &asked)
}

fn check(
    gathered: &Gathered,
    stories: &[Story],
    queue: Option<&crate::status::QueueDetail>,
) -> Option<Check> {
    let sealed = gathered.record.as_ref()?;
    let (row, frozen) = (&sealed.row.new, &sealed.frozen);
    let posted = Posted {
        entry: row.kind == RecordKind::Entry,
        id: row.keitod_id.as_str().to_owned(),
        seconds: row.seconds,
        amount: row.amount,
        usd: row.usd,
        adopted: queue.and_then(|queue| queue.record.as_ref()).is_some_and(|record| record.adopted),
        exact: frozen.exact,
        rate: frozen.rate.clone(),
        markup: frozen.markup.clone(),
        currency: frozen.currency.clone(),
        earlier_exact: sealed.earlier.exact,
        earlier_sent: sealed.earlier.sent,
    };
    let factor = Factor::parse(frozen.rate.as_deref(), frozen.markup.as_deref());
    Some(explained::check(&posted, stories, queue, &|pico| factor.as_ref()?.apply(pico)))
}

fn echoed(gathered: &Gathered) -> Option<Echoed> {
    let row = &gathered.record.as_ref()?.row;
    let mut states: Vec<EntryState> = Vec::new();
    for state in &row.ours {
        let state = EntryState { hours: state.hours.to_string(), seconds: state.seconds };
        if !states.contains(&state) {
            states.push(state);
        }
    }
    Some(Echoed {
        remote_id: row.new.remote.as_ref()?.as_str().to_owned(),
        answered_at: row.answered_at.map(|at| at.to_string()),
        listed_at: row.listed_at.map(|at| at.to_string()),
        entry: if row.new.kind == RecordKind::Entry { states } else { Vec::new() },
        amount: row.new.amount.map(|amount| amount.to_string()),
    })
}

fn file((path, state): &(std::path::PathBuf, State)) -> FileLine {
    let (state, why) = match state {
        State::Read => ("read", None),
        State::Gone => ("gone", None),
        State::Skipped(why) => ("skipped", Some(why.clone())),
    };
    FileLine { path: path.display().to_string(), state, why }
}
