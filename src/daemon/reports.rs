//! Reports that were made and still hold: a dashboard or a script asks for the same one again and again, and it reads all
//! history, while mostly nothing has changed since.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use jiff::tz::TimeZone;

use super::assemble::Setup;
use super::documents::Documents;
use crate::prices::Table;
use crate::server::ReportQuery;

/// Bytes of documents that are kept.
const ROOM: usize = 1 << 20;

/// What a report is made from. Equal ones give equal reports: neither the time of day nor a log has a part in it.
pub(super) struct MadeFrom {
    /// The database: how many transactions had ended before it was read.
    ended: u64,
    setup: Arc<Setup>,
    table: Arc<Table>,
    /// Length and time of the decisions; a person may edit them.
    decided: Option<(u64, SystemTime)>,
    /// The system's zone, which counts where no other is known.
    zone: Option<String>,
}

impl MadeFrom {
    /// As it is now. What is read after it is as new, or newer.
    pub(super) fn now(documents: &Documents, ended: u64) -> Self {
        let decided = fs::metadata(documents.data_dir.join("decisions.jsonl")).ok();
        Self {
            ended,
            setup: Arc::clone(&documents.setup),
            table: Arc::clone(&documents.table),
            decided: decided.and_then(|of| Some((of.len(), of.modified().ok()?))),
            zone: TimeZone::system().iana_name().map(str::to_owned),
        }
    }

    /// Whether both give the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.ended == other.ended
            && Arc::ptr_eq(&self.setup, &other.setup)
            && Arc::ptr_eq(&self.table, &other.table)
            && self.decided == other.decided
            && self.zone == other.zone
    }
}

/// The ones made last.
#[derive(Default)]
pub(super) struct Reports(Mutex<Vec<(ReportQuery, MadeFrom, Vec<u8>)>>);

impl Reports {
    /// A report that still holds.
    pub(super) fn find(&self, query: &ReportQuery, from: &MadeFrom) -> Option<Vec<u8>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, of, _)| of.is(from));
        kept.iter().find(|(known, ..)| known == query).map(|(.., document)| document.clone())
    }

    /// Keeps one, if it is not too large, and as many of the others as there is room for.
    pub(super) fn keep(&self, query: ReportQuery, from: MadeFrom, document: &[u8]) {
        if document.len() > ROOM {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, ..)| *known != query);
        kept.push((query, from, document.to_vec()));
        let mut bytes: usize = kept.iter().map(|(.., document)| document.len()).sum();
        let over = kept.iter().take_while(|(.., document)| {
            let over = bytes > ROOM;
            bytes = bytes.saturating_sub(document.len());
            over
        });
        let over = over.count();
        kept.drain(..over);
    }
}
