//! From a line to its facts.
//!
//! `cost-state`, the running total that 2.1.329 writes at exit, is not read for requests: it repeats them, goes under
//! the requested instead of the answering model, and a killed run leaves none. The side requests that only it shows
//! (`/compact`, web search) come with the rule for running totals.

use super::super::json;
use super::super::loose::{Count, Loose};
use super::super::skim;
use super::AGENT;
use super::memory::{Asks, Memory};
use super::person;
use super::request::{Ids, requests};
use super::scan::{self, Members};
use super::wire::{Message, Record};
use crate::model::{
    Activity, ActivityKey, Birth, Facts, Instant, Mark, MessageKey, Payer, Plan, Quality, RejectReason,
    Sighting, Sym, Turn, Who, hash64,
};
use crate::sources::Line;

/// Members that differ between copies of one line by resume and fork.
const NOT_CONTENT: [&[u8]; 5] =
    [b"sessionId", b"session_id", b"parentUuid", b"promptId", b"requestSessionId"];

/// Reads the lines of one file in their order.
pub(super) struct Decoder<'a> {
    /// The session of lines that name none.
    pub(super) session: Option<&'a str>,
    pub(super) memory: &'a mut Memory,
    pub(super) facts: &'a mut Facts,
}

/// Where a line belongs.
struct Place {
    session: Sym,
    /// The session that the record names as its maker, in a copy.
    origin: Option<Sym>,
    dir: Option<Sym>,
    branch: Option<Sym>,
    offset: u64,
}

