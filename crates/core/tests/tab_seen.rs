//! What a tab asks when somebody comes back to it. Of a session that waits for its user it finds out that they logged in
//! elsewhere, also where nobody tells it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

mod tab_play;

use everlit_core::id::RequestId;
use everlit_core::retry::{Advice, Failure};
use everlit_core::tab::{
    Effect, Event, Failed, News, PeerMessage, SessionAnswer, Settings, State, TokenAnswer, Way, Ways,
};
use everlit_core::time::Millis;
use tab_play::{BARE, HOUR, MINUTE, Play, SECOND, at, failed, looked, looks, stamp, token};

/// A tab whose session waits for its user, in a page that was used for a minute.
fn waiting(settings: Settings, silent: Ways) -> Play {
    let mut play = Play::active(settings);
    play.step(at(0), Event::SocketOpened { shared: false });
    play.step(at(MINUTE), Event::UserActive { gesture: true });
    play.step(at(MINUTE), Event::RefreshAsked);
    play.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent });
    assert_eq!(play.state(), State::ReauthRequired);
    play.effects.clear();
    play
}

fn answered(play: &mut Play, millis: u64, answer: SessionAnswer) -> Vec<Effect> {
    let request = looked(&play.effects).expect("the Worker was asked");
    play.step(at(millis), Event::SessionAnswered { request, answer })
}

fn still(generation: u32) -> SessionAnswer {
    SessionAnswer::ReauthRequired { stamp: stamp(generation), silent: Ways::NONE }
}

/// With and without a way that a gesture would open.
const LEFT: [Ways; 2] = [Ways::NONE, Ways::of(Way::Popup)];

#[test]
fn a_tab_that_hears_nothing_finds_the_login_of_another_tab_when_it_is_seen() {
    for left in LEFT {
        for event in [Event::Shown, Event::Online] {
            let mut play = waiting(BARE, left);
            let effects = play.step(at(2 * MINUTE), event);
            assert_eq!(looks(&effects), 1, "{event:?}");
            assert_eq!(play.state(), State::ReauthRequired, "what the user has begun goes on");
            answered(&mut play, 2 * MINUTE + SECOND, SessionAnswer::Active(token(2, HOUR, HOUR)));
            assert_eq!((play.state(), play.tab.stamp()), (State::Active, Some(stamp(2))), "{event:?}");
        }
    }
}

#[test]
fn to_be_seen_costs_one_question_and_no_more_than_one_in_ten_seconds() {
    for left in LEFT {
        let mut play = waiting(BARE, left);
        // Visible and focused at once, and then back and forth.
        play.step(at(2 * MINUTE), Event::Shown);
        play.step(at(2 * MINUTE), Event::Shown);
        for second in 1..10 {
            play.step(at(2 * MINUTE + second * SECOND), Event::Hidden);
            play.step(at(2 * MINUTE + second * SECOND + 1), Event::Shown);
            if second == 1 {
                answered(
                    &mut play,
                    2 * MINUTE + SECOND + 100,
                    SessionAnswer::ReauthRequired { stamp: stamp(1), silent: left },
                );
            }
        }
        assert_eq!(looks(&play.effects), 1);
        // Who came in between is served at the end of the ten seconds, once.
        play.run_until(2 * MINUTE + 10 * SECOND);
        assert_eq!(looks(&play.effects), 2);
        answered(
            &mut play,
            2 * MINUTE + 11 * SECOND,
            SessionAnswer::ReauthRequired { stamp: stamp(1), silent: left },
        );
        play.run_until(HOUR);
        assert_eq!((looks(&play.effects), play.state()), (2, State::ReauthRequired));
    }
}

#[test]
fn nobody_asks_where_nobody_looks() {
    let mut play = waiting(BARE, Ways::NONE);
    play.step(at(2 * MINUTE), Event::Hidden);
    play.step(at(3 * MINUTE), Event::Online);
    play.run_until(HOUR);
    assert_eq!(looks(&play.effects), 0);
}

#[test]
fn a_look_waits_for_the_end_of_a_cool_down() {
    let mut play = waiting(BARE, Ways::NONE);
    play.step(
        at(2 * MINUTE),
        Event::PeerTold(PeerMessage::CoolDown { until: at(7 * MINUTE).wall, wait: Millis::FOREVER }),
    );
    play.step(at(3 * MINUTE), Event::Shown);
    play.run_until(7 * MINUTE - 1);
    assert_eq!(looks(&play.effects), 0);
    play.run_until(7 * MINUTE);
    assert_eq!(looks(&play.effects), 1);
}

#[test]
fn a_look_that_brings_nothing_is_repeated_and_one_that_is_not_answered_given_up() {
    let mut play = waiting(BARE, Ways::NONE);
    play.step(at(2 * MINUTE), Event::Shown);
    answered(
        &mut play,
        2 * MINUTE,
        SessionAnswer::Failed(Failed { elapsed: Millis::ZERO, ..failed(Failure::Transient) }),
    );
    play.run_until(2 * MINUTE + 5 * SECOND);
    answered(&mut play, 2 * MINUTE + 5 * SECOND, SessionAnswer::Active(token(2, HOUR, HOUR)));
    assert_eq!(play.state(), State::Active);

    let mut play = waiting(BARE, Ways::NONE);
    play.step(at(2 * MINUTE), Event::Shown);
    let lost = looked(&play.effects).expect("the Worker was asked");
    play.run_until(3 * MINUTE);
    assert!(play.effects.contains(&Effect::Cancel { request: lost }));
    // Its answer comes after all, and changes nothing.
    play.step(at(3 * MINUTE), Event::SessionAnswered { request: lost, answer: SessionAnswer::LoggedOut });
    assert_eq!(play.state(), State::ReauthRequired);
    assert_eq!(looks(&play.step(at(3 * MINUTE), Event::Shown)), 1);
}

