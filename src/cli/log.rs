//! The log on standard error.
//!
//! `auto` is text on a terminal, with colours; text without time stamps where standard error is the journal, which
//! stamps each line itself and is read by people (`journalctl`); and JSON, a line an event, everywhere else: files,
//! containers, collectors. `JOURNAL_STREAM` names the journal's device and inode (systemd.exec(5)); a program whose
//! output was redirected inherits the variable but not the stream, so both are compared.

use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer, Registry};

use super::progress::Bar;
use crate::config::{Env, Log, LogFormat, LogLevel};

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Terminal { color: bool },
    Journal,
    Text,
    Json,
}

/// Sets up the log of this process; lines go past `bar`. Other crates speak from `warn` on, or when all is traced.
///
/// # Errors
/// If there is one already.
pub fn init(log: Log, env: &Env, no_color: bool, bar: Option<Bar>) -> Result<(), TryInitError> {
    let color = super::Look::of(&io::stderr(), no_color, Some(env)).color;
    let shape = shape(log.format, io::stderr().is_terminal(), color, is_journal(env));
    let level = level(log.level);
    let others = if log.level == LogLevel::Trace { level } else { level.min(LevelFilter::WARN) };
    let filter = Targets::new().with_default(others).with_target("keitod", level);
    Registry::default().with(layer(shape, Lines(bar)).with_filter(filter)).try_init()
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
struct Lines(Option<Bar>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { bar: self.0.as_ref(), bytes: Vec::new() }
    }
}

struct Line<'a> {
    bar: Option<&'a Bar>,
    bytes: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    /// A log that cannot be written is no reason to stop delivering.
    fn drop(&mut self) {
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
