//! The key is nowhere but where it was given and in the Authorization header; what keitod writes is its user's alone.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use keitod::sandbox::{self, Settings};

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, Service, until};

const CANARY: &str = "kto_CANARY5e6f7a8b9c";

fn holds(bytes: &[u8]) -> bool {
    // Base64 of it would be found by no search for itself: no header of ours is encoded so.
    memchr::memmem::find(bytes, b"CANARY").is_some()
}

/// Every file below, but for links.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

/// A Keito that takes the canary for a key.
fn keito() -> Keito {
    let mut settings = Settings::default();
    settings.keys[0].token = CANARY.to_owned();
    Keito::with(settings)
}

/// Where a key may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Environment,
    Systemd,
    Command,
    File,
    Cli,
}

const ALL: [From; 5] = [From::Environment, From::Systemd, From::Command, From::File, From::Cli];

/// Gives the key. Returns the file that has it, if one does.
fn give(place: &mut Place, from: From) -> Option<PathBuf> {
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    let with = |words: String| text.replace("[keito]\n", &format!("[keito]\n{words}"));
    let private = |path: PathBuf, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    place.key = None;
    match from {
        From::Environment => {
            place.key = Some(CANARY);
            None
        }
        From::Systemd => {
            place.more.push(("CREDENTIALS_DIRECTORY", place.path("credentials").display().to_string()));
            place.more.push(("KEITO_ACCOUNT_ID", sandbox::ACCOUNT.to_owned()));
            Some(private(place.path("credentials/keito-api-key"), CANARY))
        }
        From::Command => {
            let file = private(place.path("store"), CANARY);
            let words = format!("api_key_command = [\"cat\", \"{}\"]\n", file.display());
            place.more.push(("PATH", "/usr/bin:/bin".to_owned()));
            place.more.push(("KEITO_ACCOUNT_ID", sandbox::ACCOUNT.to_owned()));
            fs::write(place.path("keitod.toml"), with(words)).unwrap();
            Some(file)
        }
        From::File => {
            let file = private(place.path("api-key"), CANARY);
            let words =
                format!("api_key_file = \"{}\"\naccount_id = \"{}\"\n", file.display(), sandbox::ACCOUNT);
            fs::write(place.path("keitod.toml"), with(words)).unwrap();
            Some(file)
        }
        From::Cli => {
            let text = format!("api_key = \"{CANARY}\"\naccount_id = \"{}\"\n", sandbox::ACCOUNT);
            Some(private(place.path(".config/keito/config.toml"), &text))
        }
    }
}

/// What the system shows of a process and of those that it started.
fn shown_by_the_system(pid: u32) -> Vec<(String, Vec<u8>)> {
    let mut shown = Vec::new();
    for name in ["cmdline", "environ", "comm", "status", "maps"] {
        let path = format!("/proc/{pid}/{name}");
        if let Ok(bytes) = fs::read(&path) {
            shown.push((path, bytes));
        }
    }
    // What it has open and can be read once more: no pipe and no file in memory that was left behind.
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        if target.starts_with("/memfd:") || target.to_string_lossy().contains("(deleted)") {
            shown.push((
                format!("{} → {}", entry.path().display(), target.display()),
                fs::read(entry.path()).unwrap_or_default(),
            ));
        }
    }
    shown
}

