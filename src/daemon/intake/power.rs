//! Where the power comes from, as Linux tells it (`Documentation/ABI/testing/sysfs-class-power`).

use std::fs;
use std::path::Path;

/// One directory a supply; other systems have none, and count as on the mains.
pub(super) const SUPPLIES: &str = "/sys/class/power_supply";

/// Whether the machine lives on its battery: one of its own is being emptied, and no line feeds it. A mouse's battery
/// (`scope` is `Device`) is none of the machine's.
pub(super) fn on_battery(supplies: &Path) -> bool {
    let mut empties = false;
    for supply in fs::read_dir(supplies).into_iter().flatten().flatten() {
        let said = |name: &str| {
            let text = fs::read_to_string(supply.path().join(name)).unwrap_or_default();
            text.trim().to_owned()
        };
        if said("scope") == "Device" {
            continue;
        }
        match said("type").as_str() {
            "Battery" | "UPS" => empties |= said("status") == "Discharging",
            _ if said("online") == "1" => return false,
            _ => {}
        }
    }
    empties
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::daemon::intake) fn supply(root: &Path, name: &str, said: &[(&str, &str)]) {
        let dir = root.join(name);
        fs::create_dir_all(&dir).unwrap();
        for (file, text) in said {
            fs::write(dir.join(file), format!("{text}\n")).unwrap();
        }
    }

    #[test]
    fn a_battery_that_is_emptied_with_no_line_beside() {
        const BATTERY: &[(&str, &str)] = &[("type", "Battery"), ("status", "Discharging")];
        const FULL: &[(&str, &str)] = &[("type", "Battery"), ("status", "Full")];
        const MOUSE: &[(&str, &str)] = &[("type", "Battery"), ("scope", "Device"), ("status", "Discharging")];
        const LINE: &[(&str, &str)] = &[("type", "Mains"), ("online", "1")];
        const NO_LINE: &[(&str, &str)] = &[("type", "Mains"), ("online", "0")];
        const USB: &[(&str, &str)] = &[("type", "USB"), ("online", "1")];
        type Supply = [(&'static str, &'static str)];
        let cases: [(&[&Supply], bool); 10] = [
            (&[], false),
            (&[BATTERY], true),
            (&[BATTERY, NO_LINE], true),
            (&[FULL, BATTERY], true),
            (&[BATTERY, LINE], false),
            (&[NO_LINE, BATTERY, USB], false),
            (&[FULL], false),
            (&[MOUSE], false),
            (&[MOUSE, BATTERY], true),
            (&[NO_LINE], false),
        ];
        for (supplies, expected) in cases {
            let root = tempfile::tempdir().unwrap();
            for (number, said) in supplies.iter().enumerate() {
                supply(root.path(), &format!("S{number}"), said);
            }
            assert_eq!(on_battery(root.path()), expected, "{supplies:?}");
        }
        assert!(!on_battery(Path::new("/nowhere")));
    }
}
