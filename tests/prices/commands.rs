//! `keitod prices`: what a person sees, and what a fetched file may do to a start.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Ended, ended, keitod};

const TABLE: &str = include_str!("../../config/prices/table.json");

/// The table in the binary with a new model and of a later day.
fn newer(day: &str, input: &str) -> String {
    let mut table: Value = serde_json::from_str(TABLE).unwrap();
    table["version"] = json!(day);
    let row = json!({"platform": "anthropic", "model": "claude-opus-9", "source": ["batch"],
                     "rates": {"input": input, "output": "25"}});
    table["rows"].as_array_mut().unwrap().push(row);
    table.to_string()
}

fn prices(home: &Path, words: &[&str]) -> Ended {
    let state = home.join("state");
    let run = keitod(home).env("KEITOD_STATE_DIR", &state).arg("prices").args(words).output();
    ended(&run.unwrap())
}

fn document(home: &Path, words: &[&str]) -> Value {
    let said = prices(home, &[words, &["--json"]].concat());
    serde_json::from_str(&said.out).unwrap()
}

/// The day and the origin of the table in force.
fn in_force(home: &Path) -> (String, String) {
    let said = document(home, &["check"]);
    let word = |key: &str| said[key].as_str().unwrap().to_owned();
    (word("origin"), word("version"))
}

#[test]
fn a_person_sees_what_a_model_costs_and_who_says_so() {
    let home = tempfile::tempdir().unwrap();
    let shown = prices(home.path(), &["show", "claude-opus-4-6[1m]"]);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
    for word in [
        "anthropic/claude-opus-4-6",
        "2026-03-13",
        "(fast)",
        "from 200001 tokens",
        "us x 1.1",
        "cache_write_1h",
        "source: genai-prices 0.2.3",
    ] {
        assert!(shown.out.contains(word), "{word}: {}", shown.out);
    }
    let words = [
        "explain",
        "claude-opus-4-7",
        "--at",
        "2026-05-04T08:00:00Z",
        "--input",
        "7",
        "--cache-read",
        "143210",
    ];
    let more = ["--cache-write", "3301", "--cache-write-1h", "18007", "--output", "912", "--geo", "us"];
    let explained = prices(home.path(), &[&words[..], &more[..]].concat());
    assert_eq!(explained.code, 0, "{}", explained.err);
    for word in ["18007", "x 1.1", "0.324655375", "anthropic/claude-opus-4-7@start", "source: geo-us"] {
        assert!(explained.out.contains(word), "{word}: {}", explained.out);
    }
    let said = document(home.path(), &[&words[..], &more[..]].concat());
    assert_eq!((said["usd"].as_str(), said["factor"].as_str()), (Some("0.324655375"), Some("1.1")));
    let said = document(home.path(), &["explain", "gpt-5.6-sol", "--cache-write-1h", "1"]);
    assert_eq!(said["lines"][0]["class"], "cache_write_12h");

    let unknown = prices(home.path(), &["show", "claude-opus-9-9"]);
    assert_eq!(unknown.code, 4);
    assert!(unknown.out.contains("[[price]]"), "{}", unknown.out);
    let product = prices(home.path(), &["show", "codex-auto-review"]);
    assert_eq!(product.code, 4);
    assert!(product.out.contains("not published"), "{}", product.out);
    assert_eq!(prices(home.path(), &["explain", "claude-opus-9-9", "--input", "1"]).code, 4);

    let listed = prices(home.path(), &["list", "--platform", "x-ai", "--at", "2026-11-01T00:00:00Z"]);
    assert!(listed.out.contains("grok-4.7") && !listed.out.contains("gpt-5"), "{}", listed.out);
}

#[test]
fn the_users_own_prices_are_shown_and_checked() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("c.toml");
    let write = |text: &str| std::fs::write(&config, text).unwrap();
    write(
        "[[price]]\nmodel = \"gpt-5.5\"\ninput = \"4\"\nto = \"2026-12-01T00:00:00Z\"\n[[price]]\nmodel = \"mine\"\ninput = \"1\"\n",
    );
    let with =
        |words: &[&str]| prices(home.path(), &[words, &["--config", config.to_str().unwrap()]].concat());
    let at = |at: &'static str| ["explain", "gpt-5.5", "--input", "1000000", "--at", at];
    assert!(with(&at("2026-11-30T23:59:59Z")).out.contains("override"), "before its end");
    assert!(!with(&at("2026-12-01T00:00:00Z")).out.contains("override"), "after its end");
    assert!(with(&["show", "gpt-5.5"]).out.contains("[[price]]"));
    assert_eq!(with(&["show", "mine"]).code, 0);
    let checked = with(&["check"]);
    assert_eq!(checked.code, 8);
    assert!(
        checked.out.contains("[[price]] mine") && checked.out.contains("needs output"),
        "{}",
        checked.out
    );
    write("[[price]]\nmodel = \"mine\"\ninput = \"1\"\noutput = \"2\"\n");
    assert_eq!(with(&["check"]).code, 0);
}

