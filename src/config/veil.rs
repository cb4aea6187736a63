//! The key leaves the environment: what a process was started with stays readable in `/proc/PID/environ`, or by `ps -E`,
//! for as long as it lives, whatever it does to its variables later. So a process that lives long starts itself anew
//! without the key, which it hands to itself through a pipe on standard input. The process id stays the same.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use secrecy::{SecretSlice, SecretString};

use super::env::{self, KEY};

/// Set to our process id if the key is on standard input. Another process that inherits it has another id.
const MARK: &str = "KEITOD_KEY_ON_STDIN";
/// What a pipe takes at once, whoever reads; far more than any key.
const MOST: usize = 4096;

/// What was handed over; standard input can be read once.
static HANDED_OVER: OnceLock<Option<SecretString>> = OnceLock::new();

/// Starts this program anew, with these words, without the key in its environment. Returns if there is none there, or if
/// it cannot be taken out: then it stays readable to the same user alone, as it was in the shell that it comes from.
///
/// # Errors
/// If the system does not start the program anew.
pub fn take_key_out_of_the_environment(words: &[OsString]) -> io::Result<()> {
    let Some(key) = env::raw(KEY) else { return Ok(()) };
    let key = SecretSlice::from(std::os::unix::ffi::OsStringExt::into_vec(key));
    let key = secrecy::ExposeSecret::expose_secret(&key);
    if key.len() > MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is far too long for a key"));
    }
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(key)?;
    drop(writer);
    let mut again = Command::new(program()?);
    if let Some((name, words)) = words.split_first() {
        again.arg0(name).args(words);
    }
    Err(again.env_remove(KEY).env(MARK, std::process::id().to_string()).stdin(reader).exec())
}

/// The program of this process. One that was replaced since it was started has no path any more, but for Linux's own.
fn program() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    Ok(if path.exists() { path } else { PathBuf::from("/proc/self/exe") })
}

/// The key that this process handed to itself.
pub(super) fn handed_over() -> Option<SecretString> {
    let found = HANDED_OVER.get_or_init(|| {
        let ours = env::raw(MARK)?.into_string().ok()? == std::process::id().to_string();
        let key = if ours { read() } else { None };
        if ours {
            // Nothing else is to come from there, and nobody is to find the pipe.
            let _ = File::open("/dev/null").map(rustix::stdio::dup2_stdin);
        }
        key
    });
    found.clone()
}

fn read() -> Option<SecretString> {
    let mut key = String::with_capacity(MOST);
    io::stdin().lock().take(MOST as u64).read_to_string(&mut key).ok()?;
    Some(SecretString::from(key))
}
