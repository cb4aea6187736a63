//! The systemd user unit. Facts: systemd.service(5), systemd.exec(5), systemctl(1) of systemd 252.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::carried::Carried;
use super::files::{kept, put, remove};
use super::{Error, Logs, Note, Program, Report, Service, State, Supervisor, tools};
use crate::config::Config;

/// `systemd/keitod.service`.
pub const UNIT: &str = include_str!("../../../systemd/keitod.service");
/// `systemd/without-namespaces.conf`.
pub const WITHOUT_NAMESPACES: &str = include_str!("../../../systemd/without-namespaces.conf");

const NAME: &str = "keitod.service";
/// The line of the unit that names the program.
const START: &str = "ExecStart=%h/.cargo/bin/keitod run\n";
/// What the unit asks of a user namespace. systemd 253 and later make one unasked; older ones fail the start.
const NEEDS_NAMESPACE: [&str; 8] = [
    "--property=PrivateUsers=yes",
    "--property=CapabilityBoundingSet=",
    "--property=PrivateDevices=yes",
    "--property=ProtectClock=yes",
    "--property=ProtectHostname=yes",
    "--property=ProtectKernelLogs=yes",
    "--property=ProtectKernelModules=yes",
    "--property=ProtectSystem=strict",
];

impl Service<'_> {
    pub(super) fn units(&self) -> PathBuf {
        self.env.config_home().join("systemd/user")
    }

    fn drop_in(&self, name: &str) -> PathBuf {
        self.units().join("keitod.service.d").join(name)
    }

    /// What only this machine knows.
    fn local(&self) -> PathBuf {
        self.drop_in("10-keitod.conf")
    }

    fn without_namespaces(&self) -> PathBuf {
        self.drop_in("20-without-namespaces.conf")
    }

    pub(super) fn install_unit(
        &self,
        config: &Config,
        program: &Program,
        start: bool,
    ) -> Result<Report, Error> {
        let (unit, carried) = (unit(&program.path)?, Carried::of(self.env, config));
        let mut report = self.report("install");
        report.program = Some(program.path.clone());
        report.notes.extend(program.note());
        self.write(&self.file(), &unit, &mut report)?;
        match local(&carried)? {
            Some(text) => self.write(&self.local(), &text, &mut report)?,
            None => self.take_away(&self.local(), &mut report)?,
        }
        self.run(&["daemon-reload"], &mut report)?;
        if gives_namespaces(&program.path)? {
            self.take_away(&self.without_namespaces(), &mut report)?;
        } else {
            self.write(&self.without_namespaces(), WITHOUT_NAMESPACES, &mut report)?;
            let message =
                "this system gives a user's services no namespaces: the service runs with less of a sandbox";
            report.notes.push(Note::new("no_namespaces", message, None));
            self.run(&["daemon-reload"], &mut report)?;
        }
        self.run(&["enable", NAME], &mut report)?;
        if start {
            // Also where it runs already: with this program and these files from now on.
            self.run(&["restart", NAME], &mut report)?;
        }
        about_carried(&carried, &mut report);
        report.notes.extend(self.linger_note());
        Ok(report)
    }

    pub(super) fn uninstall_unit(&self) -> Result<Report, Error> {
        let mut report = self.report("uninstall");
        self.run(&["disable", "--now", NAME], &mut report)?;
        for path in [self.file(), kept(&self.file()), self.local(), kept(&self.local())] {
            self.take_away(&path, &mut report)?;
        }
        for path in [self.without_namespaces(), kept(&self.without_namespaces())] {
            self.take_away(&path, &mut report)?;
        }
        // A person's own drop-ins stay, and with them the directory.
        let _ = fs::remove_dir(self.drop_in(""));
        self.run(&["daemon-reload"], &mut report)?;
        if let Some(file) = packaged() {
            let message = format!("{} belongs to a package and stays", file.display());
            report.notes.push(Note::new("packaged", message, None));
        }
        Ok(report)
    }

    pub(super) fn unit(&self, action: &'static str) -> Result<Report, Error> {
        let mut report = self.report(action);
        if action != "stop" {
            // Five failed starts in ten minutes keep it down, and a person's start is to count anew.
            let _ = tools::run("systemctl", &["--user", "reset-failed", NAME])?;
        }
        self.run(&[action, NAME], &mut report)?;
        Ok(report)
    }

    pub(super) fn unit_state(&self) -> Result<State, Error> {
        let mut state = State { schema_version: 1, file: self.file(), ..State::default() };
        let wanted = "--property=LoadState,ActiveState,SubState,MainPID,UnitFileState,NRestarts,StatusText,NeedDaemonReload,FragmentPath";
        let shown = tools::run("systemctl", &["--user", "show", NAME, wanted])?.done()?;
        let value = |key: &str| shown_value(&shown, key);
        if !state.file.exists() && !value(FILE).is_empty() {
            state.file = PathBuf::from(value(FILE));
        }
        let text = fs::read_to_string(&state.file).ok();
        state.manager = Supervisor::Systemd.word();
        state.installed = text.is_some();
        let program = Program::of_process(self.env)?;
        let expected = unit(&program.path).ok();
        state.current = text.as_ref().map(|text| Some(text) == expected.as_ref());
        state.enabled = value("UnitFileState").starts_with("enabled");
        state.running = value("ActiveState") == "active";
        state.word = match (value("ActiveState"), value("SubState")) {
            ("", _) => "unknown".to_owned(),
            (active, "") => active.to_owned(),
            (active, sub) if active == sub => active.to_owned(),
            (active, sub) => format!("{active} ({sub})"),
        };
        state.pid = value("MainPID").parse().ok().filter(|pid| *pid != 0);
        state.restarts = value("NRestarts").parse().ok();
        state.said = Some(value("StatusText").to_owned()).filter(|text| !text.is_empty());
        state.lingers = lingers(self.user);
        if value("NeedDaemonReload") == "yes" {
            let message = "the unit was changed and systemd has not read it";
            state.notes.push(Note::new("not_read", message, Some("keitod service install")));
        }
        if state.current == Some(false) {
            let message = "what is installed is not what this keitod would install";
            state.notes.push(Note::new("not_current", message, Some("keitod service install")));
        }
        if state.installed {
            state.notes.extend(self.linger_note());
        }
        Ok(state)
    }

    pub(super) fn journal(&self, what: &Logs) -> Result<(), Error> {
        let lines = what.lines.to_string();
        let mut words = vec!["--user", "--unit", NAME, "--no-pager", "--lines", &lines];
        if what.follow {
            words.push("--follow");
        }
        words.extend(["--output", if what.json { "json" } else { "cat" }]);
        tools::show("journalctl", &words)
    }

    pub(super) fn report(&self, action: &'static str) -> Report {
        let manager = self.manager.word();
        Report { schema_version: 1, action, manager, file: self.file(), ..Report::default() }
    }

    pub(super) fn write(&self, path: &Path, text: &str, report: &mut Report) -> Result<(), Error> {
        let there = path.exists();
        if put(path, text)? {
            report.written.push(path.to_path_buf());
            if there {
                let message = format!("what stood there is kept as {}", kept(path).display());
                report.notes.push(Note::new("kept", message, None));
            }
        }
        Ok(())
    }

    pub(super) fn take_away(&self, path: &Path, report: &mut Report) -> Result<(), Error> {
        if remove(path)? {
            report.removed.push(path.to_path_buf());
        }
        Ok(())
    }

    fn run(&self, words: &[&str], report: &mut Report) -> Result<(), Error> {
        let words: Vec<&str> = ["--user"].iter().chain(words).copied().collect();
        let said = tools::run("systemctl", &words)?;
        report.ran.push(said.command.clone());
        said.done().map(drop)
    }

    fn linger_note(&self) -> Option<Note> {
        let message = "it ends with your last logout and starts at the next login";
        (lingers(self.user) == Some(false))
            .then(|| Note::new("no_linger", message, Some("loginctl enable-linger")))
    }
}

