//! The bytes of a write, from the ledger's values.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::days::Members;
use super::policy::{Factor, NoteFor};
use super::seal::{Desk, add};
use super::session::Loaded;
use crate::keito::{self, EntryBody, EntryMeta, ExpenseBody, ExpenseMeta, Identity, MetadataJson, Optional};
use crate::ledger::days::Calendar;
use crate::ledger::due::{DueEntry, DueExpense, Item, Place};
use crate::ledger::spans::RULE;
use crate::ledger::stretches;
use crate::model::{CategoryId, Covers, Hours, Instant, Quality, Tokens, Usd};
use crate::store::{NewRecord, Within};

/// Sums over the requests of an expense.
#[derive(Debug, Clone)]
pub(super) struct Sheetwork {
    pub(super) tokens: Tokens,
    pub(super) total: Tokens,
    pub(super) usd: Usd,
    pub(super) first_at: Instant,
    pub(super) last_at: Instant,
    pub(super) quality: Quality,
    /// Whose lists priced it, each once.
    providers: BTreeSet<Option<Arc<str>>>,
}

impl Default for Sheetwork {
    fn default() -> Self {
        Self {
            tokens: Tokens::default(),
            total: Tokens::default(),
            usd: Usd::default(),
            first_at: Instant::from_millis(i64::MAX),
            last_at: Instant::from_millis(i64::MIN),
            quality: Quality::Exact,
            providers: BTreeSet::new(),
        }
    }
}

impl Sheetwork {
    pub(super) fn add(&mut self, item: &Item) {
        self.tokens.add(&item.tokens);
        self.total.add(&item.total);
        self.usd = add(self.usd, item.price.usd);
        self.first_at = self.first_at.min(item.at);
        self.last_at = self.last_at.max(item.at);
        self.quality = self.quality.max(item.quality);
        self.providers.insert(item.provider.clone());
    }

    /// The provider that the log names for all of them.
    fn provider(&self) -> Option<&str> {
        let only = self.providers.first().filter(|_| self.providers.len() == 1)?;
        only.as_deref()
    }
}

/// What an entry says besides its time: the usage of its session, day and link, as information.
#[derive(Debug, Clone)]
pub(super) struct EntryFacts {
    pub(super) model: String,
    tokens: Tokens,
    requests: u64,
}

impl EntryFacts {
    /// Of the entry's day and link.
    pub(super) fn of(calendar: &Calendar, loaded: &Loaded, due: &DueEntry) -> Self {
        let mut facts = Self { model: String::new(), tokens: Tokens::default(), requests: 0 };
        let mut by_model: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
        for request in loaded.session.requests.iter().filter(|request| is_of(loaded, request.place, due)) {
            if calendar.day_of(request.at) == due.day {
                facts.tokens.add(&request.tokens);
                facts.requests += 1;
                *by_model.entry(&request.model).or_default() += request.tokens.output;
            }
        }
        let most = by_model.into_iter().max_by_key(|(_, output)| *output);
        facts.model = most.map_or_else(|| "unknown".to_owned(), |(model, _)| model.to_owned());
        facts
    }

    /// Of an entry of several sessions: what it held before, and what this session brings.
    pub(super) fn beside(mut within: Within, loaded: &Loaded, due: &DueEntry) -> Self {
        let brings = |at: i64| due.stretches.iter().any(|(start, end)| (start + 1..=*end).contains(&at));
        let requests = loaded.session.requests.iter().filter(|request| brings(request.at.seconds()));
        for request in requests.filter(|request| is_of(loaded, request.place, due)) {
            within.tokens.add(&request.tokens);
            within.requests += 1;
            *within.models.entry(request.model.to_string()).or_default() += request.tokens.output;
        }
        let most = within.models.into_iter().max_by_key(|(_, output)| *output);
        let model = most.map_or_else(|| "unknown".to_owned(), |(model, _)| model);
        Self { model, tokens: within.tokens, requests: within.requests }
    }
}

/// Whether a place is that of the entry: several directories and branches may lead to one link.
fn is_of(loaded: &Loaded, place: usize, due: &DueEntry) -> bool {
    place == due.place || matches!(&loaded.session.places[place], Place::To { link, .. } if *link == due.link)
}

fn quality_word(quality: Quality) -> &'static str {
    match quality {
        Quality::Exact => "exact",
        Quality::LowerBound => "lower_bound",
        Quality::Estimated => "estimated",
    }
}

fn optional<'a>(desk: &'a Desk<'_, '_>, loaded: &'a Loaded, place: usize) -> Optional<'a> {
    let detail = &loaded.spots[place].detail;
    let agent_id = detail.agent_id.as_deref();
    Optional {
        draft: detail.draft,
        agent_id,
        cost_basis: detail.cost_basis,
        git_branch: detail.branch.as_deref().filter(|_| detail.send_branch),
        repo: detail.send_repo.as_deref(),
        extra: &detail.extra,
        ..desk.optional()
    }
}

impl Desk<'_, '_> {
    fn optional<'a>(&self) -> Optional<'a> {
        Optional {
            draft: false,
            agent_id: None,
            provider: None,
            quality: None,
            wall_seconds: None,
            time_method: None,
            cost_basis: None,
            price_version: None,
            git_branch: None,
            repo: None,
            extra: &[],
        }
    }

