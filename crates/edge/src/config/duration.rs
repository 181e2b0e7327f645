//! Durations as people write them.

use everlit_core::time::Millis;

pub(super) const EXPECTED: &str =
    "a duration: a whole number from 1 to 99999 and a unit, such as \"90s\", \"45m\", \"12h\" or \"14d\"";

/// Reads `90s`, `45m`, `12h` or `14d`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Millis> {
    let split = text.len().checked_sub(1)?;
    let (digits, unit) = text.split_at_checked(split)?;
    let seconds_each: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let plain = (1..=5).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|_| plain)?;
    Some(Millis::from_secs(count.saturating_mul(seconds_each)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_understood_and_nothing_else() {
        assert_eq!(parse_duration("90s"), Some(Millis::from_secs(90)));
        assert_eq!(parse_duration("45m"), Some(Millis::from_secs(2_700)));
        assert_eq!(parse_duration("12h"), Some(Millis::from_secs(43_200)));
        assert_eq!(parse_duration("99999d"), Some(Millis::from_days(99_999)));
        for wrong in [
            "", "s", "90", "0s", "090s", "90S", "90 s", " 90s", "1.5h", "-1d", "+1d", "100000s", "14w",
            "9\u{e9}",
        ] {
            assert_eq!(parse_duration(wrong), None, "{wrong:?}");
        }
    }
}
