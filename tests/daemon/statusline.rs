//! The status line, through the program: whatever the daemon does and whatever stands on standard input, one line and soon.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, told, until};

/// What the program takes of its own, and what a busy machine adds to the start of a process.
const SOON: Duration = Duration::from_millis(1500);

/// What it prints for this on standard input, which is left open if `open`.
#[track_caller]
fn line(place: &Place, words: &[&str], input: Option<&[u8]>, open: bool) -> String {
    let mut command: Command = place.command(&[&["statusline"], words].concat());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take();
    if let (Some(pipe), Some(input)) = (&mut pipe, input) {
        // It need not read all of it.
        let _ = pipe.write_all(input);
    }
    if !open {
        pipe = None;
    }
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    let took = begun.elapsed();
    let (code, _, err) = told(&child.wait_with_output().unwrap());
    drop(pipe);
    assert_eq!((code, err.as_str()), (0, ""), "{text}");
    assert!(took < SOON, "it took {took:?}");
    assert_eq!(text.matches('\n').count(), 1, "{text:?}");
    text.trim_end_matches('\n').to_owned()
}

/// What it prints once agent, program and daemon are all quick enough: it leaves out what it does not hear in its 30 ms, and
/// a busy machine takes more for the start of a process.
#[track_caller]
fn heard(place: &Place, words: &[&str], input: Option<&[u8]>, is_whole: impl Fn(&str) -> bool) -> String {
    until("the line is whole", || {
        let text = line(place, words, input, false);
        is_whole(&text).then_some(text)
    })
}

fn claude(session: &str, dir: &str) -> Vec<u8> {
    format!(
        r#"{{"hook_event_name":"Status","session_id":"{session}","transcript_path":"/x","cwd":"{dir}","model":{{"id":"claude-opus-4-6","display_name":"Opus"}},"workspace":{{"current_dir":"{dir}","project_dir":"{dir}"}},"version":"2.1.329","cost":{{"total_cost_usd":0.123,"total_duration_ms":45000}}}}"#
    )
    .into_bytes()
}

#[test]
fn a_running_daemon_tells_of_the_session() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let talk = Talk::new(1, "/home/dev/work");
    let session = talk.id.clone();
    place.append("one", &{ talk }.exchange());
    let service = place.start();
    service.settle();
    let given = claude(&session, "/home/dev/work");
    // The project's name is known once Keito was asked for its projects; the agent's own cost is for want of ours.
    heard(&place, &[], Some(&given), |text| {
        let ours = text.contains("session $") && !text.contains("$0.12");
        text.starts_with("today ") && ours && !text.contains("no project")
    });
    let format = "{session_time}|{held}|{dead}|{unfinished}|{state}|{model}|{dir}|{{}}";
    heard(&place, &["--format", format], Some(&given), |text| {
        text.ends_with("|0|0|0|running|Opus|/home/dev/work|{}")
    });
    // A session that no log tells of yet goes where its directory leads.
    let project = heard(&place, &["--format={project}"], Some(&given), |text| !text.is_empty());
    let new = claude("new", "/home/dev/work");
    heard(&place, &["--format={project}"], Some(&new), |text| text == project);
    heard(&place, &[], None, |text| text.starts_with("today "));
    assert_eq!(service.stop(), 0);
    heard(&place, &[], Some(&given), |text| text == "keitod is not running · session $0.12 · Opus");
}

#[test]
fn a_daemon_that_hangs_is_not_awaited() {
    let place = Place::new("http://127.0.0.1:9");
    std::fs::create_dir_all(place.path("run")).unwrap();
    let deaf = UnixListener::bind(place.socket()).unwrap();
    let given = claude("s", "/d");
    let hangs = "keitod does not answer · session $0.12 · Opus";
    assert_eq!(line(&place, &[], Some(&given), false), hangs, "nobody accepts");
    let dumb = std::thread::spawn(move || {
        // It accepts and never answers; the second one gets a byte now and then.
        let first = deaf.accept().unwrap();
        let stale = deaf.accept();
        let (mut second, _) = deaf.accept().unwrap();
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".iter().cycle().take(2000) {
            if second.write_all(&[*byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        drop((first, stale));
    });
    for open in [false, true] {
        assert_eq!(line(&place, &[], Some(&given), open), hangs);
    }
    dumb.join().unwrap();
    assert!(line(&place, &[], None, false).starts_with("keitod is not running"));
}

#[test]
fn whatever_is_said_there_is_a_line() {
    let place = Place::new("http://127.0.0.1:9");
    let down = "keitod is not running";
    let huge = vec![b'x'; 5_000_000];
    let deep = b"[".repeat(100_000);
    let long = format!(r#"{{"session_id":"{}","cwd":"/\u001b[2J"}}"#, "x".repeat(100_000));
    let inputs: [&[u8]; 9] =
        [b"", b"\n", b"{", b"{}", b"null", b"\xff\xfe\0}", &huge, &deep, long.as_bytes()];
    for input in inputs {
        for open in [false, true] {
            assert_eq!(line(&place, &[], Some(input), open), down, "{:?}", &input[..input.len().min(20)]);
        }
    }
    assert_eq!(line(&place, &[], None, false), down);
    let steering = br#"{"model":"a\u001b[31m\nb"}"#;
    assert_eq!(line(&place, &[], Some(steering), false), format!("{down} · a\\u{{1b}}[31m\\u{{a}}b"));
    // A config that says nothing of use is the daemon's to tell of.
    std::fs::write(place.path("keitod.toml"), "[socket\n").unwrap();
    assert_eq!(line(&place, &[], None, false), down);
}

#[test]
fn a_template_that_means_nothing_is_told_of() {
    let place = Place::new("http://127.0.0.1:9");
    let (code, out, err) = place.run(&["statusline", "--format", "{tiem}"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("did you mean {time}?"), "{err}");
    let (code, out, _) = place.run(&["statusline", "--help"]);
    assert!(code == 0 && out.contains("statusLine"), "{out}");
    assert_eq!(place.run(&["statusline", "--fromat", "x"]).0, 2);
    // In the midst of other words the whole command line reads it.
    let (code, out, _) = place.run(&["--no-color", "statusline", "--format", "{state}-"]);
    assert_eq!((code, out.as_str()), (0, "-\n"));
}

#[test]
fn its_own_time_is_bounded() {
    let place = Place::new("http://127.0.0.1:9");
    std::fs::create_dir_all(place.path("run")).unwrap();
    let _deaf = UnixListener::bind(place.socket()).unwrap();
    // The best of some: what a busy machine adds is not its own.
    let best = |open: bool| {
        let took = (0..8).map(|_| {
            let begun = Instant::now();
            line(&place, &[], Some(b"{"), open);
            begun.elapsed()
        });
        took.min().unwrap()
    };
    let start = (0..8).map(|_| {
        let begun = Instant::now();
        place.command(&["statusline", "--format", ""]).env("KEITOD_SOCKET", "/nowhere").output().unwrap();
        begun.elapsed()
    });
    let start = start.min().unwrap();
    let took = best(true).max(best(false));
    println!("with a deaf daemon {took:?}, without one {start:?}");
    assert!(took < start + Duration::from_millis(50), "{took:?} beside {start:?}");
}
