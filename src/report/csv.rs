//! The report as CSV (RFC 4180): the same columns as its JSON, `quality` as three, nothing for null. Without totals, so
//! that a column can be added up.

use super::{By, Report, Row};

const NUMBERS: [&str; 18] = [
    "requests",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_usd",
    "unpriced_requests",
    "quality_exact",
    "quality_lower_bound",
    "quality_estimated",
    "agent_seconds",
    "wall_seconds",
    "human_seconds",
    "dropped_seconds",
    "below_min_seconds",
    "capped_seconds",
];

impl Report {
    /// Header and rows, each line ended by CR LF.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for by in &self.by {
            names.push(by.word().to_owned());
            if *by == By::Project {
                names.push("project_name".to_owned());
            }
        }
        names.extend(NUMBERS.map(str::to_owned));
        let mut text = String::new();
        line(&mut text, &names);
        for row in &self.rows {
            let mut fields = keys(&self.by, row);
            fields.extend(numbers(row));
            line(&mut text, &fields);
        }
        text
    }
}

fn keys(by: &[By], row: &Row) -> Vec<String> {
    let mut fields = Vec::new();
    for by in by {
        match by {
            By::Day => fields.push(row.day.map(|day| day.to_string()).unwrap_or_default()),
            By::Project => {
                fields.push(row.project.clone().unwrap_or_default());
                fields.push(row.project_name.clone().unwrap_or_default());
            }
            By::Agent => fields.push(row.agent.clone().unwrap_or_default()),
            By::Model => fields.push(row.model.clone().unwrap_or_default()),
            By::Session => fields.push(row.session.clone().unwrap_or_default()),
        }
    }
    fields
}

fn numbers(row: &Row) -> [String; 18] {
    let (sums, tokens, quality) = (&row.sums, &row.sums.tokens, row.sums.quality);
    let time = |of: fn(&super::Time) -> u64| sums.time.map(|time| of(&time).to_string()).unwrap_or_default();
    [
        sums.requests.to_string(),
        tokens.input.to_string(),
        tokens.cache_read.to_string(),
        tokens.cache_write_5m.to_string(),
        tokens.cache_write_1h.to_string(),
        tokens.output.to_string(),
        tokens.reasoning.to_string(),
        sums.cost.map(|usd| usd.to_string()).unwrap_or_default(),
        sums.unpriced.to_string(),
        quality.exact.to_string(),
        quality.lower_bound.to_string(),
        quality.estimated.to_string(),
        time(|time| time.agent),
        time(|time| time.wall),
        time(|time| time.human),
        time(|time| time.dropped),
        time(|time| time.below_min),
        time(|time| time.capped),
    ]
}

fn line(text: &mut String, fields: &[String]) {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if field.contains([',', '"', '\r', '\n']) {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(field);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Sums;

    #[test]
    fn a_field_with_a_comma_a_quote_or_a_line_end_is_quoted() {
        let row = Row {
            project: Some("p,1".to_owned()),
            project_name: Some("Acme \"West\"\nOps".to_owned()),
            sums: Sums { requests: 2, ..Sums::default() },
            ..Row::default()
        };
        let report =
            Report { by: vec![By::Project], timezone: None, rows: vec![row], totals: Sums::default() };
        let csv = report.csv();
        let (header, rest) = csv.split_once("\r\n").unwrap();
        assert!(header.starts_with("project,project_name,requests,input_tokens,"), "{header}");
        assert_eq!(rest, "\"p,1\",\"Acme \"\"West\"\"\nOps\",2,0,0,0,0,0,0,,0,0,0,0,,,,,,\r\n");
    }
}
