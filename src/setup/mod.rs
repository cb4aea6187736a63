//! Set-up and its checks.
