//! One small file a subcommand.
