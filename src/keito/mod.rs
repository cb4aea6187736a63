//! The only owner of the HTTP client.
