//! The vectors of the brokers' own pages, and the rule about new logins.

use super::*;
use crate::provider::{breeze, kite, upstox};

const HOUR: Millis = Millis::from_secs(3_600);
/// 2026-10-02T00:00 in India.
const FRIDAY: Timestamp = Timestamp::from_millis(1_790_879_400_000);

fn india(hour: u64, minute: u64, second: u64) -> Timestamp {
    let parts = [(hour, 3_600), (minute, 60), (second, 1)];
    parts
        .into_iter()
        .fold(FRIDAY, |at, (count, unit)| at.after(Millis::from_secs(count.saturating_mul(unit))))
}

fn planned(expiry: Expiry, issued: Timestamp) -> u64 {
    expiry.plan(issued, Told::default()).unwrap().as_millis()
}

#[test]
fn upstox_ends_at_the_first_half_past_three_strictly_after_issue() {
    for (issued, end) in [
        (india(20, 0, 0), 1_790_978_400_000),
        (india(2, 30, 0), 1_790_892_000_000),
        (india(3, 29, 59), 1_790_892_000_000),
        (Timestamp::from_millis(1_790_892_000_000 - 1), 1_790_892_000_000),
        (india(3, 30, 0), 1_790_978_400_000),
        // The sample of the documentation.
        (Timestamp::from_millis(1_731_412_800_000), 1_731_448_800_000),
    ] {
        assert_eq!(planned(upstox::DESCRIPTION.expiry, issued), end, "{issued:?}");
    }
}

#[test]
fn breeze_ends_at_midnight_or_after_a_day() {
    let midnight = FRIDAY.after(Millis::from_days(1)).as_millis();
    for (issued, end) in [
        (india(20, 0, 0), midnight),
        (india(23, 59, 59), midnight),
        (Timestamp::from_millis(midnight - 1), midnight),
        (FRIDAY, midnight),
        (Timestamp::from_millis(midnight), midnight + DAY),
        (Timestamp::from_millis(midnight + 1), midnight + DAY),
    ] {
        assert_eq!(planned(breeze::DESCRIPTION.expiry, issued), end, "{issued:?}");
    }
    // 00:00 in India is 18:30 of the day before.
    assert_eq!(midnight % DAY, 18 * 3_600_000 + 30 * MINUTE);
}

#[test]
fn kite_ends_at_six_in_the_morning() {
    let six = india(30, 0, 0).as_millis();
    for (issued, end) in
        [(india(20, 0, 0), six), (india(29, 59, 59), six), (Timestamp::from_millis(six), six + DAY)]
    {
        assert_eq!(planned(kite::DESCRIPTION.expiry, issued), end, "{issued:?}");
    }
}

#[test]
fn of_several_ends_the_first_counts() {
    let cutoff = |hour| Some(Cutoff::at(hour, 0, Zone::UTC));
    let clock =
        WallClock { cutoffs: [cutoff(22), cutoff(6), None, None], cap: Some(Millis::from_secs(5 * 3_600)) };
    let at = |hour: u64| Timestamp::from_millis(DAY).after(Millis::from_secs(hour * 3_600));
    for (issued, end) in [(7, 12), (18, 22), (22, 27), (25, 30), (4, 6)] {
        assert_eq!(Expiry::WallClock(clock).plan(at(issued), Told::default()), Some(at(end)), "{issued}");
    }
    let stated = Told { stated: Some(at(8)), last_use: None };
    assert_eq!(Expiry::WallClock(clock).plan(at(7), stated), Some(at(8)));
    let nonsense = Told { stated: Some(at(6)), last_use: None };
    assert_eq!(Expiry::WallClock(clock).plan(at(7), nonsense), Some(at(12)), "before its issue");
}

#[test]
fn every_policy_has_its_plan() {
    let issued = Timestamp::from_millis(1_000);
    let told = |stated: u64, last_use: u64| Told {
        stated: Some(Timestamp::from_millis(stated)),
        last_use: Some(Timestamp::from_millis(last_use)),
    };
    let idle = |cap| Expiry::Idle { idle: Millis::from_millis(60), cap };
    for (expiry, told, end) in [
        (Expiry::Unknown, Told::default(), None),
        (Expiry::Unknown, told(1_500, 0), Some(1_500)),
        (Expiry::Stated(Stated::JwtExp), Told::default(), None),
        (Expiry::Stated(Stated::JwtExp), told(9_000, 0), Some(9_000)),
        (Expiry::Stated(Stated::JwtExp), told(1_000, 0), None),
        (Expiry::Fixed(Millis::from_millis(7)), Told::default(), Some(1_007)),
        (Expiry::Fixed(Millis::ZERO), Told::default(), None),
        (idle(None), Told { last_use: None, ..told(5_000, 0) }, Some(1_060)),
        (idle(None), Told { stated: None, ..told(0, 2_000) }, Some(2_060)),
        (idle(None), Told { stated: None, ..told(0, 500) }, Some(1_060)),
        (idle(Some(Millis::from_millis(100))), Told { stated: None, ..told(0, 2_000) }, Some(1_100)),
        (Expiry::WallClock(WallClock { cutoffs: [None; CUTOFFS_MAX], cap: None }), Told::default(), None),
    ] {
        assert_eq!(expiry.plan(issued, told).map(Timestamp::as_millis), end, "{expiry:?} {told:?}");
    }
}

