//! `keitod sandbox`.

use clap::Args;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Call, Exit, Failure, print_json};
use crate::sandbox::{ACCOUNT, KEY, Rounding, Sandbox, Settings};

const EXAMPLES: &str = "\
Examples:
  keitod sandbox                        on a free port, until Ctrl-C
  keitod sandbox --port 8300 --rounding up:6
  keitod sandbox --json | jq -r .url    for scripts

Point a client at it with the three variables that it prints. Nothing is kept after the end.";

/// An embedded Keito on 127.0.0.1, in memory, for trying out
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// How the workspace rounds time: none, up:MINUTES, nearest:MINUTES, down:MINUTES
    #[arg(long, value_name = "RULE", default_value = "none", value_parser = rounding)]
    pub rounding: Rounding,
    /// The workspace's currency
    #[arg(long, value_name = "CODE", default_value = "USD")]
    pub currency: String,
    /// Cut amounts to so many decimals, as some workspaces do
    #[arg(long, value_name = "N")]
    pub cost_decimals: Option<u32>,
    /// Where it is and how to enter, as a document
    #[arg(long)]
    pub json: bool,
}

fn rounding(word: &str) -> Result<Rounding, &'static str> {
    if word == "none" {
        return Ok(Rounding::None);
    }
    let rule = word.split_once(':').and_then(|(way, minutes)| {
        let minutes = minutes.parse().ok().filter(|minutes| (1..=60).contains(minutes))?;
        match way {
            "up" => Some(Rounding::Up(minutes)),
            "nearest" => Some(Rounding::Nearest(minutes)),
            "down" => Some(Rounding::Down(minutes)),
            _ => None,
        }
    });
    rule.ok_or("use none, up:6, nearest:15 or down:30 (minutes, 1 to 60)")
}

impl Command {
    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        let settings = Settings {
            port: self.port,
            rounding: self.rounding,
            currency: self.currency.clone(),
            cost_decimals: self.cost_decimals,
            ..Settings::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(Exit::Config, format!("cannot start: {error}")))?;
        runtime.block_on(async {
            let mut signals = Signals::hear()?;
            let running = Sandbox::start(settings).await?;
            self.introduce(&running.origin(), call)?;
            signals.stop().await;
            running.stop().await;
            Ok(Exit::Ok)
        })
    }

    fn introduce(&self, url: &str, call: &mut Call<'_>) -> Result<(), Failure> {
        if self.json {
            let document = json!({"schema_version": 1, "url": url, "account_id": ACCOUNT, "api_key": KEY});
            print_json(document.to_string().as_bytes(), call.out)?;
        } else {
            writeln!(call.out, "export KEITO_API_URL={url}")?;
            writeln!(call.out, "export KEITO_ACCOUNT_ID={ACCOUNT}")?;
            writeln!(call.out, "export KEITO_API_KEY={KEY}")?;
        }
        Ok(call.out.flush()?)
    }
}

/// Ctrl-C, and what a service manager sends.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From here on signals are heard: before anybody is told that there is something to stop.
    fn hear() -> Result<Self, Failure> {
        let hear = |kind| {
            signal(kind)
                .map_err(|error| Failure::new(Exit::Config, format!("cannot wait for signals: {error}")))
        };
        Ok(Self { interrupt: hear(SignalKind::interrupt())?, terminate: hear(SignalKind::terminate())? })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
