//! Facts that can be compared.

use crate::model::Facts;

/// Every fact as text with its names resolved, so that batches can be compared and joined.
pub(in crate::sources) fn show(facts: &Facts) -> Vec<String> {
    let name = |sym| facts.names.text(sym).to_owned();
    let mut shown = Vec::new();
    for s in &facts.sightings {
        shown.push(format!(
            "{:08} sighting {} {:?} {:?} {:?} {} {:?} {} {} {:?} {:?} {:?} {:?} {:?} {}",
            s.offset,
            name(s.session),
            s.origin.map(name),
            s.message,
            s.key,
            s.has_request_id,
            s.line,
            s.at.millis(),
            name(s.model),
            s.dir.map(name),
            s.branch.map(name),
            s.tokens,
            s.terms,
            s.quality,
            s.nested,
        ));
    }
    for a in &facts.activities {
        shown.push(format!(
            "{:08} activity {} {:?} {} {:?} {:?} {:?} {}",
            a.offset,
            name(a.session),
            a.key,
            a.at.millis(),
            a.who,
            a.dir.map(name),
            a.branch.map(name),
            a.proven_ms,
        ));
    }
    for t in &facts.turns {
        shown.push(format!("turn {} {:?} {} {}", name(t.session), t.key, t.at.millis(), t.duration_ms));
    }
    for p in &facts.plans {
        shown.push(format!("plan {} {} {:?}", name(p.session), p.at.millis(), p.payer));
    }
    for m in &facts.marks {
        shown.push(format!("mark {} {:?}", name(m.session), m.message));
    }
    for r in &facts.rejects {
        shown.push(format!("{:08} reject {} {:?}", r.offset, r.length, r.reason));
    }
    shown.sort();
    shown
}
