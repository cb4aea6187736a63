//! From a line to its facts.

use super::super::usage::Bad;
use super::super::{json, page::UNKNOWN_MODEL};
use super::AGENT;
use super::counter::{Counts, Step};
use super::items;
use super::lineage::Owner;
use super::memory::Memory;
use super::wire::{Info, Limits, Payload, Record, Settings};
use crate::model::{
    Activity, ActivityKey, Birth, Facts, Instant, LineKey, MessageKey, Payer, Plan, Quality, RejectReason,
    RequestKey, Sighting, Terms, Tokens, Turn, Who, hash64,
};
use crate::sources::Line;

/// Providers whose models are not billed by the list of the model's maker: the program's own names for them, and the
/// name of the one that most people add.
const PROVIDERS: [&str; 6] = ["amazon-bedrock", "azure", "lmstudio", "ollama", "oss", "openrouter"];

/// Reads the lines of one file in their order.
pub(super) struct Decoder<'a> {
    /// The thread, by the file's name.
    pub(super) claimed: Option<&'a str>,
    pub(super) memory: &'a mut Memory,
    pub(super) facts: &'a mut Facts,
}

/// One request, by its own words.
struct Request<'a> {
    id: &'a str,
    thread: &'a str,
    at: Instant,
    model: Option<&'a str>,
    tokens: Result<Tokens, Bad>,
    quality: Quality,
    offset: u64,
}

