//! The launchd agent. Facts: launchd.plist(5), launchctl(1) of macOS 14.

use std::io::{BufRead as _, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::carried::Carried;
use super::files::kept;
use super::{Error, Logs, Note, Program, Report, Service, State, Supervisor, tools};
use crate::config::Config;

/// `systemd/com.keito.keitod.plist`.
pub const AGENT: &str = include_str!("../../../systemd/com.keito.keitod.plist");

const LABEL: &str = "com.keito.keitod";
/// The program in the shell's words of the shipped file.
const START: &str = "\"$HOME/.cargo/bin/keitod\"";
/// Before this key stand the variables, where there are any.
const AFTER_VARIABLES: &str = "    <key>RunAtLoad</key>\n";

impl Service<'_> {
    fn domain(&self) -> String {
        format!("gui/{}", self.user)
    }

    fn target(&self) -> String {
        format!("gui/{}/{LABEL}", self.user)
    }

    /// Where the agent's standard error goes.
    fn log_path(&self) -> PathBuf {
        self.home().join("Library/Logs/keitod.log")
    }

    pub(super) fn install_agent(
        &self,
        config: &Config,
        program: &Program,
        start: bool,
    ) -> Result<Report, Error> {
        let carried = Carried::of(self.env, config);
        let text = agent(&program.path, &carried)?;
        let mut report = self.report("install");
        report.program = Some(program.path.clone());
        report.notes.extend(program.note());
        let logs = self.home().join("Library/Logs");
        std::fs::create_dir_all(&logs).map_err(Error::file("make", &logs))?;
        self.write(&self.file(), &text, &mut report)?;
        // What is loaded keeps the old file's words; an agent that is not loaded is no error.
        self.ask(&["bootout", &self.target()], &mut report)?;
        self.must(&["enable", &self.target()], &mut report)?;
        if start {
            self.load(&mut report)?;
        }
        if !carried.variables.is_empty() {
            let names: Vec<&str> = carried.variables.keys().map(String::as_str).collect();
            let message = format!("the service is given this shell's {}", names.join(", "));
            report.notes.push(Note::new("carried", message, None));
        }
        report.notes.extend(carried.key_note());
        Ok(report)
    }

    pub(super) fn uninstall_agent(&self) -> Result<Report, Error> {
        let mut report = self.report("uninstall");
        self.ask(&["bootout", &self.target()], &mut report)?;
        for path in [self.file(), kept(&self.file())] {
            self.take_away(&path, &mut report)?;
        }
        Ok(report)
    }

    pub(super) fn start_agent(&self) -> Result<Report, Error> {
        let mut report = self.report("start");
        if self.is_loaded()? {
            self.must(&["kickstart", &self.target()], &mut report)?;
        } else {
            self.load(&mut report)?;
        }
        Ok(report)
    }

    pub(super) fn stop_agent(&self) -> Result<Report, Error> {
        let mut report = self.report("stop");
        // An orderly end is not started again until the next login, as the file says.
        self.must(&["kill", "SIGTERM", &self.target()], &mut report)?;
        Ok(report)
    }

    pub(super) fn restart_agent(&self) -> Result<Report, Error> {
        let mut report = self.report("restart");
        if self.is_loaded()? {
            self.must(&["kickstart", "-k", &self.target()], &mut report)?;
        } else {
            self.load(&mut report)?;
        }
        Ok(report)
    }

    pub(super) fn agent_state(&self) -> Result<State, Error> {
        let file = self.file();
        let text = std::fs::read_to_string(&file).ok();
        let program = Program::of_process(self.env)?;
        let said = tools::run("launchctl", &["print", &self.target()])?;
        // Deeper tables of the answer have keys of the same names; the agent's own are indented by one tab.
        let value = |key: &str| {
            let line = said
                .out
                .lines()
                .find_map(|line| line.strip_prefix('\t')?.strip_prefix(key)?.strip_prefix(" = "));
            line.unwrap_or_default().trim().to_owned()
        };
        let word = if said.ok { value("state") } else { "not loaded".to_owned() };
        // Variables may differ from shell to shell; what matters is the program.
        let start = shell_word(&program.path).map(|word| format!("exec {}", escaped(&word)));
        let mut state = State {
            schema_version: 1,
            manager: Supervisor::Launchd.word(),
            installed: text.is_some(),
            current: text.as_ref().map(|text| start.is_ok_and(|start| text.contains(&start))),
            enabled: text.is_some(),
            running: word == "running",
            pid: value("pid").parse().ok(),
            restarts: value("runs").parse::<u64>().ok().map(|runs| runs.saturating_sub(1)),
            word,
            file,
            ..State::default()
        };
        if state.current == Some(false) {
            let message = "what is installed is not what this keitod would install";
            state.notes.push(Note::new("not_current", message, Some("keitod service install")));
        }
        Ok(state)
    }

    pub(super) fn log_file(&self, what: &Logs, out: &mut dyn Write) -> Result<(), Error> {
        let path = self.log_path();
        if !path.exists() {
            return Err(Error::File { what: "read", path, source: std::io::ErrorKind::NotFound.into() });
        }
        let lines = what.lines.to_string();
        let mut words = vec!["-n", lines.as_str()];
        if what.follow {
            words.push("-F");
        }
        let shown = path.to_str().ok_or_else(|| Error::Unnameable { path: path.clone() })?;
        words.push(shown);
        if !what.json {
            return tools::show("tail", &words);
        }
        let failed = |source| Error::File { what: "read", path: path.clone(), source };
        let mut tail = Command::new("tail")
            .args(&words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        // The key that the journal has for the same.
        let lines = tail.stdout.take().into_iter().flat_map(|from| BufReader::new(from).lines());
        let mut told = Ok(());
        for line in lines.map_while(Result::ok) {
            told = writeln!(out, "{}", serde_json::json!({"MESSAGE": line})).and_then(|()| out.flush());
            if told.is_err() {
                // Whoever reads has seen enough.
                let _ = tail.kill();
                break;
            }
        }
        let _ = tail.wait();
        told.map_err(Error::Output)
    }

    fn is_loaded(&self) -> Result<bool, Error> {
        Ok(tools::run("launchctl", &["print", &self.target()])?.ok)
    }

    fn load(&self, report: &mut Report) -> Result<(), Error> {
        let file = self.file();
        let path = file.to_str().ok_or_else(|| Error::Unnameable { path: file.clone() })?;
        self.must(&["bootstrap", &self.domain(), path], report)
    }

    fn ask(&self, words: &[&str], report: &mut Report) -> Result<(), Error> {
        report.ran.push(tools::run("launchctl", words)?.command);
        Ok(())
    }

    fn must(&self, words: &[&str], report: &mut Report) -> Result<(), Error> {
        let said = tools::run("launchctl", words)?;
        report.ran.push(said.command.clone());
        said.done().map(drop)
    }
}

/// The agent's file with the program's path and the variables.
fn agent(program: &Path, carried: &Carried) -> Result<String, Error> {
    let text = AGENT.replace(START, &escaped(&shell_word(program)?));
    if carried.variables.is_empty() {
        return Ok(text);
    }
    let mut variables = "    <key>EnvironmentVariables</key>\n    <dict>\n".to_owned();
    for (name, value) in &carried.variables {
        let (name, value) = (escaped(name), escaped(value));
        variables += &format!("        <key>{name}</key>\n        <string>{value}</string>\n");
    }
    variables += "    </dict>\n";
    Ok(text.replace(AFTER_VARIABLES, &(variables + AFTER_VARIABLES)))
}

/// A path that a shell takes as it is.
fn shell_word(path: &Path) -> Result<String, Error> {
    let unnameable = || Error::Unnameable { path: path.to_path_buf() };
    let text = path.to_str().filter(|text| !text.contains(char::is_control)).ok_or_else(unnameable)?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// Text between the tags of XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_agent_has_the_words_that_are_replaced() {
        assert_eq!((AGENT.matches(START).count(), AGENT.matches(AFTER_VARIABLES).count()), (1, 1));
        let carried = Carried {
            variables: [("CODEX_HOME".to_owned(), "/a & <b>".to_owned())].into(),
            ..Carried::default()
        };
        let text = agent(Path::new("/opt/it's/keitod"), &carried).unwrap();
        assert!(text.contains(r"<string>exec '/opt/it'\''s/keitod' run"), "{text}");
        assert!(text.contains("<string>/a &amp; &lt;b&gt;</string>"), "{text}");
        assert!(!text.contains(".cargo"), "{text}");
    }
}
