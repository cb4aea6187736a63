//! A bar for a long backfill, on a terminal alone.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of all known files; may grow while files are found.
    pub total: u64,
    /// Bytes of them that were read.
    pub done: u64,
}

/// Below this, reading is over before a bar would be seen.
const LONG: u64 = 64 * 1024 * 1024;

/// The bar on standard error. Clones are the same bar.
#[derive(Debug, Clone)]
pub struct Bar(ProgressBar);

impl Bar {
    /// Nothing is drawn yet; and nothing ever where standard error is no terminal.
    #[must_use]
    pub fn new() -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr_with_hz(5)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        // A template that does not parse is a bar without one: it is the same text in every run, and a test parses it.
        if let Ok(style) = style() {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Shows how far reading is; for a long one only, and no more once all is read.
    pub fn show(&self, progress: Progress) {
        let Progress { total, done } = progress;
        if done >= total {
            self.0.finish_and_clear();
        } else if total >= LONG {
            if self.0.is_finished() {
                self.0.reset();
            }
            self.0.set_length(total);
            self.0.set_position(done);
            self.0.enable_steady_tick(Duration::from_millis(500));
        }
    }

    /// Runs `write` with the bar out of the way: for lines of the log, which go to the same terminal.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows on a terminal that an answer takes its time: nothing is known of how long.
#[derive(Debug)]
pub struct Waiting(ProgressBar);

impl Waiting {
    /// Until it is dropped.
    #[must_use]
    pub fn on(what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
        if io::stderr().is_terminal() {
            bar.set_message(what);
            bar.enable_steady_tick(Duration::from_millis(500));
        } else {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self(bar)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style() -> Result<ProgressStyle, indicatif::style::TemplateError> {
    ProgressStyle::with_template("reading logs {bar:30} {bytes} of {total_bytes}, {eta} to go")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_knows_its_template_and_survives_any_progress() {
        assert!(style().is_ok());
        let bar = Bar::new();
        for (done, total) in [(0, 0), (0, 10), (5, LONG), (LONG, LONG), (LONG, 2 * LONG), (9, 8)] {
            bar.show(Progress { total, done });
        }
        assert!(bar.0.is_finished());
        assert_eq!(bar.aside(|| 7), 7);
    }
}
