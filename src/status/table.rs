//! The status for people.

use comfy_table::{Attribute, Cell, Color};

use super::{State, Status};
use crate::report::{Style, cell, duration, grouped, minute, new_table, number, plain};

impl Status {
    /// One screen: state and reasons, agents, today, the queue, the line to Keito.
    #[must_use]
    pub fn table(&self, style: Style) -> String {
        let mut blocks = vec![self.head(style)];
        blocks.extend(self.why(style));
        blocks.extend(self.agents(style));
        blocks.push(self.facts(style));
        let mut text = blocks.join("\n\n");
        text.push('\n');
        text
    }

    fn head(&self, style: Style) -> String {
        let color = match self.state {
            State::Running => Color::Green,
            State::Paused => Color::Red,
            State::Degraded => Color::Yellow,
        };
        let up = match self.pid {
            Some(pid) => format!("pid {pid}, up {}", duration(self.uptime_seconds)),
            None => "not running".to_owned(),
        };
        let caught_up = if self.caught_up { "caught up" } else { "working" };
        let mut table = new_table(style, &[]);
        table.add_row([
            Cell::new(format!("keitod {}", plain(&self.version))),
            Cell::new(self.state.word()).fg(color).add_attribute(Attribute::Bold),
            Cell::new(caught_up),
            Cell::new(up),
        ]);
        table.trim_fmt()
    }

    fn why(&self, style: Style) -> Option<String> {
        if self.reasons.is_empty() {
            return None;
        }
        let mut table = new_table(style, &["why", "what happened", "what to do"]);
        for reason in &self.reasons {
            table.add_row([cell(&reason.code), cell(&reason.message), cell(&reason.remedy)]);
        }
        Some(table.trim_fmt())
    }

    fn agents(&self, style: Style) -> Option<String> {
        if self.sources.is_empty() {
            return None;
        }
        let header = ["agent", "sessions", "files", "unread", "bad lines", "watcher", "last event"];
        let mut table = new_table(style, &header);
        for source in &self.sources {
            table.add_row([
                cell(&source.agent),
                number(grouped(source.sessions)),
                number(grouped(source.files)),
                number(grouped(source.lag_bytes)),
                number(grouped(source.rejected_lines)),
                cell(&source.watcher),
                cell(&source.last_event_at.as_deref().map_or_else(|| "-".to_owned(), minute)),
            ]);
        }
        Some(table.trim_fmt())
    }

    fn facts(&self, style: Style) -> String {
        let mut table = new_table(style, &[]);
        for (name, text) in [("today", self.day()), ("queue", self.waiting()), ("keito", self.line())] {
            table.add_row([Cell::new(name).add_attribute(Attribute::Bold), cell(&text)]);
        }
        table.trim_fmt()
    }

    fn day(&self) -> String {
        let today = &self.today;
        let cost = today.cost_usd.as_deref().map_or_else(String::new, |usd| format!(", ${usd}"));
        let (agent, human) = (duration(today.agent_seconds), duration(today.human_seconds));
        format!("{}: agent {agent}, human {human}, {} requests{cost}", today.day, grouped(today.requests))
    }

    fn waiting(&self) -> String {
        let queue = &self.queue;
        let counts = [
            ("open", queue.open),
            ("pending", queue.pending),
            ("sending", queue.sending),
            ("unknown", queue.unknown),
            ("reconciling", queue.reconciling),
            ("held", queue.held.values().sum()),
            ("dead", queue.dead),
            ("conflict", queue.conflict),
            ("done", queue.done),
        ];
        let some: Vec<String> = counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        if some.is_empty() { "nothing waits".to_owned() } else { some.join(", ") }
    }

    fn line(&self) -> String {
        let keito = &self.keito;
        let Some(account) = &keito.account_id else { return "no credentials".to_owned() };
        let origin = keito.origin.as_deref().unwrap_or("-");
        let last = keito.last_ok_at.as_deref().map_or_else(|| "never".to_owned(), minute);
        format!("{account} at {origin}, last answer {last}, breaker {}", keito.breaker)
    }
}
