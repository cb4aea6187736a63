//! Faults on demand. Rules come from code alone, never over the network.

use super::refusal::Shape;
use super::settings::Order;
use fastrand::Rng;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is stored and nothing answered.
    Drop(End),
    /// It is stored; the answer is cut.
    Commit(Cut),
    /// The connection ends at once without a byte; the request is stored this much later.
    CommitLate(Duration, End),
    /// Nothing is stored; this is the answer.
    Answer(Answer),
    /// It is stored; this is the answer instead of the endpoint's.
    CommitAnswer(Answer),
    /// Lists show entries as they were this long ago, and no expense younger than that.
    Lag(Duration),
    /// Lists ignore every filter.
    IgnoreFilters,
    /// Pages after the first start so many rows later (rows missed) or earlier (rows twice).
    Shift(isize),
    /// Lists come in this order.
    Reorder(Order),
}

/// What the client gets to see of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Not a byte.
    NoBytes(End),
    /// The first half of the head.
    HalfHeader(End),
    /// The head and the first half of the body.
    HalfBody(End),
    /// Nothing for this long, then a reset.
    Silence(Duration),
    /// All of it, this late.
    Delay(Duration),
    /// All of it, a byte at a time with this pause between them.
    Slow(Duration),
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// RST.
    Reset,
    /// FIN.
    Close,
}

/// An answer made up by a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Made,
}

/// Where the body of an [`Answer`] comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Made {
    Shape(Shape),
    Bytes(Vec<u8>),
    Flood(u64),
}

impl Answer {
    /// An answer with this status and a flat error body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Made::Shape(Shape::Flat) }
    }

    /// An error body of another shape.
    #[must_use]
    pub fn shape(mut self, shape: Shape) -> Self {
        self.body = Made::Shape(shape);
        self
    }

    /// These bytes as body; name the content type with [`Answer::header`].
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Made::Bytes(bytes.into());
        self
    }

    /// A body of so many bytes that are never held in memory at once.
    #[must_use]
    pub fn flood(mut self, bytes: u64) -> Self {
        self.body = Made::Flood(bytes);
        self
    }

    /// A header; one that HTTP does not allow is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `Retry-After` as it stands: seconds, a date, or junk.
    #[must_use]
    pub fn retry_after(self, value: &str) -> Self {
        self.header("retry-after", value)
    }
}

/// What a path is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/time_entries`.
    TimeEntries,
    /// `/time_entries/{id}` and its timer routes.
    TimeEntry,
    /// `/expenses`.
    Expenses,
    /// `/users/me`.
    Me,
    /// `/projects`.
    Projects,
    /// `/tasks`.
    Tasks,
    /// `/expense_categories`.
    Categories,
    /// Anything else.
    Other,
}

impl Kind {
    /// The kind of a path below the API's root; `None` outside the API.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        Some(match path.strip_prefix("/api/v2/")? {
            "time_entries" => Self::TimeEntries,
            "expenses" => Self::Expenses,
            "users/me" => Self::Me,
            "projects" => Self::Projects,
            "tasks" => Self::Tasks,
            "expense_categories" => Self::Categories,
            rest if rest.starts_with("time_entries/") => Self::TimeEntry,
            _ => Self::Other,
        })
    }
}

/// A fault and the requests it strikes: all of them, until narrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    fault: Fault,
    method: Option<&'static str>,
    kind: Option<Kind>,
    when: When,
    seen: u64,
    struck: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    Nth(u64),
    First(u64),
    Chance(u32),
}

