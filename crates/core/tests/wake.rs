//! A tab that slept does not trust what it knows about time.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

mod tab_play;

use everlit_core::id::CallId;
use everlit_core::tab::{Effect, Event, Settings, State, Tab, TokenAnswer, TokenState};
use everlit_core::time::Moment;
use everlit_core::vault::AskReason;
use everlit_core::{Epoch, Generation, Stamp};
use tab_play::{HOUR, OWN, Play, WALL, token};

const STAMP: Stamp = tab_play::stamp(1);

/// So many seconds on each clock since the page opened.
fn clocks(wall: i64, mono: u64) -> Moment {
    tab_play::clocks(wall * 1_000, mono * 1_000)
}

/// A tab with a token of an hour, as of second 0.
fn active() -> Tab {
    Play::active(Settings { events: false, ..Settings::DEFAULT }).tab
}

fn asks_once_to_resume(mut tab: Tab, now: Moment, event: Event) {
    let effects = tab.step(now, event);
    let questions = effects
        .iter()
        .filter(|effect| {
            matches!(effect, Effect::RequestToken { stamp: STAMP, reason: AskReason::Resume, .. })
        })
        .count();
    assert_eq!((tab.state(), questions), (State::Resuming, 1), "{event:?} at {now:?}");
}

#[test]
fn tab_asks_when_the_monotonic_clock_stopped_in_sleep() {
    asks_once_to_resume(active(), clocks(8 * 3_600, 20), Event::Shown);
}

#[test]
fn tab_asks_when_its_deadline_comes_late_on_a_clock_that_runs_on_in_sleep() {
    asks_once_to_resume(active(), clocks(8 * 3_600, 8 * 3_600), Event::DeadlineReached);
}

#[test]
fn tab_asks_when_the_wall_clock_was_set_back_or_forward() {
    asks_once_to_resume(active(), clocks(-3_600, 20), Event::Shown);
    asks_once_to_resume(active(), clocks(86_400, 20), Event::Shown);
}

#[test]
fn tab_asks_when_the_page_was_restored() {
    asks_once_to_resume(active(), clocks(20, 20), Event::Restored);
}

#[test]
fn tab_does_not_ask_while_its_clocks_agree() {
    let mut tab = active();
    for second in 1..=60 {
        assert!(
            tab.step(clocks(second, second as u64), Event::Shown).iter().next().is_none(),
            "second {second}"
        );
    }
    assert_eq!(tab.state(), State::Active);
}

#[test]
fn calls_after_a_sleep_wait_for_the_one_answer() {
    let mut tab = active();
    let (first, second) = (CallId(1), CallId(2));
    let mut effects: Vec<Effect> = tab
        .step(clocks(8 * 3_600, 20), Event::CallAsked { call: first, provider: OWN })
        .into_iter()
        .collect();
    effects.extend(tab.step(clocks(8 * 3_600, 20), Event::CallAsked { call: second, provider: OWN }));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::SendCall { .. })), "{effects:?}");

    let request = tab.phase().request().expect("the tab asks where it stands");
    let rotated = STAMP.rotated();
    let answer = TokenAnswer::Current(TokenState { stamp: rotated, ..token(1, HOUR, HOUR) });
    let effects = tab.step(clocks(8 * 3_600, 20), Event::TokenAnswered { request, answer });
    let sent: Vec<CallId> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::SendCall { call, stamp } if *stamp == rotated => Some(*call),
            _ => None,
        })
        .collect();
    assert_eq!(sent, [first, second]);
}

#[test]
fn a_tab_that_comes_back_to_another_users_login_asks_who_that_is() {
    let mut tab = active();
    drop(tab.step(clocks(20, 20), Event::Restored));
    let request = tab.phase().request().expect("the tab asks where it stands");
    let later = Stamp { epoch: Epoch(WALL + 1), generation: Generation::FIRST };
    let answer = TokenAnswer::Current(TokenState { stamp: later, ..token(1, HOUR, HOUR) });
    let effects = tab.step(clocks(20, 20), Event::TokenAnswered { request, answer });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::CheckSession { .. })), "{effects:?}");
    assert_eq!((tab.state(), tab.stamp()), (State::Resuming, None));
}

#[test]
fn a_logout_without_an_answer_is_given_up_and_can_be_tried_again() {
    let mut tab = active();
    let posts =
        |effects: &[Effect]| effects.iter().filter(|e| matches!(e, Effect::PostLogout { .. })).count();
    let first: Vec<Effect> = tab.step(clocks(1, 1), Event::LogoutAsked).into_iter().collect();
    assert_eq!(posts(&first), 1);
    assert_eq!(tab.next_deadline(), Some(clocks(31, 31).mono));
    let effects: Vec<Effect> = tab.step(clocks(31, 31), Event::DeadlineReached).into_iter().collect();
    assert!(
        matches!(effects[..], [Effect::Cancel { .. }, Effect::SettleLogout { done: false }]),
        "{effects:?}"
    );
    assert_eq!(tab.state(), State::Active);
    let again: Vec<Effect> = tab.step(clocks(32, 32), Event::LogoutAsked).into_iter().collect();
    assert_eq!(posts(&again), 1);
}

#[test]
fn a_token_that_was_found_near_its_end_is_renewed_at_once() {
    let tab = Play::found(Settings::DEFAULT, token(1, 3_000, 60_000)).tab;
    assert!(tab.next_deadline() <= Some(clocks(0, 0).mono), "{:?}", tab.next_deadline());
}
