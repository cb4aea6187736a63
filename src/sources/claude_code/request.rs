//! Requests that a message's usage holds: the message itself, and what ran beside it.

use super::super::loose::Loose;
use super::AGENT;
use super::wire::{Message, Usage};
use crate::model::{Instant, LineKey, MessageKey, RequestKey, Terms, Tokens};

/// The model name of rows that Claude Code makes up itself (API errors, a cut turn on resume): no request.
pub(super) const SYNTHETIC: &str = "<synthetic>";

/// The name for a model that the log does not tell: no price table has it, so the request is held and shown.
const UNKNOWN: &str = "unknown";

/// What identifies the line that a message stands on.
pub(super) struct Ids<'a> {
    /// The session, by name.
    pub(super) session: &'a str,
    /// The vendor's request id.
    pub(super) request: Option<&'a str>,
    /// The line's uuid.
    pub(super) uuid: Option<&'a str>,
    /// The uuid, else a hash that stands for it.
    pub(super) line: &'a str,
    /// The line's instant.
    pub(super) at: Instant,
}

/// One request on a line.
pub(super) struct Request<'a> {
    pub(super) message: MessageKey,
    pub(super) key: RequestKey,
    pub(super) model: &'a str,
    pub(super) tokens: Tokens,
    pub(super) terms: Terms,
}

impl Ids<'_> {
    pub(super) fn line_key(&self) -> Option<LineKey> {
        self.uuid.map(|uuid| LineKey::new(AGENT, uuid))
    }

    /// Keys of the message, or with a `suffix` of a request beside it.
    fn keys(&self, message: Option<&str>, suffix: &str) -> (MessageKey, RequestKey) {
        let Some(message) = message else {
            let line = format!("{}{suffix}", self.line);
            let key = RequestKey::with_line(AGENT, self.session, &line);
            return (MessageKey::new(AGENT, &format!("line:{line}")), key);
        };
        let id = format!("{message}{suffix}");
        let key = match self.request {
            Some(request) => RequestKey::with_request_id(AGENT, &id, request),
            None => RequestKey::with_instant(AGENT, &id, self.at),
        };
        (MessageKey::new(AGENT, &id), key)
    }
}

/// The message's own request first, then those of its iterations that the top-level usage leaves out: `advisor_message`
/// (another model, asked in between), `compaction` (the vendor's documentation excludes it from the top-level counts),
/// and any later type that names a model of its own. Iterations of type `message` are in the top-level counts already.
pub(super) fn requests<'a>(
    message: &'a Message<'_>,
    usage: &'a Usage<'_>,
    advisor: Option<&'a str>,
    ids: &Ids<'_>,
) -> Vec<Request<'a>> {
    let model = message.model.get().unwrap_or(UNKNOWN);
    let (tokens, terms) = usage.tokens_and_terms();
    let (key_of_message, key) = ids.keys(message.id.get(), "");
    let mut found = vec![Request { message: key_of_message, key, model, tokens, terms }];
    for (index, iteration) in usage.iterations.0.iter().enumerate() {
        let Some(iteration) = iteration else { continue };
        let kind = iteration.kind.get().unwrap_or("message");
        let own = iteration.model.get();
        let answering = match kind {
            "message" => continue,
            "advisor_message" => own.or(advisor).unwrap_or(model),
            "compaction" => own.unwrap_or(model),
            _ => match own.filter(|own| *own != model) {
                Some(own) => own,
                None => continue,
            },
        };
        let (tokens, own_terms) = iteration.tokens_and_terms();
        if tokens.is_zero() && !own_terms.bad_usage {
            continue;
        }
        // Place and tier are those of the API call that holds it; so is the speed, if it reports none itself.
        let speed = if iteration.speed.get().is_some() { own_terms.speed } else { terms.speed };
        let terms = Terms { speed, geo: terms.geo, tier: terms.tier, ..own_terms };
        let (message, key) = ids.keys(message.id.get(), &format!("#{kind}:{index}"));
        found.push(Request { message, key, model: answering, tokens, terms });
    }
    found
}

impl<'a> Message<'a> {
    /// Whether Claude Code made this message up.
    pub(super) fn is_synthetic(&self) -> bool {
        self.model.is(SYNTHETIC)
    }

    /// The usage, if there is one; an error if there is something else in its place.
    pub(super) fn checked_usage(&self) -> Result<Option<&Usage<'a>>, crate::model::RejectReason> {
        match &self.usage {
            Loose::Is(usage) => Ok(Some(usage)),
            Loose::Absent => Ok(None),
            Loose::Odd => Err(crate::model::RejectReason::Shape),
        }
    }
}