/// Looks everywhere, `known` being the file that may hold it.
#[track_caller]
fn nowhere(place: &Place, service: &Service<'_>, known: Option<&Path>, what: &str) {
    for (name, bytes) in shown_by_the_system(service.child.id()) {
        assert!(!holds(&bytes), "{what}: {name}");
    }
    for path in ["/v1/status", "/v1/sessions", "/v1/queue", "/v1/report", "/metrics", "/v1/statusline"] {
        assert!(!holds(service.raw("GET", path, "").0.as_bytes()), "{what}: {path}");
    }
    for words in [
        &["status"][..],
        &["status", "--json"],
        &["queue", "list"],
        &["queue", "list", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["config", "show", "--origin"],
        &["config", "show", "--json"],
        &["config", "check"],
        &["audit"],
        &["report"],
    ] {
        let (_, out, err) = place.run(words);
        assert!(!holds(out.as_bytes()) && !holds(err.as_bytes()), "{what}: {words:?}: {out}{err}");
    }
    let mut found = Vec::new();
    files(place.home(), &mut found);
    assert!(found.iter().any(|path| path.ends_with("keitod.db")), "{found:?}");
    for path in found.iter().filter(|path| Some(path.as_path()) != known) {
        assert!(!holds(&fs::read(path).unwrap_or_default()), "{what}: {}", path.display());
    }
}

#[test]
fn the_key_is_nowhere_but_in_its_header() {
    for from in ALL {
        let keito = keito();
        let mut place = Place::new(&keito.origin);
        // All that can be said is said.
        let config = fs::read_to_string(place.path("keitod.toml")).unwrap();
        fs::write(place.path("keitod.toml"), format!("{config}[log]\nlevel = \"trace\"\n")).unwrap();
        let known = give(&mut place, from);
        place.append("one", &Talk::new(1, "/home/dev/work").exchange());
        let service = place.start();
        until("it is delivered", || {
            (keito.expenses().len() == 1 && keito.entries().len() == 1).then_some(())
        });
        service.signal(rustix::process::Signal::HUP);
        until("it is heard", || place.log().contains("are looked at again").then_some(()));
        nowhere(&place, &service, known.as_deref(), &format!("{from:?}"));
        for request in keito.requests() {
            for (name, value) in &request.headers {
                assert_eq!(holds(value.as_bytes()), name == "authorization", "{name}");
            }
            let rest = format!("{} {:?}", request.path, request.query);
            assert!(!holds(rest.as_bytes()) && !holds(&request.body), "{rest}");
        }
        assert_eq!(service.stop(), 0, "{from:?}");
        assert!(!holds(place.log().as_bytes()), "{from:?}: to the end");
    }
}

/// Commands that end by themselves are given the key in their environment, too; those that live long give it away.
#[test]
fn a_pass_over_everything_takes_the_key_out_of_its_environment_too() {
    let keito = keito();
    let mut place = Place::new(&keito.origin);
    place.key = Some(CANARY);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let (code, _, err) = place.run(&["run", "--once"]);
    assert_eq!((code, keito.entries().len()), (0, 1), "{err}");
    // What it starts has neither the key nor the pipe.
    place.key = None;
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    let spy = "tr '\\\\0' '\\\\n' </proc/self/environ >\\\"$HOME/seen\\\"; cat >>\\\"$HOME/seen\\\"; exit 1";
    let words = format!("api_key_command = [\"sh\", \"-c\", \"{spy}\"]\n");
    fs::write(place.path("keitod.toml"), text.replace("[keito]\n", &format!("[keito]\n{words}"))).unwrap();
    place.more.push(("PATH", "/usr/bin:/bin".to_owned()));
    // A blank key is none, and is taken out all the same.
    place.more.push(("KEITO_API_KEY", "  ".to_owned()));
    // Credentials that cannot be had are a fault of the config.
    assert_eq!(place.run(&["run", "--once"]).0, 8);
    let seen = fs::read_to_string(place.path("seen")).unwrap();
    assert!(seen.contains("HOME=") && !seen.contains("KEITO_API_KEY"), "{seen}");
    // A mark that somebody else has set means nothing: nothing waits for standard input.
    place.more.push(("KEITOD_KEY_ON_STDIN", "1".to_owned()));
    assert_eq!(place.run(&["run", "--once"]).0, 8);
}

/// A server that answers with all that it was asked, its header fields included.
fn echoing(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut head, mut length) = (String::new(), 0);
                while reader.read_line(&mut head).is_ok_and(|read| read > 2) {
                    let line = head.lines().last().unwrap_or_default().to_lowercase();
                    if let Some(value) = line.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap_or(0);
                    }
                }
                let mut body = vec![0; length];
                let _ = reader.read_exact(&mut body);
                let said = serde_json::json!({"error": "invalid_request", "error_description": head, "message": head});
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{said}",
                    said.to_string().len()
                );
                let _ = (&stream).write_all(answer.as_bytes());
            });
        }
    });
    origin
}

