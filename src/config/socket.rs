//! Where the socket is, without the rest of the config: for a program that has milliseconds.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Env, Paths, paths};

#[derive(Deserialize, Default)]
struct File {
    #[serde(default)]
    socket: Words,
}

#[derive(Deserialize, Default)]
struct Words {
    enabled: Option<bool>,
    path: Option<String>,
}

/// The socket as [`Config::load`](super::Config::load) would find it; `None` if the file switches it off. Nothing else
/// of the file is read, and one that cannot be read has no say: the daemon tells what is wrong with it.
#[must_use]
pub fn socket_of(env: &Env) -> Option<PathBuf> {
    if let Some(path) = env.path("KEITOD_SOCKET") {
        return Some(path);
    }
    let text = std::fs::read_to_string(paths::config_file(env)).unwrap_or_default();
    let said =
        text.lines().any(|line| line.trim_start().trim_start_matches('[').trim_start().starts_with("socket"));
    let File { socket } = if said { toml::from_str(&text).unwrap_or_default() } else { File::default() };
    let path = socket.path.map(|path| env.expand(&path)).filter(|path| path.is_absolute());
    (socket.enabled != Some(false)).then(|| Paths::new(env, path.as_deref()).socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_look_finds_what_the_whole_config_finds() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("keitod.toml");
        let env = |more: &[(&str, &str)]| {
            let vars = [("KEITOD_CONFIG", file.to_str().unwrap()), ("XDG_RUNTIME_DIR", "/run/u")];
            Env::new(home.path(), vars.into_iter().chain(more.iter().copied()))
        };
        for text in [
            "",
            "# [socket]\n# path = \"/no\"\n",
            "[socket]\npath = \"~/s\"\n",
            "[ socket ]\npath = \"/a/b\"\n[log]\nlevel = \"warn\"\n",
            "socket.path = \"~/dotted\"\n",
            "socket = { path = \"/in/line\" }\n",
            "[time]\nmin_seconds = 1\n[socket]\nenabled = true\n",
        ] {
            std::fs::write(&file, text).unwrap();
            for more in [&[][..], &[("KEITOD_SOCKET", "/o")]] {
                let env = env(more);
                let whole = super::super::Config::load(&env).unwrap().paths(&env).socket;
                assert_eq!(socket_of(&env), Some(whole), "{text}");
            }
        }
        std::fs::write(&file, "[socket]\nenabled = false\n").unwrap();
        assert_eq!(socket_of(&env(&[])), None);
        for useless in ["[socket\n", "[socket]\npath = 7\n", "[socket]\npath = \"rel/s\"\n"] {
            std::fs::write(&file, useless).unwrap();
            assert_eq!(socket_of(&env(&[])), Some("/run/u/keitod/keitod.sock".into()), "{useless}");
        }
    }
}