#[test]
fn the_answer_to_a_look_says_nothing_of_a_newer_token() {
    let mut play = waiting(BARE, Ways::NONE);
    play.step(at(2 * MINUTE), Event::Shown);
    let late = looked(&play.effects).expect("the Worker was asked");
    let moved = PeerMessage::Moved {
        stamp: stamp(2),
        expires_at: at(HOUR).wall,
        lifetime: Millis::from_millis(HOUR),
    };
    play.step(at(2 * MINUTE), Event::PeerTold(moved));
    let request = play.request();
    play.step(at(2 * MINUTE), Event::SessionAnswered { request, answer: still(2) });
    assert_eq!(play.tab.phase().stamp(), Some(stamp(2)));
    play.step(
        at(2 * MINUTE),
        Event::SessionAnswered { request: late, answer: SessionAnswer::Active(token(1, HOUR, HOUR)) },
    );
    assert_eq!((play.state(), play.tab.phase().stamp()), (State::ReauthRequired, Some(stamp(2))));
    assert_ne!(late, RequestId(0));
}

#[test]
fn what_was_said_while_the_socket_was_down_is_its_first_word() {
    let mut play = waiting(Settings::DEFAULT, Ways::NONE);
    play.run_until(3 * MINUTE);
    play.step(at(3 * MINUTE), Event::SocketClosed);
    play.run_until(3 * MINUTE + SECOND);
    assert!(play.effects.contains(&Effect::OpenSocket));
    assert_eq!(looks(&play.effects), 0);
    let effects = play.step(at(3 * MINUTE + SECOND), Event::SocketOpened { shared: false });
    assert_eq!(looks(&effects), 0, "the Worker says where the session stands");
    let told = |news, generation| Event::SocketTold { news, stamp: stamp(generation) };
    let effects = play.step(at(3 * MINUTE + 2 * SECOND), told(News::ReauthRequired, 1));
    assert_eq!(looks(&effects), 0, "that is no news");
    let effects = play.step(at(3 * MINUTE + 2 * SECOND), told(News::Moved, 2));
    assert_eq!(looks(&effects), 1);
}

/// A tab that was asked to leave the Worker alone until the seventh minute, in every state in which a page may be put aside.
fn cooling() -> Vec<(&'static str, Play)> {
    let mut active = Play::active(BARE);
    active.step(at(SECOND), Event::UserActive { gesture: false });
    let mut fading = Play::found(BARE, token(1, 6 * MINUTE, 6 * MINUTE));
    fading.step(at(SECOND), Event::UserActive { gesture: false });
    let mut degraded = active.clone();
    degraded.step(at(MINUTE), Event::RefreshAsked);
    degraded.answer(at(MINUTE), TokenAnswer::Failed(failed(Failure::Transient)));
    let opened = {
        let mut play = Play::new(BARE);
        play.step(at(0), Event::Opened { hidden: false });
        play
    };
    let found = |answer| {
        let mut play = opened.clone();
        let request = play.request();
        play.step(at(MINUTE / 2), Event::SessionAnswered { request, answer });
        play
    };
    let throttled = Failed {
        retry_after: Some(Millis::from_millis(7 * MINUTE - MINUTE / 2)),
        ..failed(Failure::Throttled)
    };
    let logged_out = found(SessionAnswer::LoggedOut);
    let mut plays = vec![
        ("active", active),
        ("active, with a token that ends before", fading),
        ("degraded", degraded),
        ("degraded, without a token", found(SessionAnswer::Failed(throttled))),
        ("logged out", logged_out),
        ("reauth-required", waiting(BARE, Ways::NONE)),
        ("reauth-required, a gesture is awaited", waiting(BARE, Ways::of(Way::Popup))),
    ];
    for (_, play) in &mut plays {
        let until = at(7 * MINUTE).wall;
        play.step(at(MINUTE), Event::PeerTold(PeerMessage::CoolDown { until, wait: Millis::FOREVER }));
        play.effects.clear();
    }
    plays
}

#[test]
fn a_page_that_comes_back_waits_for_the_end_of_a_cool_down() {
    for (name, mut play) in cooling() {
        for second in 61..400 {
            play.run_until(second * SECOND);
            play.step(at(second * SECOND), Event::Restored);
        }
        assert_eq!(play.questions(), 0, "{name}");
        play.run_until(7 * MINUTE + 2 * SECOND);
        assert_eq!(play.questions(), 1, "{name}");
    }
}

#[test]
fn a_page_that_comes_back_does_not_ask_again_before_its_time_what_brought_nothing() {
    let mut play = Play::active(BARE);
    play.step(at(MINUTE), Event::RefreshAsked);
    let answer = Failed { advice: Advice::After(Millis::from_secs(20)), ..failed(Failure::Transient) };
    play.answer(at(MINUTE), TokenAnswer::Failed(answer));
    play.effects.clear();
    for second in 61..80 {
        play.step(at(second * SECOND), Event::Restored);
    }
    assert_eq!((play.questions(), play.state()), (0, State::Degraded));
    play.run_until(80 * SECOND);
    assert_eq!((play.questions(), play.tab.failures()), (1, 1), "and the next wait will be longer");
}
