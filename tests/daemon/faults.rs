//! A fault of keitod in any of its parts ends it, says where and nothing else, and loses nothing.

use crate::hooks::Hooks;
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, until};

#[test]
fn a_fault_in_a_part_is_the_end_of_all() {
    for (number, part) in (1..).zip(["reader", "clerk", "sender"]) {
        let keito = Keito::start();
        let mut place = Place::new(&keito.origin);
        let hooks = Hooks::arm(&mut place);
        place.append("one", &Talk::new(number, "/home/dev/work").exchange());
        let service = place.start();
        service.settle();
        hooks.set(part, "panic with canary-7e11");
        place.append("two", &Talk::new(number + 10, "/home/dev/work").exchange());
        hooks.reached(part);
        assert_eq!(service.ended(), 6, "{part}: {}", place.log());
        let log = place.log();
        assert!(log.contains("a fault of keitod") && log.contains("src/daemon/hooks.rs:"), "{part}: {log}");
        assert!(!log.contains("canary"), "{part}: {log}");
        assert!(!place.socket().exists(), "{part}");
        let service = place.start();
        until("both are read", || (service.requests() == 2).then_some(()));
        service.settle();
        assert_eq!((keito.entries().len(), keito.expenses().len()), (2, 2), "{part}");
        assert_eq!(service.stop(), 0);
    }
}