#[test]
fn what_was_fetched_is_used_while_it_is_good() {
    let home = tempfile::tempdir().unwrap();
    let (path, state) = (home.path(), home.path().join("state"));
    let file = path.join("new.json");
    let update = |text: &str| {
        std::fs::write(&file, text).unwrap();
        prices(path, &["update", "--from", file.to_str().unwrap()])
    };
    let embedded = in_force(path);
    assert_eq!(embedded.0, "embedded");
    let missing = prices(path, &["update", "--from", "/no/such/file"]);
    assert_eq!(missing.code, 4, "{}", missing.err);

    // Refused: nothing changes.
    for (text, word) in [
        ("{", "not readable"),
        (&newer("2026-01-01", "5"), "older than the one in use"),
        (&newer("2026-11-22", "0"), "free"),
        (&newer("2026-11-22", "-5"), "is not a price"),
        (&newer("2026-11-22", "5").replace("claude-3-opus\"", "claude-3-lost\""), ""),
    ] {
        let refused = update(text);
        assert_eq!(refused.code, 2, "{}", refused.out);
        assert!(refused.err.contains("stay as they are") && refused.err.contains(word), "{}", refused.err);
        assert_eq!(in_force(path), embedded);
    }

    assert_eq!(update(&newer("2026-11-22", "5")).code, 0);
    let first = ("refreshed".to_owned(), "2026-11-22".to_owned());
    assert_eq!(in_force(path), first);
    assert_eq!(prices(path, &["show", "claude-opus-9"]).code, 0);
    assert!(update(&newer("2026-11-22", "5")).out.contains("are the newest"));
    assert_eq!(update(&newer("2026-11-21", "5")).code, 2);

    // The last good one, whatever became of the newest.
    let two = newer("2026-11-23", "5");
    assert_eq!(update(&two).code, 0);
    let newest = state.join("prices.json");
    let bad: [&[u8]; 5] =
        [b"", &two.as_bytes()[..two.len() / 2], b"\xff\xfe", b"{\"schema\":99}", &[b' '; (8 << 20) + 2]];
    for bytes in bad {
        std::fs::write(&newest, bytes).unwrap();
        assert_eq!(in_force(path), first, "{} bytes", bytes.len());
        let checked = prices(path, &["check"]);
        assert_eq!(checked.code, 8);
        assert!(checked.out.contains("prices.json") && checked.out.contains("not"), "{}", checked.out);
    }
    std::fs::write(state.join("prices.before.json"), "[]").unwrap();
    assert_eq!(in_force(path), embedded);
    // A start says so and goes on.
    let run = keitod(path).env("KEITOD_STATE_DIR", &state).args(["run", "--once"]).output().unwrap();
    let run = ended(&run);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("prices.json are not used"), "{}", run.err);
    // So does the status, for as long as it is so.
    let status = |words: &[&str]| {
        let output = keitod(path).env("KEITOD_STATE_DIR", &state).args(words).output().unwrap();
        ended(&output)
    };
    let shown: Value = serde_json::from_str(&status(&["status", "--json"]).out).unwrap();
    let unused = shown["prices_unused"].as_array().unwrap();
    assert_eq!(unused.len(), 2, "{unused:?}");
    assert!(unused[0].as_str().unwrap().contains("prices.json are not used"), "{unused:?}");
    assert!(status(&["status"]).out.contains("prices.before.json are not used"));
    // And the next update heals it.
    assert_eq!(update(&two).code, 0);
    assert_eq!(in_force(path), ("refreshed".to_owned(), "2026-11-23".to_owned()));
    std::fs::remove_file(state.join("prices.before.json")).unwrap();
    let healed: Value = serde_json::from_str(&status(&["status", "--json"]).out).unwrap();
    assert!(healed.get("prices_unused").is_none(), "{healed}");
}

/// Answers each connection with the next of `answers`; the heads of the requests.
fn serve(answers: Vec<Vec<u8>>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/prices.json", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            seen.lock().unwrap().push(head(&mut stream));
            // A client that has seen enough hangs up.
            let _ = stream.write_all(&answer);
        }
    });
    (url, heads)
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

#[test]
fn prices_are_fetched_once_and_by_their_tag() {
    let home = tempfile::tempdir().unwrap();
    let table = newer("2026-11-22", "5");
    let long = " ".repeat((8 << 20) + 1);
    let (url, heads) = serve(vec![
        answer("302 Found", "Location: http://127.0.0.1:9/\r\n", ""),
        answer("200 OK", "", &long),
        answer("200 OK", "ETag: \"one\"\r\n", &table),
        answer("304 Not Modified", "ETag: \"one\"\r\n", ""),
        answer("500 Oops", "", "no"),
    ]);
    let update = || prices(home.path(), &["update", "--from", &url]);
    for word in ["answered 302", "longer than"] {
        let ended = update();
        assert_eq!(ended.code, 7);
        assert!(ended.err.contains(word), "{}", ended.err);
    }
    assert_eq!(update().code, 0);
    let again = update();
    assert_eq!((again.code, again.out.contains("are the newest")), (0, true), "{}", again.err);
    assert_eq!(update().code, 7);
    assert_eq!(in_force(home.path()).1, "2026-11-22");
    let heads = heads.lock().unwrap();
    let tagged: Vec<bool> =
        heads.iter().map(|head| head.to_ascii_lowercase().contains("if-none-match: \"one\"")).collect();
    assert_eq!(tagged, [false, false, false, true, true]);
    assert!(!heads.iter().any(|head| head.to_ascii_lowercase().contains("authorization")));

    for url in ["http://example.com/p.json", "https://me:secret@example.com/p.json", "ftp://127.0.0.1/p"] {
        let refused = prices(home.path(), &["update", "--from", url]);
        assert_eq!(refused.code, 2, "{}", refused.err);
        assert!(!refused.err.contains("no answer"), "{}", refused.err);
    }
}
