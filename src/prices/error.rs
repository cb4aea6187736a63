//! What can go wrong with a table, and why a request has no price.

use super::Class;

/// A table that cannot be used: the embedded one is a defect of the build, a refreshed one is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON of the table's shape; a class or field that this version does not know counts as that.
    #[error("price table is not readable: {0}")]
    Shape(#[from] serde_json::Error),
    /// Longer than any table.
    #[error("price table is longer than {most} bytes")]
    TooLong {
        /// The most that is read.
        most: usize,
    },
    /// The table in the binary is damaged.
    #[error("the price table in the binary is damaged; install keitod again")]
    Packed,
    /// Written for another version of keitod.
    #[error("price table has schema {found}, this keitod reads {known}; update keitod")]
    Schema {
        /// The table's schema.
        found: u32,
        /// The schema that this version reads.
        known: u32,
    },
    /// One row cannot be understood.
    #[error("price table row {row}: {fault}")]
    Row {
        /// `platform/model`.
        row: String,
        /// What is wrong in it.
        fault: Fault,
    },
}

/// What is wrong in a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not a plain decimal, negative, or finer than money is counted (a pico-dollar a token).
    #[error("`{0}` is not a price")]
    Number(String),
    /// Not RFC 3339.
    #[error("`{0}` is not an instant")]
    Instant(String),
    /// A speed, service or multiplier that this version does not know.
    #[error("`{0}` is not a term")]
    Term(String),
    /// A context tier with neither or both of `above` and `from`.
    #[error("a context tier needs either `above` or `from`")]
    Threshold,
    /// Hours, weekdays or days of a window that are none.
    #[error("`{0}` is no part of a window")]
    Window(String),
    /// Two rows of one key at one instant.
    #[error("two rows hold at the same time")]
    Overlap,
}

/// Why a request has no price. Variants by what a person does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unpriced {
    /// No row and no alias under any form of the name: update the table or add a `[[price]]`.
    #[error("the model has no price; update the table or add a [[price]]")]
    UnknownModel,
    /// The name of a product or a router, no model can be told from it: add a `[[price]]` for the name.
    #[error("the name does not say which model answered; add a [[price]] for it")]
    Unresolved,
    /// The model has rows, but none at the request's instant: add a `[[price]]` with `from` and `to`.
    #[error("the model has no price at that instant; add a [[price]] with from and to")]
    NoRowAtInstant,
    /// The row lacks a rate that the request needs: add it in a `[[price]]`.
    #[error("the model has no rate for {}; add it in a [[price]]", class.name())]
    NoRate {
        /// The class without a rate.
        class: Class,
    },
    /// Reported at a speed that has no rates for this model at that instant.
    #[error("the model has no price at the reported speed")]
    UnknownSpeed,
    /// Served in a place whose factor is not known for this model.
    #[error("the model has no price for the reported place of inference")]
    UnknownGeo,
    /// Served in a tier that has no rates for this model at that instant.
    #[error("the model has no price in the reported service tier")]
    UnknownTier,
    /// Counts that cannot be: the log or its decoder is wrong.
    #[error("the counts of the request cannot be right")]
    BadUsage,
}
