//! Pauses of all delivery, each with its way out.

use std::fmt;

use crate::model::Instant;

/// Why nothing is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseReason {
    /// The key was refused.
    Auth,
    /// The plan does not allow it.
    Plan,
    /// Something that is not Keito answered.
    CaptivePortal,
    /// The certificate is not Keito's.
    Tls,
    /// The base URL is not Keito's API.
    WrongUrl,
    /// Keito refuses what we send in a way that a retry cannot change.
    SchemaDrift,
    /// Keito stored another amount than was sent.
    AmountMismatch,
    /// A person paused.
    User,
}

impl PauseReason {
    pub(super) const ALL: [Self; 8] = [
        Self::Auth,
        Self::Plan,
        Self::CaptivePortal,
        Self::Tls,
        Self::WrongUrl,
        Self::SchemaDrift,
        Self::AmountMismatch,
        Self::User,
    ];

    /// It ends by a person's word alone: asking the server would change nothing.
    #[must_use]
    pub const fn by_person(self) -> bool {
        matches!(self, Self::User | Self::AmountMismatch)
    }

    /// The code in status.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Plan => "plan",
            Self::CaptivePortal => "captive_portal",
            Self::Tls => "tls",
            Self::WrongUrl => "wrong_url",
            Self::SchemaDrift => "schema_drift",
            Self::AmountMismatch => "amount_mismatch",
            Self::User => "paused_by_user",
        }
    }

    /// What a person can do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Auth => "set a valid KEITO_API_KEY and KEITO_ACCOUNT_ID",
            Self::Plan => "check the workspace's plan in Keito",
            Self::CaptivePortal => "check the network: something else than Keito answered",
            Self::Tls => "check the network and the clock: the certificate is not Keito's",
            Self::WrongUrl => "check keito.url: it is the host alone, without /api/v2",
            Self::SchemaDrift => "update keitod, then `keitod resume`",
            Self::AmountMismatch => {
                "compare an expense in Keito with `keitod queue show ID`, then `keitod resume`"
            }
            Self::User => "keitod resume",
        }
    }
}

impl fmt::Display for PauseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A pause of all delivery, with its way out: a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub reason: PauseReason,
    /// Since when.
    pub since: Instant,
    /// When it is probed again: by `/users/me`, or by one write of the kind that was refused.
    pub probe_at: Instant,
    /// How often it was probed.
    pub probes: u32,
}
