//! `GET /reports/time/team`: hours a person over a range.

use super::access::Caller;
use super::body;
use super::listing::Params;
use super::number::Number;
use super::refusal::Refusal;
use super::reply::Reply;
use super::rows::{Entry, Person};
use super::state::State;
use super::wire::shown_hours;
use super::workspace::Workspace;
use crate::model::Day;
use axum::extract::State as Shared;
use rust_decimal::Decimal;
use serde::Serialize;

#[derive(Serialize)]
struct Row<'a> {
    user_id: &'a str,
    user_name: String,
    is_contractor: bool,
    total_hours: Number,
    billable_hours: Number,
    currency: &'a str,
}

pub(super) async fn report(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<Reply, Refusal> {
    caller.admin()?;
    let (from, to) = (day(&params, "from")?, day(&params, "to")?);
    if from.until(to).map_or(366, |span| span.get_days()) > 365 {
        return Err(Refusal::new(400, "The range must not exceed 365 days"));
    }
    state.with(|workspace| {
        let in_range = |entry: &&Entry| (from..=to).contains(&entry.spent_date);
        let entries: Vec<&Entry> = workspace.entries.iter().filter(in_range).collect();
        let rows: Vec<Row> =
            workspace.settings.people.iter().filter_map(|person| row(workspace, person, &entries)).collect();
        Ok(params.page("results", &workspace.settings, &rows, |row| row))
    })
}

/// `None` for a person without time.
fn row<'a>(workspace: &'a Workspace, person: &'a Person, entries: &[&Entry]) -> Option<Row<'a>> {
    let own: Vec<&&Entry> = entries.iter().filter(|entry| entry.user == person.id).collect();
    let sum = |billable_only: bool| -> Decimal {
        let counted = own.iter().filter(|entry| entry.billable || !billable_only);
        counted.map(|entry| shown_hours(entry, workspace.settings.rounding).0.value()).sum()
    };
    (!own.is_empty()).then(|| Row {
        user_id: &person.id,
        user_name: person.name(),
        is_contractor: false,
        total_hours: Number::of(sum(false)),
        billable_hours: Number::of(sum(true)),
        currency: &workspace.settings.currency,
    })
}

/// `YYYYMMDD` by the specification, ISO by the later documents.
fn day(params: &Params, key: &str) -> Result<Day, Refusal> {
    let text = params.get(key).ok_or_else(|| Refusal::new(400, format!("{key} is required")))?;
    let compact = || (text.len() == 8).then(|| Day::strptime("%Y%m%d", text).ok()).flatten();
    body::day(text).or_else(compact).ok_or_else(|| Refusal::new(400, format!("{key} must be YYYYMMDD")))
}
