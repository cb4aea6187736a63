use super::*;
use crate::model::{Activity, MessageKey, Reject, RequestKey, Terms, Tokens};

const QUIET: Patience = Patience { since: None, quiet: Duration::from_secs(600) };

fn at(second: i64) -> Instant {
    Instant::from_seconds(1_767_607_200 + second)
}

/// One reading of one file, written by what happened: `(second, offset, what)`.
fn read(session: &str, what: &[(i64, u64, What)]) -> Facts {
    let mut facts = Facts::default();
    let name = facts.names.intern(session);
    let model = facts.names.intern("m");
    for (second, offset, what) in what {
        let key = hash64(&[session.as_bytes(), &second.to_be_bytes(), &offset.to_be_bytes()]);
        let act = |who| Activity {
            session: name,
            origin: None,
            key: ActivityKey(key),
            at: at(*second),
            who,
            dir: None,
            branch: None,
            proven_ms: 0,
            offset: *offset,
        };
        match what {
            What::Did(who) => facts.activities.push(act(*who)),
            What::Failed => {
                facts.activities.push(act(Who::Agent));
                facts.failures.push(ActivityKey(key));
            }
            What::Used(input, output) => facts.sightings.push(Sighting {
                session: name,
                origin: None,
                message: MessageKey(key),
                key: RequestKey(u128::from(key)),
                has_request_id: true,
                line: None,
                at: at(*second),
                model,
                provider: None,
                reported: None,
                dir: None,
                branch: None,
                tokens: Tokens { input: *input, output: *output, ..Tokens::default() },
                terms: Terms::default(),
                quality: Quality::Exact,
                nested: false,
                offset: *offset,
            }),
            What::Strange => {
                facts.rejects.push(Reject { offset: *offset, length: 9, reason: RejectReason::Shape })
            }
        }
    }
    facts
}

#[derive(Clone, Copy)]
enum What {
    Did(Who),
    Failed,
    Used(u64, u64),
    Strange,
}

use What::{Did, Failed, Strange, Used};

fn noted(format: &mut Format, facts: &Facts) {
    format.note(&Signs { facts, file: 7, changed_at: at(0) });
}

/// What is said of these readings an hour after the first one.
fn said(readings: &[Facts]) -> Option<&'static str> {
    let mut format = Format::default();
    readings.iter().for_each(|facts| noted(&mut format, facts));
    let alarm = format.alarm(at(3600 * 24), QUIET, false);
    assert_eq!(Format::from_text(&format.to_text()), format, "what is stored is what is known");
    readings.iter().for_each(|facts| noted(&mut format, facts));
    assert_eq!(format.alarm(at(3600 * 24), QUIET, false), alarm, "reading it all again adds nothing");
    alarm.map(|alarm| alarm.code())
}

fn times(number: i64, from: i64, what: What) -> Vec<(i64, u64, What)> {
    (0..number).map(|n| (from + 20 * n, (from + n).unsigned_abs(), what)).collect()
}

#[test]
fn answers_without_counts_are_an_alarm() {
    let answers = |number, from| read("a", &times(number, from, Did(Who::Agent)));
    let used = |session: &str, second| read(session, &[(second, 1000, Used(10, 10))]);
    let cases: &[(&str, Vec<Facts>, Option<&str>)] = &[
        ("nothing at all", vec![], None),
        ("too few", vec![answers(4, 0)], None),
        ("enough", vec![answers(5, 0)], Some("no_usage")),
        (
            "in several sessions",
            (0..5).map(|n| read(&n.to_string(), &[(n, 1, Did(Who::Agent))])).collect(),
            Some("no_usage"),
        ),
        ("results alone", vec![read("a", &times(12, 0, Did(Who::Tool)))], Some("no_usage")),
        ("few results", vec![read("a", &times(11, 0, Did(Who::Tool)))], None),
        ("prompts that nobody answers", vec![read("a", &times(20, 0, Did(Who::Prompt)))], None),
        ("errors", vec![read("a", &times(20, 0, Failed))], None),
        ("lines of another shape", vec![read("a", &times(5, 0, Strange))], Some("no_usage")),
        ("a request afterwards", vec![answers(9, 0), used("a", 500)], None),
        ("a request that is logged at its beginning", vec![answers(9, 0), used("a", -1)], None),
        ("another session's later request", vec![answers(9, 0), used("b", 500)], None),
        ("read before", vec![used("b", 500), answers(9, 0)], None),
        ("another session's earlier request", vec![answers(9, 0), used("b", -1)], Some("no_usage")),
        ("read after", vec![used("b", -1), answers(9, 0)], Some("no_usage")),
        ("counts of nothing", vec![read("a", &times(9, 0, Used(0, 0))), answers(9, 5)], Some("no_usage")),
    ];
    for (what, readings, expected) in cases {
        assert_eq!(said(readings), *expected, "{what}");
    }
}

