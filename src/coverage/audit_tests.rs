use super::*;
use crate::model::{Covers, Instant, RequestKey};

const A: u128 = 1 << 104;
const B: u128 = 2 << 104;
const C: u128 = 3 << 104;

fn row(id: &str, kind: Kind, remote: &str, keys: &[u128]) -> Listed {
    let posted = Posted {
        keitod_id: KeitodId::new(id),
        session: "s".into(),
        agent: "claude-code".into(),
        model: "m".into(),
        first_at: Instant::from_seconds(0),
        last_at: Instant::from_seconds(100),
        covers: Some(Covers::of(keys.iter().copied())),
        keys: Some(keys.iter().map(|key| RequestKey(*key).prefix()).collect()),
        requests: keys.len() as u64,
        tokens: Tokens { output: 5, ..Tokens::default() },
        usd: None,
        rate: None,
        markup_percent: None,
        seconds: 90,
        part: 1,
        excess: false,
        machine: "here".into(),
    };
    let entry = kind == Kind::Entry;
    Listed {
        kind,
        id: RemoteId::new(remote),
        user: Some(UserId::new("u")),
        day: "2026-05-04".parse().unwrap(),
        project: "p".into(),
        task: String::new(),
        hours: entry.then(|| Amount::parse("0.025").unwrap()),
        amount: (!entry).then(|| Amount::parse("1.5").unwrap()),
        notes: None,
        frozen: false,
        posted: Some(posted),
        skill_session: None,
    }
}

fn expense(id: &str, remote: &str, keys: &[u128]) -> Listed {
    row(id, Kind::Expense, remote, keys)
}

fn posted(row: &mut Listed, change: impl FnOnce(&mut Posted)) {
    change(row.posted.as_mut().unwrap());
}

/// Our record as `row` was when it was sent.
fn own(row: &Listed) -> Own {
    let posted = row.posted.clone().unwrap();
    Own {
        keitod_id: posted.keitod_id,
        kind: row.kind,
        remote: Some(row.id.clone()),
        day: row.day,
        project: row.project.clone(),
        amount: row.amount,
        ours: row.hours.map(|hours| (hours, posted.seconds)).into_iter().collect(),
        tokens: (row.kind == Kind::Expense).then_some(posted.tokens),
        expected: true,
        deleted: false,
        closed: false,
        assumed: false,
        unproven: false,
    }
}

fn ours(records: Vec<Own>) -> Ours {
    let counted = [(("claude-code".to_owned(), "s".to_owned()), vec![(0, 100)])].into();
    Ours { records, counted, requests: BTreeMap::new(), user: Some(UserId::new("u")), machine: "here".into() }
}

#[track_caller]
fn check(records: Vec<Own>, rows: &[Listed], expected: &[(&str, &str, &str)]) {
    let found = audit(&ours(records), rows);
    let found: Vec<_> = found
        .iter()
        .map(|line| {
            let ids: Vec<&str> = line.ids.iter().map(KeitodId::as_str).collect();
            (line.finding.word(), ids.join("+"), line.differs.as_ref().map_or("", |(field, ..)| *field))
        })
        .collect();
    let found: Vec<_> = found.iter().map(|(word, ids, field)| (*word, ids.as_str(), *field)).collect();
    assert_eq!(found, expected);
}

#[test]
fn equal_sides_are_clean() {
    let (one, two) = (expense("k1", "x1", &[A]), row("k2", Kind::Entry, "e1", &[A]));
    check(vec![own(&one), own(&two)], &[one, two], &[]);
    check(vec![], &[], &[]);
}

#[test]
fn what_is_not_listed_is_missing_if_it_must_be_there() {
    let sent = own(&expense("k1", "x1", &[A]));
    check(vec![sent.clone()], &[], &[("missing", "k1", "")]);
    check(vec![Own { deleted: true, ..sent.clone() }], &[], &[]);
    check(vec![Own { expected: false, ..sent.clone() }], &[], &[]);
    // There, but its metadata is gone: it is named with Keito's id and is not missing.
    let bare = Listed { posted: None, ..expense("k1", "x1", &[A]) };
    check(vec![sent], &[bare], &[("drift", "k1", "keitod_id")]);
}

#[test]
fn what_nobody_here_knows_is_extra_or_elsewhere() {
    let mut other = expense("k1", "x1", &[A]);
    check(vec![], &[other.clone()], &[("extra", "k1", "")]);
    posted(&mut other, |posted| posted.machine = "there".into());
    check(vec![], &[other.clone()], &[("elsewhere", "k1", "")]);
    other.user = Some(UserId::new("colleague"));
    check(vec![], &[other], &[]);
    check(vec![], &[Listed { posted: None, ..expense("k1", "x1", &[A]) }], &[]);
}

#[test]
fn one_id_on_two_rows_is_a_duplicate() {
    let one = expense("k1", "x1", &[A]);
    let twin = Listed { id: RemoteId::new("x2"), ..one.clone() };
    let found = audit(&ours(vec![own(&one)]), &[one, twin]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].remotes, ["x1", "x2"].map(RemoteId::new));
}

#[test]
fn expenses_that_share_requests_are_duplicates() {
    let one = expense("k1", "x1", &[A, B]);
    let mut other = expense("k2", "x2", &[B, C]);
    let pair = |other: &Listed| (vec![own(&one), own(other)], [one.clone(), other.clone()]);
    let (records, rows) = pair(&other);
    check(records, &rows, &[("duplicate", "k1+k2", "")]);
    // By another machine, unknown here.
    posted(&mut other, |posted| posted.machine = "there".into());
    check(
        vec![own(&one)],
        &[one.clone(), other.clone()],
        &[("duplicate", "k1+k2", ""), ("elsewhere", "k2", "")],
    );
    let apart: [fn(&mut Posted); 3] = [
        |posted| posted.excess = true,
        |posted| posted.model = "other".into(),
        |posted| posted.first_at = Instant::from_seconds(101),
    ];
    for change in apart {
        let mut other = expense("k2", "x2", &[B, C]);
        posted(&mut other, change);
        let (records, rows) = pair(&other);
        check(records, &rows, &[]);
    }
}

