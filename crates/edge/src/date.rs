//! HTTP dates (RFC 9110, section 5.6.7), in all three spellings a server may use; and the plain one of ISO 8601.

use alloc::string::String;

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

/// Reads `1994-11-06 08:49:37`, also with a `T` in it: what a clock showed, counted as if that were UTC.
#[must_use]
pub fn parse_plain(text: &str) -> Option<Timestamp> {
    let (date, time) = text.trim().split_once([' ', 'T']).filter(|_| text.len() <= 32)?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = number(month).filter(|month| (1..=12).contains(month))?;
    let name = MONTHS.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    (year.len() == 4 && parts.next().is_none()).then(|| point(day, name, year, time))?
}

/// Reads `1994-11-06`: the beginning of that day in UTC.
#[must_use]
pub fn parse_day(text: &str) -> Option<Timestamp> {
    let is_day =
        |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    let is_day = text.len() == 10 && text.bytes().enumerate().all(is_day);
    is_day.then(|| parse_plain(&[text, " 00:00:00"].concat()))?
}

/// What calendar and clock show, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: u64,
    pub(crate) month: u64,
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
}

impl Civil {
    /// At a time. What lies beyond the year 9999 is shown as its last second.
    pub(crate) fn at(at: Timestamp) -> Self {
        const END: u64 = 253_402_300_799;
        let seconds = (at.as_millis() / 1_000).min(END);
        let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
        // Counted year by year: a few hundred steps at most before a clock goes wrong, eight thousand after.
        let mut year = 1_970_u64;
        loop {
            let length = if is_leap(year) { 366 } else { 365 };
            let Some(left) = days.checked_sub(length) else { break };
            (days, year) = (left, year.saturating_add(1));
        }
        let mut month = 1_u64;
        while let Some(left) = days.checked_sub(days_in(year, month)) {
            (days, month) = (left, month.saturating_add(1));
        }
        let day = days.saturating_add(1);
        Self { year, month, day, hour: of_day / 3_600, minute: of_day / 60 % 60, second: of_day % 60 }
    }

    /// The month in three letters.
    pub(crate) fn month_name(self) -> &'static str {
        let index = usize::try_from(self.month.saturating_sub(1)).unwrap_or_default();
        MONTHS.get(index).copied().unwrap_or_default()
    }
}

/// A time in UTC as `1994-11-06T08:49:37`. What lies beyond the year 9999 is written as its last second.
#[must_use]
pub fn iso_seconds(at: Timestamp) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::at(at);
    alloc::format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
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
    fn the_plain_spelling_is_read_and_written() {
        for (text, seconds) in [
            ("1994-11-06T08:49:37", 784_111_777),
            ("1970-01-01T00:00:00", 0),
            ("2024-02-29T12:00:00", 1_709_208_000),
            ("2026-12-31T23:59:59", 1_798_761_599),
            ("2027-01-01T00:00:00", 1_798_761_600),
            ("2400-03-01T00:00:00", 13_574_649_600),
            ("9999-12-31T23:59:59", 253_402_300_799),
        ] {
            let at = Timestamp::from_millis(seconds * 1_000 + 999);
            assert_eq!(iso_seconds(at), text);
            assert_eq!(parse_plain(text), Some(Timestamp::from_millis(seconds * 1_000)), "{text}");
            assert_eq!(parse_plain(&text.replace('T', " ")), parse_plain(text));
        }
        assert_eq!(iso_seconds(Timestamp::NEVER), "9999-12-31T23:59:59");
        for wrong in [
            "",
            "2026-10-02",
            "2026-13-02 20:00:00",
            "2026-00-02 20:00:00",
            "2026-02-30 20:00:00",
            "26-10-02 20:00:00",
            "2026-10-02 24:00:00",
            "2026-10-02 20:00",
            "2026-10-02-1 20:00:00",
            "2026-10-02 20:00:00.5",
            "02/10/2026 20:00:00",
        ] {
            assert_eq!(parse_plain(wrong), None, "{wrong}");
        }
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
