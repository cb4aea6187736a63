//! What goes wrong seldom: it has a message and an exit code all the same, and writes nothing.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use keitod::sandbox::{ACCOUNT, Answer, Cut, End, Fault, Kind, Rule, ids};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::failures::{BARE, fails};
use super::terminal::Terminal;
use super::{Home, KEY, git};
use crate::place::told;

fn bare(more: &[&'static str]) -> Vec<&'static str> {
    [&BARE[..], more].concat()
}

#[test]
fn credentials_that_are_there_and_no_good() {
    let mut home = Home::new();
    home.place.more.push(("KEITO_API_URL", "keito".to_owned()));
    fails(&home, &BARE, 8, "KEITO_API_URL must be a URL");
    home.place.more.clear();
    home.place.key = None;

    let login = home.place.path(".config/keito/config.toml");
    fs::create_dir_all(login.parent().unwrap()).unwrap();
    fs::write(&login, "[keito\napi_key = 1\n").unwrap();
    fails(&home, &BARE, 8, "is not a Keito CLI config (line 1): run `keito auth login` again");
    fs::remove_file(&login).unwrap();
    fs::create_dir(&login).unwrap();
    fails(&home, &BARE, 8, "cannot read");
    fs::remove_dir(&login).unwrap();
    fails(&home, &bare(&["--api-key-command", "/bin/echo two words"]), 8, "is not a key");

    let file = home.place.path("secret");
    fs::write(&file, "two words").unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let path = file.display().to_string();
    let words = [&BARE[..], &["--account-id", ACCOUNT, "--api-key-file", &path]].concat();
    fails(&home, &words, 8, "the key from api_key_file is not a key");
    let given = [&BARE[..], &["--account-id", ACCOUNT, "--api-key-stdin"]].concat();
    let (code, _, err) = home.piped(&given, "two words");
    assert_eq!((code, err.contains("the key from standard input is not a key")), (8, true), "{err}");
    let (code, _, err) = home.piped(&given, "kto_wrong");
    assert_eq!((code, err.contains("Keito refuses the key from standard input")), (1, true), "{err}");
    assert!(err.contains("→") && err.contains("make a key in Keito"), "{err}");
    home.untouched();
}

#[test]
fn bytes_that_are_no_text() {
    let mut home = Home::new();
    home.place.key = None;
    let mut command = home.command(&[&BARE[..], &["--account-id", ACCOUNT, "--api-key-stdin"]].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"kto_\xff\xfe\n").unwrap();
    let (code, _, err) = told(&child.wait_with_output().unwrap());
    assert_eq!(
        (code, err.contains("--api-key-stdin got bytes that are no text (UTF-8)")),
        (2, true),
        "{err}"
    );
    home.untouched();

    let home = Home::new();
    let mut terminal = Terminal::start(home.command(&["init", "--no-preview", "--no-service"]));
    terminal.sees("[Y/n]: ");
    terminal.types_bytes(b"\xff\xfe\n");
    terminal.sees("cannot read the answer: stream did not contain valid UTF-8");
    assert_ne!(terminal.ended(), 0);
    home.untouched();
}

#[test]
fn a_program_that_prints_no_key_in_time_is_not_awaited() {
    let mut home = Home::new();
    home.place.key = None;
    let words = [&BARE[..], &["--account-id", ACCOUNT, "--api-key-command", "/bin/sleep 120"]].concat();
    let (code, _, err) = home.run(&words);
    assert_eq!((code, err.contains("/bin/sleep did not print a key within 10 s")), (8, true), "{err}");
    home.untouched();
}

#[test]
fn a_proxy_that_cannot_be_used_is_told() {
    let mut home = Home::new();
    home.place.less.push("KEITO_API_URL");
    let config = |proxy: &str| format!("[keito]\nurl = \"https://keito.invalid\"\nproxy = \"{proxy}\"\n");
    fs::write(home.config(), config("socks5://127.0.0.1:9")).unwrap();
    fails(&home, &["init", "--no-link"], 8, "keito.proxy must be a proxy URL");
    // Nobody listens there; the server itself would not be found either, which would be told otherwise.
    fs::write(home.config(), config("http://127.0.0.1:9")).unwrap();
    fails(&home, &["init", "--no-link"], 7, "cannot reach https://keito.invalid: ");
    let (_, _, err) = home.run(&["init", "--no-link"]);
    assert!(err.contains("[keito] proxy") && !err.contains("could not be resolved"), "{err}");
}

#[test]
fn connections_that_break() {
    let home = Home::new();
    let url = |at: SocketAddr| format!("https://{at}");
    let cases = [
        (
            url(home.keito.origin.strip_prefix("http://").unwrap().parse().unwrap()),
            "the TLS handshake failed",
        ),
        (url(self_signed()), "the certificate's issuer is not trusted"),
        ("https://keito.invalid".to_owned(), "the host's name could not be resolved"),
    ];
    for (url, why) in cases {
        fails(&home, &[&BARE[..], &["--url", &url]].concat(), 7, &format!("cannot reach {url}: {why}"));
    }
    let cases = [
        (Fault::Drop(End::Reset), Kind::Me, 7, "the connection was reset before a whole answer came"),
        (Fault::Drop(End::Close), Kind::Me, 7, "the connection ended before a whole answer came"),
        (Fault::Commit(Cut::HalfHeader(End::Close)), Kind::Me, 7, "ended before a whole answer came"),
        (Fault::Commit(Cut::HalfBody(End::Close)), Kind::Me, 8, "is not Keito's API"),
        (Fault::Drop(End::Reset), Kind::Projects, 7, "cannot reach "),
        (Fault::Answer(Answer::status(429).retry_after("3")), Kind::Projects, 5, "try again in 3 s"),
        (Fault::Answer(Answer::status(403)), Kind::Projects, 6, "could not answer /projects: it answers 403"),
        (Fault::Answer(Answer::status(200).body("{")), Kind::Projects, 8, "is not Keito's API"),
    ];
    for (fault, kind, code, message) in cases {
        home.keito.faults().clear();
        home.keito.faults().add(Rule::new(fault).kind(kind));
        fails(&home, &BARE, code, message);
    }
    home.untouched();

    // Nobody waits longer than the config says.
    let home = Home::new();
    fs::write(home.config(), "[keito]\nrequest_timeout = \"300ms\"\n").unwrap();
    home.keito.faults().add(Rule::new(Fault::Commit(Cut::Silence(Duration::from_secs(20)))).kind(Kind::Me));
    fails(&home, &["init", "--no-link"], 7, "no answer within the time limit");
}

/// A server whose certificate nobody vouches for.
fn self_signed() -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let certificates = vec![made.cert.der().clone()];
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(certificates, key).unwrap();
    let (ready, started) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((stream, _)) = listener.accept().await {
                let _ = acceptor.accept(stream).await;
            }
        });
    });
    started.recv_timeout(Duration::from_secs(10)).unwrap()
}