#[test]
fn one_equal_prefix_of_many_is_chance() {
    let many = |first: u128| -> Vec<u128> { (first..first + 100).map(|key| key << 104).collect() };
    let (one, chance, shared) = (many(100), many(199), many(198));
    let one = expense("k1", "x1", &one);
    for (keys, expected) in [(chance, &[][..]), (shared, &[("duplicate", "k1+k2", "")][..])] {
        let other = expense("k2", "x2", &keys);
        check(vec![own(&one), own(&other)], &[one.clone(), other], expected);
    }
}

#[test]
fn entries_that_hold_more_than_the_session_has_are_duplicates() {
    let one = row("k1", Kind::Entry, "e1", &[A]);
    for (seconds, first, expected) in [
        (90, 0, &[("duplicate", "k1+k2", "")][..]),
        // Interleaved work on two projects.
        (10, 5, &[][..]),
        // One after the other.
        (90, 100, &[][..]),
    ] {
        let mut other = row("k2", Kind::Entry, "e2", &[A]);
        posted(&mut other, |posted| {
            (posted.seconds, posted.first_at) = (seconds, Instant::from_seconds(first));
            posted.last_at = posted.first_at.plus(std::time::Duration::from_secs(100));
        });
        check(vec![own(&one), own(&other)], &[one.clone(), other], expected);
    }
}

#[test]
fn what_differs_is_drift_or_a_persons_edit() {
    let amount = |text| Amount::parse(text);
    type Case = (fn(&mut Listed), &'static [(&'static str, &'static str, &'static str)]);
    let entry: [Case; 4] = [
        (|row| row.hours = Amount::parse("0.5"), &[("edited", "k1", "hours")]),
        (|row| row.project = "q".into(), &[("edited", "k1", "project")]),
        (|row| row.day = "2026-05-05".parse().unwrap(), &[("edited", "k1", "day")]),
        (|row| posted(row, |posted| posted.seconds = 7), &[("drift", "k1", "seconds")]),
    ];
    for (change, expected) in entry {
        let sent = row("k1", Kind::Entry, "e1", &[A]);
        let mut listed = sent.clone();
        change(&mut listed);
        check(vec![own(&sent)], &[listed], expected);
    }
    let sent = expense("k1", "x1", &[A]);
    let mut listed = sent.clone();
    listed.amount = amount("2");
    check(vec![own(&sent)], &[listed.clone()], &[("edited", "k1", "amount")]);
    posted(&mut listed, |posted| posted.tokens.output = 6);
    check(vec![own(&sent)], &[listed], &[("drift", "k1", "amount"), ("drift", "k1", "tokens")]);
}

#[test]
fn an_older_state_of_ours_is_no_drift() {
    let listed = row("k1", Kind::Entry, "e1", &[A]);
    let mut grown = own(&listed);
    grown.ours.push((Amount::parse("0.03").unwrap(), 108));
    check(vec![grown], &[listed], &[]);
}

#[test]
fn what_is_assumed_or_unproven_is_told() {
    let listed = expense("k1", "x1", &[A]);
    let record = Own { tokens: None, ..own(&listed) };
    check(
        vec![Own { assumed: true, ..record.clone() }],
        std::slice::from_ref(&listed),
        &[("assumed", "k1", "")],
    );
    check(vec![Own { unproven: true, ..record }], &[listed], &[("unproven", "k1", "")]);
    assert!(Finding::Unproven.is_fault() && !Finding::Assumed.is_fault());
}

#[test]
fn excess_that_was_sent_twice_is_named_and_growth_in_two_steps_is_not() {
    let part = |id: &str, remote: &str, keys: &[u128], output: u64, excess: bool| {
        let mut row = expense(id, remote, keys);
        posted(&mut row, |posted| (posted.excess, posted.tokens.output) = (excess, output));
        row
    };
    let request = |key: u128, output: u64| Candidate {
        id: crate::model::RequestRef(1),
        session: crate::model::SessionRef(1),
        keys: vec![RequestKey(key)],
        tokens: Tokens { output, ..Tokens::default() },
        price_row: String::new(),
    };
    let rows = [
        part("base", "r1", &[A, B], 10, false),
        part("one", "r2", &[A], 4, true),
        part("two", "r3", &[A, B], 4, true),
        part("of another", "r4", &[7 << 104], 50, true),
    ];
    let found = |finals: Vec<Candidate>| {
        let mut ours = ours(rows.iter().map(own).collect());
        ours.requests.insert(("claude-code".into(), "m".into()), finals);
        let found = audit(&ours, &rows);
        found.into_iter().filter(|found| found.finding == Finding::Duplicate).collect::<Vec<_>>()
    };
    let twice = found(vec![request(A, 9), request(B, 5), request(7 << 104, 1)]);
    assert_eq!(twice.len(), 1, "{twice:?}");
    assert_eq!(twice[0].remotes, [RemoteId::new("r2"), RemoteId::new("r3")]);
    assert_eq!(found(vec![request(A, 12), request(B, 6)]), [], "it grew twice");
    assert_eq!(found(vec![request(A, 9)]), [], "nobody knows what the other one has");
}
