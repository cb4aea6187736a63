//! The log on standard error.
//!
//! `auto` is text on a terminal, with colours; text without time stamps where standard error is the journal, which
//! stamps each line itself and is read by people (`journalctl`); and JSON, a line an event, everywhere else: files,
//! containers, collectors. `JOURNAL_STREAM` names the journal's device and inode (systemd.exec(5)); a program whose
//! output was redirected inherits the variable but not the stream, so both are compared. To the journal each line begins
//! with its priority (sd-daemon(3)), which the journal takes off: `journalctl -p warning` finds what is wrong.

mod limit;

use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;
use std::sync::OnceLock;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer, Registry, reload};

use super::progress::Bar;
use crate::config::{Env, Log, LogFormat, LogLevel};
use crate::daemon::time;
use limit::{LeftOut, Limit};

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Terminal { color: bool },
    Journal,
    Text,
    Json,
}

/// Changes what is logged by the log of this process.
static FILTER: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Sets up the log of this process; lines go past `bar`. Other crates speak from `warn` on, or when all is traced.
///
/// # Errors
/// If there is one already.
pub fn init(log: Log, env: &Env, no_color: bool, bar: Option<Bar>) -> Result<(), TryInitError> {
    let color = super::Look::of(&io::stderr(), no_color, Some(env)).color;
    let journal = is_journal(env);
    let shape = shape(log.format, io::stderr().is_terminal(), color, journal);
    let (filter, handle) = reload::Layer::new(targets(log.level));
    let lines = Lines { bar, shape, journal, limit: Limit::default() };
    Registry::default().with(layer(shape, lines).with_filter(filter)).try_init()?;
    // The first one counts, as it does for the log.
    let _ = FILTER.set(handle);
    Ok(())
}

/// Logs as much as this from now on.
pub fn set_level(level: LogLevel) {
    if let Some(filter) = FILTER.get() {
        // It fails only when the log is gone.
        let _ = filter.reload(targets(level));
    }
}

fn targets(of: LogLevel) -> Targets {
    let level = level(of);
    let others = if of == LogLevel::Trace { level } else { level.min(LevelFilter::WARN) };
    Targets::new().with_default(others).with_target("keitod", level)
}

fn shape(format: LogFormat, terminal: bool, color: bool, journal: bool) -> Shape {
    match format {
        LogFormat::Json => Shape::Json,
        _ if terminal => Shape::Terminal { color },
        _ if journal => Shape::Journal,
        LogFormat::Text => Shape::Text,
        LogFormat::Auto => Shape::Json,
    }
}

const fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

fn layer<W>(shape: Shape, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_span_events(FmtSpan::NONE)
        .with_target(false);
    match shape {
        Shape::Terminal { color } => layer.with_ansi(color).boxed(),
        Shape::Journal => layer.with_ansi(false).without_time().boxed(),
        Shape::Text => layer.with_ansi(false).boxed(),
        Shape::Json => layer.with_ansi(false).with_target(true).json().flatten_event(true).boxed(),
    }
}

fn is_journal(env: &Env) -> bool {
    let ours = rustix::fs::fstat(io::stderr().as_fd()).map(|stat| format!("{}:{}", stat.st_dev, stat.st_ino));
    ours.is_ok_and(|ours| env.get("JOURNAL_STREAM") == Some(&ours))
}

/// Standard error, a whole line at a time.
struct Lines {
    bar: Option<Bar>,
    shape: Shape,
    journal: bool,
    limit: Limit,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { bar: self.bar.as_ref(), bytes: Vec::new(), dropped: false }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line<'a> {
        let (admitted, left_out) = self.limit.admits(meta, time::steady());
        let mut bytes = Vec::new();
        for left_out in left_out {
            self.begin(Level::WARN, &mut bytes);
            bytes.extend_from_slice(told(&left_out, self.shape, &time::now().to_string()).as_bytes());
        }
        if admitted {
            self.begin(*meta.level(), &mut bytes);
        }
        Line { bar: self.bar.as_ref(), bytes, dropped: !admitted }
    }
}

