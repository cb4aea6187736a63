//! Requests, and who pays for them.

use super::super::loose::Loose;
use super::super::page::UNKNOWN_MODEL;
use super::super::usage::Bad;
use super::AGENT;
use super::counter::{Counts, Step};
use super::decoder::Decoder;
use super::lineage::Owner;
use super::wire::{Info, Limits, Payload, Usage};
use crate::model::{
    Instant, LineKey, MessageKey, Payer, Plan, Quality, RejectReason, RequestKey, Sighting, Terms, Tokens,
    hash64,
};

/// Providers whose models are not billed by the list of the model's maker: the program's own names for them, and the
/// name of the one that most people add.
const PROVIDERS: [&str; 6] = ["amazon-bedrock", "azure", "lmstudio", "ollama", "oss", "openrouter"];

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
    /// A response with its own id. One of another thread is that thread's, wherever it stands.
    pub(super) fn record(
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

    pub(super) fn count(
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
            Ok((Some(total), last)) => (total, last),
            _ if owner == Owner::Copy => return Ok(()),
            // Without a total nothing tells whether this one is new.
            odd => {
                let tokens = odd.and_then(|(_, last)| last.unwrap_or_default().tokens());
                let quality = if tokens.is_ok() { Quality::Estimated } else { Quality::Exact };
                let id = format!("odd:{}", at.millis());
                return self.request(&Request {
                    id: &id,
                    thread: &thread,
                    at,
                    model,
                    tokens,
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
}

/// The total, and the last one.
fn totals(info: &Info<'_>) -> Result<(Option<Counts>, Option<Counts>), Bad> {
    let counts = |usage: &Loose<Usage>| usage.get().map(Counts::of).transpose();
    Ok((counts(&info.total_token_usage)?, counts(&info.last_token_usage)?))
}

fn with_step((index, step): (usize, Option<Step>)) -> Option<(usize, Step)> {
    step.map(|step| (index, step))
}
