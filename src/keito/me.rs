//! `/users/me`: who the key belongs to, and what the workspace demands.

use super::fields::Fields;
use crate::model::{AccountId, UserId};

/// The user of the key. Every field may be missing: personal read-only sync keys see neither company nor zone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Me {
    /// The user.
    pub id: Option<UserId>,
    /// The user's IANA zone.
    pub timezone: Option<String>,
    /// The workspace; missing for personal read-only sync keys, which cannot write.
    pub company: Option<Company>,
    /// What the key may do.
    pub capabilities: Capabilities,
}

/// The workspace as `/users/me` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Company {
    /// Its id, the account id of our requests.
    pub id: Option<AccountId>,
    /// Its name, cleaned for display.
    pub name: Option<String>,
    /// ISO 4217 code of all its amounts.
    pub currency: Option<String>,
    /// Its IANA zone.
    pub timezone: Option<String>,
    /// How the workspace rounds saved hours, such as `up_15`.
    pub time_rounding: Option<String>,
    /// Whether expenses may be dated ahead.
    pub allow_future_expense_dates: Option<bool>,
}

/// Rights of the key; `None` where the server does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// May write time entries.
    pub can_track_time: Option<bool>,
    /// May write expenses.
    pub can_track_expenses: Option<bool>,
    /// May set `billable` on an entry.
    pub can_edit_time_billability: Option<bool>,
    /// Reads the whole team's entries.
    pub can_view_team_time: Option<bool>,
}

/// `None` if nothing in the object tells of a user: some other server answered.
pub(super) fn parse(json: &str) -> Option<Me> {
    let me = Fields::parse_single(json, &["user", "data"])?;
    let company = me.object("company");
    let capabilities = me.object("capabilities");
    if !me.has("id") && company.is_none() && capabilities.is_none() {
        return None;
    }
    let may = |name| capabilities.as_ref().and_then(|rights| rights.flag(name));
    Some(Me {
        id: me.id("id").map(UserId::new),
        timezone: me.label("timezone"),
        company: company.map(|company| Company {
            id: company.id("id").map(AccountId::new),
            name: company.label("name"),
            currency: company.label("currency"),
            timezone: company.label("timezone"),
            time_rounding: company.label("time_rounding"),
            allow_future_expense_dates: company.flag("allow_future_expense_dates"),
        }),
        capabilities: Capabilities {
            can_track_time: may("can_track_time"),
            can_track_expenses: may("can_track_expenses"),
            can_edit_time_billability: may("can_edit_time_billability"),
            can_view_team_time: may("can_view_team_time"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_access_key_shows_its_workspace() {
        let me = parse(
            r#"{"id":"usr_1","first_name":"Test","timezone":"Europe/London","roles":["member"],
            "company":{"id":"co_test","name":"Test Co","currency":"GBP","timezone":"Europe/London",
            "time_rounding":"up_15","allow_future_expense_dates":false},
            "capabilities":{"can_track_time":true,"can_track_expenses":false}}"#,
        )
        .unwrap();
        let company = me.company.unwrap();
        assert_eq!(company.currency.as_deref(), Some("GBP"));
        assert_eq!(company.time_rounding.as_deref(), Some("up_15"));
        assert_eq!(company.allow_future_expense_dates, Some(false));
        assert_eq!(me.capabilities.can_track_time, Some(true));
        assert_eq!(me.capabilities.can_track_expenses, Some(false));
        assert_eq!(me.capabilities.can_edit_time_billability, None);
    }

    #[test]
    fn a_sync_key_has_no_workspace_and_a_wrapper_does_no_harm() {
        let me = parse(r#"{"user":{"id":"usr_1","capabilities":{"can_read_users":true}}}"#).unwrap();
        assert_eq!((me.id, me.company), (Some(UserId::new("usr_1")), None));
        assert_eq!(parse(r#"{"ok":true}"#), None);
    }
}
