//! Records on which keitod itself fails: they are left to a person, and all others go on.

use std::time::Duration;

use keitod::daemon::clerk::Effect;
use keitod::sandbox::ids;

use super::Line;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_session_that_cannot_be_computed_is_set_aside() {
    let mut line = Line::start(|_, _| {}).await;
    line.session("bad", "poison", 0, 0, 1);
    line.session("good", ids::WEBSITE, 0, 0, 1);
    line.run(HOUR).await;
    assert_eq!(line.keito.state().expenses().len(), 1);
    let dues = line.clerk().store().view().dues().unwrap();
    assert_eq!(dues.iter().map(|due| due.reason.as_str()).collect::<Vec<_>>(), ["poison"]);
}

#[tokio::test]
async fn a_write_whose_sending_panics_is_dead_after_three_times() {
    for (breaks, state, stored) in [(2, "done", 1), (3, "dead poison", 0)] {
        let mut line = Line::start(|_, _| {}).await;
        line.session("proof", ids::WEBSITE, 0, 0, 1);
        line.run(HOUR).await;
        line.breaks = breaks;
        line.session("bad", ids::WEBSITE, 60, 0, 1);
        line.run(6 * HOUR).await;
        assert_eq!((line.state(2).as_str(), line.keito.state().expenses().len()), (state, stored + 1));
    }
}

/// Has a write on its way, and dies.
async fn die(line: &mut Line, of_a_panic: bool) {
    loop {
        let now = line.now();
        let polled = line.clerk().poll(now, 0).unwrap();
        let idle = polled.effects.is_empty() && !polled.more;
        for effect in polled.effects {
            if matches!(effect, Effect::Send { .. }) {
                if of_a_panic {
                    line.clerk().note_panic();
                }
                line.restart();
                return;
            }
            line.carry_out(effect).await;
        }
        if idle {
            line.pass(Duration::from_secs(10));
        }
    }
}

#[tokio::test]
async fn two_panics_with_the_same_write_on_its_way_and_not_two_kills() {
    for (panics, state) in
        [([true, true], "dead poison"), ([true, false], "unknown"), ([false, false], "unknown")]
    {
        let mut line = Line::start(|_, _| {}).await;
        line.session("proof", ids::WEBSITE, 0, 0, 1);
        line.run(HOUR).await;
        line.session("bad", ids::WEBSITE, 60, 0, 1);
        for panic in panics {
            die(&mut line, panic).await;
        }
        assert_eq!(line.state(2), state, "{panics:?}");
    }
}
