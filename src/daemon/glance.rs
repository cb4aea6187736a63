//! A session and its project in a few numbers.

use super::documents::{Documents, catalogue, internal};
use super::standing::Standing;
use super::time;
use crate::model::{DirRef, Instant, SessionRef};
use crate::report::{Filter, Report, Rows, Rules};
use crate::server::{Failure, StatuslineQuery};
use crate::status::{Glance, GlanceSession, Live, Project};

impl Documents {
    /// The numbers of the day with those of a session.
    pub(super) fn glance(
        &self,
        standing: &Standing,
        live: &Live,
        query: &StatuslineQuery,
    ) -> Result<Glance, Failure> {
        let (session, project) = self.session(standing, query)?;
        Ok(Glance::new(standing.status(live.clone()), session, project))
    }

    /// What is known of a session, and where its work goes.
    pub(super) fn session(
        &self,
        standing: &Standing,
        query: &StatuslineQuery,
    ) -> Result<(Option<GlanceSession>, Option<Project>), Failure> {
        if query.session.is_none() && query.dir.is_none() {
            return Ok((None, None));
        }
        let reader = self.reader()?;
        let rows = match &query.session {
            Some(id) => reader.session_rows(id).map_err(internal)?,
            None => Rows::default(),
        };
        let dir = match &query.dir {
            Some(path) => reader.dirs().map_err(internal)?.into_iter().find(|(_, (known, _))| known == path),
            None => None,
        };
        let dir = dir.map(|(dir, _)| dir);
        let (session, project) = self.with_rules(&reader, &rows, &standing.calendar, |rules| {
            (numbers(&rows, query, rules), goes_to(&rows, dir, rules))
        })?;
        let known = catalogue(&reader, standing.account)?;
        let project = project.map(|(id, name)| {
            let listed = known.as_ref().and_then(|known| known.project(&id)).map(|of| of.name.clone());
            Project { name: listed.filter(|name| !name.is_empty()).or(name), id }
        });
        Ok((session, project))
    }
}

fn numbers(rows: &Rows, query: &StatuslineQuery, rules: &Rules<'_>) -> Option<GlanceSession> {
    if rows.requests.is_empty() && rows.spans.is_empty() {
        return None;
    }
    let totals = Report::build(rows, &[], Filter::default(), rules).totals;
    Some(GlanceSession {
        session: query.session.clone()?,
        agent_seconds: totals.time.unwrap_or_default().agent,
        cost_usd: totals.cost.map(|usd| usd.to_string()),
        requests: totals.requests,
        unpriced_requests: totals.unpriced,
    })
}

/// Where the session's last work goes, as it is mapped now; else what is done in the directory.
fn goes_to(rows: &Rows, dir: Option<DirRef>, rules: &Rules<'_>) -> Option<(String, Option<String>)> {
    let requests = rows.requests.iter().map(|row| (row.at, row.session, row.dir));
    let spans = rows.spans.iter().map(|row| (Instant::from_seconds(row.end), row.session, row.dir));
    let last = requests.chain(spans).max_by_key(|(at, ..)| *at);
    let (at, session, dir) = match (last, dir) {
        (Some(last), _) => last,
        // No session has this number: nothing but the directory counts.
        (None, Some(dir)) => (time::now(), SessionRef(0), Some(dir)),
        (None, None) => return None,
    };
    let id = (rules.place_of)(dir, session, at).project?;
    let name = (rules.project_name)(&id);
    Some((id.to_string(), name))
}
