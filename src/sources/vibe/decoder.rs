//! From a line of the journal to its facts.
//!
//! An answer is known by what the session's total stands at after it, so that the last one of a segment is the same as
//! the total with which the next segment begins, should that be all that is left of it.

use super::super::page::{Page, Request};
use super::super::{json, stamp};
use super::AGENT;
use super::memory::{Early, Memory, after, before, classes, tokens};
use super::wire::{Delta, Entry, Input, Record, Session};
use crate::model::{
    ActivityKey, Facts, Instant, MessageKey, Quality, RejectReason, RequestKey, Tokens, Who, hash64,
};
use crate::sources::Line;

/// As many answers can come before the first total; more are no journal.
const EARLY: usize = 64;

/// Reads one segment in its order.
pub(super) struct Decoder<'a> {
    /// The session whose journal it is, by the path.
    pub(super) own: &'a str,
    pub(super) memory: &'a mut Memory,
    pub(super) facts: &'a mut Facts,
}

impl Decoder<'_> {
    /// Adds what `line` holds.
    pub(super) fn line(&mut self, line: Line<'_>) -> Result<(), RejectReason> {
        let bytes = json::trimmed(line.bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        let mut spare = String::new();
        let record: Record<'_> = json::parse(bytes, &mut spare)?;
        let Some(payload) = record.payload.get() else { return Ok(()) };
        match record.kind.get() {
            Some("core_input") => payload.input.get().map_or(Ok(()), |input| self.answer(input, line.offset)),
            Some("projection_delta") => self.shown(&payload.delta.0, line.offset),
            _ => Ok(()),
        }
    }

    /// A result that the session takes in. The line before it has the same counts, but no time.
    fn answer(&mut self, input: &Input<'_>, offset: u64) -> Result<(), RejectReason> {
        let Some(command) = input.command.get() else { return Ok(()) };
        let Some(counts) = command.tokens() else { return Ok(()) };
        let time = input.determinism.get().and_then(|determinism| determinism.time_unix_ms);
        let at = stamp::millis(time).ok_or(RejectReason::NoInstant)?;
        let action = command.action_id.get().ok_or(RejectReason::Shape)?.to_owned();
        let Ok(spent) = counts else {
            let message = self.message(&format!("bad:{action}"));
            self.request(message, &action, at, offset, Request { tokens: counts, ..nothing() });
            return Ok(());
        };
        let spent = classes(&spent);
        match self.memory.total {
            Some(total) => {
                let stands = after(total, spent);
                self.memory.total = Some(stands);
                self.counted(&action, at, offset, spent, stands);
            }
            None if self.memory.early.len() < EARLY => {
                self.memory.early.push(Early { action, at: at.millis(), tokens: spent, offset });
            }
            None => return Err(RejectReason::Shape),
        }
        Ok(())
    }

    fn counted(&mut self, action: &str, at: Instant, offset: u64, spent: [u64; 3], stands: [u64; 3]) {
        let message = self.message(&format!("total:{stands:?}"));
        self.request(message, action, at, offset, Request { tokens: Ok(tokens(spent)), ..nothing() });
    }

    fn message(&self, id: &str) -> MessageKey {
        MessageKey::new(AGENT, &format!("{}:{id}", self.own))
    }

    fn request(
        &mut self,
        message: MessageKey,
        action: &str,
        at: Instant,
        offset: u64,
        request: Request<'static>,
    ) {
        let key = RequestKey::with_line(AGENT, self.own, action);
        let model = self.memory.model.clone();
        self.page(offset).request(&Request { message, key, at, model: model.as_deref(), ..request });
    }

    /// What a viewer is to show: where the session stands, and what it did.
    fn shown(&mut self, delta: &[Option<Delta<'_>>], offset: u64) -> Result<(), RejectReason> {
        let sessions = || delta.iter().flatten().filter_map(|change| change.state.get()?.session.get());
        let is_child = sessions().any(|session| session.parent_session_id.get().is_some());
        for session in sessions() {
            self.stands(session, offset)?;
        }
        let mut read = Ok(());
        for change in delta.iter().flatten() {
            if let Some(entry) = change.entry.get() {
                // One that cannot be read costs none of the others.
                read = self.entry(entry, change.op.is("replace_entry"), is_child, offset).and(read);
            }
        }
        read
    }

    fn stands(&mut self, session: &Session<'_>, offset: u64) -> Result<(), RejectReason> {
        self.memory.root = session.root_session_id.get().filter(|root| *root != self.own).map(str::to_owned);
        let total = session.token_usage.get().map_or(Ok(Tokens::default()), super::wire::Total::tokens);
        let total = classes(&total.map_err(|_| RejectReason::Shape)?);
        if self.memory.total.replace(total).is_some() {
            return Ok(());
        }
        let early = std::mem::take(&mut self.memory.early);
        let sum = early.iter().fold([0; 3], |sum, answer| after(sum, answer.tokens));
        let begun = before(total, sum).unwrap_or_default();
        self.gone(session, begun, offset);
        let mut stands = begun;
        for answer in early {
            stands = after(stands, answer.tokens);
            self.counted(
                &answer.action,
                Instant::from_millis(answer.at),
                answer.offset,
                answer.tokens,
                stands,
            );
        }
        Ok(())
    }

    /// What was used before this segment. When is not known but that it was in this session, so it is dated at the start:
    /// none of it can be from before the first day that is billed.
    fn gone(&mut self, session: &Session<'_>, begun: [u64; 3], offset: u64) {
        let Some(at) = stamp::millis(session.created_at).filter(|_| begun != [0; 3]) else { return };
        let id = format!("total:{begun:?}");
        let (message, request) = (self.message(&id), Request { tokens: Ok(tokens(begun)), ..nothing() });
        self.request(message, &id, at, offset, Request { quality: Quality::Estimated, ..request });
        if let Some(sighting) = self.facts.sightings.last_mut() {
            sighting.nested = true;
        }
    }

    fn entry(
        &mut self,
        entry: &Entry<'_>,
        again: bool,
        is_child: bool,
        offset: u64,
    ) -> Result<(), RejectReason> {
        let created = stamp::millis(entry.created_at);
        let updated = stamp::millis(entry.updated_at);
        let (who, at) = match (entry.kind.get(), entry.role.get()) {
            (Some("message"), Some("user")) if is_child => (Who::Script, created),
            (Some("message"), Some("user")) => (Who::Prompt, created),
            (Some("message"), Some("assistant")) | (Some("reasoning"), _) => {
                (Who::Agent, updated.or(created))
            }
            (Some("effect"), _) if again => (Who::Tool, updated),
            (Some("effect"), _) => (Who::Agent, created),
            _ => return Ok(()),
        };
        let at = at.ok_or(RejectReason::NoInstant)?;
        let id = entry.id.get().ok_or(RejectReason::Shape)?;
        // Where nobody was asked the call itself took that long.
        let bypassed = entry.state.get().is_some_and(|state| state.approval_source.is("bypass"));
        let took = created.map_or(0, |created| at.millis().saturating_sub(created.millis()));
        let proven = if who == Who::Tool && bypassed { u32::try_from(took).unwrap_or(0) } else { 0 };
        let key = hash64(&[b"activity", AGENT.as_bytes(), id.as_bytes(), &at.millis().to_be_bytes()]);
        self.page(offset).act(ActivityKey(key), at, who, proven);
        Ok(())
    }

    fn page(&mut self, offset: u64) -> Page<'_> {
        let session = self.memory.root.as_deref().unwrap_or(self.own);
        Page::new(self.facts, session, self.memory.dir.as_deref(), offset).on(self.memory.branch.as_deref())
    }
}

/// A request of which nothing is said yet.
fn nothing() -> Request<'static> {
    Request {
        message: MessageKey(0),
        key: RequestKey(0),
        at: Instant::default(),
        model: None,
        tokens: Ok(Tokens::default()),
        quality: Quality::Exact,
    }
}
