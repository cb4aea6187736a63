use super::*;

const LONGEST: Duration = Duration::from_secs(900);

fn at(seconds: i64) -> Instant {
    Instant::from_seconds(seconds)
}

#[test]
fn never_more_than_the_limit_in_any_minute() {
    let (mut desk, mut sent, mut now) = (Desk::default(), Vec::new(), at(1000));
    while sent.len() < 500 {
        match desk.may_send(now, 7) {
            Ok(()) => {
                desk.spend(now, LONGEST);
                sent.push(now);
                desk = Desk::from_text(&desk.to_text(), now);
            }
            Err(wake) => {
                assert!(wake > now);
                now = wake;
            }
        }
    }
    for window in sent.windows(8) {
        assert!(window[7].since(window[0]) >= MINUTE);
    }
}

#[test]
fn updates_take_at_most_a_third() {
    let (mut desk, now) = (Desk::default(), at(1000));
    for _ in 0..3 {
        assert_eq!(desk.may_update(now, 9), Ok(()));
        desk.spend(now, LONGEST);
        desk.spend_update(now);
    }
    desk = Desk::from_text(&desk.to_text(), now);
    assert_eq!((desk.may_update(now, 9), desk.may_send(now, 9)), (Err(at(1061)), Ok(())));
    assert_eq!(Desk::default().may_update(now, 1), Ok(()), "but one always may");
}

#[test]
fn a_429_quiets_for_what_was_asked_and_a_little_more() {
    let seconds = Duration::from_secs;
    // What Retry-After said, and until when nothing leaves with the least and the most jitter.
    let table = [
        (Some(seconds(5)), 5_000, 5_500),
        (Some(seconds(0)), 1_000, 1_100),
        (Some(seconds(3600)), 3_600_000, 3_960_000),
        (Some(seconds(90_000)), 3_600_000, 3_960_000),
        (None, 60_000, 66_000),
    ];
    for (asked, least, most) in table {
        for (random, want) in [(0, least), (u32::MAX, most)] {
            let mut desk = Desk::default();
            desk.limited(at(0), asked, 50, random);
            assert_eq!(desk.may_send(at(0), 50), Err(Instant::from_millis(want)), "{asked:?}");
        }
    }
}

#[test]
fn a_429_halves_the_limit_and_it_recovers() {
    let mut desk = Desk::default();
    desk.limited(at(0), Some(Duration::from_secs(5)), 50, 0);
    assert_eq!(desk.may_send(at(4), 50), Err(at(5)));
    let limits = [5, 60, 120, 300, 900].map(|now| desk.limit_at(at(now), 50));
    assert_eq!(limits, [25, 30, 35, 50, 50]);
    for _ in 0..10 {
        desk.limited(at(5), None, 50, 0);
    }
    assert_eq!(desk.limit_at(at(5), 50), 1);
}

#[test]
fn the_breaker_opens_after_five_failures_doubles_and_lets_one_probe_out() {
    let mut desk = Desk::default();
    for _ in 0..4 {
        desk.failed(at(0), LONGEST);
    }
    assert_eq!(desk.may_send(at(0), 50), Ok(()));
    desk.failed(at(0), LONGEST);
    assert_eq!(desk.may_send(at(0), 50), Err(at(30)));
    desk = Desk::from_text(&desk.to_text(), at(0));
    assert_eq!(desk.may_send(at(30), 50), Ok(()));
    desk.spend(at(30), LONGEST);
    assert_eq!(desk.may_send(at(30), 50), Err(at(60)), "one probe at a time");
    desk.failed(at(31), LONGEST);
    assert_eq!(desk.may_send(at(31), 50), Err(at(91)));
    for _ in 0..10 {
        desk.failed(at(100), LONGEST);
    }
    assert_eq!(desk.may_send(at(100), 50), Err(at(1000)));
    desk.succeeded();
    assert_eq!(desk.may_send(at(100), 50), Ok(()));
    let mut quick = Desk::default();
    for _ in 0..5 {
        quick.failed(at(0), Duration::from_secs(2));
    }
    assert_eq!(quick.may_send(at(0), 50), Err(at(2)), "never longer than the longest backoff");
}

