//! The socket as programs see it: every answer is of the shape that `docs/openapi.json` says, metrics are what Prometheus
//! reads, events come as they happen, and nothing waits for the writer.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use keitod::sandbox::{Answer, Fault, Kind, Rule};
use keitod::server::ROUTES;
use serde_json::{Value, json};

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, Service, until};

fn described() -> Value {
    serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap()
}

#[test]
fn the_description_names_every_route_and_no_other() {
    let document = described();
    let named: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        })
        .collect();
    let routes: BTreeSet<(String, String)> =
        ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(named, routes);
    let told = include_str!("../../docs/socket.md");
    for (method, path) in &routes {
        assert!(
            told.contains(&format!("`{method} {path}")),
            "docs/socket.md does not tell of {method} {path}"
        );
    }
}

/// Asks, and holds the answer against the description.
struct Checked<'a> {
    document: Value,
    service: &'a Service<'a>,
    asked: BTreeSet<(String, String)>,
}

impl Checked<'_> {
    /// `target` is `path` with its names filled in, and a query.
    #[track_caller]
    fn ask(&mut self, method: &str, path: &str, target: &str, body: &str, status: &str) -> Value {
        let (text, got) = self.service.raw(method, target, body);
        assert_eq!(got, status, "{method} {target} {body}: {text}");
        let of = &self.document["paths"][path][method.to_lowercase()];
        if !body.is_empty() {
            let said: Value = serde_json::from_str(body).unwrap();
            let schema = &of["requestBody"]["content"]["application/json"]["schema"];
            let fits = self.fits(schema, &said);
            assert_eq!(fits.is_ok(), status != "400", "{method} {target} {body}: {fits:?}");
        }
        let mut answer = &of["responses"][status];
        if let Some(shared) = answer["$ref"].as_str() {
            answer = self.document.pointer(shared.trim_start_matches('#')).unwrap();
        }
        let content = answer["content"].as_object().unwrap_or_else(|| panic!("{method} {path} {status}"));
        self.asked.insert((method.to_owned(), path.to_owned()));
        let Some(schema) = content.get("application/json").map(|json| &json["schema"]) else {
            return Value::String(text);
        };
        let value: Value = serde_json::from_str(&text).unwrap();
        if let Err(wrong) = self.fits(schema, &value) {
            panic!("{method} {target} is not as described: {wrong}\n{text}");
        }
        value
    }

    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let mut whole = schema.as_object().cloned().unwrap_or_default();
        whole.insert("components".to_owned(), self.document["components"].clone());
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
        let validator = options.should_validate_formats(true).build(&Value::Object(whole)).unwrap();
        let wrong: Vec<String> = validator
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .take(5)
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }

    /// The ids of the queue's items in a state.
    #[track_caller]
    fn ids(&mut self, state: &str) -> Vec<String> {
        let target = format!("/v1/queue?state={state}");
        let queue = self.ask("GET", "/v1/queue", &target, "", "200");
        let items = queue["items"].as_array().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn every_answer_is_as_described() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let text = std::fs::read_to_string(place.path("keitod.toml")).unwrap();
    let text = text.replace("[delivery]", "[delivery]\nreview = true");
    std::fs::write(place.path("keitod.toml"), text).unwrap();
    keito.faults().add(Rule::new(Fault::Answer(Answer::status(400))).on("POST", Kind::Expenses));
    let talk = Talk::new(1, "/home/dev/work");
    let session = talk.id.clone();
    place.append("one", &{ talk }.exchange());
    place.append("two", "{\"type\":\"assistant\",\"nonsense\":true}\nnot json\n");
    let service = place.start();
    let mut of = Checked { document: described(), service: &service, asked: BTreeSet::new() };
    until("its work waits for review", || (of.ids("held").len() == 2).then_some(()));

    of.ask("GET", "/healthz", "/healthz", "", "200");
    of.ask("GET", "/metrics", "/metrics", "", "200");
    of.ask("GET", "/v1/status", "/v1/status", "", "200");
    let held = of.ids("held");
    for id in &held {
        of.ask("GET", "/v1/queue/{id}", &format!("/v1/queue/{id}"), "", "200");
        of.ask("GET", "/v1/explain/{id}", &format!("/v1/explain/{id}"), "", "200");
        of.ask("POST", "/v1/queue/{id}/approve", &format!("/v1/queue/{id}/approve"), "", "200");
    }
    until("the expense is refused, the entry is there", || {
        of.ask("POST", "/v1/flush", "/v1/flush", r#"{"settle":true,"expenses":true}"#, "200");
        (of.ids("dead").len() == 1 && of.ids("done").len() == 1).then_some(())
    });
    of.ask("GET", "/v1/status", "/v1/status", "", "200");
    // A glance waits for nothing: on a busy machine the first ones tell what was known before, and nothing of the session.
    until("a glance tells of session and queue", || {
        let glance = of.ask("GET", "/v1/statusline", &format!("/v1/statusline?session={session}"), "", "200");
        (glance["session"]["requests"] == 1 && glance["queue"]["dead"] == 1).then_some(())
    });
    of.ask("GET", "/v1/statusline", "/v1/statusline?session=none&dir=/home/dev/work", "", "200");
    of.ask("GET", "/v1/statusline", "/v1/statusline?sesion=x", "", "400");
    of.ask("GET", "/v1/sessions", "/v1/sessions?agent=claude-code&limit=3", "", "200");
    for keys in ["day", "day,project,agent", "agent,model", "session"] {
        of.ask("GET", "/v1/report", &format!("/v1/report?by={keys}&from=2026-01-01"), "", "200");
    }
    of.ask("GET", "/v1/report", "/v1/report?by=colour", "", "400");
    of.ask("GET", "/v1/explain/{id}", &format!("/v1/explain/{session}"), "", "200");
    of.ask("GET", "/v1/explain/{id}", "/v1/explain/2026-01-05", "", "200");
    of.ask("GET", "/v1/explain/{id}", "/v1/explain/nothing", "", "404");
    of.ask("GET", "/v1/audit", "/v1/audit?from=2026-01-01&to=2026-01-31", "", "200");

    let (dead, done) = (of.ids("dead").remove(0), of.ids("done").remove(0));
    of.ask("GET", "/v1/queue/{id}", &format!("/v1/queue/{done}"), "", "200");
    of.ask("GET", "/v1/explain/{id}", &format!("/v1/explain/{done}"), "", "200");
    of.ask("GET", "/v1/explain/{id}", &format!("/v1/explain/{dead}"), "", "200");
    of.ask("GET", "/v1/queue/{id}", "/v1/queue/none", "", "404");
    let retry = "/v1/queue/{id}/retry";
    of.ask("POST", retry, &format!("/v1/queue/{done}/retry"), "", "409");
    of.ask("POST", retry, &format!("/v1/queue/{dead}/retry"), r#"{"resael":true}"#, "400");
    of.ask("POST", "/v1/pause", "/v1/pause", "", "200");
    // What was done is seen by the next question.
    let status = of.ask("GET", "/v1/status", "/v1/status", "", "200");
    assert_eq!(status["state"], "paused", "{status}");
    of.ask("POST", retry, &format!("/v1/queue/{dead}/retry"), r#"{"reseal":false}"#, "200");
    let status = of.ask("GET", "/v1/status", "/v1/status", "", "200");
    assert_eq!((&status["queue"]["dead"], &status["queue"]["pending"]), (&0.into(), &1.into()), "{status}");
    of.ask("POST", "/v1/resume", "/v1/resume", "", "200");
    until("it is refused again", || {
        of.ask("POST", "/v1/flush", "/v1/flush", "", "200");
        (of.ids("dead").len() == 1).then_some(())
    });
    let discard = format!("/v1/queue/{dead}/discard");
    of.ask("POST", "/v1/queue/{id}/discard", &discard, r#"{"reason":"by hand"}"#, "200");
    of.ask("POST", "/v1/queue/{id}/approve", "/v1/queue/none/approve", "", "404");
    of.ask("POST", "/v1/sources/{agent}/approve", "/v1/sources/codex/approve", "", "404");

    let (body, wrong) =
        (json!({"zone": "Asia/Tokyo", "from": "2026-01-05T00:00:00Z"}), json!({"zone": "Moon"}));
    of.ask("POST", "/v1/set-zone", "/v1/set-zone", &body.to_string(), "200");
    // The description cannot know every zone's name.
    let (text, status) = service.raw("POST", "/v1/set-zone", &wrong.to_string());
    assert_eq!(status, "400", "{text}");
    let body = json!({"session": session, "exclude": true}).to_string();
    of.ask("POST", "/v1/assign", "/v1/assign", &body, "200");
    let body = json!({"session": session, "project": keitod::sandbox::ids::WEBSITE, "preview": true});
    let _ = service.raw("POST", "/v1/assign", &body.to_string());
    let body = json!({"from": "2019-12-01", "to": "2019-12-31"}).to_string();
    of.ask("POST", "/v1/backfill", "/v1/backfill", &body, "200");
    of.ask("POST", "/v1/rescan", "/v1/rescan", "", "202");

    of.asked.insert(("GET".to_owned(), "/v1/events".to_owned()));
    let left: Vec<_> = ROUTES
        .iter()
        .filter(|route| !of.asked.contains(&(route.method.to_owned(), route.path.to_owned())))
        .map(|route| route.path)
        .collect();
    assert!(left.is_empty(), "nobody has asked for {left:?}");
}

#[test]
fn metrics_are_what_prometheus_reads() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    service.settle();
    assert_eq!(service.raw("GET", "/nowhere", "").1, "404");
    let (page, status) = service.raw("GET", "/metrics", "");
    assert_eq!(status, "200");
    let (mut known, mut samples) = (BTreeSet::new(), BTreeSet::new());
    let mut metric = "";
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(known.insert(name) && help.ends_with('.') && help.len() > 10, "{line}");
            metric = name;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let expected = if metric.ends_with("_total") { "counter" } else { "gauge" };
            assert_eq!(rest, format!("{metric} {expected}"));
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            assert_eq!(name, metric, "{line}");
            assert!(name.starts_with("keitod_") && samples.insert(series), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            if let Some(unit) =
                ["_ms", "_millis", "_minutes", "_hours", "_kb"].iter().find(|u| name.ends_with(**u))
            {
                panic!("{name}: {unit} is no base unit");
            }
        }
    }
    for series in [
        r#"keitod_state{state="running"} 1"#,
        "keitod_caught_up 1",
        r#"keitod_queue_records{state="done"} 2"#,
        r#"keitod_source_sessions{agent="claude-code"} 1"#,
        r#"keitod_socket_answers_total{class="4xx"} 1"#,
        r#"keitod_keito_proved{kind="entry"} 1"#,
    ] {
        assert!(page.lines().any(|line| line == series), "no {series} in {page}");
    }
}

/// Reads events until one fits; gives its data.
#[track_caller]
fn event(stream: &mut BufReader<UnixStream>, kind: &str, mut fits: impl FnMut(&Value) -> bool) -> Value {
    let begun = Instant::now();
    let mut of = String::new();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(30), "no such {kind}");
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the stream ended");
        if let Some(named) = line.strip_prefix("event: ") {
            named.trim_end().clone_into(&mut of);
        }
        if let Some(data) = line.strip_prefix("data: ").filter(|_| of == kind) {
            let data: Value = serde_json::from_str(data).unwrap();
            if fits(&data) {
                return data;
            }
        }
    }
}

