//! A config that is there already stays as it is. Flags that it fulfils do no harm, so that the same line can run twice.

use secrecy::ExposeSecret as _;

use super::wish::{CostWish, Wish};
use crate::config::{Config, Credentials, Env};
use crate::model::Link;

/// The flags that the config does not fulfil. `default`: the link that its words mean.
pub(super) fn unfulfilled(
    wish: &Wish,
    default: Option<&Link>,
    config: &Config,
    env: &Env,
    credentials: &Credentials,
) -> Vec<&'static str> {
    let keito = &config.keito;
    let account = |id: &str| {
        let own = keito.account.as_ref().or(credentials.account.as_ref());
        own.is_some_and(|own| own.as_str() == id)
    };
    let key = |key: &secrecy::SecretString| {
        // Not of the environment: the service has another.
        let bare = env.clone().with("KEITO_API_KEY", "");
        Credentials::find(&bare, keito).is_ok_and(|found| found.key.expose_secret() == key.expose_secret())
    };
    let cost = |wish: CostWish| match wish {
        CostWish::Basis(basis) => config.money.cost_chosen && config.money.cost == basis,
        CostWish::Later => !config.money.cost_chosen,
    };
    let rate = |wanted| config.money.rates.iter().any(|rate| rate.per_usd == wanted);
    let checks = [
        ("--account-id", wish.account_id.as_deref().map(account)),
        ("--url", wish.url.as_ref().map(|url| credentials.origin == *url)),
        ("--api-key-file", wish.api_key_file.as_ref().map(|path| keito.api_key_file.as_ref() == Some(path))),
        ("--api-key-stdin", wish.key.as_ref().map(key)),
        (
            "--api-key-command",
            wish.api_key_command.as_ref().map(|words| keito.api_key_command.as_ref() == Some(words)),
        ),
        (
            "--store-key",
            wish.store_key
                .map(|store| !store || keito.api_key_file.as_ref().is_some_and(|path| path.exists())),
        ),
        ("--cost", wish.cost.map(cost)),
        ("--entry", wish.entry.map(|entry| config.time.entry == entry)),
        ("--usd-rate", wish.usd_rate.map(rate)),
        (
            "--expense-category-id",
            wish.category
                .as_deref()
                .map(|id| keito.expense_category_id.as_ref().is_some_and(|own| own.as_str() == id)),
        ),
        ("--no-default", matches!(wish.default, Some(None)).then(|| config.rules.default.is_none())),
        ("--default-project", default.map(|link| config.rules.default.as_ref() == Some(link))),
    ];
    checks.into_iter().filter(|(_, holds)| *holds == Some(false)).map(|(flag, _)| flag).collect()
}
