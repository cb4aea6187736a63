//! A diagnosis: `{schema_version, version, at, verdict, ok, warn, fail, findings: [{check, subject, verdict, seen, remedy}]}`.

use std::io::Write;

use super::document::{Doc, read};
use super::{Ink, paint};
use crate::cli::{Failure, Look};

/// The findings in the order of the checks, each with its way out below it. `all`: agents that are not here, too.
pub(crate) fn print_diagnosis(
    json: &[u8],
    all: bool,
    look: Look,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let mut absent = 0_u64;
    for finding in document.at("findings").items() {
        let detail = finding.at("detail");
        let is_absent = detail.at("here").0 == false;
        if is_absent && !all {
            absent += 1;
            continue;
        }
        let (ink, verdict) = match finding.at("verdict").str() {
            Some("ok") => (Ink::Good, "ok  "),
            Some("warn") => (Ink::Warn, "warn"),
            _ => (Ink::Bad, "FAIL"),
        };
        let subject = finding.at("subject");
        let subject = if subject.is_null() { String::new() } else { format!(" {}", subject.text()) };
        let probed = if is_absent { format!(": {}", detail.at("probed").text()) } else { String::new() };
        let (check, seen) = (finding.at("check").text(), finding.at("seen").text());
        writeln!(out, "{} {check}{subject}: {seen}{probed}", paint(look, ink, verdict))?;
        if !finding.at("remedy").is_null() {
            writeln!(out, "       → {}", finding.at("remedy").text())?;
        }
    }
    if absent > 0 {
        writeln!(out, "{absent} other agents are not here (--all names them and where was looked)")?;
    }
    let count = |key: &str| document.at(key).count();
    let ink = match (count("fail"), count("warn")) {
        (1.., _) => Ink::Bad,
        (0, 1..) => Ink::Warn,
        (0, 0) => Ink::Good,
    };
    let sum =
        format!("{} as it should be, {} to look at, {} failed", count("ok"), count("warn"), count("fail"));
    writeln!(out, "{}", paint(look, ink, &sum))?;
    Ok(())
}