#[test]
fn events_come_as_they_happen() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.log_of("one");
    let service = place.start();
    let of = Checked { document: described(), service: &service, asked: BTreeSet::new() };
    let mut stream = UnixStream::connect(place.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(b"GET /v1/events HTTP/1.1\r\nhost: k\r\n\r\n").unwrap();
    let mut stream = BufReader::new(stream);
    let first = event(&mut stream, "status", |_| true);
    assert_eq!(first["today"]["requests"], 0);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let shape = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let reads = |source: &Value| source["agent"] == "claude-code" && source["sessions"] == 1;
    let open = event(&mut stream, "status", |status| status["sources"].as_array().unwrap().iter().any(reads));
    of.fits(&shape("Status"), &open).unwrap();
    service.settle();
    let done = event(&mut stream, "record", |item| item["state"] == "done");
    of.fits(&shape("QueueItem"), &done).unwrap();
    event(&mut stream, "status", |status| status["queue"]["done"] == 2);
    // A stop ends the stream and does not wait for it.
    let begun = Instant::now();
    assert_eq!(service.stop(), 0);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[test]
fn nothing_that_is_shown_waits_for_the_writer() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    service.settle();
    // Whoever else writes to the database, for seconds.
    let other = rusqlite::Connection::open(place.path("state/keitod.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
    while begun.elapsed() < Duration::from_secs(2) {
        for path in ["/v1/status", "/v1/queue", "/v1/report", "/metrics", "/v1/statusline?session=x"] {
            let asked = Instant::now();
            assert_eq!(service.raw("GET", path, "").1, "200", "{path}");
            slowest = slowest.max(asked.elapsed());
        }
    }
    assert!(slowest < Duration::from_secs(1), "one was behind the writer: {slowest:?}");
    other.execute_batch("ROLLBACK").unwrap();
    until("the writer goes on", || (service.requests() == 2).then_some(()));
    service.settle();
    assert_eq!(service.stop(), 0);
}
