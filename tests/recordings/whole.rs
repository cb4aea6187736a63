//! Recorded scenarios, found as they were left.

use crate::home::{Home, copy};
use crate::keito::Keito;
use crate::report::counts;
use crate::{pool, records, scenario, silence};

#[test]
fn what_the_log_holds_is_counted_once_and_delivered() {
    pool::each(scenario::all(), |scenario| {
        let keito = Keito::start();
        let home = Home::new(&keito.origin);
        let canaries = scenario.canaries();
        copy(&scenario.folder.join("home"), home.path());
        home.until_delivered(&["run", "--once", "--json"]);
        let counts = counts(&home);
        scenario.agrees(&counts);
        records::agree(&keito.state, &counts, &scenario.name);
        // Sessions of seconds have no entry: 0.00 hours wait.
        let (_, expenses) = records::well_formed(&keito.state, &home.path().display().to_string());
        assert!(expenses >= counts.len(), "{}: {expenses} expenses", scenario.name);
        silence::answers(&home, &canaries, &scenario.name);
        silence::traces(&home, &keito.state, &canaries, &scenario.name);
    });
}
