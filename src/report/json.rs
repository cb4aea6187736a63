//! The report as JSON, key for key as `contract/report.json`.

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use super::{By, Report, Row, Sums};

impl Serialize for By {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<Keyed<'_>> = self.rows.iter().map(|row| Keyed { by: &self.by, row }).collect();
        let mut document = serializer.serialize_struct("Report", 5)?;
        document.serialize_field("schema_version", &1)?;
        document.serialize_field("by", &self.by)?;
        document.serialize_field("timezone", &self.timezone)?;
        document.serialize_field("rows", &rows)?;
        document.serialize_field("totals", &self.totals)?;
        document.end()
    }
}

/// A row with the keys that it shows.
struct Keyed<'a> {
    by: &'a [By],
    row: &'a Row,
}

impl Serialize for Keyed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.row;
        let mut map = serializer.serialize_map(None)?;
        for by in self.by {
            match by {
                By::Day => map.serialize_entry("day", &row.day.map(|day| day.to_string()))?,
                By::Project => {
                    map.serialize_entry("project", &row.project)?;
                    map.serialize_entry("project_name", &row.project_name)?;
                }
                By::Agent => map.serialize_entry("agent", &row.agent)?,
                By::Model => map.serialize_entry("model", &row.model)?,
                By::Session => map.serialize_entry("session", &row.session)?,
            }
        }
        numbers(&row.sums, &mut map)?;
        map.end()
    }
}

impl Serialize for Sums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        numbers(self, &mut map)?;
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Quality {
    exact: u64,
    lower_bound: u64,
    estimated: u64,
}

fn numbers<M: SerializeMap>(sums: &Sums, map: &mut M) -> Result<(), M::Error> {
    let (tokens, quality, time) = (&sums.tokens, sums.quality, sums.time);
    map.serialize_entry("requests", &sums.requests)?;
    map.serialize_entry("input_tokens", &tokens.input)?;
    map.serialize_entry("cache_read_tokens", &tokens.cache_read)?;
    map.serialize_entry("cache_write_5m_tokens", &tokens.cache_write_5m)?;
    map.serialize_entry("cache_write_1h_tokens", &tokens.cache_write_1h)?;
    map.serialize_entry("output_tokens", &tokens.output)?;
    map.serialize_entry("reasoning_tokens", &tokens.reasoning)?;
    map.serialize_entry("cost_usd", &sums.cost.map(|usd| usd.to_string()))?;
    map.serialize_entry("unpriced_requests", &sums.unpriced)?;
    if sums.unpriced > 0 {
        map.serialize_entry("unpriced_tokens", &sums.unpriced_tokens)?;
    }
    let quality =
        Quality { exact: quality.exact, lower_bound: quality.lower_bound, estimated: quality.estimated };
    map.serialize_entry("quality", &quality)?;
    map.serialize_entry("agent_seconds", &time.map(|time| time.agent))?;
    map.serialize_entry("wall_seconds", &time.map(|time| time.wall))?;
    map.serialize_entry("human_seconds", &time.map(|time| time.human))?;
    map.serialize_entry("dropped_seconds", &time.map(|time| time.dropped))?;
    map.serialize_entry("below_min_seconds", &time.map(|time| time.below_min))?;
    map.serialize_entry("capped_seconds", &time.map(|time| time.capped))
}