/// Of `systemctl show`: where the unit is read from.
const FILE: &str = "FragmentPath";

fn shown_value<'a>(shown: &'a str, key: &str) -> &'a str {
    let line = shown.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    line.unwrap_or_default().trim()
}

/// The unit that systemd knows, wherever it is: asked for where the user has none, so that it is a package's.
pub(super) fn packaged() -> Option<PathBuf> {
    let wanted = format!("--property={FILE}");
    let said = tools::run("systemctl", &["--user", "show", NAME, &wanted]).ok()?.done().ok()?;
    Some(shown_value(&said, FILE)).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Whether the user's services go on without a session; `None` if nobody says.
fn lingers(user: u32) -> Option<bool> {
    let user = user.to_string();
    let said = tools::run("loginctl", &["show-user", &user, "--property=Linger", "--value"]).ok()?;
    match (said.ok, said.out.as_str()) {
        (true, "yes") => Some(true),
        (true, "no") => Some(false),
        _ => None,
    }
}

/// Tries what the unit needs: whether a system allows it is told by its kernel's settings, its security modules and
/// systemd's version together. Where nobody can try, the cautious answer is no.
fn gives_namespaces(program: &Path) -> Result<bool, Error> {
    let Some(program) = program.to_str() else { return Ok(false) };
    let mut words = vec!["--user", "--quiet", "--wait", "--collect"];
    words.extend(NEEDS_NAMESPACE);
    words.extend([program, "--version"]);
    match tools::run("systemd-run", &words) {
        Ok(said) => Ok(said.ok),
        Err(Error::NoManager { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn about_carried(carried: &Carried, report: &mut Report) {
    if !carried.variables.is_empty() {
        let names: Vec<&str> = carried.variables.keys().map(String::as_str).collect();
        let message = format!("the service is given this shell's {}", names.join(", "));
        report.notes.push(Note::new("carried", message, None));
    }
    if carried.key_file.is_some() {
        let message = "the key is handed over at each start: after a change of its file restart the service";
        report.notes.push(Note::new("key_file", message, None));
    }
    report.notes.extend(carried.key_note());
}

impl Carried {
    pub(super) fn key_note(&self) -> Option<Note> {
        self.key_stays.then(|| {
            let message = "KEITO_API_KEY of this shell is not passed on: the service has no key by it";
            let remedy = "put the key in a file (chmod 600), name it in [keito] api_key_file, and install again; or `keito auth login`";
            Note::new("key_in_shell", message, Some(remedy))
        })
    }
}

/// The unit with the program's path.
fn unit(program: &Path) -> Result<String, Error> {
    Ok(UNIT.replace(START, &format!("ExecStart={} run\n", word(program, true)?)))
}

/// The drop-in, if there is anything to say.
fn local(carried: &Carried) -> Result<Option<String>, Error> {
    let mut text =
        "# Written by `keitod service install`. Changes of your own belong into `systemctl --user edit keitod`.\n\n[Service]\n"
            .to_owned();
    let bare = text.len();
    for (name, value) in &carried.variables {
        let _ = writeln!(text, "Environment={}", quoted(&format!("{name}={value}"), false));
    }
    for dir in &carried.writes {
        let dir = word(dir, false)?;
        let _ = writeln!(text, "ExecStartPre=+/bin/mkdir -p -m 0700 {}", dir.replace('$', "$$"));
        let _ = writeln!(text, "ReadWritePaths={}", dir.replacen('"', "\"-", 1));
    }
    if let Some(file) = &carried.key_file {
        let path = file.to_str().ok_or_else(|| Error::Unnameable { path: file.clone() })?;
        // Taken to the end of the line as it is.
        let _ = writeln!(text, "LoadCredential=keito-api-key:{}", path.replace('%', "%%"));
    }
    Ok((text.len() > bare).then_some(text))
}

fn word(path: &Path, command: bool) -> Result<String, Error> {
    let unnameable = || Error::Unnameable { path: path.to_path_buf() };
    let text = path.to_str().filter(|text| !text.contains(char::is_control)).ok_or_else(unnameable)?;
    Ok(quoted(text, command))
}

/// A word in quotes, with nothing in it that a unit would replace.
fn quoted(text: &str, command: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    // Only command lines know variables.
    let text = if command { text.replace('$', "$$") } else { text };
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_unit_has_the_line_that_is_replaced() {
        assert_eq!(UNIT.matches(START).count(), 1);
        let text = unit(Path::new("/opt/my tools/50% \"$x\"/keitod")).unwrap();
        assert!(text.contains("\nExecStart=\"/opt/my tools/50%% \\\"$$x\\\"/keitod\" run\n"), "{text}");
        assert!(unit(Path::new("/a\nb")).is_err());
    }

    #[test]
    fn nothing_local_is_no_drop_in() {
        assert_eq!(local(&Carried::default()).unwrap(), None);
        let carried = Carried {
            variables: [("CODEX_HOME".to_owned(), "/x y/50%".to_owned())].into(),
            writes: vec!["/srv/state".into()],
            key_file: Some("/h/key".into()),
            key_stays: false,
        };
        let text = local(&carried).unwrap().unwrap();
        let said: Vec<&str> = text.lines().skip_while(|line| *line != "[Service]").skip(1).collect();
        assert_eq!(
            said,
            [
                "Environment=\"CODEX_HOME=/x y/50%%\"",
                "ExecStartPre=+/bin/mkdir -p -m 0700 \"/srv/state\"",
                "ReadWritePaths=\"-/srv/state\"",
                "LoadCredential=keito-api-key:/h/key",
            ]
        );
    }
}
