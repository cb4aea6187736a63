//! Actions on the outbox: through the daemon if one runs, else on the state itself.

use super::print::print_act;
use super::{Call, Exit, Failure, print_json};
use crate::server::{Act, CallError, Client};

/// Has it done and prints what came of it.
pub(super) fn act(call: &mut Call<'_>, what: &Act, json: bool) -> Result<Exit, Failure> {
    let document = done(call, what)?;
    if json {
        print_json(&document, call.out)?;
    } else {
        print_act(&document, call.look, call.out)?;
    }
    Ok(Exit::Ok)
}

pub(super) fn done(call: &Call<'_>, what: &Act) -> Result<Vec<u8>, Failure> {
    let config = call.place.config()?;
    if config.socket.enabled {
        let client = Client::new(&config.paths(&call.place.env).socket);
        match client.act(what) {
            Err(CallError::NotRunning { .. }) => {}
            answer => return Ok(answer?),
        }
    }
    call.engine.act(&call.place, what)
}
