//! Where the databases and documents are, and which files are they.

use std::path::{Component, Path, PathBuf};

use super::super::{Claim, Environment};

/// Below a home: a folder a session, a document a message.
pub(super) const DOCUMENTS: &str = "storage/message";

/// The data directory, by the rules for base directories on every system, and where `OPENCODE_DB` or `KILO_DB` puts the
/// database: what was written before stays where it was.
pub(super) fn homes(folder: &str, env: &dyn Environment) -> Vec<PathBuf> {
    let absolute = |name: &str| env.var(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").unwrap_or_else(|| env.home().join(".local/share")).join(folder);
    let named = absolute(&format!("{}_DB", folder.to_ascii_uppercase()));
    let beside = named.as_deref().and_then(Path::parent).filter(|home| *home != data).map(Path::to_owned);
    [data].into_iter().chain(beside).collect()
}

/// `opencode.db`, `opencode-dev.db`; below the documents' root `ses_1/msg_1.json`.
pub(super) fn claim(folder: &str, path: &Path) -> Option<Claim> {
    let parts: Vec<&str> = path
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    match parts.as_slice() {
        [name] => {
            let channel = name.strip_suffix(".db")?.strip_prefix(folder)?;
            (channel.is_empty() || channel.starts_with('-')).then(Claim::default)
        }
        [session, name] => {
            let is_message = name.strip_suffix(".json").is_some_and(|stem| stem.starts_with("msg_"));
            is_message.then(|| Claim { session: Some((*session).to_owned()) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_of_every_channel_and_messages_are_claimed() {
        let cases = [
            ("opencode.db", Some(None)),
            ("opencode-dev.db", Some(None)),
            ("ses_1/msg_1.json", Some(Some("ses_1"))),
            ("opencode.db-wal", None),
            ("opencode.db.sql", None),
            ("opencodex.db", None),
            ("kilo.db", None),
            ("storage/message/ses_1/msg_1.json", None),
            ("ses_1/prt_1.json", None),
            ("auth.json", None),
            ("../opencode.db", None),
        ];
        for (path, session) in cases {
            let claim = claim("opencode", Path::new(path)).map(|claim| claim.session);
            assert_eq!(claim, session.map(|session| session.map(str::to_owned)), "{path}");
        }
    }
}
