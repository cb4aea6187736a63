use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::config::Config;

/// A home with the files given, and what is found in it.
fn find(
    files: &[(&str, &str, u32)],
    vars: &[(&str, &str)],
    config: &str,
) -> Result<(String, Option<String>, String, &'static str), CredentialError> {
    let home = tempfile::tempdir().expect("a home");
    for (name, text, mode) in files {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("directories");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).expect("a mode");
    }
    let vars =
        vars.iter().map(|(name, value)| (*name, value.replace("$HOME", &home.path().to_string_lossy())));
    let env = Env::new(home.path(), vars);
    let keito = Config::parse(config, &env).expect("a config").keito;
    let found = Credentials::find(&env, &keito)?;
    assert!(!format!("{found:?}").contains(found.key.expose_secret()));
    let account = found.account.map(|account| account.to_string());
    Ok((found.key.expose_secret().to_owned(), account, found.origin.to_string(), found.from))
}

const CLI: &str = ".config/keito/config.toml";
const CLI_TEXT: &str = "api_key = \"kto_cli\"\naccount_id = \"co_cli\"\ndefault_output = \"json\"\n";
const DEFAULT: &str = "https://app.keito.ai";

#[test]
fn each_place_hides_the_later_ones() {
    let systemd = ("CREDENTIALS_DIRECTORY", "$HOME/creds");
    let cli = (CLI, CLI_TEXT, 0o600);
    let file = ("key", "kto_file\n", 0o600);
    let unit = ("creds/keito-api-key", "kto_unit\n", 0o400);
    let unit_account = ("creds/keito-account-id", "co_unit\n", 0o400);
    let by_file = "[keito]\napi_key_file = \"~/key\"\naccount_id = \"co_file\"";
    let by_command = "[keito]\napi_key_command = [\"echo\", \"kto_command\"]";
    let own = |key: &str, account: &str, from| {
        Ok::<_, ()>((key.into(), Some(account.into()), DEFAULT.into(), from))
    };
    let all = [cli, file, unit, unit_account];
    let key = ("KEITO_API_KEY", "kto_env");
    let cases = [
        (&all[..1], vec![], "", own("kto_cli", "co_cli", "the Keito CLI's config.toml")),
        (&all[..2], vec![], by_file, own("kto_file", "co_file", "api_key_file")),
        (&all[..2], vec![], by_command, own("kto_command", "co_cli", "api_key_command")),
        (
            &all[..],
            vec![systemd],
            by_file,
            own("kto_unit", "co_unit", "the systemd credential keito-api-key"),
        ),
        (
            &all[..3],
            vec![systemd],
            by_file,
            own("kto_unit", "co_file", "the systemd credential keito-api-key"),
        ),
        (&all[..], vec![systemd, key], by_file, own("kto_env", "co_unit", "KEITO_API_KEY")),
        (
            &all[..],
            vec![key, ("KEITO_WORKSPACE_ID", "co_old")],
            by_file,
            own("kto_env", "co_old", "KEITO_API_KEY"),
        ),
        (
            &all[..],
            vec![key, ("KEITO_WORKSPACE_ID", "co_old"), ("KEITO_ACCOUNT_ID", "co_env")],
            by_file,
            own("kto_env", "co_env", "KEITO_API_KEY"),
        ),
        (
            &all[..1],
            vec![("KEITO_API_KEY", ""), ("KEITO_ACCOUNT_ID", " ")],
            "",
            own("kto_cli", "co_cli", "the Keito CLI's config.toml"),
        ),
    ];
    for (index, (files, vars, config, expected)) in cases.into_iter().enumerate() {
        assert_eq!(find(files, &vars, config).map_err(|error| panic!("case {index}: {error}")), expected);
    }
}

#[test]
fn the_server_comes_from_the_first_that_names_one() {
    let cli = (CLI, "api_key='kto_a'\nworkspace_id='co'\napi_url='http://127.0.0.1:1'\n", 0o600);
    let url = |vars: &[(&str, &str)], config| find(&[cli], vars, config).map(|found| found.2);
    let config = "[keito]\nurl = \"http://127.0.0.1:2\"";
    assert_eq!(url(&[], "").ok().as_deref(), Some("http://127.0.0.1:1"));
    assert_eq!(url(&[], config).ok().as_deref(), Some("http://127.0.0.1:2"));
    assert_eq!(
        url(&[("KEITO_API_URL", "http://127.0.0.1:3/")], config).ok().as_deref(),
        Some("http://127.0.0.1:3")
    );
    let plain = url(&[("KEITO_API_URL", "http://keito.example")], config);
    assert!(matches!(
        plain,
        Err(CredentialError::Url { from: "KEITO_API_URL", source: OriginError::NotHttps })
    ));
}

#[test]
fn a_jwt_needs_no_account_and_any_other_key_does() {
    let key = |key| find(&[], &[("KEITO_API_KEY", key)], "");
    assert_eq!(key("aGVh.cGF5-_.c2ln").ok().map(|found| found.1), Some(None));
    for other in ["kto_a", "kto_a.b.c", "a.b", "a..c"] {
        assert!(
            matches!(key(other), Err(CredentialError::NoAccount { key_from: "KEITO_API_KEY" })),
            "{other}"
        );
    }
    assert!(matches!(key("kto a"), Err(CredentialError::NotAKey { .. })));
}

#[test]
fn what_is_wrong_is_named_without_the_key() {
    let config = "[keito]\napi_key_file = \"~/key\"\naccount_id = \"co\"";
    let file = |text, mode| find(&[("key", text, mode)], &[], config).expect_err("wrong");
    let missing = find(&[], &[], "").expect_err("nothing there");
    assert!(matches!(missing, CredentialError::Missing));
    let open = file("kto_secret", 0o640);
    assert!(matches!(open, CredentialError::Exposed { mode: 0o640, .. }), "{open}");
    assert!(matches!(file("\n", 0o600), CredentialError::Unreadable { .. }));
    let absent = find(&[], &[], config).expect_err("no file");
    assert!(matches!(absent, CredentialError::Unreadable { kind: io::ErrorKind::NotFound, .. }));
    let broken =
        find(&[(CLI, "account_id = \"co\"\napi_key = \"kto_secret", 0o600)], &[], "").expect_err("no TOML");
    assert!(matches!(broken, CredentialError::CliFile { line: 2, .. }));
    for error in [open, broken] {
        assert!(!format!("{error} {error:?}").contains("kto_secret"));
    }
    // A broken file that is not needed is nobody's business.
    let env = [("KEITO_API_KEY", "kto_env"), ("KEITO_ACCOUNT_ID", "co")];
    assert!(find(&[(CLI, "api_key = ", 0o600)], &env, "").is_ok());
}
