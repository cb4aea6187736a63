//! Whose ciphers TLS uses.

use std::sync::Once;

/// Names the one of this process, before the first client is made. `ring` and not `aws-lc`, which brings two megabytes of
/// tables and builds for processors that few have, to encrypt some kilobytes an hour.
pub(super) fn choose() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Fails where one was chosen already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
