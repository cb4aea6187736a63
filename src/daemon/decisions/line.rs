//! One line of `decisions.jsonl` as it is written: flat, names first, what a kind has not left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::assigned::AssignLine;
use crate::daemon::clerk::decision::{Decision, Facts, Ruling, Verb};
use crate::ledger::admitted::Earlier;
use crate::model::{
    AccountId, Agent, Covers, Instant, KeitodId, Kind, Link, ProjectId, RemoteId, SessionId, TaskId, Tokens,
};
use crate::store::Account;

/// One line as it is written.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    at: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<RangeLine>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    facts: Option<FactsLine>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    assigned: Option<AssignLine>,
}

/// One line as it is read: what its kind needs is looked for in the rest, whatever else stands there.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    at: String,
    kind: String,
    origin: Option<String>,
    account: Option<String>,
    since: Option<String>,
    zone: Option<String>,
    from: Option<String>,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

/// A range before the cut-off: from an instant until another, of one agent and of one project alone.
#[derive(Debug, Serialize, Deserialize)]
struct RangeLine {
    from: String,
    until: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FactsLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    what: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_id: Option<String>,
    agent: String,
    session: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    model: String,
    day: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    project: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    task: String,
    first_at: String,
    last_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
    /// Unix seconds, from and to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stretches: Vec<(i64, i64)>,
    /// Of an entry of a day: the time of its other sessions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<(String, Vec<(i64, i64)>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    covers: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Counts>,
    #[serde(default, skip_serializing_if = "is_false")]
    excess: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Counts {
    input: u64,
    cache_read: u64,
    cache_write_5m: u64,
    cache_write_1h: u64,
    output: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Line {
    pub(super) fn of(decision: &Decision) -> Self {
        let mut line = Self {
            at: decision.at.to_string(),
            kind: String::new(),
            origin: decision.account.as_ref().map(|of| of.origin.clone()),
            account: decision.account.as_ref().map(|of| of.account.as_str().to_owned()),
            since: None,
            zone: None,
            from: None,
            range: None,
            facts: None,
            assigned: None,
        };
        line.kind = match &decision.ruling {
            Ruling::Since(since) => {
                line.since = Some(since.to_string());
                "since"
            }
            Ruling::Zone(zone, from) => {
                (line.zone, line.from) = (Some(zone.clone()), from.map(|from| from.to_string()));
                "zone"
            }
            Ruling::Backfill(earlier) => {
                line.range = Some(RangeLine::of(earlier));
                "backfill"
            }
            Ruling::Assign(of) => {
                line.from = of.from.map(|from| from.to_string());
                line.assigned = Some(AssignLine::of(of));
                "assign"
            }
            Ruling::On(verb, facts) => {
                line.facts = Some(FactsLine::of(facts));
                verb.word()
            }
        }
        .to_owned();
        line
    }
}

impl Found {
    /// `None` for a kind that only a later keitod knows, or one without what it needs.
    pub(super) fn decision(mut self) -> Option<Decision> {
        let account = self.origin.zip(self.account).map(|(origin, account)| Account {
            origin,
            account: AccountId::new(account),
            sandbox: false,
        });
        let ruling = match self.kind.as_str() {
            "since" => Ruling::Since(Instant::parse(&self.since?)?),
            "zone" => {
                let from = match self.from {
                    Some(from) => Some(Instant::parse(&from)?),
                    None => None,
                };
                Ruling::Zone(self.zone?, from)
            }
            "backfill" => {
                let range = self.rest.remove("range")?;
                Ruling::Backfill(serde_json::from_value::<RangeLine>(range).ok()?.earlier()?)
            }
            "assign" => Ruling::Assign(Box::new(read::<AssignLine>(self.rest)?.assignment(self.from)?)),
            word => Ruling::On(Verb::parse(word)?, Box::new(read::<FactsLine>(self.rest)?.facts()?)),
        };
        Some(Decision { at: Instant::parse(&self.at)?, account, ruling })
    }
}

impl RangeLine {
    fn of(earlier: &Earlier) -> Self {
        Self {
            from: earlier.from.to_string(),
            until: earlier.until.to_string(),
            agent: earlier.agent.as_ref().map(|agent| agent.as_str().to_owned()),
            project: earlier.project.as_ref().map(|project| project.as_str().to_owned()),
        }
    }

    fn earlier(self) -> Option<Earlier> {
        Some(Earlier {
            from: Instant::parse(&self.from)?,
            until: Instant::parse(&self.until)?,
            agent: self.agent.map(Agent::new),
            project: self.project.map(ProjectId::new),
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(rest: serde_json::Map<String, serde_json::Value>) -> Option<T> {
    serde_json::from_value(serde_json::Value::Object(rest)).ok()
}

impl FactsLine {
    fn of(facts: &Facts) -> Self {
        let time = facts.kind == Kind::Entry;
        let [input, cache_read, cache_write_5m, cache_write_1h, output] = facts.tokens.classes();
        let counts = Counts { input, cache_read, cache_write_5m, cache_write_1h, output };
        Self {
            reason: facts.reason.clone(),
            what: if time { "time" } else { "expense" }.to_owned(),
            id: facts.id.as_str().to_owned(),
            of: facts.of.as_ref().map(|id| id.as_str().to_owned()),
            remote_id: facts.remote.as_ref().map(|id| id.as_str().to_owned()),
            agent: facts.agent.as_str().to_owned(),
            session: facts.session.as_str().to_owned(),
            model: facts.model.clone(),
            day: facts.day.to_string(),
            project: facts.link.project.as_str().to_owned(),
            task: facts.link.task.as_str().to_owned(),
            first_at: facts.first_at.to_string(),
            last_at: facts.last_at.to_string(),
            seconds: time.then_some(facts.seconds),
            stretches: facts.stretches.clone(),
            others: facts.others.iter().map(|(of, time)| (of.as_str().to_owned(), time.clone())).collect(),
            requests: (!time).then_some(facts.requests),
            covers: (!time).then(|| facts.covers.to_string()),
            keys: (!time).then(|| STANDARD.encode(facts.keys.as_flattened())),
            tokens: (!time).then_some(counts),
            excess: facts.excess,
        }
    }

    fn facts(self) -> Option<Facts> {
        let (agent, session) = (Agent::new(self.agent), SessionId::new(self.session));
        let link = Link { project: ProjectId::new(self.project), task: TaskId::new(self.task) };
        let place = (self.day.parse().ok()?, link);
        let mut facts = Facts::time(Verb::Discard, (&agent, &session), place, self.stretches);
        facts.others = self.others.into_iter().map(|(of, time)| (SessionId::new(of), time)).collect();
        facts.kind = match self.what.as_str() {
            "time" => Kind::Entry,
            "expense" => Kind::Expense,
            _ => return None,
        };
        (facts.id, facts.of) = (KeitodId::new(self.id), self.of.map(KeitodId::new));
        (facts.first_at, facts.last_at) = (Instant::parse(&self.first_at)?, Instant::parse(&self.last_at)?);
        facts.seconds = self.seconds.unwrap_or(0);
        facts.remote = self.remote_id.map(RemoteId::new);
        (facts.model, facts.excess, facts.reason) = (self.model, self.excess, self.reason);
        if facts.kind == Kind::Expense {
            let bytes = STANDARD.decode(self.keys?).ok()?;
            facts.keys = bytes.chunks_exact(3).map(|key| [key[0], key[1], key[2]]).collect();
            facts.covers = Covers::parse(&self.covers?)?;
            (facts.requests, facts.tokens) = (self.requests?, self.tokens?.tokens());
        }
        Some(facts)
    }
}

impl Counts {
    fn tokens(self) -> Tokens {
        Tokens {
            input: self.input,
            cache_read: self.cache_read,
            cache_write_5m: self.cache_write_5m,
            cache_write_1h: self.cache_write_1h,
            output: self.output,
            reasoning: 0,
        }
    }
}
