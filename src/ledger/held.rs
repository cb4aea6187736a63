//! Why a fact is held: it should be on a record, but nobody may be billed from a guess.

use std::fmt;

/// A reason; each has a way out that a person can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Held {
    /// No link for its directory.
    Unmapped,
    /// The repository's `.keito/config.yml` cannot be used.
    MappingError,
    /// No price for the model, a class or the terms.
    Unpriced,
    /// The log's counts contradict themselves.
    BadUsage,
    /// No exchange rate for the workspace's currency.
    NoRate,
    /// The expense category is not known yet.
    NoCategory,
    /// A subscription paid, and nobody chose how to treat that.
    NoBasis,
    /// An estimate, and nobody allowed to bill estimates.
    Estimated,
    /// Everything waits for `keitod queue approve`.
    Review,
    /// Records at Keito and the local facts do not add up.
    Unproven,
    /// The repository is linked to another workspace.
    OtherAccount,
    /// The Keito skill's hooks log this agent's time.
    SkillActive,
    /// Keito has locked the period.
    LockedPeriod,
    /// The project is archived or gone, or the task is not on it.
    ProjectClosed,
}

impl Held {
    const ALL: [Self; 14] = [
        Self::Unmapped,
        Self::MappingError,
        Self::Unpriced,
        Self::BadUsage,
        Self::NoRate,
        Self::NoCategory,
        Self::NoBasis,
        Self::Estimated,
        Self::Review,
        Self::Unproven,
        Self::OtherAccount,
        Self::SkillActive,
        Self::LockedPeriod,
        Self::ProjectClosed,
    ];

    /// The reason of a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|held| held.code() == code)
    }

    /// The code in status, queue and report.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unmapped => "unmapped",
            Self::MappingError => "mapping_error",
            Self::Unpriced => "unpriced",
            Self::BadUsage => "bad_usage",
            Self::NoRate => "no_rate",
            Self::NoCategory => "no_category",
            Self::NoBasis => "no_basis",
            Self::Estimated => "estimated",
            Self::Review => "review",
            Self::Unproven => "unproven",
            Self::OtherAccount => "other_account",
            Self::SkillActive => "skill_active",
            Self::LockedPeriod => "locked_period",
            Self::ProjectClosed => "project_closed",
        }
    }

    /// What a person can do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Unmapped => {
                "link the repository with .keito/config.yml, add a [[rule]] or [default], or `keitod assign --dir DIR --project P --task T`"
            }
            Self::MappingError => {
                "repair the repository's .keito/config.yml, or `keitod assign --dir DIR --project P --task T`"
            }
            Self::Unpriced => "add a [[price]] to the config, or update keitod",
            Self::BadUsage => {
                "report the log line to the agent's maker; `keitod queue discard ID` gives it up"
            }
            Self::NoRate => "add a [[money.rate]] for the workspace's currency to the config",
            Self::NoCategory => {
                "set keito.expense_category_id, or log one LLM Usage expense by hand in Keito"
            }
            Self::NoBasis => "write money.cost or [sources.<agent>] cost to the config",
            Self::Estimated => "set bill_estimates = true for the agent to bill estimates",
            Self::Review => "look at it with `keitod queue show ID`, then `keitod queue approve ID`",
            Self::Unproven => {
                "compare with Keito by `keitod queue show ID`; `keitod queue discard ID` counts it as billed, \
                 `keitod queue approve ID` sends time that is not there"
            }
            Self::OtherAccount => {
                "use the account that the repository is linked to, or `keitod assign --dir DIR --project P --task T`"
            }
            Self::SkillActive => "uninstall the skill's hooks, or set skill = \"coverage\" for the agent",
            Self::LockedPeriod => {
                "unlock the period in Keito, or `keitod assign --day DAY --spent-date DATE`"
            }
            Self::ProjectClosed => {
                "reopen the project in Keito, or `keitod assign --session ID --project P --task T` (--dir, --day)"
            }
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
