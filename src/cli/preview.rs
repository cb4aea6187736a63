//! The end of `keitod init`: what would be sent, and the service that sends it.

use clap::Parser as _;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::print::{Ink, paint, plain};
use super::{Args, Call, Exit, Failure, Place};
use crate::daemon::clerk::Presumed;
use crate::setup::init::{Terminal, Workspace};

const INSTALL: &str = "keitod service install";

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    requests: Vec<Request<'a>>,
}

#[derive(Deserialize)]
struct Request<'a> {
    path: String,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Amounts as their digits: a float would show cents that nobody bills.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    hours: Option<&'a RawValue>,
    #[serde(borrow)]
    total_cost: Option<&'a RawValue>,
}

/// Reads the logs into a copy of the state and sums up what would be sent if everything were settled now. What cannot be
/// computed is told, and is no failure: keitod is set up.
pub(super) fn preview(call: &mut Call<'_>, of: &Workspace, json: bool) -> Result<Value, Failure> {
    line(call, json, Ink::Bold, "·", "reading the logs …")?;
    let currency = of.currency.clone().unwrap_or_else(|| Presumed::default().currency);
    let presumed = Presumed { currency: currency.clone(), zone: of.zone.clone() };
    let document = match call.engine.preview(&call.place, presumed) {
        Ok(document) => document,
        Err(Failure::Told { message, .. }) => {
            line(call, json, Ink::Warn, "!", &format!("what would be sent cannot be told: {message}"))?;
            return Ok(Value::Null);
        }
        Err(output) => return Err(output),
    };
    let Ok(document) = serde_json::from_slice::<Document<'_>>(&document) else { return Ok(Value::Null) };
    let (mut entries, mut hours, mut expenses, mut cost) = (0u64, Decimal::ZERO, 0u64, Decimal::ZERO);
    for request in &document.requests {
        let body: Body<'_> =
            request.body.and_then(|body| serde_json::from_str(body.get()).ok()).unwrap_or_default();
        let amount = |raw: Option<&RawValue>| {
            raw.and_then(|raw| raw.get().parse::<Decimal>().ok()).unwrap_or_default()
        };
        if request.path.starts_with("/time_entries") {
            entries += 1;
            hours += amount(body.hours);
        } else {
            expenses += 1;
            cost += amount(body.total_cost);
        }
    }
    let text = match (entries, expenses) {
        (0, 0) => "nothing is to be sent so far: work from midnight of the first start on counts".to_owned(),
        _ => format!("to be sent now: {entries} × time, {hours} h; {expenses} × cost, {cost} {currency}"),
    };
    line(call, json, Ink::Bold, "·", &text)?;
    Ok(json!({
        "entries": entries, "hours": hours.normalize().to_string(),
        "expenses": expenses, "total_cost": cost.normalize().to_string(),
    }))
}

/// Installs the service, offers to, or tells how. keitod is set up whatever becomes of it; the exit code is the service's.
pub(super) fn service(
    call: &mut Call<'_>,
    wanted: bool,
    asked: Option<&mut Terminal>,
    json: bool,
) -> Result<(Value, Exit), Failure> {
    let install = match asked {
        Some(terminal) => terminal.yes("install and start the service now?", true)?,
        None => wanted,
    };
    // The command as typed, in this process.
    let mut told = Vec::new();
    match Args::try_parse_from(INSTALL.split(' ')) {
        Ok(args) if install => match args.command.call(&mut anew(call, &mut told)) {
            Ok(exit) => {
                if !json {
                    call.out.write_all(&told)?;
                }
                Ok((json!({"installed": exit == Exit::Ok}), exit))
            }
            Err(Failure::Told { exit, message, .. }) => {
                let text = format!("the service is not installed: {message}");
                line(call, json, Ink::Warn, "!", &text)?;
                Ok((json!({"installed": false, "message": message, "next": INSTALL}), exit))
            }
            Err(output) => Err(output),
        },
        _ => {
            line(call, json, Ink::Bold, "→", &format!("have it run in the background: {INSTALL}"))?;
            Ok((json!({"installed": false, "next": INSTALL}), Exit::Ok))
        }
    }
}

/// The call of another command, printed elsewhere.
fn anew<'b>(call: &'b Call<'_>, out: &'b mut Vec<u8>) -> Call<'b> {
    Call { engine: call.engine, place: Place { env: call.place.env.clone() }, look: call.look, out }
}

fn line(call: &mut Call<'_>, json: bool, ink: Ink, mark: &str, text: &str) -> Result<(), Failure> {
    if json {
        return Ok(());
    }
    writeln!(call.out, "{} {}", paint(call.look, ink, mark), plain(text))?;
    Ok(call.out.flush()?)
}
