//! What an id stands for.

use crate::daemon::documents::internal;
use crate::ledger::days::Calendar;
use crate::model::{AccountRef, Day, RecordRef, SessionRef};
use crate::report::Filter;
use crate::server::{Code, Failure};
use crate::store::{DueRow, Named, Reader};

/// So many candidates are named.
const NAMED: usize = 10;

/// What is explained.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    /// A record.
    Record(RecordRef, String),
    /// Work on no record.
    Group(String, DueRow),
    /// A session, by its own id.
    Session(SessionRef, String),
    /// A local day, with Unix seconds that it lies in.
    Day(Day, (i64, i64)),
}

pub(super) fn find(
    reader: &Reader,
    account: Option<AccountRef>,
    calendar: &Calendar,
    text: &str,
) -> Result<Subject, Failure> {
    let text = text.trim().trim_end_matches('…');
    if text.is_empty() {
        return Err(Failure::new(
            Code::InvalidInput,
            "name a record, a session or a day: `keitod queue list`",
        ));
    }
    if let Ok(day) = text.parse::<Day>() {
        let range = Filter::only(day).range(calendar).ok_or_else(|| nothing_on(text))?;
        return Ok(Subject::Day(day, range));
    }
    let mut found = reader.moment(|tx| tx.named(account, text)).map_err(internal)?;
    match found.len() {
        1 => {}
        0 => {
            let none =
                format!("no record, session or day {text}: see `keitod queue list` and `keitod sessions`");
            return Err(Failure::new(Code::NotFound, none));
        }
        number => return Err(several(text, number, &found)),
    }
    match found.pop() {
        Some(Named::Record { record, id, .. }) => Ok(Subject::Record(record, id)),
        Some(Named::Group { id, due }) => Ok(Subject::Group(id, due)),
        Some(Named::Session { session, native, .. }) => Ok(Subject::Session(session, native)),
        None => Err(Failure::new(Code::NotFound, format!("no record, session or day {text}"))),
    }
}

pub(super) fn nothing_on(day: &str) -> Failure {
    Failure::new(Code::NotFound, format!("nothing happened on {day}: see `keitod report`"))
}

fn several(text: &str, number: usize, found: &[Named]) -> Failure {
    let mut message = format!("{text} can stand for {number} things: give more of it");
    for named in found.iter().take(NAMED) {
        message += "\n  ";
        message += &match named {
            Named::Record { id, day, .. } => format!("{id}  record of {day}"),
            Named::Group { id, due, .. } => format!("{id}  waiting work of {}", due.day),
            Named::Session { agent, native, .. } => format!("{agent}/{native}  session"),
        };
    }
    if number > NAMED {
        message += &format!("\n  and {} more", number - NAMED);
    }
    Failure::new(Code::InvalidInput, message)
}