impl Rule {
    /// Strikes every request of the API.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self { fault, method: None, kind: None, when: When::Always, seen: 0, struck: 0 }
    }

    /// Only requests of this method and kind.
    #[must_use]
    pub fn on(mut self, method: &'static str, kind: Kind) -> Self {
        self.method = Some(method);
        self.kind = Some(kind);
        self
    }

    /// Only this kind.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Only this method.
    #[must_use]
    pub fn method(mut self, method: &'static str) -> Self {
        self.method = Some(method);
        self
    }

    /// Only the `n`th matching request since the rule was added, from 1.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.when = When::Nth(n);
        self
    }

    /// Only the first `n`.
    #[must_use]
    pub fn first(mut self, n: u64) -> Self {
        self.when = When::First(n);
        self
    }

    /// Each with this chance in a thousand, drawn from the seeded generator.
    #[must_use]
    pub fn per_mille(mut self, chance: u32) -> Self {
        self.when = When::Chance(chance);
        self
    }

    fn strikes(&mut self, method: &str, kind: Kind, rng: &mut Rng) -> bool {
        if self.method.is_some_and(|m| m != method) || self.kind.is_some_and(|k| k != kind) {
            return false;
        }
        self.seen += 1;
        match self.when {
            When::Always => true,
            When::Nth(n) => self.seen == n,
            When::First(n) => self.seen <= n,
            When::Chance(chance) => rng.u32(..1000) < chance,
        }
    }
}

/// The rules in force; clones share them.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug)]
struct Plan {
    rules: Vec<Rule>,
    rng: Rng,
}

/// What the rules do to one request: the first answer-side fault, and all list-side ones.
#[derive(Debug, Default)]
pub(super) struct Struck {
    pub(super) fault: Option<Fault>,
    pub(super) twist: Twist,
}

/// What faults do to a list.
#[derive(Debug, Clone, Default)]
pub(super) struct Twist {
    pub(super) lag: Option<Duration>,
    pub(super) ignore_filters: bool,
    pub(super) shift: isize,
    pub(super) order: Option<Order>,
}

impl Faults {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Plan { rules: Vec::new(), rng: Rng::with_seed(seed) })))
    }

    /// Adds a rule. Of several that strike one request the earlier one decides over the answer.
    pub fn add(&self, rule: Rule) {
        self.with(|plan| plan.rules.push(rule));
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.with(|plan| plan.rules.clear());
    }

    /// Starts the generator over.
    pub fn reseed(&self, seed: u64) {
        self.with(|plan| plan.rng = Rng::with_seed(seed));
    }

    pub(super) fn strike(&self, method: &str, kind: Kind) -> Struck {
        self.with(|Plan { rules, rng }| {
            let mut struck = Struck::default();
            for rule in rules {
                if rule.strikes(method, kind, rng) && struck.take(&rule.fault) {
                    rule.struck += 1;
                }
            }
            struck
        })
    }

    /// How often each rule in force decided over a request, in the order in which they were added.
    #[must_use]
    pub fn struck(&self) -> Vec<(Fault, u64)> {
        self.with(|plan| plan.rules.iter().map(|rule| (rule.fault.clone(), rule.struck)).collect())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Plan) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Struck {
    /// Returns whether the fault has a say: an earlier one may have decided.
    fn take(&mut self, fault: &Fault) -> bool {
        match fault {
            Fault::Lag(by) => self.twist.lag = Some(*by),
            Fault::IgnoreFilters => self.twist.ignore_filters = true,
            Fault::Shift(by) => self.twist.shift = *by,
            Fault::Reorder(order) => self.twist.order = Some(*order),
            _ if self.fault.is_some() => return false,
            fault => self.fault = Some(fault.clone()),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_strikes_the_requests_it_names() {
        let faults = Faults::seeded(7);
        faults.add(Rule::new(Fault::Drop(End::Reset)).on("POST", Kind::Expenses).nth(2));
        faults.add(Rule::new(Fault::IgnoreFilters).method("GET").first(1));
        let struck = |method, kind| faults.strike(method, kind);
        assert!(struck("POST", Kind::Expenses).fault.is_none());
        assert!(struck("POST", Kind::TimeEntries).fault.is_none());
        assert!(struck("POST", Kind::Expenses).fault.is_some());
        assert!(struck("POST", Kind::Expenses).fault.is_none());
        assert!(struck("GET", Kind::Expenses).twist.ignore_filters);
        assert!(!struck("GET", Kind::Expenses).twist.ignore_filters);
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed() {
        let draw = |seed| -> Vec<bool> {
            let faults = Faults::seeded(seed);
            faults.add(Rule::new(Fault::Drop(End::Close)).per_mille(300));
            (0..1000).map(|_| faults.strike("GET", Kind::Me).fault.is_some()).collect()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let hits = draw(3).into_iter().filter(|hit| *hit).count();
        assert!((250..350).contains(&hits), "{hits}");
    }
}
