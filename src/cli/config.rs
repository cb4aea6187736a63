//! `keitod config`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::act::act;
use super::{Call, Exit, Failure, print, print_json};
use crate::config::{Config, ConfigError, Problem, SCHEMA, SettingOrigin, render_with};
use crate::server::Act;

const EXAMPLES: &str = "\
Examples:
  keitod config show      every key in force, and who said so
  keitod config schema    what may stand in it, for editors
  keitod config check     is the file right?
  $EDITOR \"$(keitod config path)\"";

const SHOW_EXAMPLES: &str = "\
Examples:
  keitod config show
  keitod config show --origin     with the file beside the line
  keitod config show --json | jq '.settings[] | select(.origin != \"default\")'";

const CHECK_EXAMPLES: &str = "\
Examples:
  keitod config check
  keitod config check --config new.toml";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  keitod config schema > ~/.config/keitod/schema.json
  then, as the first line of config.toml:   #:schema ./schema.json
Editors that know taplo (VS Code: Even Better TOML) complete and check the file by it.";

const ZONE_EXAMPLES: &str = "\
Examples:
  keitod config set-zone America/New_York         what would change
  keitod config set-zone America/New_York --from 2026-06-01T00:00:00-04:00 --yes";

const PATH_EXAMPLES: &str = "\
Examples:
  keitod config path
  keitod config path --json | jq -r .socket";

/// The configuration: what is in force, whether it is right, where it is
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every key in force with its origin; secrets are hidden
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Show),
    /// Everything that is wrong with the file; exit code 8 if anything is
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Form),
    /// The JSON Schema of the config file
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
    /// Where the config file is; with --json all paths
    #[command(after_help = PATH_EXAMPLES)]
    Path(Form),
    /// Cut days in another zone from an instant on; without --yes only tells what that would do
    #[command(after_help = ZONE_EXAMPLES)]
    SetZone(Zone),
}

#[derive(Debug, Args)]
struct Show {
    /// The file, the line or the variable that each key comes from, in full
    #[arg(long)]
    origin: bool,
    /// As a document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Zone {
    /// A name of the tz database: Europe/London
    zone: String,
    /// From this instant on (RFC 3339) instead of from now on
    #[arg(long, value_name = "INSTANT")]
    from: Option<String>,
    /// Change it
    #[arg(long)]
    yes: bool,
    /// As a document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Form {
    /// As a document
    #[arg(long)]
    json: bool,
}

impl Command {
    pub(super) const fn json(&self) -> bool {
        match &self.what {
            What::Show(show) => show.json,
            What::Check(form) | What::Path(form) => form.json,
            What::Schema => true,
            What::SetZone(zone) => zone.json,
        }
    }

    pub(super) fn call(&self, call: &mut Call<'_>) -> Result<Exit, Failure> {
        match &self.what {
            What::Show(words) => show(call, words),
            What::Schema => Ok(call.out.write_all(SCHEMA.as_bytes()).map(|()| Exit::Ok)?),
            What::Check(form) => check(call, form.json),
            What::Path(form) => path(call, form.json),
            What::SetZone(zone) => {
                let what = Act::SetZone { zone: zone.zone.clone(), from: zone.from.clone(), sure: zone.yes };
                act(call, &what, zone.json)
            }
        }
    }
}

fn show(call: &mut Call<'_>, words: &Show) -> Result<Exit, Failure> {
    let config = call.place.config()?;
    let file = call.place.env.config_file();
    if words.json {
        let settings: Vec<Value> = config
            .show()
            .iter()
            .map(|setting| {
                let (mut place, mut line) = (None, None);
                if let SettingOrigin::File(at) = setting.origin {
                    (place, line) = (Some(&file), Some(at));
                }
                json!({
                    "key": setting.key, "value": setting.literal, "origin": setting.origin.to_string(),
                    "file": place, "line": line,
                })
            })
            .collect();
        document(call, &json!({"schema_version": 1, "settings": settings}))?;
    } else {
        let full = |origin: &SettingOrigin| match origin {
            SettingOrigin::Default => origin.to_string(),
            SettingOrigin::File(line) => print::plain(&format!("{}:{line}", file.display())),
            SettingOrigin::Env(name) => format!("environment: {name}"),
        };
        let short = |origin: &SettingOrigin| origin.to_string();
        let text =
            if words.origin { render_with(config.show(), full) } else { render_with(config.show(), short) };
        call.out.write_all(text.as_bytes())?;
    }
    Ok(Exit::Ok)
}

fn check(call: &mut Call<'_>, json: bool) -> Result<Exit, Failure> {
    let problems = match Config::load(&call.place.env) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Invalid(problems)) => problems,
        Err(error) => return Err(Failure::new(Exit::Config, error.to_string())),
    };
    let path = call.place.env.config_file();
    if json {
        let list: Vec<Value> = problems
            .iter()
            .map(|Problem { file, line, key, trouble }| {
                json!({"file": file, "line": line, "key": key, "message": trouble.to_string()})
            })
            .collect();
        document(
            call,
            &json!({"schema_version": 1, "ok": problems.is_empty(), "file": path, "problems": list}),
        )?;
    } else if problems.is_empty() {
        let shown = print::plain(&path.display().to_string());
        let what = if path.exists() { "is right" } else { "is not there: the defaults are in force" };
        writeln!(call.out, "{shown} {what}")?;
    } else {
        for problem in &problems {
            writeln!(call.out, "{}", print::plain(&problem.to_string()))?;
        }
    }
    Ok(if problems.is_empty() { Exit::Ok } else { Exit::Config })
}

fn path(call: &mut Call<'_>, json: bool) -> Result<Exit, Failure> {
    if json {
        let paths = call.place.paths()?;
        document(
            call,
            &json!({
                "schema_version": 1, "config": paths.config_file, "state": paths.state_dir,
                "data": paths.data_dir, "socket": paths.socket,
            }),
        )?;
    } else {
        // For `$(keitod config path)`: the very bytes, whatever they are, also if the file is wrong.
        use std::os::unix::ffi::OsStrExt as _;
        call.out.write_all(call.place.env.config_file().as_os_str().as_bytes())?;
        writeln!(call.out)?;
    }
    Ok(Exit::Ok)
}

fn document(call: &mut Call<'_>, value: &Value) -> Result<(), Failure> {
    Ok(print_json(value.to_string().as_bytes(), call.out)?)
}
