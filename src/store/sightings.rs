//! The lines of one message: to the requests that they belong to.

use rusqlite::params;

use super::ingest::{Ingested, Resolver};
use super::requests::Pens;
use super::{Error, Tx, terms};
use crate::ledger::identity::{self, Change, Copy, Seen, Usage};
use crate::model::{FileRef, MessageKey, RequestRef, SessionRef, Sighting};

/// What becomes of one request of a message.
struct Slot {
    /// Its place among those stored before.
    stored: Option<usize>,
    owner: SessionRef,
    changed: bool,
    cut: bool,
    /// Stored ones that turned out to be it.
    gone: Vec<RequestRef>,
}

impl Tx<'_> {
    /// Writes sightings of one message, each request of it once.
    pub(super) fn ingest_sightings(
        &self,
        pens: &mut Pens<'_>,
        resolver: &mut Resolver<'_, '_>,
        file: FileRef,
        sightings: &[Sighting],
        done: &mut Ingested,
    ) -> Result<(), Error> {
        let Some(message) = sightings.first().map(|sighting| sighting.message) else { return Ok(()) };
        let stored = self.requests_of(pens, message)?;
        let mut requests: Vec<_> = stored.iter().map(|stored| stored.request.clone()).collect();
        let slot =
            |(place, owner)| Slot { stored: place, owner, changed: false, cut: false, gone: Vec::new() };
        let known = stored.iter().enumerate().map(|(place, stored)| (Some(place), stored.owner));
        let mut slots: Vec<Slot> = known.map(slot).collect();
        for sighting in sightings {
            let session = resolver.session(sighting.session)?;
            if requests.is_empty() && sighting.is_remainder() && self.has_own_requests(session)? {
                // It includes those, and nobody knows what else.
                continue;
            }
            let origin = sighting.origin.map(|origin| resolver.session(origin)).transpose()?;
            let seen = seen(resolver, file, sighting, session, origin)?;
            let Change::At { index, mut gone } = identity::absorb(&mut requests, seen) else { continue };
            gone.sort_unstable();
            let mut merged = Vec::new();
            for slot in gone.into_iter().rev().map(|index| slots.remove(index)) {
                done.sessions.insert(slot.owner);
                merged.extend(slot.gone);
                merged.extend(slot.stored.map(|place| stored[place].id));
            }
            if index == slots.len() {
                // The owner among several is settled when all is read (see family.rs); until then it is the first seen,
                // or the session that the log names.
                slots.push(slot((None, origin.unwrap_or(session))));
            }
            let slot = &mut slots[index];
            slot.gone.extend(merged);
            slot.changed = true;
            slot.cut |= is_cut(pens, message, session)?;
            done.sessions.extend([slot.owner, session]);
        }
        for (request, slot) in requests.iter().zip(&slots).filter(|(_, slot)| slot.changed) {
            let known = slot.stored.map(|place| &stored[place]);
            let id = self.save_request(pens, message, known, slot.owner, request, slot.cut)?;
            for gone in &slot.gone {
                self.join_requests(*gone, id)?;
            }
        }
        Ok(())
    }

    fn has_own_requests(&self, session: SessionRef) -> Result<bool, Error> {
        let mut select =
            self.conn.prepare_cached("SELECT 1 FROM request WHERE session = ?1 AND nested = 0 LIMIT 1")?;
        Ok(select.exists([session.0])?)
    }
}

fn is_cut(pens: &mut Pens<'_>, message: MessageKey, session: SessionRef) -> Result<bool, Error> {
    Ok(pens.mark.exists(params![terms::bits(message.0), session.0])?)
}

fn seen(
    resolver: &mut Resolver<'_, '_>,
    file: FileRef,
    sighting: &Sighting,
    session: SessionRef,
    origin: Option<SessionRef>,
) -> Result<Seen, Error> {
    Ok(Seen {
        copy: Copy {
            session,
            key: sighting.key,
            has_request_id: sighting.has_request_id,
            at: sighting.at,
            line: if sighting.has_request_id { None } else { sighting.line },
            origin,
            nested: sighting.nested,
        },
        usage: Usage {
            model: resolver.model(sighting.model)?,
            tokens: sighting.tokens,
            terms: sighting.terms,
            quality: sighting.quality,
            provider: resolver.provider(sighting.provider)?,
            reported: sighting.reported,
            file,
            offset: sighting.offset,
        },
        dir: resolver.dir(sighting.dir)?,
        branch: resolver.branch(sighting.branch)?,
    })
}
