//! Identifiers as newtypes, so that a project id cannot be passed where a task id is meant.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it came.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The program that wrote a log, in kebab-case: `claude-code`, `codex`, or a name of the user's own.
    Agent
}
id! {
    /// A session by the agent's own id; subagents belong to the session that started them.
    SessionId
}
id! {
    /// A model by the name that the response reports.
    ModelName
}
id! {
    /// A Keito company (workspace).
    AccountId
}
id! {
    /// A Keito user.
    UserId
}
id! {
    /// A Keito project.
    ProjectId
}
id! {
    /// A Keito task.
    TaskId
}
id! {
    /// A Keito expense category.
    CategoryId
}
id! {
    /// The id that Keito gave to an entry or an expense.
    RemoteId
}
id! {
    /// Our own id of a record, `k1` and 32 hex digits; it travels in the record's metadata.
    KeitodId
}

impl Agent {
    /// Claude Code.
    #[must_use]
    pub fn claude_code() -> Self {
        Self::new("claude-code")
    }
}
