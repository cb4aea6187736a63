//! The words of a status line, and the line we make of them.

use rust_decimal::{Decimal, RoundingStrategy};

use super::given::Given;
use crate::cli::print::{duration, plain};
use crate::status::{Glance, State};

/// What is known: the daemon's answer or why there is none, and what the agent said.
pub(super) struct Line {
    known: Result<Glance, &'static str>,
    given: Given,
}

impl Line {
    pub(super) const fn new(known: Result<Glance, &'static str>, given: Given) -> Self {
        Self { known, given }
    }

    /// A word of a template; empty if it is not known.
    pub(super) fn word(&self, word: &str) -> String {
        let known = self.known.as_ref().ok();
        let of = |tell: &dyn Fn(&Glance) -> String| known.map(tell).unwrap_or_default();
        let text = match word {
            "time" => of(&|known| duration(known.today.agent_seconds)),
            "human" => of(&|known| duration(known.today.human_seconds)),
            "cost" => of(&|known| {
                let today = &known.today;
                usd(today.cost_usd.as_deref(), today.requests, today.unpriced_requests)
            }),
            "session_time" => of(&|known| {
                known.session.as_ref().map(|session| duration(session.agent_seconds)).unwrap_or_default()
            }),
            "session_cost" => self.session_cost().unwrap_or_default(),
            "project" => of(&|known| {
                let project = known.project.as_ref();
                project.map(|of| of.name.clone().unwrap_or_else(|| of.id.clone())).unwrap_or_default()
            }),
            "trouble" => self.trouble().unwrap_or_default(),
            "unfinished" => of(&|known| known.queue.unfinished.to_string()),
            "held" => of(&|known| known.queue.held.to_string()),
            "dead" => of(&|known| (known.queue.dead + known.queue.conflict).to_string()),
            "state" => of(&|known| known.state.word().to_owned()),
            "model" => self.given.model.clone().unwrap_or_default(),
            "dir" => self.given.dir.clone().unwrap_or_default(),
            _ => String::new(),
        };
        plain(&text)
    }

    /// The line for those who want no other: what is known, and trouble last, where it is seen.
    pub(super) fn text(&self) -> String {
        let session = Some(self.word("session_cost")).filter(|cost| !cost.is_empty());
        let session = session.map(|cost| format!("session {cost}"));
        let trouble = Some(self.word("trouble")).filter(|words| !words.is_empty());
        let words: Vec<Option<String>> = if self.known.is_ok() {
            let today = format!("today {} {}", self.word("time"), self.word("cost"));
            let homeless = self.known.as_ref().is_ok_and(|known| known.session.is_some());
            let project = match self.word("project") {
                name if !name.is_empty() => Some(name),
                _ => homeless.then(|| "no project".to_owned()),
            };
            vec![Some(today), session, project, trouble]
        } else {
            vec![trouble, session, Some(self.word("model"))]
        };
        let words: Vec<String> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
        words.join(" · ")
    }

    /// Ours; else the agent's own, which it says of itself.
    fn session_cost(&self) -> Option<String> {
        let ours = self.known.as_ref().ok().and_then(|known| known.session.as_ref());
        match (ours, &self.given.cost) {
            (Some(of), _) if of.requests > 0 => {
                Some(usd(of.cost_usd.as_deref(), of.requests, of.unpriced_requests))
            }
            (_, Some(cost)) => Some(usd(Some(cost), 1, 0)),
            _ => None,
        }
    }

