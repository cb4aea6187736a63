//! The only owner of the HTTP server on the Unix socket.
