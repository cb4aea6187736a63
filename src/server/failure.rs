//! An answer that is none: a code for programs, a sentence for people.

use std::fmt;

/// Why there is no answer. The codes that both have are those of the command line's JSON errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A key, a value or a body that makes no sense.
    InvalidInput,
    /// No such path, record or session.
    NotFound,
    /// The path is there, the method is not.
    MethodNotAllowed,
    /// The request was not complete in time.
    RequestTimeout,
    /// What is asked for contradicts what is.
    Conflict,
    /// It needs something that is not set up or not running: credentials, delivery.
    NotReady,
    /// Over the limit of a request's size.
    TooLarge,
    /// Too many clients.
    Busy,
    /// Our side failed; the log says more.
    Internal,
}

impl Code {
    /// The word in the JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::Conflict => "conflict",
            Self::NotReady => "not_ready",
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidInput => 400,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::Conflict => 409,
            Self::NotReady => 424,
            Self::TooLarge => 413,
            Self::Internal => 500,
            Self::Busy => 503,
        }
    }
}

/// A refusal or a failure, as it goes to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub code: Code,
    /// What happened and what to do next, in a sentence for people.
    pub message: String,
}

impl Failure {
    /// A failure with its sentence.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// `{"error":true,"code":…,"message":…}`.
    #[must_use]
    pub fn document(&self) -> Vec<u8> {
        serde_json::json!({"error": true, "code": self.code.word(), "message": self.message})
            .to_string()
            .into_bytes()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
