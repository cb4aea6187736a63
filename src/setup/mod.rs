//! Set-up and its checks.

pub mod error;
pub mod init;
pub mod link;
pub mod samples;

mod file;

pub use error::Error;
