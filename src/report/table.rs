//! The report for people.

use comfy_table::{Attribute, Cell};

use super::{By, Report, Row, Style, Sums, cell, duration, grouped, new_table, number};

impl Report {
    /// A table with a line of totals, and a note for each thing that the numbers do not hold.
    #[must_use]
    pub fn table(&self, style: Style) -> String {
        let mut header: Vec<&str> = self.by.iter().map(|by| by.word()).collect();
        header.extend(["requests", "input", "cache read", "cache write", "output", "cost USD"]);
        let timed = !self.by.contains(&By::Model);
        if timed {
            header.extend(["agent", "wall", "human"]);
        }
        let mut table = new_table(style, &header);
        for row in &self.rows {
            let mut cells: Vec<Cell> = self.by.iter().map(|by| key(*by, row)).collect();
            cells.extend(numbers(&row.sums, timed));
            table.add_row(cells);
        }
        let mut cells: Vec<Cell> = self.by.iter().map(|_| Cell::new("")).collect();
        if let Some(first) = cells.first_mut() {
            *first = Cell::new("total");
        }
        cells.extend(numbers(&self.totals, timed));
        table.add_row(cells.into_iter().map(|cell| cell.add_attribute(Attribute::Bold)));
        let mut text = table.trim_fmt();
        text.push('\n');
        for note in self.notes(timed) {
            text.push_str(&note);
            text.push('\n');
        }
        text
    }

    fn notes(&self, timed: bool) -> Vec<String> {
        let (totals, time) = (&self.totals, self.totals.time.unwrap_or_default());
        let mut notes = Vec::new();
        if !timed {
            let (agent, wall, human) = (duration(time.agent), duration(time.wall), duration(time.human));
            notes.push(format!("time over all models: agent {agent}, wall {wall}, human {human}"));
        }
        for (count, what, hint) in [
            (totals.unpriced, "requests without a price, not in the cost", " (keitod prices check)"),
            (totals.quality.lower_bound, "requests whose log lacks the final counts, a lower bound", ""),
            (totals.quality.estimated, "requests that are estimates", ""),
        ] {
            if count > 0 {
                notes.push(format!("{what}: {}{hint}", grouped(count)));
            }
        }
        for (seconds, why) in [
            (time.dropped, "gaps that nothing proves to be work"),
            (time.below_min, "sessions below min_seconds"),
            (time.capped, "over max_seconds"),
        ] {
            if seconds > 0 {
                notes.push(format!("not in the time: {} ({why})", duration(seconds)));
            }
        }
        notes
    }
}

fn key(by: By, row: &Row) -> Cell {
    let text = match by {
        By::Day => row.day.map(|day| day.to_string()),
        By::Project => row.project_name.clone().or_else(|| row.project.clone()),
        By::Agent => row.agent.clone(),
        By::Model => row.model.clone(),
        By::Session => row.session.clone(),
    };
    cell(text.as_deref().unwrap_or("-"))
}

fn numbers(sums: &Sums, timed: bool) -> Vec<Cell> {
    let tokens = &sums.tokens;
    let mut cells: Vec<Cell> =
        [sums.requests, tokens.input, tokens.cache_read, tokens.cache_write(), tokens.output]
            .map(|count| number(grouped(count)))
            .into();
    cells.push(number(sums.cost.map_or_else(|| "-".to_owned(), |usd| usd.to_string())));
    if timed {
        let time = sums.time.unwrap_or_default();
        cells.extend([time.agent, time.wall, time.human].map(|seconds| number(duration(seconds))));
    }
    cells
}
