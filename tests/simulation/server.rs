//! A model of Keito: what it holds, what its listings show, with lag, rounding and locks.

use base64::Engine as _;
use keitod::coverage::{Listed, Posted};
use keitod::daemon::clerk::{Echoed, Effect, ListPage, MeFound};
use keitod::deliver::{Outcome, Refusal};
use keitod::model::{Amount, Covers, Day, Instant, KeitodId, Kind, RemoteId, Tokens, UserId};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

pub const PAGE: usize = 3;

#[derive(Deserialize)]
struct Body<'a> {
    project_id: Option<String>,
    task_id: Option<String>,
    expense_category_id: Option<String>,
    spent_date: Option<String>,
    #[serde(borrow)]
    hours: Option<&'a RawValue>,
    #[serde(borrow)]
    total_cost: Option<&'a RawValue>,
    notes: Option<String>,
    source: Option<String>,
    metadata: Value,
}

/// A state of a row, and from when on listings show it.
#[derive(Debug, Clone)]
struct Version {
    seen_from: Instant,
    row: Listed,
    gone: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Server {
    rows: Vec<Vec<Version>>,
    pub lag_ms: i64,
    pub rounds: bool,
    /// Two machines may create the same record; it shows who did.
    pub twins: bool,
    pub zone: Option<String>,
    /// Rows on a page of a listing; 0: [`PAGE`].
    pub page: usize,
    /// The company's, if it is not USD.
    pub currency: Option<&'static str>,
    /// Amounts are cut to so many decimals.
    pub cuts: Option<u32>,
    next: usize,
}

fn refused<T>(status: u16, message: &str) -> Outcome<T> {
    Outcome::Refused(Refusal {
        status,
        code: None,
        message: message.to_owned(),
        html: false,
        retry_after: None,
    })
}

impl Server {
    /// The newest state of each row that is not deleted.
    pub fn rows(&self) -> impl Iterator<Item = &Listed> {
        self.rows
            .iter()
            .map(|row| &row[row.len() - 1])
            .filter(|version| !version.gone)
            .map(|version| &version.row)
    }

    /// Every row's newest state, deleted ones too.
    pub fn all_rows(&self) -> impl Iterator<Item = &Listed> {
        self.rows.iter().map(|row| &row[row.len() - 1].row)
    }

    /// From when on listings show the newest state of a record.
    pub fn visible_from(&self, id: &RemoteId) -> Option<Instant> {
        self.rows.iter().find(|row| row[0].row.id == *id).map(|row| row[row.len() - 1].seen_from)
    }

    pub fn me(&self) -> Outcome<MeFound> {
        Outcome::Applied(MeFound {
            user: Some(UserId::new("u1")),
            currency: Some(self.currency.unwrap_or("USD").to_owned()),
            zone: self.zone.clone(),
            read_only: false,
        })
    }

    pub fn list(&self, kind: Kind, from: Day, to: Day, page: u32, now: Instant) -> Outcome<ListPage> {
        let seen = |row: &Vec<Version>| row.iter().rev().find(|version| version.seen_from <= now).cloned();
        let rows: Vec<Listed> = self
            .rows
            .iter()
            .filter_map(seen)
            .filter(|version| !version.gone)
            .map(|version| version.row)
            .filter(|row| row.kind == kind && row.day >= from && row.day <= to)
            .collect();
        let size = if self.page == 0 { PAGE } else { self.page };
        let first = (page as usize - 1) * size;
        let shown: Vec<Listed> = rows.iter().skip(first).take(size).cloned().collect();
        let more = first + size < rows.len();
        Outcome::Applied(ListPage { rows: shown, total: Some(rows.len() as u64), more, unreadable: 0 })
    }

    /// Carries out a write.
    pub fn write(&mut self, effect: &Effect, now: Instant, lag: i64) -> Outcome<Echoed> {
        let Effect::Send { kind, patch, body, .. } = effect else { panic!("not a write") };
        let body: Body<'_> = serde_json::from_slice(body).expect("a body that Keito can read");
        let seen_from = now.plus(std::time::Duration::from_millis(lag.unsigned_abs()));
        let hours = body.hours.map(|raw| self.rounded(Amount::parse(raw.get()).expect("digits")));
        let amount = body.total_cost.map(|raw| self.cut(Amount::parse(raw.get()).expect("digits")));
        if let Some(id) = patch {
            let Some(row) = self.rows.iter_mut().find(|row| row[0].row.id == *id) else {
                return refused(404, "");
            };
            let newest = row[row.len() - 1].clone();
            if newest.gone {
                return refused(404, "not found");
            }
            if newest.row.frozen {
                return refused(403, "entry is locked");
            }
            let mut changed = newest.row.clone();
            changed.hours = hours.or(changed.hours);
            changed.posted = posted(&body.metadata);
            let echo = Echoed { id: id.clone(), hours: changed.hours, amount: changed.amount };
            let seen_from = seen_from.max(newest.seen_from);
            row.push(Version { seen_from, row: changed, gone: false });
            return Outcome::Applied(echo);
        }
        assert_eq!(body.source.as_deref(), Some("agent"));
        match kind {
            Kind::Entry => assert!(body.hours.is_some() && body.task_id.is_some()),
            Kind::Expense => {
                assert!(amount.is_some() && body.expense_category_id.is_some())
            }
        }
        self.next += 1;
        let row = Listed {
            kind: *kind,
            id: RemoteId::new(format!("r{}", self.next)),
            user: Some(UserId::new("u1")),
            day: body.spent_date.and_then(|day| day.parse().ok()).expect("a date"),
            project: body.project_id.expect("a project"),
            task: body.task_id.unwrap_or_default(),
            hours,
            amount,
            notes: body.notes,
            frozen: false,
            posted: posted(&body.metadata),
            skill_session: None,
        };
        let id = &row.posted.as_ref().expect("our metadata").keitod_id;
        let twin =
            self.rows().any(|other| other.posted.as_ref().is_some_and(|posted| posted.keitod_id == *id));
        assert!(!twin || self.twins, "the same record was created twice: {id}");
        let echo = Echoed { id: row.id.clone(), hours, amount };
        self.rows.push(vec![Version { seen_from, row, gone: false }]);
        Outcome::Applied(echo)
    }

