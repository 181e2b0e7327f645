//! Lengths and points of time as people read them, half asleep too.

use alloc::string::String;

use everlit_core::time::{Millis, Timestamp};

use crate::date::Civil;
use crate::provider::Zone;

/// How long something lasts yet: `2 days 3 h`, `3 h 12 min`, `12 min`, `42 s`, or `none`.
///
/// A second that has begun counts, so that what is looked at a moment after half an hour was left still has `30 min`. Beyond that
/// nothing is rounded up: nobody is told that there is more time than there is.
#[must_use]
pub fn time_left(left: Millis) -> String {
    let seconds = left.as_millis().div_ceil(1_000);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let two = |many: u64, of: &str, few: u64, unit: &str| match few {
        0 => alloc::format!("{many} {of}"),
        few => alloc::format!("{many} {of} {few} {unit}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) if seconds == 0 => String::from("none"),
        (0, 0, 0) => alloc::format!("{seconds} s"),
        (0, 0, minutes) => alloc::format!("{minutes} min"),
        (0, hours, minutes) => two(hours, "h", minutes, "min"),
        (1, hours, _) => two(1, "day", hours, "h"),
        (days, hours, _) => two(days, "days", hours, "h"),
    }
}

/// A time of day on a clock of a zone: `03:30 (IST)`.
#[must_use]
pub fn clock(at: Timestamp, zone: Zone) -> String {
    let (hour, minute) = zone.shows(at);
    alloc::format!("{hour:02}:{minute:02} ({zone})")
}

/// A point of time for somebody there and for everybody else: `03:30 (IST) on 3 Oct, 22:00 (UTC) on 2 Oct`. A day is said once where
/// it is the same, and a year only where it is another than that of `now`.
#[must_use]
pub fn moment(at: Timestamp, zone: Zone, now: Timestamp) -> String {
    let (there, here) = (Civil::at(zone.local(at)), Civil::at(at));
    let day = |civil: Civil, of: Zone| {
        let Civil { year, day, .. } = civil;
        let month = civil.month_name();
        if Civil::at(of.local(now)).year == year {
            alloc::format!("{day} {month}")
        } else {
            alloc::format!("{day} {month} {year}")
        }
    };
    let (clock_there, clock_here) = (clock(at, zone), clock(at, Zone::UTC));
    let (day_there, day_here) = (day(there, zone), day(here, Zone::UTC));
    if zone == Zone::UTC {
        alloc::format!("{clock_here} on {day_here}")
    } else if (there.year, there.month, there.day) == (here.year, here.month, here.day) {
        alloc::format!("{clock_there}, {clock_here} on {day_here}")
    } else {
        alloc::format!("{clock_there} on {day_there}, {clock_here} on {day_here}")
    }
}

/// A name as it can stand in a line: nothing that breaks it, hides in it or turns its direction, and `most` characters of it.
pub(crate) fn clean(text: &str, most: usize) -> String {
    let is_shown = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
    };
    let mut shown = text.chars().filter(is_shown);
    let mut cut: String = shown.by_ref().take(most).collect();
    if shown.next().is_some() {
        cut.pop();
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_said_in_its_two_greatest_units() {
        for (seconds, text) in [
            (0, "none"),
            (1, "1 s"),
            (59, "59 s"),
            (60, "1 min"),
            (119, "1 min"),
            (1_800, "30 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (3_659, "1 h"),
            (11_520, "3 h 12 min"),
            (86_399, "23 h 59 min"),
            (86_400, "1 day"),
            (90_000, "1 day 1 h"),
            (172_800, "2 days"),
            (31_536_000, "365 days"),
        ] {
            assert_eq!(time_left(Millis::from_secs(seconds)), text);
        }
        assert_eq!(time_left(Millis::from_millis(1)), "1 s");
        assert_eq!(time_left(Millis::from_millis(1_799_001)), "30 min", "an alarm that was late by a blink");
        assert_eq!(time_left(Millis::from_millis(1_799_000)), "29 min");
        assert!(time_left(Millis::FOREVER).ends_with(" days 14 h"));
    }

    #[test]
    fn a_point_of_time_is_said_there_and_in_utc() {
        let utc = |text| crate::date::parse_plain(text).unwrap();
        let now = utc("2026-10-02 12:00:00");
        for (text, zone, said) in [
            ("2026-10-02 22:00:00", Zone::INDIA, "03:30 (IST) on 3 Oct, 22:00 (UTC) on 2 Oct"),
            ("2026-10-02 13:30:00", Zone::INDIA, "19:00 (IST), 13:30 (UTC) on 2 Oct"),
            ("2026-10-02 22:00:00", Zone::UTC, "22:00 (UTC) on 2 Oct"),
            ("2026-10-02 03:00:00", Zone::east(-240), "23:00 (UTC-04:00) on 1 Oct, 03:00 (UTC) on 2 Oct"),
            ("2026-12-31 18:30:00", Zone::INDIA, "00:00 (IST) on 1 Jan 2027, 18:30 (UTC) on 31 Dec"),
            ("2027-10-02 13:30:00", Zone::east(345), "19:15 (UTC+05:45), 13:30 (UTC) on 2 Oct 2027"),
        ] {
            assert_eq!(moment(utc(text), zone, now), said);
        }
        let after_midnight = utc("2026-12-31 20:00:00");
        let at = utc("2026-12-31 22:00:00");
        let said = "03:30 (IST) on 1 Jan, 22:00 (UTC) on 31 Dec";
        assert_eq!(moment(at, Zone::INDIA, after_midnight), said, "each has its own year now");
        assert!(moment(Timestamp::NEVER, Zone::INDIA, now).ends_with(" (UTC) on 31 Dec 9999"));
    }

    #[test]
    fn a_name_stays_in_its_line() {
        assert_eq!(clean("Upstox", 64), "Upstox");
        assert_eq!(clean("a\r\nb\u{0}\u{202e}c\u{2028}d\u{200b}\u{feff}", 64), "abcd");
        assert_eq!(clean(&"é".repeat(100_000), 5), "éééé…");
        assert_eq!(clean("abcde", 5), "abcde");
    }
}
