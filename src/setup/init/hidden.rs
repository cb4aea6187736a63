//! A secret word, typed or pasted, that the terminal does not show.

use std::io::{self, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;

use crate::setup::Error;

/// Longer than any token; who pastes more has the wrong thing at hand.
const LIMIT: usize = 16 * 1024;

/// Puts the terminal back as it was, however reading ends.
struct Restore(Termios);

impl Drop for Restore {
    fn drop(&mut self) {
        // Nothing else can be done where the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

/// Asks, and reads to the end of the line. The echo is off before the question is seen: who pastes fast shows nothing. Byte
/// by byte: the kernel cuts whole lines at 4096 bytes, and tokens can be longer; and the interrupt key is read here instead of killing us with the echo still off.
pub(super) fn word(question: &str) -> Result<SecretString, Error> {
    let failed = |error: rustix::io::Errno| Error::Input(error.into());
    let before = tcgetattr(io::stdin()).map_err(failed)?;
    let mut quiet = before.clone();
    quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
    quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
    quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
    let _restore = Restore(before);
    tcsetattr(io::stdin(), OptionalActions::Now, &quiet).map_err(failed)?;
    let mut err = io::stderr().lock();
    err.write_all(question.as_bytes()).and_then(|()| err.flush()).map_err(Error::Input)?;
    drop(err);
    let mut word = String::new();
    let mut bytes = io::stdin().lock().bytes();
    loop {
        let byte = bytes.next().ok_or(Error::Stopped)?.map_err(Error::Input)?;
        match byte {
            b'\r' | b'\n' => return Ok(SecretString::from(word.trim().to_owned())),
            // Interrupt and end of input.
            0x03 | 0x04 => return Err(Error::Stopped),
            // Erase a character, erase the line.
            0x08 | 0x7f => drop(word.pop()),
            0x15 => word.clear(),
            // No key has any other character: it is kept as a mark, so that the key is refused instead of mended.
            byte if word.len() < LIMIT => {
                word.push(if byte.is_ascii() { char::from(byte) } else { '\u{fffd}' })
            }
            _ => {}
        }
    }
}