#[test]
fn what_follows_a_request_for_a_minute_belongs_to_it() {
    let mut lines = vec![(0, 1, Used(10, 10))];
    lines.extend(times(3, 10, Did(Who::Agent)));
    lines.extend(times(4, 100, Did(Who::Agent)));
    assert_eq!(said(&[read("a", &lines)]), None);
    lines.push((200, 900, Did(Who::Agent)));
    assert_eq!(said(&[read("a", &lines)]), Some("no_usage"));
}

#[test]
fn requests_of_one_side_alone_are_an_alarm() {
    let whole = |second| read("a", &[(second, 99, Used(5, 5))]);
    let cases: &[(&str, Vec<Facts>, Option<&str>)] = &[
        ("no prompt", vec![read("a", &times(5, 0, Used(0, 5)))], Some("no_input")),
        ("no answer", vec![read("a", &times(5, 0, Used(5, 0)))], Some("no_output")),
        ("too few", vec![read("a", &times(4, 0, Used(5, 0)))], None),
        ("a whole one later", vec![read("a", &times(9, 0, Used(5, 0))), whole(900)], None),
        ("a whole one earlier", vec![whole(-9), read("a", &times(9, 0, Used(0, 5)))], Some("no_input")),
    ];
    for (what, readings, expected) in cases {
        assert_eq!(said(readings), *expected, "{what}");
    }
}

#[test]
fn a_session_at_work_is_believed_until_it_is_quiet() {
    let mut format = Format::default();
    noted(&mut format, &read("a", &times(6, 0, Did(Who::Agent))));
    assert_eq!(format.alarm(at(101), QUIET, false), None);
    assert_eq!(format.wake(at(101), QUIET), Some(at(700)));
    assert!(format.alarm(at(700), QUIET, false).is_some());
    assert!(format.alarm(at(101), QUIET, true).is_some(), "one that is stopped stays so");
    noted(&mut format, &read("a", &[(1900, 50, Did(Who::Agent))]));
    assert!(format.alarm(at(1901), QUIET, false).is_some(), "no request takes half an hour");
}

#[test]
fn what_a_person_excused_is_no_alarm_until_usage_was_seen() {
    let mut format = Format::default();
    let silent = |from| read("a", &times(6, from, Did(Who::Agent)));
    noted(&mut format, &silent(0));
    format.excuse();
    noted(&mut format, &silent(5000));
    let later = at(100_000);
    assert_eq!(format.alarm(later, QUIET, false), None);
    assert!(Format::from_text(&format.to_text()).is_excused());
    noted(&mut format, &read("b", &[(9000, 1, Used(5, 5))]));
    noted(&mut format, &silent(10_000));
    assert!(format.alarm(later, QUIET, false).is_some());
}

#[test]
fn what_is_not_billed_is_not_missed() {
    let mut format = Format::default();
    noted(&mut format, &read("a", &times(8, 0, Did(Who::Agent))));
    let since = |second| Patience { since: Some(at(second)), ..QUIET };
    assert!(format.alarm(at(9000), since(60), false).is_some());
    assert_eq!(format.alarm(at(9000), since(61), false), None);
}
