//! A machine that sleeps while an answer is on its way.

use std::time::Duration;

use keitod::daemon::clerk::Effect;
use keitod::model::Kind;
use keitod::sandbox::ids;

use super::Line;

#[tokio::test]
async fn a_listing_that_was_slept_over_is_made_again_before_anything_is_posted() {
    let mut line = Line::start(|_, _| ()).await;
    line.session("a", ids::WEBSITE, -3000, 3, 1);
    line.until(|effect| matches!(effect, Effect::Send { .. })).await;
    line.run(Duration::from_secs(3600)).await;
    line.session("b", ids::WEBSITE, 0, 3, 1);
    line.pass(Duration::from_secs(3600));
    let (mut slept, mut lists) = (false, 0);
    for _ in 0..10_000 {
        if line.keito.state().entries().len() == 2 {
            return;
        }
        let now = line.now();
        let polled = line.clerk().poll(now, u32::MAX).unwrap();
        for effect in polled.effects {
            match effect {
                Effect::List { kind: Kind::Entry, .. } if !slept => {
                    slept = true;
                    line.carry_out_asleep(effect, Duration::from_secs(8 * 3600)).await;
                }
                Effect::Send { kind: Kind::Entry, .. } => {
                    assert!(slept && lists > 0, "it was listed eight hours ago");
                    line.carry_out(effect).await;
                }
                effect => {
                    lists += usize::from(matches!(effect, Effect::List { kind: Kind::Entry, .. }));
                    line.carry_out(effect).await;
                }
            }
        }
        line.pass(Duration::from_millis(20));
    }
    panic!("in vain");
}
