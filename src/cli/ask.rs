//! A document from the daemon, else from its database.

use super::{Call, Failure};
use crate::server::{CallError, Client, Question};

/// Asks the daemon if one runs. Only its absence leads to the file: a daemon that answers badly is no reason to show
/// what the database held a while ago.
pub(super) fn ask(call: &Call<'_>, question: &Question) -> Result<Vec<u8>, Failure> {
    let config = call.place.config()?;
    if config.socket.enabled {
        let client = Client::new(&config.paths(&call.place.env).socket);
        match client.ask(question) {
            Err(CallError::NotRunning { .. }) => {}
            answer => return Ok(answer?),
        }
    }
    call.engine.stored(&call.place, question)
}
