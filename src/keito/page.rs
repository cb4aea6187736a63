//! One page of a list, whatever its envelope.

use serde_json::value::RawValue;

use super::fields::Fields;

/// Rows per page that we ask for: the live maximum according to one client, safe under the documented 2000.
pub const PER_PAGE: u32 = 200;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// All rows, those without an id too, so that their number can be compared with `total_entries`.
    pub rows: Vec<T>,
    /// The page as the server numbers it, from 1; the asked one if it does not say.
    pub page: u32,
    /// Pages in all, if the server says.
    pub total_pages: Option<u32>,
    /// Rows in all, if the server says; 0 pages and 0 rows for an empty list.
    pub total_entries: Option<u64>,
    /// Another page follows.
    pub has_next: bool,
    /// Rows without an id, or that are no objects.
    pub unreadable: usize,
}

/// A row of a list. Reading never fails: what cannot be read is missing.
pub(super) trait Row {
    /// The key under which Keito v2 puts the rows.
    const KEY: &'static str;

    fn read(row: &Fields<'_>) -> Self;

    fn has_id(&self) -> bool;
}

/// Reads a page: rows under the entity's key (live), under `data` (the announcement), or a bare array. `None` if there
/// is no array of rows.
pub(super) fn parse<T: Row>(json: &str, asked: u32) -> Option<Page<T>> {
    let envelope = Fields::parse(json);
    let (rows, envelope): (Vec<&RawValue>, _) = match envelope {
        Some(envelope) => (envelope.array(T::KEY).or_else(|| envelope.array("data"))?, envelope),
        None => (serde_json::from_str(json).ok()?, Fields::default()),
    };
    let rows: Vec<T> =
        rows.iter().map(|row| T::read(&Fields::parse(row.get()).unwrap_or_default())).collect();
    let numbers = envelope.object("pagination");
    let number =
        |name| envelope.count(name).or_else(|| numbers.as_ref().and_then(|numbers| numbers.count(name)));
    let narrow = |number: u64| u32::try_from(number).ok();
    let page = number("page").and_then(narrow).filter(|page| *page > 0).unwrap_or(asked);
    let total_pages = number("total_pages").and_then(narrow);
    let linked = envelope.object("links").is_some_and(|links| links.has("next"));
    let has_next = linked
        || match total_pages {
            Some(total) => page < total,
            // No word about pages at all: a full page is no proof that the list ends here.
            None => !envelope.has("links") && rows.len() >= PER_PAGE as usize,
        };
    Some(Page {
        page,
        total_pages,
        total_entries: number("total_entries").or_else(|| number("total")),
        has_next,
        unreadable: rows.iter().filter(|row| !row.has_id()).count(),
        rows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keito::Task;

    fn page(json: &str) -> Option<(usize, u32, Option<u64>, bool, usize)> {
        let page = parse::<Task>(json, 3)?;
        Some((page.rows.len(), page.page, page.total_entries, page.has_next, page.unreadable))
    }

    #[test]
    fn every_envelope_is_read() {
        let live = r#"{"tasks":[{"id":"t1","name":"Dev"}],"page":2,"per_page":200,"total_pages":3,
            "total_entries":401,"links":{"first":"/x","next":"/api/v2/tasks?page=3","previous":null,"last":"/x"}}"#;
        assert_eq!(page(live), Some((1, 2, Some(401), true, 0)));
        let announced = r#"{"data":[{"id":"t1"},{"id":"t2"}],
            "pagination":{"page":1,"per_page":25,"total":142,"total_pages":6}}"#;
        assert_eq!(page(announced), Some((2, 1, Some(142), true, 0)));
        let empty = r#"{"tasks":[],"page":1,"total_pages":0,"total_entries":0,"links":{"next":null}}"#;
        assert_eq!(page(empty), Some((0, 1, Some(0), false, 0)));
        assert_eq!(page(r#"[{"id":"t1"}]"#), Some((1, 3, None, false, 0)));
    }

    #[test]
    fn a_next_link_decides_before_the_page_count() {
        assert!(page(r#"{"tasks":[],"page":1,"total_pages":1,"links":{"next":"/x"}}"#).unwrap().3);
        assert!(page(r#"{"tasks":[],"page":1,"total_pages":2,"links":{"next":null}}"#).unwrap().3);
        assert!(!page(r#"{"tasks":[],"page":2,"total_pages":2}"#).unwrap().3);
        let full = format!(r#"{{"tasks":[{}{{"id":"t"}}]}}"#, r#"{"id":"t"},"#.repeat(199));
        assert!(page(&full).unwrap().3, "a full page without any word about pages");
    }

    #[test]
    fn rows_without_an_id_are_kept_and_counted() {
        assert_eq!(
            page(r#"{"tasks":[{"id":null,"name":"x"},{"id":"t"},7,{}],"page":1,"total_entries":4}"#),
            Some((4, 1, Some(4), false, 3))
        );
    }

    #[test]
    fn what_is_no_list_is_no_page() {
        for json in
            [r#"{"id":"t1"}"#, r#"{"tasks":{"id":"t"}}"#, r#"{"tasks":[{"id":"t1"}"#, "", "null", "<html>"]
        {
            assert_eq!(page(json), None, "{json}");
        }
    }
}
