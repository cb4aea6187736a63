//! Which path and method is what. A path without a route gets the framework's HTML page, a method without one 405.

use super::refusal::not_found_page;
use super::state::State;
use super::{catalogue, entries, expenses, team, timers, view};
use axum::Router;
use axum::routing::{get, patch};

pub(super) fn router(state: State) -> Router {
    Router::new()
        .route("/", get(view::page))
        .route("/state", get(view::rows))
        .route("/api/health", get(catalogue::health))
        .route("/api/v2/users/me", get(catalogue::me))
        .route("/api/v2/projects", get(catalogue::projects))
        .route("/api/v2/tasks", get(catalogue::tasks))
        .route("/api/v2/clients", get(catalogue::clients))
        .route("/api/v2/expense_categories", get(catalogue::categories))
        .route("/api/v2/time_entries", get(entries::list).post(entries::create))
        .route("/api/v2/time_entries/{id}", patch(entries::change).delete(entries::delete))
        .route("/api/v2/time_entries/{id}/stop", patch(timers::stop))
        .route("/api/v2/time_entries/{id}/restart", patch(timers::restart))
        .route("/api/v2/expenses", get(expenses::list).post(expenses::create))
        // No document names a single expense; the route exists only to answer each method with 405.
        .route("/api/v2/expenses/{id}", axum::routing::MethodRouter::new())
        .route("/api/v2/reports/time/team", get(team::report))
        .fallback(|| async { not_found_page() })
        .with_state(state)
}