#[test]
fn a_repository_that_says_otherwise_stops_it_before_anything_is_written() {
    let home = Home::new();
    let line = ["init", "--cost", "off", "--project", "Billing API", "--task", "Development"];
    let put = |text: &str| {
        fs::create_dir_all(home.link().parent().unwrap()).unwrap();
        fs::write(home.link(), text).unwrap();
    };
    let to = |project: &str| format!("version: 1\nproject_id: {project}\ntask_id: {}\n", ids::DEVELOPMENT);
    let cases = [
        (to(ids::WEBSITE), 3, "already"),
        ("project_id: [\n".to_owned(), 8, "not a valid link file"),
        ("agent_tracking:\n  enabled: false\n".to_owned(), 3, "tracking is switched off by"),
    ];
    for (text, code, message) in cases {
        put(&text);
        fails(&home, &line, code, message);
        assert_eq!(home.text(&home.link()), text);
        assert!(!home.config().exists(), "{message}: the config was written");
    }
    // Unless it need not be linked: then it is told and stays.
    put("project_id: [\n");
    let out = home.good(&["init", "--cost", "off", "--no-preview"]);
    assert!(out.contains("not a valid link file"), "{out}");
    assert_eq!(home.text(&home.link()), "project_id: [\n");
    fs::remove_file(home.config()).unwrap();

    // One that says the same is no trouble, and one that may go is none.
    put(&to(ids::BILLING));
    home.good(&[&line[..], &["--no-preview"]].concat());
    fs::remove_file(home.config()).unwrap();
    put(&to(ids::WEBSITE));
    home.good(&[&line[..], &["--no-preview", "--force"]].concat());
    assert!(home.text(&home.link()).contains(ids::BILLING));
}

