//! Which work becomes records: all from the cut-off on, and of what was before it the ranges that a person admitted.

use super::due::Place;
use super::stretches::{self, Stretch};
use crate::model::{Agent, Instant, ProjectId};

/// A range before the cut-off whose work becomes records too (`keitod backfill`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Its first instant.
    pub from: Instant,
    /// The instant at which it is over.
    pub until: Instant,
    /// Only this agent's.
    pub agent: Option<Agent>,
    /// Only what goes to this project. Work that goes nowhere yet is not of it.
    pub project: Option<ProjectId>,
}

/// What is admitted of an agent's work.
#[derive(Debug, Clone, Copy)]
pub struct Admitted<'a> {
    /// The cut-off; `None`: there is none, all of it.
    pub since: Option<Instant>,
    /// Of what was before it.
    pub earlier: &'a [Earlier],
    /// Whose work.
    pub agent: &'a Agent,
}

impl<'a> Admitted<'a> {
    /// Whether a request of this instant becomes part of a record.
    #[must_use]
    pub fn admits(&self, at: Instant, place: &Place) -> bool {
        self.since.is_none_or(|since| at >= since)
            || self.ranges(place).any(|range| (range.from..range.until).contains(&at))
    }

    /// What of a stretch becomes part of records, in order.
    #[must_use]
    pub fn parts(&self, (start, end): Stretch, place: &Place) -> Vec<Stretch> {
        let since = self.since.map_or(i64::MIN, Instant::seconds);
        let mut parts = vec![(start.max(since), end)];
        if start < since {
            let clip = |range: &Earlier| (start.max(range.from.seconds()), end.min(range.until.seconds()));
            parts.extend(self.ranges(place).map(clip));
        }
        parts.retain(|(start, end)| start < end);
        stretches::union(parts)
    }

    /// The first Unix second that may be admitted, whatever its place.
    #[must_use]
    pub fn floor(&self) -> i64 {
        self.first_from(i64::MIN)
    }

    /// The first Unix second at or after this one that may be admitted, whatever its place.
    #[must_use]
    pub fn first_from(&self, second: i64) -> i64 {
        let ranges = self.own().filter(|range| range.until.seconds() > second);
        let since = self.since.map_or(i64::MIN, Instant::seconds);
        ranges.map(|range| range.from.seconds()).fold(since, i64::min).max(second)
    }

    fn own(&self) -> impl Iterator<Item = &'a Earlier> {
        let agent = self.agent;
        self.earlier.iter().filter(move |range| range.agent.as_ref().is_none_or(|only| only == agent))
    }

    fn ranges(&self, place: &Place) -> impl Iterator<Item = &'a Earlier> {
        let project = match place {
            Place::To { link, .. } => Some(link.project.clone()),
            Place::Held(_) | Place::Excluded => None,
        };
        self.own()
            .filter(move |range| range.project.as_ref().is_none_or(|only| project.as_ref() == Some(only)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::basis::Cost;
    use crate::ledger::held::Held;
    use crate::ledger::overlap::Overlap;
    use crate::model::{Link, TaskId};

    fn to(project: &str) -> Place {
        Place::To {
            link: Link { project: ProjectId::new(project), task: TaskId::new("t") },
            min_seconds: None,
            max_seconds: None,
            overlap: Overlap::Sum,
            cost: Cost::Off,
        }
    }

    fn range(from: i64, until: i64) -> Earlier {
        let (from, until) = (Instant::from_seconds(from), Instant::from_seconds(until));
        Earlier { from, until, agent: None, project: None }
    }

    #[test]
    fn ranges_before_the_cut_off_are_admitted_for_their_agent_and_project() {
        let (mine, other) = (Agent::new("a"), Agent::new("b"));
        let earlier = [
            range(10, 20),
            Earlier { agent: Some(other.clone()), ..range(30, 40) },
            Earlier { project: Some(ProjectId::new("p")), ..range(50, 60) },
        ];
        let of = |agent| Admitted { since: Some(Instant::from_seconds(100)), earlier: &earlier, agent };
        let unmapped = Place::Held(Held::Unmapped);
        for (agent, place, expected) in [
            (&mine, to("p"), vec![(10, 20), (50, 60), (100, 110)]),
            (&mine, to("q"), vec![(10, 20), (100, 110)]),
            (&other, to("q"), vec![(10, 20), (30, 40), (100, 110)]),
            (&mine, unmapped, vec![(10, 20), (100, 110)]),
        ] {
            let admitted = of(agent);
            assert_eq!(admitted.parts((0, 110), &place), expected, "{agent} {place:?}");
            for second in 0..110 {
                let inside = expected.iter().any(|(start, end)| (*start..*end).contains(&second));
                assert_eq!(admitted.admits(Instant::from_seconds(second), &place), inside, "{second}");
            }
        }
        assert_eq!(of(&mine).parts((12, 15), &to("q")), [(12, 15)]);
        assert_eq!(of(&mine).parts((20, 30), &to("q")), []);
    }

    #[test]
    fn where_admitted_work_may_begin() {
        let agent = Agent::new("a");
        let earlier = [range(50, 60), range(10, 20)];
        let admitted = Admitted { since: Some(Instant::from_seconds(100)), earlier: &earlier, agent: &agent };
        assert_eq!(admitted.floor(), 10);
        for (from, first) in [(15, 15), (20, 50), (59, 59), (60, 100), (101, 101)] {
            assert_eq!(admitted.first_from(from), first);
        }
        let none = Admitted { since: None, earlier: &[], agent: &agent };
        assert!(none.admits(Instant::from_seconds(-5), &Place::Excluded));
        assert_eq!((none.floor(), none.parts((-5, 5), &Place::Excluded)), (i64::MIN, vec![(-5, 5)]));
    }
}
