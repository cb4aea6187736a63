//! What holds for every decoder and any bytes: no panic, no absurd count, the same facts however the bytes are cut, and
//! nothing in the facts of a prefix that those of the whole lack. An input is made as `inputs.rs` says.

use std::collections::BTreeMap;
use std::path::Path;

use keitod::model::{Cell, Facts, Sym, Tokens};
use keitod::sources::{Claim, Context, Lines, Shape, Source};

/// Prefixes of one input that are looked at.
const PREFIXES: usize = 8;

/// Panics if it does not.
pub fn holds(source: &dyn Source, input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (path, bytes) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    if path == b"rows" {
        return rows(source, bytes);
    }
    let path = Path::new(std::str::from_utf8(path).unwrap_or("session.jsonl"));
    let claim = source.claim(path).unwrap_or_default();
    match source.shape(path) {
        Shape::Lines => lines(source, &claim, bytes),
        Shape::Document | Shape::Database => document(source, &claim, bytes),
    }
}

fn lines(source: &dyn Source, claim: &Claim, bytes: &[u8]) {
    let ends: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    let whole = cut(source, claim, bytes, &ends, |_| false);
    same(&cut(source, claim, bytes, &ends, |_| true), &whole, "each line by itself says something else");
    let seed = bytes.iter().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    same(
        &cut(source, claim, bytes, &ends, |at| (seed >> (at % 60)) & 1 == 1),
        &whole,
        "another cut says something else",
    );
    let step = ends.len().div_ceil(PREFIXES).max(1);
    for (number, end) in ends.iter().enumerate().skip(seed % step).step_by(step) {
        let mut rest = whole.iter();
        let prefix = cut(source, claim, &bytes[..*end], &ends[..=number], |_| false);
        // Of births the earliest counts: a later line may name an earlier one.
        for fact in prefix.iter().filter(|fact| !fact.starts_with("birth")) {
            assert!(rest.any(|known| known == fact), "a prefix says what the whole does not: {fact}");
        }
    }
}

fn same(one: &[String], other: &[String], what: &str) {
    let lacks = |of: &[String], from: &[String]| {
        of.iter().filter(|fact| !from.contains(fact)).cloned().collect::<Vec<_>>().join("\n  ")
    };
    let (more, less) = (lacks(one, other), lacks(other, one));
    assert!(one == other, "{what}:\n+ {more}\n- {less}");
}

/// The facts of lines that are given in pieces, cut behind the newlines that `here` says.
fn cut(
    source: &dyn Source,
    claim: &Claim,
    bytes: &[u8],
    ends: &[usize],
    here: impl Fn(usize) -> bool,
) -> Vec<String> {
    let mut context = Context { claim: claim.clone(), state: Vec::new() };
    let (mut shown, mut start) = (Vec::new(), 0);
    let mut births: BTreeMap<String, i64> = BTreeMap::new();
    for end in
        ends.iter().enumerate().filter(|(at, _)| here(*at) || at + 1 == ends.len()).map(|(_, end)| *end)
    {
        let mut facts = Facts::default();
        source.decode(&mut context, Lines::new(&bytes[start..end], start as u64), &mut facts);
        for birth in &facts.births {
            let of = births.entry(facts.names.text(birth.session).to_owned()).or_insert(i64::MAX);
            *of = (*of).min(birth.at.millis());
        }
        shown.extend(sane(&facts));
        start = end;
    }
    shown.extend(births.iter().map(|(session, at)| format!("birth {session} {at}")));
    shown.sort();
    shown
}

fn document(source: &dyn Source, claim: &Claim, bytes: &[u8]) {
    let read = || {
        let (mut context, mut facts) =
            (Context { claim: claim.clone(), state: Vec::new() }, Facts::default());
        let whole = source.decode_document(&mut context, bytes, &mut facts).is_ok();
        // Given again, as each time it has changed.
        let _ = source.decode_document(&mut context, bytes, &mut Facts::default());
        (whole, sane(&facts))
    };
    assert_eq!(read(), read(), "a document says the same each time");
}

fn rows(source: &dyn Source, bytes: &[u8]) {
    let read = || {
        let (mut context, mut facts) = (Context::default(), Facts::default());
        for line in bytes.split(|byte| *byte == b'\n') {
            let mut cells = line.split(|byte| *byte == b'\t');
            let query =
                cells.next().and_then(|number| std::str::from_utf8(number).ok()?.parse::<usize>().ok());
            let row: Vec<Cell> = cells.map(cell).collect();
            source.decode_row(&mut context, query.unwrap_or_default(), &row, &mut facts);
        }
        sane(&facts)
    };
    assert_eq!(read(), read(), "rows say the same each time");
}

fn cell(written: &[u8]) -> Cell {
    let Some((kind, rest)) = written.split_first() else { return Cell::Null };
    let text = String::from_utf8_lossy(rest).into_owned();
    match kind {
        b'i' => text.parse().map_or(Cell::Null, Cell::Integer),
        b'r' => Cell::Real(text),
        b't' => Cell::Text(text),
        b'b' => Cell::Blob(rest.to_vec()),
        _ => Cell::Null,
    }
}

/// Every fact as text with its names resolved, sorted; no count in them is absurd.
fn sane(facts: &Facts) -> Vec<String> {
    for sighting in &facts.sightings {
        assert!(!sighting.terms.bad_usage || sighting.tokens.is_zero(), "bad usage counts nothing");
        let absurd = sighting.tokens.classes().iter().any(|class| *class > 4 * Tokens::MAX_PER_CLASS);
        assert!(!absurd, "an absurd count: {:?}", sighting.tokens);
    }
    let name = |sym: Sym| facts.names.text(sym).to_owned();
    let mut shown: Vec<String> = Vec::new();
    for s in &facts.sightings {
        let names =
            [Some(s.session), s.origin, Some(s.model), s.provider, s.dir, s.branch].map(|sym| sym.map(name));
        let keys = (s.message, s.key, s.has_request_id, s.line, s.at.millis());
        let counts = (s.tokens, s.terms, s.reported, s.quality, s.nested);
        shown.push(format!("{:08} request {names:?} {keys:?} {counts:?}", s.offset));
    }
    for a in &facts.activities {
        let names = [Some(a.session), a.origin, a.dir, a.branch].map(|sym| sym.map(name));
        let what = (a.key, a.at.millis(), a.who, a.proven_ms);
        shown.push(format!("{:08} activity {names:?} {what:?}", a.offset));
    }
    shown.extend(
        facts
            .turns
            .iter()
            .map(|t| format!("turn {} {:?} {} {}", name(t.session), t.key, t.at.millis(), t.duration_ms)),
    );
    shown.extend(
        facts.plans.iter().map(|p| format!("plan {} {} {:?}", name(p.session), p.at.millis(), p.payer)),
    );
    shown.extend(facts.marks.iter().map(|m| format!("mark {} {:?}", name(m.session), m.message)));
    shown.extend(facts.failures.iter().map(|key| format!("failure {key:?}")));
    shown.extend(facts.rejects.iter().map(|r| format!("{:08} reject {} {:?}", r.offset, r.length, r.reason)));
    shown.sort();
    shown
}
