//! Databases in memory, used again: opening one costs more than a short history.

use std::cell::RefCell;

use keitod::store::Store;

thread_local! {
    static POOL: RefCell<Vec<Store>> = const { RefCell::new(Vec::new()) };
}

/// An empty database.
pub fn take() -> Store {
    POOL.with_borrow_mut(Vec::pop).unwrap_or_else(|| Store::in_memory().unwrap())
}

/// Nobody needs this one any more.
pub fn give(store: Store) {
    let empty = store.emptied().unwrap();
    POOL.with_borrow_mut(|pool| pool.push(empty));
}