impl Decoder<'_> {
    /// Adds what `line` holds. An error says that the line, or its front, could not be read.
    pub(super) fn read(&mut self, line: Line<'_>) -> Result<(), RejectReason> {
        let bytes = json::trimmed(line.bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        let read = match skim::object::<Record<'_>>(bytes) {
            Some(record) => self.record(&record, bytes, line.offset),
            None if !scan::is_worth_parsing(bytes) => return Ok(()),
            None => {
                let mut spare = String::new();
                json::parse(bytes, &mut spare).and_then(|record| self.record(&record, bytes, line.offset))
            }
        };
        let Err(reason) = read else { return Ok(()) };
        if let Some(at) = glued(bytes).filter(|_| reason != RejectReason::Shape) {
            let (bytes, mut spare) = (&bytes[at..], String::new());
            // The front is what the reject tells of; a tail that is no record either belongs to it.
            let _ =
                json::parse(bytes, &mut spare).and_then(|record| self.record(&record, bytes, line.offset));
        }
        Err(reason)
    }

    fn record(&mut self, record: &Record<'_>, bytes: &[u8], offset: u64) -> Result<(), RejectReason> {
        self.plan(record);
        match kind(record) {
            Some("assistant") => self.assistant(record, bytes, offset),
            Some("user") => self.user(record, bytes, offset),
            Some("progress") => self.progress(record, bytes, offset),
            Some("system") if record.subtype.is("turn_duration") => self.turn(record, bytes),
            Some("permission-mode") => {
                self.set_mode(record);
                Ok(())
            }
            Some("queue-operation") => {
                self.birth(record);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn assistant(&mut self, record: &Record<'_>, bytes: &[u8], offset: u64) -> Result<(), RejectReason> {
        let message = record.message.get().ok_or(RejectReason::Shape)?;
        let usage = message.checked_usage()?;
        let at = instant(record)?;
        let place = self.place(record, offset)?;
        let request = record.request_id.get();
        if usage.is_some() && !message.is_synthetic() {
            let line = line_id(record.uuid.get(), bytes, "");
            let session = session_of(record, self.session)?;
            let ids = Ids { session, request, uuid: record.uuid.get(), line: &line, at };
            self.sight(message, record.advisor_model.get(), &ids, &place, false)?;
        }
        for block in message.content.blocks.iter().filter(|block| block.kind.is("tool_use")) {
            if let Some(id) = block.id.get() {
                self.memory.open(id, block.name.get().unwrap_or_default(), at);
            }
        }
        // On resume after a kill a made-up answer is added, with an instant at which no model spoke.
        let is_filler = message.is_synthetic() && !record.is_api_error_message.0 && request.is_none();
        if message.is_synthetic() {
            self.facts.failures.push(activity_key(record, bytes));
        }
        if !is_filler {
            self.act(&place, activity_key(record, bytes), at, Who::Agent, 0);
        }
        Ok(())
    }

    fn progress(&mut self, record: &Record<'_>, bytes: &[u8], offset: u64) -> Result<(), RejectReason> {
        let Some(nested) = record.data.get().and_then(|data| data.message.get()) else { return Ok(()) };
        let Some(message) = nested.message.get() else { return Ok(()) };
        if message.checked_usage()?.is_none() || message.is_synthetic() {
            return Ok(());
        }
        let at = nested.timestamp.get().and_then(Instant::parse);
        let at = at.map_or_else(|| instant(record), Ok)?;
        let place = self.place(record, offset)?;
        let session = session_of(record, self.session)?;
        let line = line_id(nested.uuid.get(), bytes, ":nested");
        let (request, uuid) = (nested.request_id.get(), nested.uuid.get());
        let ids = Ids { session, request, uuid, line: &line, at };
        self.sight(message, nested.advisor_model.get(), &ids, &place, true)
    }

    fn sight(
        &mut self,
        message: &Message<'_>,
        advisor: Option<&str>,
        ids: &Ids<'_>,
        place: &Place,
        nested: bool,
    ) -> Result<(), RejectReason> {
        let Some(usage) = message.checked_usage()? else { return Ok(()) };
        let found = requests(message, usage, advisor, ids);
        let line = ids.line_key();
        // A nested copy is another file's message: it says nothing on this file's newest one.
        let grown = !nested
            && found.first().is_some_and(|own| self.memory.note(line, own.message, own.tokens.output));
        // Before 2.1.150 a block's line was written with the counts so far. A stop reason, or a count that grew since
        // the message's first line, can only come with the vendor's closing event, which holds the final counts.
        let is_final = grown || message.stop_reason.get().is_some_and(|reason| reason != "null");
        let quality = if is_final { Quality::Exact } else { Quality::LowerBound };
        let origin = place.origin;
        for request in found {
            let model = self.facts.names.intern(request.model);
            self.facts.sightings.push(Sighting {
                session: place.session,
                origin,
                message: request.message,
                key: request.key,
                has_request_id: ids.request.is_some(),
                line,
                at: ids.at,
                model,
                provider: None,
                reported: None,
                dir: place.dir,
                branch: place.branch,
                tokens: request.tokens,
                terms: request.terms,
                quality,
                nested,
                offset: place.offset,
            });
        }
        Ok(())
    }

    fn user(&mut self, record: &Record<'_>, bytes: &[u8], offset: u64) -> Result<(), RejectReason> {
        let content = &record.message.get().ok_or(RejectReason::Shape)?.content;
        let is_answer = content.results().next().is_some();
        let decided = persons_decision(record);
        let refused = decided == Some(false)
            || record.tool_use_result.is_refused
            || content.results().any(super::wire::Block::is_refused);
        let calls: Vec<_> =
            content.results().filter_map(|result| self.memory.close(result.tool_use_id.get()?)).collect();
        let by_person = refused || calls.iter().any(|call| call.asks == Asks::Person);
        let who = person::who(record, content.opening(), is_answer.then_some(by_person));
        let place = self.place(record, offset)?;
        let at = who.map(|_| instant(record)).transpose()?;

        self.set_mode(record);
        self.mark(record, &place);
        let (Some(who), Some(at)) = (who, at) else { return Ok(()) };
        let mut proven_ms = 0;
        if is_answer && (by_person || decided.is_some()) {
            self.memory.wait_in_turn();
        }
        if is_answer && !by_person {
            let never_asked = |call: &&super::memory::Call| match &record.permission_decision {
                Loose::Is(decision) => decision.decision.is("accept") && decision.source.is("config"),
                _ => call.asks == Asks::Never || (call.is_free && self.memory.is_free()),
            };
            let open = calls.iter().filter(never_asked).map(|call| call.open_ms(at)).max();
            proven_ms = open.max(record.tool_use_result.duration_ms).unwrap_or(0);
        } else if !is_answer && matches!(who, Who::Prompt | Who::Script) {
            self.memory.begin_turn();
        }
        self.act(&place, activity_key(record, bytes), at, who, proven_ms);
        Ok(())
    }

    fn turn(&mut self, record: &Record<'_>, bytes: &[u8]) -> Result<(), RejectReason> {
        let Count::Is(duration) = record.duration_ms else { return Ok(()) };
        if !self.memory.turn_is_free() {
            return Ok(());
        }
        let at = instant(record)?;
        let session = self.facts.names.intern(session_of(record, self.session)?);
        let duration_ms = u32::try_from(duration).unwrap_or(u32::MAX);
        self.facts.turns.push(Turn { session, key: activity_key(record, bytes), at, duration_ms });
        Ok(())
    }

    /// Messages that this record shows to be cut: by Esc, or by the network, after which the log may still claim a stop
    /// reason (2.1.329 writes `end_turn` with the placeholder).
    fn mark(&mut self, record: &Record<'_>, place: &Place) {
        let by_esc = record.interrupted_message_id.get().map(|id| MessageKey::new(AGENT, id));
        let by_network = record
            .parent_uuid
            .get()
            .filter(|_| record.turn_companion.0)
            .and_then(|uuid| self.memory.message_of(uuid));
        for message in by_esc.into_iter().chain(by_network) {
            self.facts.marks.push(Mark { session: place.session, message });
        }
    }

    /// Print mode and the SDKs write one at each start, 2.1.29 as the first line of a log; forks copy the history without
    /// them. It tells the original where no line names an origin (before 2.1.329).
    fn birth(&mut self, record: &Record<'_>) {
        let (Ok(session), Ok(at)) = (session_of(record, self.session), instant(record)) else { return };
        let session = self.facts.names.intern(session);
        // One per batch is enough: the earliest, for a clock may be set back.
        match self.facts.births.iter_mut().find(|birth| birth.session == session) {
            Some(known) => known.at = known.at.min(at),
            None => self.facts.births.push(Birth { session, at }),
        }
    }

    /// Who pays from here on. Lines without a quota say nothing: the newest word stands.
    fn plan(&mut self, record: &Record<'_>) {
        let Some(quota) = record.quota_limits.get() else { return };
        let payer = match quota.rate_limit_type.get() {
            _ if quota.is_using_overage.0 => Payer::Metered,
            Some(_) => Payer::Subscription,
            None => return,
        };
        let (Ok(session), Ok(at)) = (session_of(record, self.session), instant(record)) else { return };
        let session = self.facts.names.intern(session);
        self.facts.plans.push(Plan { session, at, payer });
    }

    fn act(&mut self, place: &Place, key: ActivityKey, at: Instant, who: Who, proven_ms: u32) {
        let Place { session, origin, dir, branch, offset } = *place;
        self.facts.activities.push(Activity {
            session,
            origin,
            key,
            at,
            who,
            dir,
            branch,
            proven_ms,
            offset,
        });
    }

    fn set_mode(&mut self, record: &Record<'_>) {
        if let Some(mode) = record.permission_mode.get() {
            self.memory.set_mode(mode);
        }
    }

    fn place(&mut self, record: &Record<'_>, offset: u64) -> Result<Place, RejectReason> {
        let session = session_of(record, self.session)?;
        let names = &mut self.facts.names;
        Ok(Place {
            session: names.intern(session),
            origin: record.request_session_id.get().map(|origin| names.intern(origin)),
            dir: record.cwd.get().map(|dir| names.intern(dir)),
            branch: record.git_branch.get().map(|branch| names.intern(branch)),
            offset,
        })
    }
}

/// Where a whole record stands at the end of a line whose front was torn: after a crash the agent appends to what is
/// there, half a line or a run of NULs. Quotes inside a text are escaped, so a text cannot look like this.
fn glued(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::rfind(bytes, br#"{"parentUuid":"#).filter(|at| *at > 0)
}

/// The record's type; early exports lack it, but an answer with usage is one without it too.
fn kind<'a>(record: &'a Record<'_>) -> Option<&'a str> {
    record.kind.get().or_else(|| {
        let message = record.message.get()?;
        (message.role.is("assistant") && message.usage.get().is_some()).then_some("assistant")
    })
}

fn session_of<'r>(record: &'r Record<'_>, claimed: Option<&'r str>) -> Result<&'r str, RejectReason> {
    record.session_id.get().or(claimed).ok_or(RejectReason::Shape)
}

fn instant(record: &Record<'_>) -> Result<Instant, RejectReason> {
    record.timestamp.get().and_then(Instant::parse).ok_or(RejectReason::NoInstant)
}

/// What a person decided on the call, as 2.1.329 logs it: `Some(true)` is yes.
fn persons_decision(record: &Record<'_>) -> Option<bool> {
    let decision = record.permission_decision.get()?;
    let by_person = decision.source.get()?.starts_with("user");
    by_person.then(|| decision.decision.is("accept"))
}

fn activity_key(record: &Record<'_>, bytes: &[u8]) -> ActivityKey {
    ActivityKey(match record.uuid.get() {
        Some(uuid) => hash64(&[b"activity", AGENT.as_bytes(), uuid.as_bytes()]),
        None => canonical(bytes),
    })
}

fn line_id(uuid: Option<&str>, bytes: &[u8], of: &str) -> String {
    uuid.map_or_else(|| format!("{:016x}{of}", canonical(bytes)), str::to_owned)
}

/// Hash of what a line without a uuid says: its top-level members in their order, but for those that a copy changes.
fn canonical(bytes: &[u8]) -> u64 {
    let mut parts: Vec<&[u8]> = vec![b"line", AGENT.as_bytes()];
    for member in Members::new(bytes).map_while(Result::ok) {
        if !NOT_CONTENT.contains(&member.key) {
            parts.push(member.key);
            parts.push(member.value);
        }
    }
    hash64(&parts)
}
