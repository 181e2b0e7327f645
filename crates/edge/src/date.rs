//! HTTP dates (RFC 9110, section 5.6.7), in all three spellings a server may use.

use everlit_core::time::{Millis, Timestamp};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
///
/// The name of the day is not checked. A date before 1970 is none. A two-digit year is taken as 19xx from 70 on, as 20xx
/// below: nobody sends dates of other centuries.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    if let Some((_, rest)) = text.split_once(", ") {
        let mut words = rest.split([' ', '-']);
        let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
        return (words.next() == Some("GMT") && words.next().is_none())
            .then(|| point(day, month, year, time))?;
    }
    let mut words = text.split_ascii_whitespace();
    let (_, month, day, time, year) =
        (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
    words.next().is_none().then(|| point(day, month, year, time))?
}

fn point(day: &str, month: &str, year: &str, time: &str) -> Option<Timestamp> {
    let month = u64::try_from(MONTHS.iter().position(|name| *name == month)?.saturating_add(1)).ok()?;
    let year = match (year.len(), number(year)?) {
        (4, year) => year,
        (2, year) if year >= 70 => year.saturating_add(1_900),
        (2, year) => year.saturating_add(2_000),
        _ => return None,
    };
    let mut parts = time.split(':');
    let (hour, minute, second) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let day = number(day)?;
    let valid = parts.next().is_none()
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        // 60 is a leap second.
        && second <= 60;
    let days = days_before(year, month)?.saturating_add(day.saturating_sub(1));
    let seconds = days
        .saturating_mul(86_400)
        .saturating_add(hour.saturating_mul(3_600))
        .saturating_add(minute.saturating_mul(60))
        .saturating_add(second);
    valid.then(|| Timestamp::from_millis(0).after(Millis::from_secs(seconds)))
}

/// A number of at most four digits.
fn number(text: &str) -> Option<u64> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days between the start of 1970 and the start of a month.
fn days_before(year: u64, month: u64) -> Option<u64> {
    let past = year.checked_sub(1_970)?;
    // Leap days of the years before `year`, less those before 1970 (477 of them).
    let before = year.saturating_sub(1);
    let leaps = (before / 4).saturating_sub(before / 100).saturating_add(before / 400).saturating_sub(477);
    let whole = past.saturating_mul(365).saturating_add(leaps);
    Some((1..month).fold(whole, |days, month| days.saturating_add(days_in(year, month))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(text: &str) -> Option<u64> {
        parse_http_date(text).map(|at| at.as_millis() / 1_000)
    }

    #[test]
    fn three_spellings_one_moment() {
        for text in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(secs(text), Some(784_111_777), "{text}");
        }
        assert_eq!(secs("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(secs("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        assert_eq!(secs("Sat, 21 Nov 2026 02:00:00 GMT"), Some(1_795_226_400));
        assert_eq!(secs("Sat, 01 Mar 2400 00:00:00 GMT"), Some(13_574_649_600));
    }

    #[test]
    fn other_texts_are_no_dates() {
        for wrong in [
            "",
            "120",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 08:49:37 GMT x",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Wed, 29 Feb 2023 12:00:00 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun Nov 6 08:49 1994",
            "Sun Nov 6 08:49:37 1994 GMT",
        ] {
            assert_eq!(secs(wrong), None, "{wrong}");
        }
    }
}