#[test]
fn tasks_that_cannot_be_booked_on() {
    let home = Home::new();
    home.keito.change(|settings| {
        settings.projects[1].tasks.clear();
        let mut twin = settings.tasks[0].clone();
        twin.id = "twin".to_owned();
        settings.tasks.push(twin);
        settings.projects[0].tasks.push("twin".to_owned());
    });
    let line = ["init", "--cost", "off", "--project", "Website relaunch", "--task", "Development"];
    fails(&home, &line, 2, "are called Development: use one of the ids");
    fs::write(home.config(), "").unwrap();
    let mut terminal = Terminal::start(home.command(&["link"]));
    terminal.answers("project: ", "billing");
    terminal.sees("project Billing API has no open task: add one to it in Keito");
    assert_eq!(terminal.ended(), 4, "{}", terminal.screen());
    assert!(!home.link().exists());
}

#[test]
fn files_that_are_no_files() {
    let mut home = Home::new();
    // The key's own place is taken by a directory.
    fs::create_dir(home.place.path("api-key")).unwrap();
    fails(&home, &bare(&["--store-key"]), 8, "cannot read");
    assert!(!home.config().exists());
    fs::remove_dir(home.place.path("api-key")).unwrap();
    // And so is the config's, by a directory or by a link that leads nowhere.
    fs::create_dir(home.config()).unwrap();
    fails(&home, &BARE, 8, "keitod.toml");
    fs::remove_dir(home.config()).unwrap();
    symlink("/proc/none/of/this", home.config()).unwrap();
    fails(&home, &bare(&["--force"]), 8, "cannot write");
    fs::remove_file(home.config()).unwrap();
    home.untouched();

    // Nobody reads what is told.
    let mut told_to_nobody = home.command(&bare(&["--no-preview"]));
    told_to_nobody.stdout(Stdio::from(File::options().write(true).open("/dev/full").unwrap()));
    let (code, _, err) = told(&told_to_nobody.output().unwrap());
    assert_eq!((code, err.contains("No space left on device")), (8, true), "{err}");
    assert!(!home.config().exists());

    // Home itself is the repository.
    git(home.place.home());
    home.repo = home.place.home().to_owned();
    let line = ["init", "--cost", "off", "--project", "Billing API", "--task", "Development"];
    fails(&home, &line, 2, "a link there would never be read");
}

#[test]
fn what_is_no_failure_is_told() {
    let home = Home::new();
    fs::create_dir(home.place.path("state")).unwrap();
    fs::write(home.place.path("state/keitod.db"), "this is no database, and long enough to be seen as none")
        .unwrap();
    let out = home.good(&BARE);
    assert!(out.contains("no agent has left logs here yet: they are read once they appear"), "{out}");
    assert!(out.contains("what would be sent cannot be told: "), "{out}");
    assert!(out.contains("a service does not see this shell's KEITO_API_KEY: --store-key"), "{out}");
    assert!(!out.contains(KEY));
    assert!(home.config().exists());
    let document = home.document(&BARE);
    assert_eq!(document["today"], serde_json::Value::Null);
}
