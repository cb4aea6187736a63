//! The shipped unit under a real manager: `KEITOD_MANAGER=1 cargo test --test daemon manager`, as root on Linux.

use std::process::Command;

#[test]
fn the_unit_lives_under_a_real_systemd() {
    // It makes a control group and namespaces: not what one expects of `cargo test`.
    if std::env::var_os("KEITOD_MANAGER").is_none() {
        return println!("skipped: KEITOD_MANAGER=1 runs it, as root");
    }
    if !rustix::process::getuid().is_root() {
        return println!("skipped: needs root");
    }
    let dir = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/daemon/manager.sh");
    let output =
        Command::new("bash").arg(script).arg(env!("CARGO_BIN_EXE_keitod")).arg(dir.path()).output().unwrap();
    let (code, out, err) = crate::place::told(&output);
    println!("{out}{err}");
    match code {
        0 => {}
        77 => println!("skipped: no user manager can be started here"),
        code => panic!("{code}"),
    }
}
