//! Pure: local facts × listed records → what is billed already.
