//! Nothing is sealed before all was read, and what was ready by then leaves right after.

use std::time::Duration;

use keitod::sandbox::ids;

use super::Line;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn what_was_ready_before_all_was_read_leaves_then() {
    let mut line = Line::start(|_, _| {}).await;
    line.clerk().set_caught_up(false).unwrap();
    line.session("a", ids::WEBSITE, 0, 10, 1);
    line.pass(2 * HOUR);
    // Who we are is known before the reading is done.
    line.turn().await;
    assert!(line.keito.state().entries().is_empty());
    line.clerk().set_caught_up(true).unwrap();
    line.run(HOUR).await;
    assert_eq!((line.keito.state().entries().len(), line.keito.state().expenses().len()), (1, 1));
}