    fn trouble(&self) -> Option<String> {
        let known = match &self.known {
            Err(why) => return Some((*why).to_owned()),
            Ok(known) => known,
        };
        let queue = &known.queue;
        let counts: Vec<String> =
            [(queue.dead, "dead"), (queue.conflict, "in conflict"), (queue.held, "held")]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, word)| format!("{count} {word}"))
                .collect();
        let counted = |code: &str| matches!(code, "dead" | "conflict");
        let mut codes: Vec<String> = Vec::new();
        for code in known.trouble.iter().map(|of| of.code.replace('_', " ")).filter(|code| !counted(code)) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let counts = counts.join(", ");
        let text = match (counts.is_empty(), codes.is_empty()) {
            (true, true) => String::new(),
            (true, false) => codes.join(", "),
            (false, true) => counts,
            (false, false) => format!("{counts} ({})", codes.join(", ")),
        };
        match known.state {
            State::Paused => {
                Some(if text.is_empty() { "paused".to_owned() } else { format!("paused: {text}") })
            }
            State::Running | State::Degraded => Some(text).filter(|text| !text.is_empty()),
        }
    }
}

/// Dollars and cents; `+` if some of it has no price.
fn usd(cost: Option<&str>, requests: u64, unpriced: u64) -> String {
    let exact =
        cost.and_then(|cost| Decimal::from_str_exact(cost).or_else(|_| Decimal::from_scientific(cost)).ok());
    let Some(exact) = exact else {
        return if requests == 0 { "$0.00".to_owned() } else { "no price".to_owned() };
    };
    let cents = exact.round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven);
    let more = if unpriced > 0 { "+" } else { "" };
    if cents.is_zero() && !exact.is_zero() { format!("<$0.01{more}") } else { format!("${cents:.2}{more}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{GlanceQueue, GlanceSession, GlanceToday, Project, Trouble};

    fn known() -> Glance {
        Glance {
            state: State::Degraded,
            today: GlanceToday {
                agent_seconds: 5230,
                cost_usd: Some("4.1182615".into()),
                requests: 418,
                ..GlanceToday::default()
            },
            session: Some(GlanceSession {
                cost_usd: Some("0.3149".into()),
                requests: 7,
                unpriced_requests: 1,
                ..GlanceSession::default()
            }),
            project: Some(Project { id: "p1".into(), name: Some("Website\x1b[31m".into()) }),
            queue: GlanceQueue { held: 3, dead: 1, ..GlanceQueue::default() },
            trouble: ["dead", "no_price", "no_price"]
                .map(|code| Trouble { code: code.into(), message: String::new() })
                .into(),
            ..Glance::default()
        }
    }

    #[test]
    fn a_line_says_what_is_known() {
        let given = Given { model: Some("Opus".into()), cost: Some("0.5".into()), ..Given::default() };
        let line = |known| Line::new(known, given.clone()).text();
        assert_eq!(
            line(Ok(known())),
            "today 1h 27m $4.12 · session $0.31+ · Website\\u{1b}[31m · 1 dead, 3 held (no price)"
        );
        let fresh = Glance { state: State::Paused, ..Glance::default() };
        assert_eq!(line(Ok(fresh)), "today 0s $0.00 · session $0.50 · paused");
        assert_eq!(line(Err("keitod is not running")), "keitod is not running · session $0.50 · Opus");
        let homeless =
            Glance { project: None, queue: GlanceQueue::default(), trouble: Vec::new(), ..known() };
        assert_eq!(line(Ok(homeless)), "today 1h 27m $4.12 · session $0.31+ · no project");
        let silent = Line::new(Err("keitod is not running"), Given::default());
        assert_eq!(silent.text(), "keitod is not running");
    }

    #[test]
    fn money_is_in_cents() {
        for (cost, requests, unpriced, text) in [
            (Some("0.005"), 1, 0, "<$0.01"),
            (Some("0.0051"), 1, 0, "$0.01"),
            (Some("0"), 1, 0, "$0.00"),
            (Some("1e-7"), 1, 0, "<$0.01"),
            (Some("12.345"), 2, 1, "$12.34+"),
            (None, 0, 0, "$0.00"),
            (None, 3, 3, "no price"),
            (Some("much"), 1, 0, "no price"),
        ] {
            assert_eq!(usd(cost, requests, unpriced), text);
        }
    }
}
