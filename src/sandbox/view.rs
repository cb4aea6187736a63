//! The page for people: what has arrived, by day.

use super::number::Number;
use super::refusal::Refusal;
use super::reply::Reply;
use super::state::State;
use super::wire::{EntryView, ExpenseView, shown_hours};
use super::workspace::Workspace;
use crate::model::Day;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("page.html");

/// Days that the page shows; totals are over all.
const DAYS: usize = 62;

pub(super) async fn page(Shared(state): Shared<State>) -> Response {
    let nonce = state.nonce();
    let policy = format!(
        "default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let mut response = Html(PAGE.replace("{{nonce}}", nonce)).into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The rows behind the page; 304 while nothing has changed.
pub(super) async fn rows(Shared(state): Shared<State>, headers: HeaderMap) -> Result<Response, Refusal> {
    state.with(|workspace| {
        let tag = format!("\"{}-{}\"", state.nonce(), workspace.version);
        let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let mut response = match known == Some(tag.as_str()) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => Reply::json(200, &overview(workspace)).into_response(),
        };
        let tag = HeaderValue::try_from(tag).map_err(|_| Refusal::new(500, "No entity tag"))?;
        response.headers_mut().insert(header::ETAG, tag);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(response)
    })
}

#[derive(Serialize)]
struct Overview<'a> {
    company: &'a str,
    account: &'a str,
    currency: &'a str,
    timezone: &'a str,
    time_rounding: String,
    totals: Totals,
    days: Vec<DayView<'a>>,
    days_left_out: usize,
}

/// Sums made here, where they are exact; the page only prints them.
#[derive(Serialize, Default)]
struct Totals {
    hours: String,
    cost: String,
    entries: usize,
    expenses: usize,
    sessions: usize,
}

#[derive(Serialize)]
struct DayView<'a> {
    day: String,
    totals: Totals,
    entries: Vec<EntryView<'a>>,
    expenses: Vec<ExpenseView<'a>>,
}

#[derive(Default)]
struct DayRows<'a> {
    hours: Decimal,
    cost: Decimal,
    entries: Vec<&'a super::rows::Entry>,
    expenses: Vec<&'a super::rows::Expense>,
    sessions: BTreeSet<String>,
}

impl DayRows<'_> {
    fn totals(&self) -> Totals {
        Totals {
            hours: Number::of(self.hours).to_string(),
            cost: Number::of(self.cost).to_string(),
            entries: self.entries.len(),
            expenses: self.expenses.len(),
            sessions: self.sessions.len(),
        }
    }
}

fn overview(workspace: &Workspace) -> Overview<'_> {
    let settings = &workspace.settings;
    let (mut days, mut all) = (BTreeMap::<Day, DayRows<'_>>::new(), DayRows::default());
    for entry in &workspace.entries {
        let hours = shown_hours(entry, settings.rounding).0.value();
        let session = entry.metadata.as_ref().and_then(|metadata| metadata.text("session_id"));
        for rows in [days.entry(entry.spent_date).or_default(), &mut all] {
            rows.hours += hours;
            rows.entries.push(entry);
            rows.sessions.extend(session.clone());
        }
    }
    for expense in &workspace.expenses {
        let session = expense.metadata.as_ref().and_then(|metadata| metadata.text("session_id"));
        for rows in [days.entry(expense.spent_date).or_default(), &mut all] {
            rows.cost += expense.total_cost.value();
            rows.expenses.push(expense);
            rows.sessions.extend(session.clone());
        }
    }
    let days_left_out = days.len().saturating_sub(DAYS);
    let newest = days.iter().rev().take(DAYS);
    Overview {
        company: &settings.company,
        account: &settings.account,
        currency: &settings.currency,
        timezone: settings.zone.iana_name().unwrap_or("UTC"),
        time_rounding: settings.rounding.to_string(),
        totals: all.totals(),
        days: newest
            .map(|(day, rows)| DayView {
                day: day.to_string(),
                totals: rows.totals(),
                entries: rows.entries.iter().rev().map(|entry| EntryView::of(entry, workspace)).collect(),
                expenses: rows.expenses.iter().rev().map(|row| ExpenseView::of(row, workspace)).collect(),
            })
            .collect(),
        days_left_out,
    }
}