    fn rounded(&self, hours: Amount) -> Amount {
        let quarter = 250_000_000_000_i128;
        let up = (hours.pico() + quarter - 1) / quarter * quarter;
        if self.rounds { Amount::round(up, 2) } else { hours }
    }

    fn cut(&self, amount: Amount) -> Amount {
        assert!(amount.units > 0);
        let Some(decimals) = self.cuts else { return amount };
        let unit = 10_i128.pow(12 - decimals);
        Amount::round(amount.pico().div_euclid(unit) * unit, decimals)
    }

    /// A person changes a random entry. Returns whether there was one.
    pub fn person(&mut self, pick: usize, now: Instant, does: impl Fn(&mut Listed) -> bool) -> bool {
        let entries: Vec<usize> = (0..self.rows.len())
            .filter(|i| {
                self.rows[*i].last().is_some_and(|v| v.row.kind == Kind::Entry && !v.gone && !v.row.frozen)
            })
            .collect();
        let Some(&index) = entries.get(pick % entries.len().max(1)) else { return false };
        let mut version = self.rows[index][self.rows[index].len() - 1].clone();
        version.gone = does(&mut version.row);
        version.seen_from = now.max(version.seen_from);
        self.rows[index].push(version);
        true
    }

    /// Whether listings show a record of the kind and day of a write.
    pub fn shows_like(&self, effect: &Effect, now: Instant) -> bool {
        let Effect::Send { kind, patch, body, .. } = effect else { return false };
        let body: Body<'_> = serde_json::from_slice(body).expect("a body that Keito can read");
        let of = |id: &RemoteId| self.rows.iter().find(|row| row[0].row.id == *id).map(|row| row[0].row.day);
        let day = body.spent_date.and_then(|day| day.parse().ok()).or_else(|| of(patch.as_ref()?));
        self.days_shown(now).iter().any(|shown| Some(*shown) == day.map(|day| (*kind, day)))
    }

    /// Kinds and days of which listings show a record.
    fn days_shown(&self, now: Instant) -> Vec<(Kind, Day)> {
        let seen = |row: &&Vec<Version>| row[0].seen_from <= now && !row[row.len() - 1].gone;
        self.rows.iter().filter(seen).map(|row| (row[0].row.kind, row[0].row.day)).collect()
    }

    /// Listings show all that there is, but for what lags behind another record of its kind and day: by that one a
    /// clerk without a past sees that it had one.
    pub fn catch_up(&mut self, now: Instant) {
        let shown = self.days_shown(now);
        for version in self.rows.iter_mut().flatten() {
            if !shown.contains(&(version.row.kind, version.row.day)) {
                version.seen_from = version.seen_from.min(now);
            }
        }
    }
}

/// Our metadata as the wire has it.
fn posted(meta: &Value) -> Option<Posted> {
    let text = |key: &str| meta.get(key).and_then(Value::as_str).map(str::to_owned);
    let count = |key: &str| meta.get(key).and_then(Value::as_u64).unwrap_or(0);
    let keys = text("keys").map(|keys| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(keys).expect("base64");
        bytes.chunks(3).map(|prefix| [prefix[0], prefix[1], prefix[2]]).collect()
    });
    Some(Posted {
        keitod_id: KeitodId::new(text("keitod_id")?),
        session: text("session_id")?,
        agent: text("agent_type")?,
        model: text("model")?,
        first_at: Instant::parse(&text("first_at")?)?,
        last_at: Instant::parse(&text("last_at")?)?,
        covers: text("covers").and_then(|covers| Covers::parse(&covers)),
        keys,
        requests: count("requests"),
        tokens: Tokens {
            input: count("input_tokens"),
            cache_read: count("cached_input_tokens"),
            cache_write_5m: count("cache_write_tokens") - count("cache_write_1h_tokens"),
            cache_write_1h: count("cache_write_1h_tokens"),
            output: count("output_tokens"),
            reasoning: 0,
        },
        usd: text("cost_usd").and_then(|usd| Amount::parse(&usd)).map(|usd| usd.pico()),
        rate: text("rate"),
        markup_percent: text("markup_percent"),
        seconds: count("duration_seconds"),
        part: u32::try_from(count("part")).unwrap_or(0),
        excess: meta.get("excess").and_then(Value::as_bool).unwrap_or(false),
        machine: text("machine").unwrap_or_default(),
    })
}

/// A refusal of a write that was not carried out.
pub fn refuse(status: u16) -> Outcome<Echoed> {
    refused(status, "try later")
}
