//! `/expenses`: list and create. There is no way to change or delete one.

use super::access::Caller;
use super::body::Fields;
use super::entries::{billable, check_metadata};
use super::idempotency::{Family, once};
use super::listing::{Params, order};
use super::number::Number;
use super::refusal::Refusal;
use super::reply::Reply;
use super::rows::{Approval, Expense, Via};
use super::state::State;
use super::wire::ExpenseView;
use super::workspace::Workspace;
use axum::body::Bytes;
use axum::extract::State as Shared;
use rust_decimal::Decimal;

const CREATE: [&str; 9] = [
    "project_id",
    "expense_category_id",
    "spent_date",
    "total_cost",
    "units",
    "notes",
    "billable",
    "source",
    "metadata",
];

pub(super) async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<Reply, Refusal> {
    let range = params.range()?;
    state.with(|workspace| {
        let lag = params.twist.lag.unwrap_or_default();
        let now = workspace.now();
        let mut rows: Vec<&Expense> = workspace
            .expenses
            .iter()
            .filter(|expense| caller.sees(&expense.user) && now.since(expense.created_at) >= lag)
            .filter(|expense| range.holds(expense.spent_date, expense.updated_at))
            .filter(|expense| {
                let project = workspace.project(&expense.project);
                let client = project.and_then(|project| project.client.as_deref()).unwrap_or_default();
                params.passes("user_id", &expense.user)
                    && params.passes("client_id", client)
                    && params.passes("project_id", &expense.project)
                    && params.passes_flag("is_billed", expense.is_billed)
                    && params.passes_any("source", expense.source.as_str())
            })
            .collect();
        let by = params.twist.order.unwrap_or(workspace.settings.order);
        order(&mut rows, by, workspace.settings.seed, |row| (row.spent_date, row.created_at, &row.id));
        Ok(params.page("expenses", &workspace.settings, &rows, |row| ExpenseView::of(row, workspace)))
    })
}

pub(super) async fn create(
    Shared(state): Shared<State>,
    caller: Caller,
    body: Bytes,
) -> Result<Reply, Refusal> {
    caller.may_write()?;
    state.with(|workspace| {
        let key = caller.idempotency_key.as_deref();
        once(workspace, Family::Expense, key, |workspace| {
            if !workspace.settings.expenses {
                return Err(Refusal::new(403, "Expenses are not enabled for this company"));
            }
            let expense = read(workspace, &caller, &Fields::parse(&body)?)?;
            workspace.expenses.push(expense);
            workspace.changed();
            let wrap_as = workspace.settings.wrap_single.then_some("expense");
            let view = workspace.expenses.last().map(|expense| ExpenseView::of(expense, workspace));
            Ok(Reply::single(workspace.settings.create_status, wrap_as, &view))
        })
    })
}

/// The new expense that a body asks for.
fn read(workspace: &mut Workspace, caller: &Caller, fields: &Fields) -> Result<Expense, Refusal> {
    if workspace.settings.strict_create {
        fields.only(&CREATE)?;
    }
    let (project, category) = (fields.required("project_id")?, fields.required("expense_category_id")?);
    let spent_date = fields.required_day("spent_date")?;
    let (cost, units) = (fields.number("total_cost")?, fields.units("units")?);
    let source = match fields.text("source")? {
        Some(text) => {
            Via::of_expense(&text).ok_or_else(|| Refusal::invalid("source is not a known value"))?
        }
        None => Via::Api,
    };
    let metadata = fields.metadata()?;
    check_metadata(workspace, metadata.as_ref())?;
    workspace.open_project(&project, &caller.person)?;
    let Some(known) = workspace.category(&category) else {
        return Err(Refusal::new(404, "Expense category not found"));
    };
    let total_cost = cost_of(cost, units, known.unit_price)?;
    if spent_date > workspace.today() && !workspace.settings.future_expense_dates {
        return Err(Refusal::invalid("spent_date must not be in the future"));
    }
    let now = workspace.now();
    Ok(Expense {
        id: workspace.fresh_id(),
        user: caller.person.id.clone(),
        project,
        category,
        spent_date,
        total_cost: match workspace.settings.cost_decimals {
            Some(decimals) => Number::of(total_cost.value().trunc_with_scale(decimals)),
            None => total_cost,
        },
        units,
        notes: fields.text("notes")?,
        billable: billable(workspace, fields.flag("billable")?)?.unwrap_or(true),
        source,
        metadata,
        is_locked: false,
        is_billed: false,
        approval: Approval::Unsubmitted,
        created_at: now,
        updated_at: now,
    })
}

/// `total_cost`, or units times the category's price (0 where it has none: nothing says what Keito makes of that).
fn cost_of(cost: Option<Number>, units: Option<u64>, unit_price: Option<Decimal>) -> Result<Number, Refusal> {
    match (cost, units) {
        (Some(cost), _) if cost.value() < Decimal::ZERO => {
            Err(Refusal::invalid("total_cost must be at least 0"))
        }
        (Some(cost), _) => Ok(cost),
        (None, Some(units)) => {
            let price = unit_price.unwrap_or_default();
            let total = price.checked_mul(Decimal::from(units));
            total.map(Number::of).ok_or_else(|| Refusal::invalid("units is too large"))
        }
        (None, None) => Err(Refusal::invalid("Either total_cost or units is required")),
    }
}
