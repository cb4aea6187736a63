//! Workspace time rounding, which Keito applies when an entry is saved.

use rust_decimal::Decimal;
use std::fmt;
use std::str::FromStr;

/// How a workspace rounds the time of an entry. Only `up_15` was ever seen on a live account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// As sent.
    #[default]
    None,
    /// Up to the next multiple of so many minutes.
    Up(u32),
    /// To the nearest multiple of so many minutes, half up.
    Nearest(u32),
    /// Down to the last multiple of so many minutes.
    Down(u32),
}

impl Rounding {
    /// The rounded time in seconds.
    #[must_use]
    pub fn seconds(self, seconds: u64) -> u64 {
        let steps = |minutes: u32| u64::from(minutes.max(1)) * 60;
        match self {
            Self::None => seconds,
            Self::Up(minutes) => seconds.next_multiple_of(steps(minutes)),
            Self::Down(minutes) => seconds - seconds % steps(minutes),
            Self::Nearest(minutes) => {
                let shifted = seconds + steps(minutes) / 2;
                shifted - shifted % steps(minutes)
            }
        }
    }
}

/// Seconds as hours to 0.01, half away from zero (5 minutes are 0.08).
pub(super) fn hours(seconds: u64) -> Decimal {
    use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    (Decimal::from(seconds) / Decimal::from(3600)).round_dp_with_strategy(2, MidpointAwayFromZero)
}

impl fmt::Display for Rounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Up(minutes) => write!(f, "up_{minutes}"),
            Self::Nearest(minutes) => write!(f, "nearest_{minutes}"),
            Self::Down(minutes) => write!(f, "down_{minutes}"),
        }
    }
}

/// Not `none`, `up_N`, `nearest_N` or `down_N` with N from 1 to 60.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("time rounding must be none, up_N, nearest_N or down_N with N from 1 to 60 minutes")]
pub struct NotARounding;

impl FromStr for Rounding {
    type Err = NotARounding;

    fn from_str(text: &str) -> Result<Self, NotARounding> {
        if text == "none" {
            return Ok(Self::None);
        }
        let (direction, minutes) = text.split_once('_').ok_or(NotARounding)?;
        let minutes = minutes.parse().ok().filter(|n| (1..=60).contains(n)).ok_or(NotARounding)?;
        match direction {
            "up" => Ok(Self::Up(minutes)),
            "nearest" => Ok(Self::Nearest(minutes)),
            "down" => Ok(Self::Down(minutes)),
            _ => Err(NotARounding),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_rounds_to_its_step() {
        let table = [
            ("none", 1201, 1201, "0.33"),
            ("up_15", 1200, 1800, "0.5"),
            ("up_15", 1800, 1800, "0.5"),
            ("up_15", 0, 0, "0"),
            ("nearest_15", 1349, 900, "0.25"),
            ("nearest_15", 1350, 1800, "0.5"),
            ("down_6", 719, 360, "0.1"),
            ("up_5", 1, 300, "0.08"),
        ];
        for (mode, sent, seconds, shown) in table {
            let rounding: Rounding = mode.parse().unwrap();
            assert_eq!(rounding.to_string(), mode);
            assert_eq!(rounding.seconds(sent), seconds, "{mode} {sent}");
            assert_eq!(hours(seconds).normalize().to_string(), shown, "{mode} {sent}");
        }
        assert!("up_0".parse::<Rounding>().is_err() && "sideways_5".parse::<Rounding>().is_err());
    }
}