impl Decoder<'_> {
    /// Adds what `line` holds.
    pub(super) fn line(&mut self, line: Line<'_>) -> Result<(), RejectReason> {
        let bytes = json::trimmed(line.bytes);
        if bytes.is_empty() || !is_worth_parsing(bytes) {
            return Ok(());
        }
        let mut spare = String::new();
        let record: Record<'_> = json::parse(bytes, &mut spare)?;
        let Some(payload) = record.payload.get() else { return Ok(()) };
        let at = record.timestamp.get().and_then(Instant::parse);
        if record.kind.is("session_meta") {
            return self.meta(payload, at);
        }
        let owner = self.memory.lineage.owner(&record, payload, at);
        match (record.kind.get(), payload.kind.get()) {
            (Some("turn_context"), _) => self.context(payload, owner),
            (Some("token_usage_record"), _) => return self.record(payload, at, line.offset),
            (Some("event_msg"), Some("token_count")) => return self.count(payload, at, owner, line.offset),
            _ if owner != Owner::Own => {}
            (Some("event_msg"), Some("thread_settings_applied")) => {
                if let Some(settings) = payload.thread_settings.get() {
                    self.settings(settings);
                }
            }
            (Some("event_msg"), Some("task_started")) => {
                let trigger = payload.turn_attribution.get().and_then(|turn| turn.turn_trigger.get());
                self.memory.begin_turn(trigger.map(|trigger| trigger != "user"));
            }
            (Some("event_msg"), Some("task_complete")) => return self.turn(payload, at),
            (Some("event_msg"), Some(kind)) => return self.event(kind, payload, at, line.offset),
            (Some("response_item"), Some(kind)) => return self.item(kind, payload, at, line.offset),
            // Before 0.2 some lines were items without a type.
            (Some("response_item"), None) => return self.item("message", payload, at, line.offset),
            _ => {}
        }
        Ok(())
    }

    fn meta(&mut self, payload: &Payload<'_>, at: Option<Instant>) -> Result<(), RejectReason> {
        let at = at.ok_or(RejectReason::NoInstant)?;
        let is_first = !self.memory.has_spoken && !self.memory.has_records;
        if self.memory.lineage.thread().is_some() {
            self.memory.lineage.copied(payload, is_first);
            return Ok(());
        }
        let named = payload.id.get().or(payload.session_id.get()).or(self.claimed);
        let thread = named.ok_or(RejectReason::Shape)?;
        self.memory.lineage.begin(payload, thread, at);
        let source = payload.source.map_or("", |source| source.get());
        self.memory.is_subagent = source.starts_with('{') || payload.thread_source.is("subagent");
        self.memory.is_exec = matches!(source, "\"exec\"" | "\"mcp\"");
        // Before 0.140 no line names the thread that a subagent's session belongs to: `source` has the parent alone.
        let root = payload.session_id.get().filter(|root| *root != thread);
        let root = root.or(payload.parent_thread_id.get().filter(|_| self.memory.is_subagent));
        let session = root.unwrap_or(thread);
        self.memory.session = Some(session.to_owned());
        self.memory.dir = owned(payload.cwd.get());
        self.memory.branch = owned(payload.git.get().and_then(|git| git.branch.get()));
        self.memory.provider = owned(payload.model_provider.get());
        if session == thread {
            let session = self.facts.names.intern(session);
            self.facts.births.push(Birth { session, at });
        }
        Ok(())
    }

    fn context(&mut self, payload: &Payload<'_>, owner: Owner) {
        if owner == Owner::Copy {
            return;
        }
        let memory = &mut *self.memory;
        memory.model = owned(payload.model.get()).or(memory.model.take());
        memory.dir = owned(payload.cwd.get()).or(memory.dir.take());
        if let Some(policy) = payload.approval_policy.get() {
            memory.set_policy(policy);
        }
    }

    fn settings(&mut self, settings: &Settings<'_>) {
        let memory = &mut *self.memory;
        memory.model = owned(settings.model.get()).or(memory.model.take());
        memory.dir = owned(settings.cwd.get()).or(memory.dir.take());
        memory.provider = owned(settings.model_provider_id.get()).or(memory.provider.take());
        memory.set_tier(settings.service_tier.get());
        if let Some(policy) = settings.approval_policy.get() {
            memory.set_policy(policy);
        }
    }

    /// A response with its own id. One of another thread is that thread's, wherever it stands.
    fn record(
        &mut self,
        payload: &Payload<'_>,
        at: Option<Instant>,
        offset: u64,
    ) -> Result<(), RejectReason> {
        self.memory.has_records = true;
        let own = self.thread()?;
        let thread = payload.thread_id.get().unwrap_or(&own);
        if thread != own {
            return Ok(());
        }
        let at = at.ok_or(RejectReason::NoInstant)?;
        let usage = payload.usage.get().ok_or(RejectReason::Shape)?;
        let fallback = format!("{}:{}", payload.turn_id.get().unwrap_or_default(), at.millis());
        let tokens = Counts::of(usage).and_then(Counts::tokens);
        let id = payload.response_id.get().unwrap_or(&fallback);
        let quality = Quality::Exact;
        self.request(&Request { id, thread: &own, at, model: None, tokens, quality, offset })
    }

    fn count(
        &mut self,
        payload: &Payload<'_>,
        at: Option<Instant>,
        owner: Owner,
        offset: u64,
    ) -> Result<(), RejectReason> {
        if owner == Owner::Own
            && let Some(limits) = payload.rate_limits.get()
        {
            self.plan(limits, at)?;
        }
        let Some(info) = payload.info.get().filter(|_| !self.memory.has_records) else { return Ok(()) };
        let at = at.ok_or(RejectReason::NoInstant)?;
        // A fork by reference may begin with its parent's last count.
        if self.memory.lineage.has_base && !self.memory.has_spoken {
            return Ok(());
        }
        let own = self.thread()?;
        let thread = self.memory.lineage.counted().unwrap_or(&own).to_owned();
        let model = info.model.get();
        let (total, last) = match totals(info) {
            Ok(Some(totals)) => totals,
            Ok(None) => return Ok(()),
            Err(Bad) if owner == Owner::Copy => return Ok(()),
            Err(Bad) => {
                let (id, quality) = (format!("bad:{}", at.millis()), Quality::Exact);
                return self.request(&Request {
                    id: &id,
                    thread: &thread,
                    at,
                    model,
                    tokens: Err(Bad),
                    quality,
                    offset,
                });
            }
        };
        let state: Vec<u8> = [total.bytes(), last.unwrap_or_default().bytes()].concat();
        let state = hash64(&[b"count", &state]);
        let steps = self.memory.counter.step(total, last);
        if owner == Owner::Copy {
            return Ok(());
        }
        for (index, Step { counts, quality }) in steps.into_iter().enumerate().filter_map(with_step) {
            let id = format!("count:{state:016x}:{index}");
            let quality = if owner == Owner::Own { quality } else { Quality::Estimated };
            let tokens = counts.tokens();
            self.request(&Request { id: &id, thread: &thread, at, model, tokens, quality, offset })?;
        }
        Ok(())
    }

    fn plan(&mut self, limits: &Limits<'_>, at: Option<Instant>) -> Result<(), RejectReason> {
        let Some(plan) = limits.plan_type.get() else { return Ok(()) };
        // When a limit is reached credits go on, and plans "by usage" have nothing else.
        let has_credits =
            limits.credits.get().is_some_and(|credits| credits.has_credits.0 && !credits.unlimited.0);
        let is_reached = limits.rate_limit_reached_type.get().is_some();
        let is_metered = plan.contains("usage_based") || (has_credits && is_reached);
        let payer = if is_metered { Payer::Metered } else { Payer::Subscription };
        if plan != "unknown" && self.memory.pay(payer) {
            let at = at.ok_or(RejectReason::NoInstant)?;
            let session = self.session()?;
            let session = self.facts.names.intern(&session);
            self.facts.plans.push(Plan { session, at, payer });
        }
        Ok(())
    }

    fn turn(&mut self, payload: &Payload<'_>, at: Option<Instant>) -> Result<(), RejectReason> {
        let super::super::loose::Count::Is(duration) = payload.duration_ms else { return Ok(()) };
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
    fn event(
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
        let proven = took.and_then(super::wire::Duration::millis).unwrap_or(0);
        self.act(kind, call, at, Who::Tool, proven, offset)
    }

    fn item(
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

    fn request(&mut self, request: &Request<'_>) -> Result<(), RejectReason> {
        let Request { id, thread, at, quality, offset, .. } = *request;
        let (tokens, bad_usage) = match request.tokens {
            Ok(tokens) => (tokens, false),
            Err(Bad) => (Tokens::default(), true),
        };
        // An attempt that failed, or an estimate: none.
        if tokens.is_zero() && !bad_usage {
            return Ok(());
        }
        let session = self.session()?;
        let (memory, names) = (&*self.memory, &mut self.facts.names);
        let provider = memory.provider.as_deref().filter(|provider| PROVIDERS.contains(provider));
        let unique = format!("{thread}:{id}");
        let key = RequestKey::with_line(AGENT, thread, id);
        let model = request.model.or(memory.model.as_deref()).unwrap_or(UNKNOWN_MODEL);
        self.facts.sightings.push(Sighting {
            session: names.intern(&session),
            origin: None,
            message: MessageKey::new(AGENT, &unique),
            key,
            has_request_id: false,
            line: Some(LineKey::new(AGENT, &unique)),
            at,
            model: names.intern(model),
            provider: provider.map(|provider| names.intern(provider)),
            reported: None,
            dir: memory.dir.as_deref().map(|dir| names.intern(dir)),
            branch: memory.branch.as_deref().map(|branch| names.intern(branch)),
            tokens,
            terms: Terms { tier: memory.tier(), bad_usage, ..Terms::default() },
            quality,
            nested: false,
            offset,
        });
        Ok(())
    }

    fn thread(&self) -> Result<String, RejectReason> {
        let thread = self.memory.lineage.thread().or(self.claimed);
        thread.map(str::to_owned).ok_or(RejectReason::Shape)
    }

    fn session(&self) -> Result<String, RejectReason> {
        self.memory.session.clone().map_or_else(|| self.thread(), Ok)
    }
}

/// Whether a line can hold a fact. Some of the longest hold none: summaries of compactions, states of the world.
fn is_worth_parsing(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(120)];
    ![&b"\"type\":\"compacted\""[..], b"\"type\":\"world_state\"", b"\"type\":\"retained_context\""]
        .iter()
        .any(|kind| memchr::memmem::find(head, kind).is_some())
}

/// The total and the last one; `None` where there is no total.
fn totals(info: &Info<'_>) -> Result<Option<(Counts, Option<Counts>)>, Bad> {
    let Some(total) = info.total_token_usage.get() else { return Ok(None) };
    let last = info.last_token_usage.get().map(Counts::of).transpose()?;
    Ok(Some((Counts::of(total)?, last)))
}

fn with_step((index, step): (usize, Option<Step>)) -> Option<(usize, Step)> {
    step.map(|step| (index, step))
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}
