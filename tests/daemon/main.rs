//! The program as a user has it: the real binary, real files and their events, real HTTP to the embedded Keito.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests are not seen as tests, and a test that is skipped says so"
)]

mod acts;
mod ailments;
mod assign;
mod audit;
mod backfill;
mod clock;
mod credentials;
mod doctor;
mod dry_run;
mod escapes;
mod explain;
mod fakes;
mod faults;
mod foreign;
mod formats;
mod growing;
mod held;
mod hooks;
mod hostile;
mod hours;
mod init;
mod inputs;
mod keito;
mod launchd;
mod lines;
mod live;
mod manager;
mod mapping;
mod money;
mod network;
mod notes;
mod notified;
mod overrides;
mod pace;
mod place;
mod reloads;
mod secrets;
mod service;
mod shows;
mod socket;
mod starts;
mod state;
mod statusline;
mod stopped;
mod stops;
mod timelines;
mod watching;
mod wiped;
