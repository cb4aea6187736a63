//! Kimi CLI and Kimi Code.

use crate::others::Agent;

static CLI: Agent =
    Agent { folder: "kimi/1.51.0", scenarios: 6, logs: ".kimi", model: Some("unknown"), side: true };

static CODE: Agent =
    Agent { folder: "kimi-code/2.1.0", scenarios: 7, logs: ".kimi-code", model: None, side: true };

#[test]
fn kimi_cli_1_51_0_is_counted_to_the_token() {
    CLI.check();
}

#[test]
fn kimi_code_2_1_0_is_counted_to_the_token() {
    CODE.check();
}
