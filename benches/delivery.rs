//! How fast does a queue leave? Sessions of a month are sealed and delivered to an embedded Keito on loopback without a
//! limit, at most four requests under way, with listings, proof and stored intents.
//!
//! `cargo bench --bench delivery` prints records a second from the first to the last one that was answered, and what one
//! costs beside a bare POST of the same shape to the same server over four connections, in the same run.
//! `KEITOD_BENCH_RECORDS` is another number of records (1000).

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark ends where it must")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Daemon, Place, number, ratio, wait};
use keitod::sandbox::{ACCOUNT, KEY, ids};
use serde_json::Value;

/// Records of a session: an entry and an expense.
const RECORDS: usize = 2;
const IN_FLIGHT: usize = 4;

fn config() -> String {
    format!(
        "since = \"2020-01-01T00:00:00Z\"\ntimezone = \"UTC\"\n[delivery]\nrequests_per_minute = 1000000\nin_flight = {IN_FLIGHT}\n\
         [keito]\nexpense_category_id = \"{}\"\n[default]\nproject_id = \"{}\"\ntask_id = \"{}\"\n",
        ids::LLM_USAGE,
        ids::WEBSITE,
        ids::DEVELOPMENT
    )
}

fn post(stream: &mut BufReader<TcpStream>, host: &str) {
    let day = keitod::daemon::time::now().to_string();
    let padding = "x".repeat(700);
    let body = format!(
        r#"{{"project_id":"{}","task_id":"{}","spent_date":"{}","hours":0.25,"notes":"bare","source":"agent","metadata":{{"padding":"{padding}"}}}}"#,
        ids::WEBSITE,
        ids::DEVELOPMENT,
        &day[..10]
    );
    write!(
        stream.get_mut(),
        "POST /api/v2/time_entries HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {KEY}\r\nkeito-account-id: {ACCOUNT}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let (mut line, mut length, mut first) = (String::new(), 0, None);
    loop {
        line.clear();
        stream.read_line(&mut line).unwrap();
        first.get_or_insert_with(|| line.clone());
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    let first = first.unwrap();
    assert!(first.contains(" 20"), "{first}{}", String::from_utf8_lossy(&body));
}

/// What a POST costs that nobody has to answer for.
fn bare(host: &str, count: usize) -> Duration {
    let begun = Instant::now();
    let one = || {
        let mut stream = BufReader::new(TcpStream::connect(host).unwrap());
        stream.get_ref().set_nodelay(true).unwrap();
        (0..count / IN_FLIGHT).for_each(|_| post(&mut stream, host));
    };
    std::thread::scope(|scope| (0..IN_FLIGHT).for_each(|_| _ = scope.spawn(one)));
    begun.elapsed() / u32::try_from(count).unwrap()
}

fn main() {
    let records = number("KEITOD_BENCH_RECORDS", 1000);
    let sessions = records / RECORDS;
    let place = Place::new(&config());
    // Ten minutes with ten requests each, over a month, settled for two hours.
    for session in 0..sessions {
        let back = i64::try_from(7_200 + session * 2_500_000 / sessions).unwrap();
        place.session(session, back, 10, 0);
    }
    let mut sandbox = Daemon(place.keitod(&["sandbox", "--json"]).stdout(Stdio::piped()).spawn().unwrap());
    let mut document = String::new();
    let mut said = BufReader::new(sandbox.0.stdout.take().unwrap());
    let document: Value = loop {
        said.read_line(&mut document).unwrap();
        if let Ok(document) = serde_json::from_str(&document) {
            break document;
        }
    };
    let url = document["url"].as_str().unwrap().to_owned();
    let host = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut command = place.keitod(&["run"]);
    command.env("KEITO_API_URL", &url).env("KEITO_API_KEY", KEY).env("KEITO_ACCOUNT_ID", ACCOUNT);
    let started = Instant::now();
    let daemon = place.daemon_by(command);
    let done = || place.status().map_or(0, |status| status["queue"]["done"].as_u64().unwrap_or(0));
    wait("the first record", || done() > 0);
    let (first, begun) = (done(), Instant::now());
    let mut told = Instant::now();
    wait("the last record", || {
        if told.elapsed() > Duration::from_secs(10) {
            println!("… {} after {:?}", done(), begun.elapsed());
            told = Instant::now();
        }
        done() >= records as u64
    });
    let took = begun.elapsed();
    let count = u32::try_from(done() - first).unwrap();
    let each = took / count.max(1);
    println!(
        "{count} records in {took:?} ({:?} from the start of the daemon to the last): {} a second, {each:?} each",
        started.elapsed(),
        u128::from(count) * 1000 / took.as_millis().max(1)
    );
    drop(daemon);
    let plain = bare(&host, 1000);
    println!("a bare POST to it over {IN_FLIGHT} connections: {plain:?} each; ratio {}", ratio(each, plain));
    drop(sandbox);
}
