//! Where our own files are.

use std::path::{Path, PathBuf};

use super::Env;

/// The places of the config file, the state, the data and the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml`, or what `KEITOD_CONFIG` names.
    pub config_file: PathBuf,
    /// Database, lock, ballast, backups; mode 0700.
    pub state_dir: PathBuf,
    /// `decisions.jsonl` and `sessions/`: outside the state, so that both are not lost together.
    pub data_dir: PathBuf,
    /// The Unix socket; its directory is 0700.
    pub socket: PathBuf,
}

impl Paths {
    /// From the environment and the config's `socket.path`, which `KEITOD_SOCKET` overrides.
    #[must_use]
    pub fn new(env: &Env, socket: Option<&Path>) -> Self {
        let data_dir = env.base.data.join("keitod");
        let state_dir = env.path("KEITOD_STATE_DIR").unwrap_or_else(|| match &env.base.state {
            Some(base) => base.join("keitod"),
            // macOS knows no state directory: a folder of its own, so that decisions survive its removal.
            None => data_dir.join("state"),
        });
        let runtime = env.base.runtime.as_ref();
        let socket_dir = runtime.map_or_else(|| state_dir.clone(), |runtime| runtime.join("keitod"));
        Self {
            config_file: config_file(env),
            socket: env
                .path("KEITOD_SOCKET")
                .or_else(|| socket.map(Path::to_owned))
                .unwrap_or_else(|| socket_dir.join("keitod.sock")),
            state_dir,
            data_dir,
        }
    }
}

pub(super) fn config_file(env: &Env) -> PathBuf {
    env.path("KEITOD_CONFIG").unwrap_or_else(|| env.base.config.join("keitod/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(vars: &[(&str, &str)], socket: Option<&str>) -> [String; 4] {
        let paths = Paths::new(&Env::new("/h", vars.iter().copied()), socket.map(Path::new));
        [paths.config_file, paths.state_dir, paths.data_dir, paths.socket]
            .map(|path| path.display().to_string())
    }

    #[test]
    fn each_place_has_a_default_and_an_override() {
        let (config, state, data) =
            ("/h/.config/keitod/config.toml", "/h/.local/state/keitod", "/h/.local/share/keitod");
        let in_state = "/h/.local/state/keitod/keitod.sock";
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, [&'a str; 4]);
        let cases: &[Case<'_>] = &[
            (&[], None, [config, state, data, in_state]),
            (&[("XDG_RUNTIME_DIR", "/run/u")], None, [config, state, data, "/run/u/keitod/keitod.sock"]),
            (&[("XDG_RUNTIME_DIR", "/run/u")], Some("/s"), [config, state, data, "/s"]),
            (&[("KEITOD_SOCKET", "/o")], Some("/s"), [config, state, data, "/o"]),
            (&[("XDG_RUNTIME_DIR", "run")], None, [config, state, data, in_state]),
            (
                &[("KEITOD_STATE_DIR", "/st"), ("KEITOD_CONFIG", "/c.toml")],
                None,
                ["/c.toml", "/st", data, "/st/keitod.sock"],
            ),
            (
                &[("XDG_CONFIG_HOME", "/xc"), ("XDG_STATE_HOME", "/xs"), ("XDG_DATA_HOME", "/xd")],
                None,
                ["/xc/keitod/config.toml", "/xs/keitod", "/xd/keitod", "/xs/keitod/keitod.sock"],
            ),
        ];
        for (vars, socket, expected) in cases {
            assert_eq!(paths(vars, *socket), expected.map(str::to_owned), "{vars:?} {socket:?}");
        }
    }
}
