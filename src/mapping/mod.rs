//! Pure: the link of a directory.
