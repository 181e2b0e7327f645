//! What holds of every plan, whatever the moment.

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::provider::{Cutoff, Expiry, NewLogin, Told, WallClock, Zone};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

const DAY: Millis = Millis::from_days(1);

/// Between 1971 and the year 5138.
fn moment() -> impl Strategy<Value = Timestamp> {
    (31_536_000_000_u64..100_000_000_000_000).prop_map(Timestamp::from_millis)
}

fn cutoff() -> impl Strategy<Value = Cutoff> {
    (0_u8..24, 0_u8..60, -840_i16..=840)
        .prop_map(|(hour, minute, east)| Cutoff::at(hour, minute, Zone::east(east)))
}

fn wall_clock() -> impl Strategy<Value = WallClock> {
    let more = || prop::option::of(cutoff());
    let cap = prop::option::of((1_u64..48 * 3_600_000).prop_map(Millis::from_millis));
    // One without any end is no clock.
    (more(), more(), more(), more(), cap)
        .prop_map(|(a, b, c, d, cap)| WallClock { cutoffs: [a, b, c, d], cap })
        .prop_filter("an end", |clock| clock.cap.is_some() || clock.cutoffs.iter().any(Option::is_some))
}

fn plan(clock: WallClock, issued: Timestamp) -> Timestamp {
    Expiry::WallClock(clock).plan(issued, Told::default()).unwrap()
}

/// What failed once is tried first from then on, as in `tests/network`.
fn settings() -> ProptestConfig {
    const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/providers/regressions.txt");
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn a_daily_cutoff_lies_after_the_issue_and_within_a_day(clock in wall_clock(), issued in moment()) {
        let end = plan(clock, issued);
        prop_assert!(issued < end);
        prop_assert!(issued.until(end) <= DAY || clock.cutoffs.iter().all(Option::is_none));
        prop_assert!(clock.cap.is_none_or(|cap| issued.until(end) <= cap));
        for cutoff in clock.cutoffs.into_iter().flatten() {
            prop_assert!(end <= cutoff.after(issued));
            let last = cutoff.last(issued);
            prop_assert!(last <= issued && cutoff.after(last) > issued);
            prop_assert_eq!(cutoff.zone().shows(cutoff.after(issued)), cutoff.zone().shows(last));
        }
    }

    #[test]
    fn who_logs_in_later_is_never_out_earlier(clock in wall_clock(), issued in moment(), later in 0_u64..200_000_000) {
        let after = issued.after(Millis::from_millis(later));
        prop_assert!(plan(clock, issued) <= plan(clock, after));
    }

    #[test]
    fn a_new_login_is_offered_from_the_first_moment_on_at_which_it_helps(clock in wall_clock(), issued in moment(), into in 0_u64..86_400_000) {
        let present = plan(clock, issued);
        let now = issued.after(Millis::from_millis(into));
        match Expiry::WallClock(clock).new_login(Some(present), now) {
            NewLogin::Now => prop_assert!(plan(clock, now) > present),
            NewLogin::From(from) => {
                prop_assert!(now < from && from <= present);
                prop_assert!(plan(clock, from) > present, "it helps then");
                prop_assert!(plan(clock, from.before(Millis::from_millis(1))) <= present, "and not a millisecond before");
            }
        }
    }

    #[test]
    fn a_plan_is_after_the_issue_or_none(issued in moment(), stated in prop::option::of(any::<u64>()), last_use in prop::option::of(any::<u64>()), length in any::<u64>(), clock in wall_clock()) {
        let told = Told { stated: stated.map(Timestamp::from_millis), last_use: last_use.map(Timestamp::from_millis) };
        let length = Millis::from_millis(length);
        for expiry in [
            Expiry::Unknown,
            Expiry::Fixed(length),
            Expiry::WallClock(clock),
            Expiry::Idle { idle: length, cap: None },
            Expiry::Idle { idle: DAY, cap: Some(length) },
        ] {
            let end = expiry.plan(issued, told);
            prop_assert!(end.is_none_or(|end| end > issued), "{:?}", expiry);
            // Nobody is told to wait for what has passed.
            if let NewLogin::From(from) = expiry.new_login(end, issued) {
                prop_assert!(from > issued);
            }
        }
    }
}
