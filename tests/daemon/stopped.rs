//! A process that is stopped (SIGSTOP, a frozen machine) goes on and misses nothing.

use rustix::process::Signal;

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, until};

#[test]
fn a_stopped_daemon_goes_on() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("one", &talk.exchange());
    let service = place.start();
    service.settle();
    for round in 2..6 {
        service.signal(Signal::STOP);
        place.append("one", &talk.exchange());
        place.append(&format!("s{round}"), &Talk::new(round, "/home/dev/work").exchange());
        service.signal(Signal::CONT);
        until("what was written meanwhile is read", || (service.requests() == 2 * round - 1).then_some(()));
        until("it says so", || {
            let said = place.log().matches("stopped for a while").count() as u64;
            (said == round - 1).then_some(())
        });
    }
    service.settle();
    assert_eq!(keito.entries().len(), 5);
    let requests = |posted: &keitod::sandbox::Expense| {
        posted.metadata.as_ref().and_then(|meta| meta.text("requests")).unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(keito.expenses().iter().map(requests).sum::<u64>(), 9);
    assert_eq!(service.stop(), 0);
}