    fn note(&self, loaded: &Loaded, place: usize, of: &NoteFor<'_>) -> String {
        self.policy.note(&loaded.spots[place].detail, of)
    }
}

#[allow(clippy::too_many_arguments)]
pub(super) fn expense(
    desk: &Desk<'_, '_>,
    loaded: &Loaded,
    due: &DueExpense,
    record: &NewRecord,
    covers: Covers,
    work: &Sheetwork,
    factor: &Factor,
    category: &CategoryId,
) -> Result<Vec<u8>, keito::TooLong> {
    let mut keys: Vec<[u8; 3]> = due.items.iter().map(|item| item.key.prefix()).collect();
    keys.sort_unstable();
    let version = desk.policy.price_version();
    let model = Desk::model(&due.model);
    let detail = &loaded.spots[due.place].detail;
    let meta = ExpenseMeta {
        identity: Identity {
            keitod_id: &record.keitod_id,
            session: &loaded.head.native,
            agent: &loaded.head.agent,
            model: &model,
            first_at: record.first_at,
            last_at: record.last_at,
            covers,
            machine: &desk.settings.machine,
            part: record.part,
        },
        keys: &keys,
        tokens: work.tokens,
        cost_usd: work.usd,
        rate: factor.rate.as_deref(),
        markup_percent: detail.markup_percent.as_deref(),
        excess: due.excess,
        optional: Optional {
            quality: Some(quality_word(work.quality)),
            price_version: Some(&version),
            cost_basis: Some(due.basis.code()),
            provider: work.provider(),
            ..optional(desk, loaded, due.place)
        },
    };
    let metadata = keito::metadata::expense(&meta)?;
    let of = NoteFor {
        expense: true,
        agent: &loaded.head.agent,
        model: &due.model,
        session: loaded.head.native.as_str(),
        day: due.day,
        requests: record.requests,
        seconds: 0,
        tokens: work.tokens,
    };
    let notes = desk.note(loaded, due.place, &of);
    Ok(keito::expense_body(&ExpenseBody {
        project: &due.link.project,
        category,
        spent_date: due.day,
        total_cost: record.amount.unwrap_or(crate::model::Amount { units: 0, decimals: 0 }),
        notes: &notes,
        metadata: &metadata,
    }))
}

/// What an entry is about: its record, its sessions, the usage in it.
type Of<'a> = (&'a NewRecord, &'a Members, &'a EntryFacts);

fn entry_metadata(
    desk: &Desk<'_, '_>,
    loaded: &Loaded,
    due: &DueEntry,
    (record, members, facts): Of<'_>,
) -> Result<MetadataJson, keito::TooLong> {
    let model = Desk::model(&record.model);
    let wall = stretches::seconds(&stretches::union(due.stretches.clone()));
    let keys = members.keys(loaded.head.agent.as_str());
    let meta = EntryMeta {
        identity: Identity {
            keitod_id: &record.keitod_id,
            session: &members.home,
            agent: &loaded.head.agent,
            model: &model,
            first_at: record.first_at,
            last_at: record.last_at,
            covers: members.covers(loaded.head.agent.as_str()),
            machine: &desk.settings.machine,
            part: record.part,
        },
        duration_seconds: record.seconds,
        day_sessions: keys.as_deref(),
        usage: (facts.requests > 0).then_some((facts.tokens, None)),
        optional: Optional {
            time_method: Some(RULE),
            wall_seconds: (due.grow.is_none()).then_some(wall),
            ..optional(desk, loaded, due.place)
        },
    };
    keito::metadata::entry(&meta)
}

fn entry_note(
    desk: &Desk<'_, '_>,
    loaded: &Loaded,
    due: &DueEntry,
    (record, members, facts): Of<'_>,
) -> String {
    let of = NoteFor {
        expense: false,
        agent: &loaded.head.agent,
        model: &facts.model,
        session: members.home.as_str(),
        day: due.day,
        requests: facts.requests,
        seconds: record.seconds,
        tokens: facts.tokens,
    };
    desk.note(loaded, due.place, &of)
}

pub(super) fn entry(
    desk: &Desk<'_, '_>,
    loaded: &Loaded,
    due: &DueEntry,
    of: Of<'_>,
    hours: Hours,
) -> Result<Vec<u8>, keito::TooLong> {
    let metadata = entry_metadata(desk, loaded, due, of)?;
    let notes = entry_note(desk, loaded, due, of);
    Ok(keito::entry_body(&EntryBody {
        project: &due.link.project,
        task: &due.link.task,
        spent_date: due.day,
        hours,
        notes: &notes,
        metadata: &metadata,
    }))
}

pub(super) fn growth(
    desk: &Desk<'_, '_>,
    loaded: &Loaded,
    due: &DueEntry,
    of: Of<'_>,
    hours: Hours,
) -> Result<Vec<u8>, keito::TooLong> {
    let metadata = entry_metadata(desk, loaded, due, of)?;
    Ok(keito::entry_patch_body(hours, &metadata, None))
}
