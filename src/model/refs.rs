//! Handles of rows in our own database: small integers, meaningless elsewhere, never sent and never hashed.

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);
    };
}

handle! {
    /// A session.
    SessionRef
}
handle! {
    /// A working directory.
    DirRef
}
handle! {
    /// A model name.
    ModelRef
}
handle! {
    /// A provider's name.
    ProviderRef
}
handle! {
    /// A branch name.
    BranchRef
}
handle! {
    /// A log file.
    FileRef
}
handle! {
    /// A request.
    RequestRef
}
handle! {
    /// A record: an entry or an expense on its way to Keito.
    RecordRef
}
handle! {
    /// A write: one POST or PATCH of a record.
    WriteRef
}
handle! {
    /// What delivery is scoped to: one (API origin, account id).
    AccountRef
}
