//! What keitod does now, as a value and its table.
