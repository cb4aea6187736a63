//! A program that prints the key: `pass`, `op`, `security`.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::SecretString;

use super::CredentialError;

/// More than any key.
const LIMIT: u64 = 64 * 1024;

/// Runs a program with its arguments, without a shell, and returns what it printed, trimmed. Its stderr is dropped: it
/// may quote secrets.
pub(super) fn run(argv: &[String], timeout: Duration) -> Result<SecretString, CredentialError> {
    let program = argv.first().cloned().unwrap_or_default();
    let mut child = Command::new(&program)
        .args(argv.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // A group of its own, so that what it started is stopped with it.
        .process_group(0)
        .spawn()
        .map_err(|error| CredentialError::CommandStart { program: program.clone(), kind: error.kind() })?;
    let deadline = Instant::now() + timeout;
    let (printed, read) = mpsc::sync_channel(1);
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = String::new();
            let result =
                stdout.take(LIMIT).read_to_string(&mut text).map(|_| SecretString::from(text.trim()));
            // Nobody listens after the deadline.
            printed.send(result).ok();
        });
    }
    let result = read.recv_timeout(timeout);
    let status = if result.is_ok() { wait(&mut child, deadline) } else { None };
    let Some(status) = status else {
        stop(&mut child);
        return Err(CredentialError::CommandTimeout { program, after: timeout });
    };
    match result {
        Ok(Ok(key)) if status.success() && !is_empty(&key) => Ok(key),
        _ => Err(CredentialError::CommandFailed { program, code: status.code() }),
    }
}

fn is_empty(key: &SecretString) -> bool {
    secrecy::ExposeSecret::expose_secret(key).is_empty()
}

/// The standard library waits without a limit only; the program has closed its output, so this ends at once.
fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            _ => return None,
        }
    }
}

fn stop(child: &mut Child) {
    // Not reaped yet, so the id is still its own. It may have ended in between: nothing to do then.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        kill_process_group(group, Signal::KILL).ok();
    }
    child.wait().ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn sh(script: &str, timeout: Duration) -> Result<String, CredentialError> {
        let argv = ["sh", "-c", script].map(str::to_owned);
        run(&argv, timeout).map(|key| key.expose_secret().to_owned())
    }

    #[test]
    fn the_output_is_the_key_and_failures_are_told_apart() {
        let long = Duration::from_secs(10);
        assert_eq!(sh("echo ' kto_a '; echo noise >&2", long).ok().as_deref(), Some("kto_a"));
        let failed = |script| matches!(sh(script, long), Err(CredentialError::CommandFailed { .. }));
        assert!(failed("echo kto_a; exit 3"));
        assert!(failed("true"));
        assert!(failed("printf '\\377'"));
        let absent = run(&["/no/such/program".to_owned()], long);
        assert!(matches!(absent, Err(CredentialError::CommandStart { .. })));
    }

    #[test]
    fn what_runs_too_long_is_stopped_with_its_children() {
        let begin = Instant::now();
        let hung = sh("sleep 60 & echo $! ; sleep 60", Duration::from_millis(200));
        assert!(matches!(hung, Err(CredentialError::CommandTimeout { .. })));
        let closed = sh("exec >&-; sleep 60", Duration::from_millis(200));
        assert!(matches!(closed, Err(CredentialError::CommandTimeout { .. })));
        assert!(begin.elapsed() < Duration::from_secs(30));
    }
}
