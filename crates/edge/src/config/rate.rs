//! Rates as people write them.

use everlit_core::rate::Rate;

use super::duration::parse_duration;

pub(super) const EXPECTED: &str =
    "a rate: a whole number from 1 to 99999, a slash and a duration, such as \"600/1m\"";

/// Reads `600/1m`.
#[must_use]
pub(super) fn parse_rate(text: &str) -> Option<Rate> {
    let (digits, per) = text.split_once('/')?;
    let plain = (1..=5).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count = digits.parse().ok().filter(|_| plain)?;
    Some(Rate::new(count, parse_duration(per)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use everlit_core::time::Millis;

    #[test]
    fn a_number_and_a_duration_are_understood_and_nothing_else() {
        assert_eq!(parse_rate("600/1m"), Some(Rate::new(600, Millis::from_secs(60))));
        assert_eq!(parse_rate("99999/14d"), Some(Rate::new(99_999, Millis::from_days(14))));
        for wrong in [
            "",
            "/",
            "600",
            "/1m",
            "600/",
            "0/1m",
            "06/1m",
            "100000/1m",
            "-1/1m",
            "1.5/1m",
            "600/m",
            "600/0m",
            "600 /1m",
            "6/1m/1m",
        ] {
            assert_eq!(parse_rate(wrong), None, "{wrong:?}");
        }
    }
}
