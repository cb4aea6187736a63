//! The network is gone, or names are: everything waits and arrives once.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keitod::sandbox::{self, ids};

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, until};

/// A network without anything in it, for one command. `None`: this system gives none to us.
fn unconnected(place: &mut Place) -> Option<(i32, String, String)> {
    let can = Command::new("unshare").args(["-n", "true"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("skipped: no network namespace without root and unshare");
        return None;
    }
    place.through = Some(vec!["unshare".to_owned(), "-n".to_owned()]);
    let ended = place.run(&["run", "--once"]);
    place.through = None;
    Some(ended)
}

#[test]
fn without_a_network_everything_waits() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let Some((code, _, err)) = unconnected(&mut place) else { return };
    assert_eq!(code, 7, "{err}");
    assert!(keito.requests().is_empty());
    let service = place.start();
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
}

#[test]
fn without_names_everything_waits() {
    let place = Place::new("https://keito.invalid");
    place.patient();
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let (code, _, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 7, "{err}");
}

/// A Keito in a network of its own, whose only link can be cut.
struct Island {
    keito: Child,
    network: String,
}

const PORT: &str = "8300";

impl Island {
    fn new() -> Option<Self> {
        let mut command = Command::new("unshare");
        let script =
            format!("ip link set lo up && exec {} sandbox --port {PORT}", env!("CARGO_BIN_EXE_keitod"));
        command.args(["-n", "sh", "-c", &script]).stdout(Stdio::null()).stderr(Stdio::null());
        let keito = command.spawn().ok()?;
        let network = format!("--net=/proc/{}/ns/net", keito.id());
        let mut island = Self { keito, network };
        let up = || {
            let ended = island.keito.try_wait().unwrap().is_some();
            let answers =
                island.inside("curl", &["--silent", "--fail", &format!("http://127.0.0.1:{PORT}/")]);
            (ended || answers.is_some()).then_some(!ended)
        };
        if until("Keito answers, or cannot be started", up) {
            return Some(island);
        }
        println!("skipped: no network namespace without root, unshare and ip");
        None
    }

    fn inside(&self, program: &str, words: &[&str]) -> Option<String> {
        let mut command = Command::new("nsenter");
        let output = command.arg(&self.network).arg(program).args(words).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn link(&self, state: &str) {
        assert!(self.inside("ip", &["link", "set", "lo", state]).is_some(), "the link does not go {state}");
    }

    fn count(&self, path: &str) -> u64 {
        let key = format!("Authorization: Bearer {}", sandbox::KEY);
        let account = format!("Keito-Account-Id: {}", sandbox::ACCOUNT);
        let url = format!("http://127.0.0.1:{PORT}/api/v2/{path}?source=agent");
        let text = self.inside("curl", &["--silent", "-H", &key, "-H", &account, &url]).unwrap();
        let page: serde_json::Value = serde_json::from_str(&text).unwrap();
        page["total_entries"].as_u64().unwrap()
    }
}

impl Drop for Island {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.keito.kill();
        let _ = self.keito.wait();
    }
}

#[test]
fn a_link_that_comes_and_goes_sends_nothing_twice() {
    let Some(island) = Island::new() else { return };
    let mut place = Place::new(&format!("http://127.0.0.1:{PORT}"));
    place.through = Some(vec!["nsenter".to_owned(), island.network.clone()]);
    place.config(&format!(
        "request_timeout = \"1s\"\nconnect_timeout = \"1s\"\n[default]\nproject_id = \"{}\"\ntask_id = \"{}\"\n",
        ids::WEBSITE,
        ids::DEVELOPMENT
    ));
    let service = place.start();
    for round in 1..=8 {
        place.append(&format!("s{round}"), &Talk::new(round, "/home/dev/work").exchange());
        until("it is read", || (service.requests() == round).then_some(()));
        // Somewhere between the first listing and the last answer, another place each round.
        std::thread::sleep(Duration::from_millis(900 + 40 * round));
        island.link("down");
        std::thread::sleep(Duration::from_millis(300));
        island.link("up");
    }
    until("everything is there", || {
        service.flush();
        (island.count("time_entries") >= 8 && island.count("expenses") >= 8).then_some(())
    });
    service.settle();
    assert_eq!((island.count("time_entries"), island.count("expenses")), (8, 8));
    assert_eq!(service.stop(), 0);
}
