//! An embedded Keito v2 on loopback, faithful to what is known of the real one.
