//! Set-up and its checks.

pub mod doctor;
pub mod error;
pub mod init;
pub mod link;
pub mod samples;
pub mod service;

mod file;

pub use crate::mapping::{NoSuch, Scalar};
pub use error::Error;