#[test]
fn a_pause_is_probed_after_a_minute_doubling_to_an_hour() {
    let mut desk = Desk::default();
    let mut now = at(0);
    let mut waits = Vec::new();
    for _ in 0..9 {
        desk.pause_for(PauseReason::SchemaDrift, Some(Kind::Expense), now);
        let Gate::Closed(Some(probe)) = desk.gate(now) else { panic!("not closed") };
        waits.push(probe.since(now).as_secs() / 60);
        now = probe;
        assert_eq!(desk.gate(now), Gate::Write(Kind::Expense));
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    desk.delivered(Kind::Entry);
    assert_eq!(desk.gate(now), Gate::Write(Kind::Expense), "another kind says nothing of it");
    desk.delivered(Kind::Expense);
    assert_eq!(desk.gate(now), Gate::Open);
}

#[test]
fn a_pause_that_comes_back_at_once_goes_on_where_it_was() {
    let mut desk = Desk::default();
    desk.pause(PauseReason::Auth, at(0));
    assert_eq!((desk.gate(at(59)), desk.gate(at(60))), (Gate::Closed(Some(at(60))), Gate::Me));
    desk.lift();
    desk.pause(PauseReason::Auth, at(60));
    assert_eq!(desk.gate(at(60)), Gate::Closed(Some(at(180))));
    desk.probe_now(at(61));
    assert_eq!(desk.gate(at(61)), Gate::Me, "another key is tried at once");
    desk.lift();
    desk.delivered(Kind::Entry);
    desk.pause(PauseReason::Auth, at(100));
    assert_eq!(desk.gate(at(100)), Gate::Closed(Some(at(160))));
}

#[test]
fn what_a_person_paused_only_a_person_resumes() {
    let mut desk = Desk::default();
    desk.pause(PauseReason::AmountMismatch, at(0));
    assert_eq!(desk.gate(at(0)), Gate::Open);
    desk.pause(PauseReason::Auth, at(1));
    desk = Desk::from_text(&desk.to_text(), at(1));
    assert_eq!(desk.gate(at(1)), Gate::Closed(Some(at(61))));
    desk.lift();
    assert_eq!(desk.pause.map(|pause| pause.reason), Some(PauseReason::AmountMismatch));
    desk.lift();
    desk.delivered(Kind::Expense);
    assert!(desk.pause.is_some());
    desk.pause(PauseReason::User, at(2));
    desk.pause(PauseReason::Auth, at(3));
    desk.probe_now(at(4));
    assert_eq!(desk.gate(at(9999)), Gate::Closed(None));
    desk.resume();
    assert_eq!(desk.pause.map(|pause| pause.reason), Some(PauseReason::AmountMismatch), "hidden till now");
    desk.resume();
    assert_eq!((desk.gate(at(9999)), desk.pause), (Gate::Open, None));
    desk.pause(PauseReason::Auth, at(0));
    desk.pause(PauseReason::AmountMismatch, at(1));
    assert_eq!(desk.gate(at(1)), Gate::Closed(Some(at(60))), "nothing at all is more than no expenses");
    desk.lift();
    assert_eq!(desk.pause.map(|pause| pause.reason), Some(PauseReason::AmountMismatch));
}

#[test]
fn the_state_survives_as_text() {
    let mut desk = Desk::default();
    desk.spend(at(10), LONGEST);
    desk.spend_update(at(10));
    desk.limited(at(20), None, 50, 7);
    desk.failed(at(30), MINUTE);
    desk.pause(PauseReason::AmountMismatch, at(35));
    desk.pause_for(PauseReason::Plan, Some(Kind::Entry), at(40));
    desk.lift();
    desk.pause_for(PauseReason::Plan, Some(Kind::Entry), at(100));
    assert!(desk.eased.is_some() && desk.under.is_some() && desk.probe_with.is_some());
    assert_eq!(Desk::from_text(&desk.to_text(), at(100)), desk);
    assert_eq!(Desk::read(&desk.to_text()), desk);
    assert_eq!((desk.past().count(), desk.ahead().count()), (5, 3));
    assert_eq!(Desk::from_text("", at(0)), Desk::default());
    let short = "10000;25 20000;;3;;auth 40000 100000 1";
    assert_eq!(Desk::from_text(short, at(100)).pause.map(|pause| pause.probes), Some(1));
}
