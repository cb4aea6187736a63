//! It ends when told, and goes on where it was.

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, until};

#[test]
fn it_ends_when_told_and_goes_on() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    service.settle();
    let begun = std::time::Instant::now();
    assert_eq!(service.stop(), 0);
    assert!(begun.elapsed().as_secs() < 10);
    assert!(!place.socket().exists());

    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    keito.forget_requests();
    let service = place.start();
    until("both are read", || (service.requests() == 2).then_some(()));
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (2, 2));
    assert_eq!(keito.asked("POST", "/").len(), 2);
}
