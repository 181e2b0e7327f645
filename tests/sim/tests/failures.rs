//! One test for each failure of browser libraries in the field: Everlit is free of it, and a naive client in the same world is not.

#![allow(clippy::indexing_slicing, reason = "a test says what is wrong by failing")]

use everlit_tests_sim::failures::STORIES;

/// Plays the story with this number.
fn is_ended(number: usize) {
    let row = STORIES[number - 1]();
    assert_eq!(row.number as usize, number);
    assert!(row.everlit.passes, "{}: {}", row.failure, row.everlit.told);
    assert!(!row.naive.passes, "the world does not show the failure: {}: {}", row.failure, row.naive.told);
}

macro_rules! failures {
    ($($number:literal $name:ident;)*) => {
        $(#[test] fn $name() { is_ended($number); })*
    };
}

failures! {
    1 tabs_race_one_rotating_refresh_token;
    2 the_answer_with_the_next_refresh_token_is_lost;
    3 a_lock_is_never_released;
    4 a_stolen_lock_makes_two_holders;
    5 a_waiter_gives_up_before_the_holder_may_finish;
    6 timers_of_hidden_tabs_are_late;
    7 a_wake_comes_before_the_network;
    8 a_transient_error_is_taken_for_a_logout;
    9 a_wrong_clock_makes_every_fresh_token_look_expired;
    10 a_lead_is_longer_than_the_lifetime;
    11 a_refusal_that_is_not_about_expiry_refreshes_without_end;
    12 events_lie;
    13 polling_counts_as_activity;
    14 idle_timers_are_wrong_over_tabs_and_sleep;
    15 a_logout_is_undone_by_another_tabs_refresh;
}