impl Lines {
    fn begin(&self, level: Level, bytes: &mut Vec<u8>) {
        if self.journal {
            bytes.extend_from_slice(priority(level));
        }
    }
}

/// As syslog(3) counts.
const fn priority(level: Level) -> &'static [u8] {
    match level {
        Level::ERROR => b"<3>",
        Level::WARN => b"<4>",
        Level::INFO => b"<6>",
        _ => b"<7>",
    }
}

/// A line of our own: events of the log's own writer would come back to it.
fn told(left_out: &LeftOut, shape: Shape, now: &str) -> String {
    let LeftOut { at, lines } = left_out;
    let what = "lines were left out: too many from one place within a minute";
    match shape {
        Shape::Json => {
            let line = serde_json::json!({
                "timestamp": now, "level": "WARN", "message": what, "lines": lines, "at": at, "target": "keitod::log",
            });
            format!("{line}\n")
        }
        Shape::Journal => format!(" WARN {what} lines={lines} at={at}\n"),
        Shape::Text | Shape::Terminal { .. } => format!("{now}  WARN {what} lines={lines} at={at}\n"),
    }
}

struct Line<'a> {
    bar: Option<&'a Bar>,
    bytes: Vec<u8>,
    /// What is written now is not wanted.
    dropped: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.dropped {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    /// A log that cannot be written is no reason to stop delivering.
    fn drop(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let write = || drop(io::stderr().lock().write_all(&self.bytes));
        match self.bar {
            Some(bar) => bar.aside(write),
            None => write(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn auto_suits_its_reader() {
        use LogFormat::{Auto, Json, Text};
        for (format, terminal, journal, expected) in [
            (Auto, true, false, Shape::Terminal { color: true }),
            (Auto, false, true, Shape::Journal),
            (Auto, false, false, Shape::Json),
            (Text, true, false, Shape::Terminal { color: true }),
            (Text, false, true, Shape::Journal),
            (Text, false, false, Shape::Text),
            (Json, true, false, Shape::Json),
            (Json, false, true, Shape::Json),
        ] {
            assert_eq!(shape(format, terminal, true, journal), expected, "{format:?} {terminal} {journal}");
        }
    }

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(shape: Shape) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = Registry::default().with(layer(shape, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(file = "a\x1b[31m", "read \u{1b}[2J it");
        });
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn what_is_left_out_is_told_in_the_shape_of_the_others() {
        let left_out = LeftOut { at: "src/x.rs:7".to_owned(), lines: 12 };
        let json: serde_json::Value =
            serde_json::from_str(&told(&left_out, Shape::Json, "2026-05-05T00:00:00Z")).unwrap();
        assert_eq!((json["lines"].as_u64(), json["at"].as_str()), (Some(12), Some("src/x.rs:7")));
        for shape in [Shape::Journal, Shape::Text, Shape::Terminal { color: true }] {
            let line = told(&left_out, shape, "2026-05-05T00:00:00Z");
            assert!(line.ends_with("lines=12 at=src/x.rs:7\n") && line.contains(" WARN "), "{line}");
        }
    }

    #[test]
    fn no_shape_lets_an_escape_through() {
        for shape in [Shape::Terminal { color: false }, Shape::Journal, Shape::Text, Shape::Json] {
            let line = logged(shape);
            assert!(!line.contains('\x1b'), "{shape:?}: {line:?}");
            assert_eq!(line.matches('\n').count(), 1, "{line:?}");
        }
        let json: serde_json::Value = serde_json::from_str(&logged(Shape::Json)).unwrap();
        assert_eq!((json["level"].as_str(), json["file"].as_str()), (Some("INFO"), Some("a\x1b[31m")));
        assert!(logged(Shape::Journal).trim_start().starts_with("INFO"));
    }
}
