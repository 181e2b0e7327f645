//! Days and times, in UTC, as text.

use anyhow::{Context as _, Result};
use everlit_core::time::{Millis, Timestamp};
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// The clock.
pub(super) fn now() -> Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(Timestamp::from_millis(since.as_secs() * 1_000))
}

/// `2026-11-21`: the end of that day, so that what is counted from it is never too early.
pub(super) fn parse_day(text: &str) -> Result<Timestamp> {
    let day = || {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let shape = (year.len(), month.len(), day.len(), parts.next()) == (4, 2, 2, None);
        let days: u64 = day.parse().ok()?;
        let since = days_before(year.parse().ok()?, month.parse().ok()?)? + days.min(31);
        let end = (since * DAY).checked_sub(1)?;
        let at = Timestamp::from_millis(0).after(Millis::from_secs(end));
        (shape && self::day(at) == text).then_some(at)
    };
    day().with_context(|| "a day is written like 2026-11-21")
}

/// `2026-11-21`.
pub(super) fn day(at: Timestamp) -> String {
    let (year, month, day) = civil(at.as_millis() / 1_000 / DAY);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2026-11-21T05:59:00Z`.
pub(super) fn iso(at: Timestamp) -> String {
    let seconds = at.as_millis() / 1_000 % DAY;
    format!("{}T{:02}:{:02}:{:02}Z", day(at), seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// `2026-11-21 05:59 UTC`.
pub(super) fn plain(at: Timestamp) -> String {
    let seconds = at.as_millis() / 1_000 % DAY;
    format!("{} {:02}:{:02} UTC", day(at), seconds / 3_600, seconds / 60 % 60)
}

fn leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn length(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

fn days_before(year: u64, month: u64) -> Option<u64> {
    let known = (1_970..=9_999).contains(&year) && (1..=12).contains(&month);
    let years: u64 = (1_970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    known.then(|| years + (1..month).map(|month| length(year, month)).sum::<u64>())
}

fn civil(days: u64) -> (u64, u64, u64) {
    let (mut year, mut month, mut left) = (1_970, 1, days);
    while left >= if leap(year) { 366 } else { 365 } {
        left -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    while left >= length(year, month) {
        left -= length(year, month);
        month += 1;
    }
    (year, month, left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_everybody_writes_it() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_795_226_400, "2026-11-21T02:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(iso(Timestamp::from_millis(seconds * 1_000)), text);
        }
        assert_eq!(plain(Timestamp::from_millis(1_795_226_400_000)), "2026-11-21 02:00 UTC");
    }

    #[test]
    fn a_day_is_read_to_its_end_and_nothing_else_is() {
        for (text, end) in [("2026-11-21", "2026-11-21T23:59:59Z"), ("2024-02-29", "2024-02-29T23:59:59Z")] {
            assert_eq!(iso(parse_day(text).unwrap()), end);
        }
        for wrong in [
            "",
            "2026-11-31",
            "2023-02-29",
            "2026-13-01",
            "2026-11-00",
            "1970-01-00",
            "1969-12-31",
            "26-11-21",
            "2026-1-1",
            "today",
        ] {
            assert!(parse_day(wrong).is_err(), "{wrong}");
        }
    }
}
