//! From a task's log to its facts.

use super::super::loose::Text;
use super::super::page::{Page, Request};
use super::super::{NotWhole, json};
use super::aside::{State, details};
use super::shown::{Asked, Entry};
use super::{Kind, paid};
use crate::model::{ActivityKey, Facts, Instant, MessageKey, Quality, RequestKey, Who, hash64};

/// Adds what the log holds.
pub(super) fn document(
    agent: &'static str,
    kind: Kind,
    task: &str,
    state: &State,
    bytes: &[u8],
    facts: &mut Facts,
) -> Result<(), NotWhole> {
    let mut spare = String::new();
    let entries = json::parse_list::<Entry<'_>>(json::trimmed(bytes), &mut spare).map_err(|_| NotWhole)?;
    let own = &entries.0[..state.own(entries.0.len())];
    let reader = Reader { agent, kind, task, state, dir: None };
    reader.entries(own, facts);
    Ok(())
}

struct Reader<'a> {
    agent: &'static str,
    kind: Kind,
    task: &'a str,
    state: &'a State,
    /// As the newest request says.
    dir: Option<String>,
}

impl Reader<'_> {
    fn entries(mut self, entries: &[Option<Entry<'_>>], facts: &mut Facts) {
        for (place, entry) in entries.iter().enumerate() {
            facts.lines += 1;
            let Some(entry) = entry else { continue };
            // Without an instant it is of a shape of its own, and no harm.
            let Some(at) = entry.at() else { continue };
            let text = if entry.say.is("api_req_started") || entry.say.is("subagent_usage") {
                entry.json().unwrap_or_default()
            } else {
                String::new()
            };
            let asked: Option<Asked<'_>> = serde_json::from_str(&text).ok();
            if let Some(asked) = &asked {
                let later = entries[place + 1..].iter().flatten();
                let next = later.filter(|entry| entry.say.is("api_req_started")).find_map(Entry::at);
                self.request(entry, asked, at, next, facts);
            }
            if let Some(who) = self.who(entry, place) {
                let stamp = at.millis().to_be_bytes();
                let kind = entry.say.get().or(entry.ask.get()).unwrap_or_default();
                let parts =
                    [b"activity", self.agent.as_bytes(), self.task.as_bytes(), kind.as_bytes(), &stamp];
                self.page(facts, at).act(ActivityKey(hash64(&parts)), at, who, 0);
            }
        }
    }

    /// A task begins with what the person wants. One that another task began has that from the model.
    fn who(&self, entry: &Entry<'_>, place: usize) -> Option<Who> {
        match entry.who()? {
            Who::Agent | Who::Prompt if place == 0 && entry.ask.get().is_none() => {
                self.state.root().is_none().then_some(Who::Prompt)
            }
            who => Some(who),
        }
    }

    fn page<'f>(&self, facts: &'f mut Facts, at: Instant) -> Page<'f> {
        let dir = self.dir.as_deref().or_else(|| self.state.dir_at(at));
        Page::new(facts, self.state.root().unwrap_or(self.task), dir, 0)
    }

    fn request(
        &mut self,
        entry: &Entry<'_>,
        asked: &Asked<'_>,
        at: Instant,
        next: Option<Instant>,
        facts: &mut Facts,
    ) {
        let said = asked.request.get().and_then(details).unwrap_or_default();
        if let Some(dir) = said.1 {
            self.dir = Some(dir.to_owned());
        }
        let info = entry.model_info.get();
        let change = self.state.model_at(at, next);
        let of = |text: &Text<'_>| text.get().map(str::to_owned);
        let model = info.and_then(|info| of(&info.model_id)).or(said.0.map(str::to_owned));
        let model = model.or_else(|| change.and_then(|change| change.model.clone()));
        let provider = info.and_then(|info| of(&info.provider_id));
        let provider = provider.or_else(|| change.and_then(|change| change.provider.clone()));
        let provider = provider.as_deref();
        if paid::is_agent(provider) {
            return;
        }
        // Counts of agents that a task started come as one sum when all are done, whichever models they asked.
        let quality = match (entry.say.is("api_req_started"), asked.cancel_reason.get()) {
            (false, _) => Quality::Estimated,
            (true, Some(_)) => Quality::LowerBound,
            (true, None) => Quality::Exact,
        };
        let tokens = asked.tokens(self.kind, provider, at);
        let id = format!("{}:{}", self.task, at.millis());
        let mut page = self
            .page(facts, at)
            .by(paid::platform(provider, true))
            .costing(paid::reported(provider, asked.cost));
        page.request(&Request {
            message: MessageKey::new(self.agent, &id),
            key: RequestKey::with_line(self.agent, self.task, &id),
            at,
            model: model.as_deref(),
            tokens,
            quality,
        });
        if let Ok(tokens) = tokens {
            paid::plan(self.state.root().unwrap_or(self.task), provider, &tokens, at, facts);
        }
    }
}
