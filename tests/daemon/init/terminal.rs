//! The program in a pseudo-terminal, with somebody who reads and types.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::place::until;

pub struct Terminal {
    child: Child,
    keyboard: File,
    seen: Arc<Mutex<String>>,
    read: usize,
}

impl Terminal {
    pub fn start(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let slave = || File::options().read(true).write(true).open(path.to_str().unwrap()).unwrap();
        command.stdin(Stdio::from(slave())).stdout(Stdio::from(slave())).stderr(Stdio::from(slave()));
        let child = command.spawn().unwrap();
        // Its copies of the other end would keep the terminal open after the program's end.
        drop(command);
        let seen = Arc::new(Mutex::new(String::new()));
        let (screen, text) = (File::from(master), Arc::clone(&seen));
        let keyboard = screen.try_clone().unwrap();
        std::thread::spawn(move || {
            let (mut screen, mut piece) = (screen, [0; 4096]);
            // Ends with an error once nobody has the other end.
            while let Ok(length @ 1..) = screen.read(&mut piece) {
                let piece = String::from_utf8_lossy(&piece[..length]).into_owned();
                text.lock().unwrap_or_else(PoisonError::into_inner).push_str(&piece);
            }
        });
        Self { child, keyboard, seen, read: 0 }
    }

    pub fn screen(&self) -> String {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until this is to be read after what was read before.
    #[track_caller]
    pub fn sees(&mut self, text: &str) {
        let from = self.read;
        self.read = until(&format!("{text:?} after:\n{}", &self.screen()[from..]), || {
            let seen = self.screen();
            seen[from..].find(text).map(|at| from + at + text.len())
        });
    }

    pub fn types(&mut self, text: &str) {
        self.types_bytes(text.as_bytes());
    }

    pub fn types_bytes(&mut self, bytes: &[u8]) {
        self.keyboard.write_all(bytes).unwrap();
    }

    /// Reads a question and answers it.
    #[track_caller]
    pub fn answers(&mut self, question: &str, text: &str) {
        self.sees(question);
        self.types(&format!("{text}\n"));
    }

    pub fn echoes(&self) -> bool {
        tcgetattr(&self.keyboard).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    #[track_caller]
    pub fn ended(&mut self) -> i32 {
        until("it ends", || self.child.try_wait().unwrap()).code().unwrap_or(-1)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
