//! Activity, and what proves time.

use super::super::loose::Count;
use super::AGENT;
use super::decoder::Decoder;
use super::items;
use super::wire::{Duration, Payload};
use crate::model::{Activity, ActivityKey, Instant, RejectReason, Turn, Who, hash64};

impl Decoder<'_> {
    pub(super) fn turn(&mut self, payload: &Payload<'_>, at: Option<Instant>) -> Result<(), RejectReason> {
        let Count::Is(duration) = payload.duration_ms else { return Ok(()) };
        if !self.memory.turn_is_free() {
            return Ok(());
        }
        let at = at.ok_or(RejectReason::NoInstant)?;
        let thread = self.thread()?;
        let id = payload.turn_id.get().unwrap_or_default();
        let key = ActivityKey(hash64(&[b"turn", AGENT.as_bytes(), thread.as_bytes(), id.as_bytes()]));
        let session = self.session()?;
        let session = self.facts.names.intern(&session);
        let duration_ms = u32::try_from(duration).unwrap_or(u32::MAX);
        self.facts.turns.push(Turn { session, key, at, duration_ms });
        Ok(())
    }

    /// The end of a call, with what it took: it comes when the work is over, a result when the model is told.
    pub(super) fn event(
        &mut self,
        kind: &str,
        payload: &Payload<'_>,
        at: Option<Instant>,
        offset: u64,
    ) -> Result<(), RejectReason> {
        let (call, took) = match kind {
            "exec_command_end" | "mcp_tool_call_end" | "patch_apply_end" => {
                (payload.call_id.get(), payload.duration.get())
            }
            "item_completed" => match payload.item.get().filter(|item| item.kind.is("CommandExecution")) {
                Some(item) => (item.id.get(), item.duration.get()),
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        let proven = took.and_then(Duration::millis).unwrap_or(0);
        self.act(kind, call, at, Who::Tool, proven, offset)
    }

    pub(super) fn item(
        &mut self,
        kind: &str,
        payload: &Payload<'_>,
        at: Option<Instant>,
        offset: u64,
    ) -> Result<(), RejectReason> {
        let call = payload.call_id.get();
        if kind == "message" {
            let Some(who) = items::speaker(payload, self.memory) else { return Ok(()) };
            self.memory.has_spoken |= who == Who::Agent;
            return self.act(kind, call, at, who, 0, offset);
        }
        if kind.ends_with("_output") {
            let at = at.ok_or(RejectReason::NoInstant)?;
            let closed = call.and_then(|call| self.memory.close(call));
            let is_answer = closed.as_ref().is_some_and(|call| call.is_question);
            let open = closed.map_or(0, |call| call.proven_ms(at));
            let who = if is_answer { Who::Prompt } else { Who::Tool };
            let proven = if is_answer { 0 } else { open.max(payload.output.took.unwrap_or(0)) };
            return self.act(kind, call, Some(at), who, proven, offset);
        }
        if kind != "reasoning" && !kind.ends_with("_call") {
            return Ok(());
        }
        self.memory.has_spoken = true;
        if let (Some(call), Some(at)) = (call, at) {
            self.memory.open(call, payload.name.get().unwrap_or_default(), at);
        }
        self.act(kind, call, at, Who::Agent, 0, offset)
    }

    fn act(
        &mut self,
        kind: &str,
        call: Option<&str>,
        at: Option<Instant>,
        who: Who,
        proven_ms: u32,
        offset: u64,
    ) -> Result<(), RejectReason> {
        let at = at.ok_or(RejectReason::NoInstant)?;
        let (thread, session) = (self.thread()?, self.session()?);
        // Not of the whole line: migration adds ordinals and more.
        let key = ActivityKey(hash64(&[
            b"activity",
            AGENT.as_bytes(),
            thread.as_bytes(),
            kind.as_bytes(),
            call.unwrap_or_default().as_bytes(),
            &at.millis().to_be_bytes(),
        ]));
        let names = &mut self.facts.names;
        let session = names.intern(&session);
        let dir = self.memory.dir.as_deref().map(|dir| names.intern(dir));
        let branch = self.memory.branch.as_deref().map(|branch| names.intern(branch));
        let origin = None;
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
        Ok(())
    }
}
