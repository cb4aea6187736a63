//! What a failed exchange means: did anything leave?

use std::error::Error as StdError;
use std::io;

use crate::deliver::{Outcome, Unsent};

/// Sorts an error of the HTTP client. The words are fixed ones: its own would show addresses.
pub(super) fn failed<T>(error: &reqwest::Error) -> Outcome<T> {
    if error.is_builder() {
        let why =
            "the request could not be built: its idempotency key has characters that no header can carry";
        return Outcome::NotSent(Unsent::Unreachable(why.to_owned()));
    }
    // Asked first: a connect timeout is also a timeout, and means the opposite of one later on.
    if error.is_connect() {
        return Outcome::NotSent(match find::<rustls::Error>(error) {
            Some(tls) => handshake(tls),
            None => Unsent::Unreachable(unreachable(error).to_owned()),
        });
    }
    let why = if error.is_timeout() {
        "no answer within the time limit"
    } else if find::<io::Error>(error).is_some_and(|io| io.kind() == io::ErrorKind::ConnectionReset) {
        "the connection was reset before a whole answer came"
    } else {
        "the connection ended before a whole answer came"
    };
    Outcome::Unknown { status: None, why: why.to_owned(), retry_after: None }
}

fn handshake(tls: &rustls::Error) -> Unsent {
    use rustls::CertificateError as Bad;
    let rustls::Error::InvalidCertificate(bad) = tls else {
        return Unsent::Unreachable("the TLS handshake failed".to_owned());
    };
    let why = match bad {
        Bad::Expired | Bad::ExpiredContext { .. } => "the certificate has expired",
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => "the certificate is not valid yet",
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => "the certificate is for another name",
        Bad::UnknownIssuer => "the certificate's issuer is not trusted",
        Bad::Revoked => "the certificate was revoked",
        _ => "the certificate is invalid",
    };
    Unsent::Certificate(format!("{why}: a proxy or a captive portal may be in between"))
}

fn unreachable(error: &reqwest::Error) -> &'static str {
    if error.is_dns() {
        return "the host's name could not be resolved";
    }
    if error.is_timeout() {
        return "the connection took longer than the connect timeout";
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "the connection was refused",
        Some(io::ErrorKind::NetworkUnreachable) => "the network is unreachable",
        Some(io::ErrorKind::HostUnreachable) => "the host is unreachable",
        Some(io::ErrorKind::ConnectionReset) => "the connection was reset before it stood",
        _ => "the connection could not be made",
    }
}

/// The first error of type `E` in the chain. An I/O error hides the one that it wraps from `source`, which is where
/// the TLS library's error lies: it is asked as well.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests;
