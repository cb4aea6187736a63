//! File, environment and credentials → one resolved, typed configuration, all errors at once.