#[test]
fn a_new_login_is_offered_from_the_cutoff_on() {
    let [upstox, breeze] = [upstox::DESCRIPTION.expiry, breeze::DESCRIPTION.expiry];
    let (three, midnight) = (india(27, 30, 0), india(24, 0, 0));
    for (expiry, present, now, says) in [
        (upstox, Some(three), india(20, 0, 0), NewLogin::From(three)),
        (upstox, Some(three), three.before(Millis::from_millis(1)), NewLogin::From(three)),
        (upstox, Some(three), three, NewLogin::Now),
        (upstox, None, india(20, 0, 0), NewLogin::Now),
        (breeze, Some(midnight), india(20, 0, 0), NewLogin::From(midnight)),
        (breeze, Some(midnight), midnight, NewLogin::Now),
        // One that was stated to end before its cutoff: a new one gets as far as the cutoff.
        (upstox, Some(india(22, 0, 0)), india(21, 0, 0), NewLogin::Now),
        (Expiry::Unknown, Some(three), india(20, 0, 0), NewLogin::Now),
        (Expiry::Fixed(HOUR), Some(india(1, 0, 0)), india(0, 30, 0), NewLogin::Now),
        (
            Expiry::Fixed(HOUR),
            Some(india(9, 0, 0)),
            india(0, 30, 0),
            NewLogin::From(india(8, 0, 0).after(Millis::from_millis(1))),
        ),
    ] {
        assert_eq!(expiry.new_login(present, now), says, "{expiry:?} {present:?} {now:?}");
    }
    let NewLogin::From(from) = upstox.new_login(Some(three), india(20, 0, 0)) else { panic!() };
    assert_eq!(Zone::INDIA.shows(from), (3, 30), "as a clock in India says it");
    assert_eq!(Zone::UTC.shows(from), (22, 0));
    assert_eq!(Zone::east(-300).shows(from), (17, 0));
}

#[test]
fn zones_are_counted_in_both_directions() {
    let noon = Timestamp::from_millis(DAY / 2);
    assert_eq!(Zone::INDIA.utc(noon), noon.before(Millis::from_secs(330 * 60)));
    assert_eq!(Zone::east(-60).utc(noon), noon.after(HOUR));
    assert_eq!(Zone::east(i16::MAX), Zone::east(14 * 60));
    assert_eq!(Zone::east(i16::MIN), Zone::east(-14 * 60));
    assert_eq!(Cutoff::at(24, 0, Zone::UTC), Cutoff::at(0, 0, Zone::UTC));
    for zone in [Zone::INDIA, Zone::UTC, Zone::east(-14 * 60)] {
        assert_eq!(zone.utc(zone.local(FRIDAY)), FRIDAY);
        let cutoff = Cutoff::at(6, 5, zone);
        assert_eq!(zone.shows(cutoff.after(FRIDAY)), (6, 5));
        assert_eq!(cutoff.after(cutoff.last(FRIDAY)).since(cutoff.last(FRIDAY)), Millis::from_days(1));
    }
}

#[test]
fn a_zone_is_written_as_people_there_write_it() {
    for (minutes, name) in [
        (0, "UTC"),
        (330, "IST"),
        (345, "UTC+05:45"),
        (-240, "UTC-04:00"),
        (-210, "UTC-03:30"),
        (-30, "UTC-00:30"),
        (840, "UTC+14:00"),
    ] {
        assert_eq!(alloc::format!("{}", Zone::east(minutes)), name);
    }
    assert_eq!(kite::DESCRIPTION.expiry.zone(), Zone::INDIA);
    assert_eq!(Expiry::Unknown.zone(), Zone::UTC);
}

#[test]
fn the_ends_of_time_do_not_matter() {
    for at in [Timestamp::from_millis(0), Timestamp::from_millis(1), Timestamp::NEVER] {
        for expiry in [upstox::DESCRIPTION.expiry, breeze::DESCRIPTION.expiry, kite::DESCRIPTION.expiry] {
            let _plan: Option<Timestamp> = expiry.plan(at, Told::default());
            let _login: NewLogin = expiry.new_login(Some(at), Timestamp::from_millis(0));
        }
        let _shown = Zone::INDIA.shows(at);
    }
}
