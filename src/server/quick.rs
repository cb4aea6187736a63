//! A question with a deadline for everything: connecting, asking and the whole answer.

use std::io::{self, BufReader, Read, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};

use super::response;
use super::{CallError, Client, Question};

impl Client {
    /// Asks for a document that is of use until `end` only.
    ///
    /// # Errors
    /// As [`Client::ask`]; [`CallError::Broken`] with [`io::ErrorKind::TimedOut`] if the answer is not whole by then.
    pub fn ask_until(&self, question: &Question, end: Instant) -> Result<Vec<u8>, CallError> {
        let mut stream = Until { stream: open(self.path(), end)?, end };
        let head = format!("GET {} HTTP/1.1\r\nhost: keitod\r\nconnection: close\r\n\r\n", question.target());
        stream.write(head.as_bytes()).map_err(CallError::Broken)?;
        let response = response::read(BufReader::new(stream))?;
        if (200..300).contains(&response.status) { Ok(response.body) } else { Err(response.refusal()) }
    }
}

/// Connects without waiting: a daemon that hangs lets its queue of connections fill up, and a plain connect waits there.
fn open(path: &Path, end: Instant) -> Result<UnixStream, CallError> {
    let unreachable = |source: io::Error| CallError::unreachable(path, source);
    let owner = std::fs::metadata(path).map_err(unreachable)?.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(CallError::Foreign { path: path.to_owned(), owner });
    }
    let io = |errno: rustix::io::Errno| unreachable(errno.into());
    let address = SocketAddrUnix::new(path).map_err(io)?;
    let made = socket(AddressFamily::UNIX, SocketType::STREAM, None).map_err(io)?;
    let flags = fcntl_getfl(&made).map_err(io)?;
    fcntl_setfl(&made, flags | OFlags::NONBLOCK).map_err(io)?;
    loop {
        match connect(&made, &address) {
            Ok(()) => break,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) if Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(errno) => return Err(io(errno)),
        }
    }
    fcntl_setfl(&made, flags).map_err(io)?;
    Ok(made.into())
}

struct Until {
    stream: UnixStream,
    end: Instant,
}

impl Until {
    /// What is left; a timeout of zero would mean none.
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write_all(bytes)
    }
}

impl Read for Until {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buf)
    }
}