#[test]
fn a_server_that_quotes_the_key_makes_nobody_else_quote_it() {
    for status in
        ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "422 Unprocessable", "500 Oops", "200 OK"]
    {
        let mut place = Place::new(&echoing(status));
        let config = fs::read_to_string(place.path("keitod.toml")).unwrap();
        fs::write(place.path("keitod.toml"), format!("{config}[log]\nlevel = \"trace\"\n")).unwrap();
        place.key = Some(CANARY);
        place.append("one", &Talk::new(1, "/home/dev/work").exchange());
        let service = place.start();
        until("it is read", || (service.requests() == 1).then_some(()));
        service.flush();
        service.flush();
        nowhere(&place, &service, None, status);
        assert_eq!(service.stop(), 0, "{status}");
    }
}

/// A certificate that nobody vouches for: somebody may be in between, and the key does not leave.
#[test]
fn a_bad_certificate_pauses_and_the_key_does_not_leave() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let config = tokio_rustls::rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let config = std::sync::Arc::new(config);
        for mut stream in listener.incoming().flatten() {
            let mut tls =
                tokio_rustls::rustls::ServerConnection::new(std::sync::Arc::clone(&config)).unwrap();
            let whole = tls.complete_io(&mut stream).is_ok() && !tls.is_handshaking();
            let mut said = Vec::new();
            let _ = tls.reader().read_to_end(&mut said);
            let _ = tell.send((whole, said));
        }
    });
    let mut place = Place::new(&format!("https://{at}"));
    place.key = Some(CANARY);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    until("it pauses", || {
        let status = service.get("/v1/status");
        let paused = status["state"] == "paused" && status["keito"]["paused"] == "tls";
        paused.then_some(())
    });
    let (code, out, _) = place.run(&["status"]);
    assert!(code == 0 && out.contains("certificate is not Keito's"), "{out}");
    assert_eq!(service.stop(), 0);
    for (_, said) in told.try_iter() {
        assert_eq!(said, b"", "something was said to it");
    }
}

#[test]
fn what_is_written_is_its_users_alone_under_any_umask() {
    for umask in ["000", "022", "077"] {
        let keito = Keito::start();
        let mut place = Place::new(&keito.origin);
        place.more.push(("PATH", "/usr/bin:/bin".to_owned()));
        place.through = Some(vec!["sh".into(), "-c".into(), format!("umask {umask}; exec \"$0\" \"$@\"")]);
        place.without_since();
        let now = keitod::model::Instant::from_millis(jiff::Timestamp::now().as_millisecond());
        let later = now.to_string();
        let text = Talk::new(1, "/home/dev/work").exchange().replace("2026-01-05T10:00:00.000Z", &later);
        place.append("one", &text.replace("2026-01-05T10:02:00.000Z", &later));
        // Commands that open the state while no daemon runs come first.
        let (code, _, err) = place.run(&["run", "--once"]);
        assert_eq!(code, 0, "{err}");
        let service = place.start();
        service.flush();
        let mut open = Vec::new();
        let mut seen = Vec::new();
        for dir in [place.path("state"), place.path("run"), place.path(".local/share/keitod")] {
            look(&dir, &mut seen, &mut open);
        }
        assert_eq!(open, Vec::<String>::new(), "umask {umask}");
        for name in
            ["keitod.db", "keitod.db-wal", "lock", "ballast", "keitod.sock", "decisions.jsonl", "last-run"]
        {
            assert!(seen.iter().any(|path| path.ends_with(name)), "umask {umask}: no {name} in {seen:?}");
        }
        assert_eq!(service.stop(), 0);
        for words in [&["pause"][..], &["resume"], &["queue", "list"]] {
            let (code, _, err) = place.run(words);
            assert_eq!(code, 0, "{words:?}: {err}");
        }
        look(&place.path("state"), &mut seen, &mut open);
        assert_eq!(open, Vec::<String>::new(), "umask {umask}, after commands");
    }
}

/// Everything below, and what of it others could read, write or enter.
fn look(at: &Path, seen: &mut Vec<PathBuf>, open: &mut Vec<String>) {
    let mode = fs::symlink_metadata(at).unwrap().permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        open.push(format!("{} {mode:04o}", at.display()));
    }
    seen.push(at.to_owned());
    if at.is_dir() {
        fs::read_dir(at).unwrap().flatten().for_each(|entry| look(&entry.path(), seen, open));
    }
}
