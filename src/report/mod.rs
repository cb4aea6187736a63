//! Time, tokens and cost, as values and their tables.
