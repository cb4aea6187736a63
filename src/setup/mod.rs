//! Set-up and its checks.

pub mod doctor;
pub mod samples;
pub mod service;
