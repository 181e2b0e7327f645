//! A logout in one tab ends all tabs of that session, and none of another.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

mod tab_play;

use everlit_core::Epoch;
use everlit_core::id::{CallId, RequestId};
use everlit_core::tab::{
    Denial, Effect, Event, PeerMessage, Refusal, SessionAnswer, State, TokenAnswer, TokenState, Ways,
};
use tab_play::{
    BARE, HOUR, LOGIN, MINUTE, OWN, Play, SECOND, at, looked, looks, posted, sends, stamp, tells, token,
};

/// Logs out in a page that has not been told yet whether there is a session. What the other tabs hear of it.
fn logged_out_unheard(first: Option<SessionAnswer>) -> Vec<PeerMessage> {
    let mut play = Play::new(BARE);
    play.step(at(0), Event::Opened { hidden: false });
    let asked = play.request();
    let request = posted(&play.step(at(100), Event::LogoutAsked));
    if let Some(answer) = first {
        play.step(at(200), Event::SessionAnswered { request: asked, answer });
    }
    let effects = play.step(at(300), Event::LogoutAnswered { request, done: true });
    assert_eq!(play.state(), State::LoggedOut);
    assert!(effects.contains(&Effect::SettleLogout { done: true }));
    tells(&effects)
}

fn hear(play: &mut Play, told: &[PeerMessage]) {
    for message in told {
        play.step(at(2 * MINUTE), Event::PeerTold(*message));
    }
}

/// A tab of the session in every state in which it has one, or is about to be told so.
fn tabs() -> Vec<(&'static str, Play)> {
    let active = Play::active(BARE);
    let mut refreshing = active.clone();
    refreshing.step(at(2 * MINUTE), Event::RefreshAsked);
    let with = |silent| {
        let mut play = refreshing.clone();
        play.answer(at(2 * MINUTE), TokenAnswer::ReauthRequired { silent });
        play
    };
    let mut resuming = Play::new(BARE);
    resuming.step(at(2 * MINUTE), Event::Opened { hidden: false });
    vec![
        ("active", active),
        ("refreshing", refreshing.clone()),
        ("in a frame", with(Ways::ALL)),
        ("reauth-required", with(Ways::NONE)),
        ("resuming", resuming),
    ]
}

#[test]
fn a_logout_before_the_first_answer_ends_the_other_tabs() {
    for first in [None, Some(SessionAnswer::Active(token(1, HOUR, HOUR)))] {
        let told = logged_out_unheard(first);
        for (name, mut play) in tabs() {
            // What was asked before the logout may be answered as if it had not been.
            let late = play.tab.phase().request();
            hear(&mut play, &told);
            let answer = SessionAnswer::Active(token(1, HOUR, HOUR));
            play.step(
                at(2 * MINUTE),
                Event::SessionAnswered { request: late.unwrap_or(RequestId(0)), answer },
            );
            assert_eq!(play.state(), State::Resuming, "{name}");
            assert_eq!(play.call(at(2 * MINUTE), 7), [], "{name}: nothing goes out meanwhile");
            let request = play.request();
            play.step(at(2 * MINUTE), Event::SessionAnswered { request, answer: SessionAnswer::LoggedOut });
            assert_eq!(play.state(), State::LoggedOut, "{name}");
        }
    }
}

#[test]
fn it_ends_no_newer_login() {
    let newer = TokenState {
        stamp: everlit_core::Stamp { epoch: Epoch(LOGIN.0 + 9), ..stamp(1) },
        ..token(1, HOUR, HOUR)
    };
    // The browser got the newer login while the logout was under way, and the page is told of that one first.
    for first in [None, Some(SessionAnswer::Active(newer))] {
        let told = logged_out_unheard(first);
        let mut play = Play::found(BARE, newer);
        hear(&mut play, &told);
        let request = play.request();
        play.step(
            at(2 * MINUTE + SECOND),
            Event::SessionAnswered { request, answer: SessionAnswer::Active(newer) },
        );
        assert_eq!((play.state(), play.tab.stamp()), (State::Active, Some(newer.stamp)));
    }
}

#[test]
fn who_has_no_session_need_not_ask() {
    let told = logged_out_unheard(None);
    let mut logged_out = Play::new(BARE);
    logged_out.step(at(0), Event::Opened { hidden: false });
    let request = logged_out.request();
    logged_out.step(at(0), Event::SessionAnswered { request, answer: SessionAnswer::LoggedOut });
    let mut leaving = logged_out.clone();
    leaving.step(at(2 * MINUTE), Event::LoginAsked);
    for mut play in [logged_out, leaving] {
        let (state, asked) = (play.state(), play.questions());
        hear(&mut play, &told);
        assert_eq!((play.state(), play.questions()), (state, asked));
    }
}

#[test]
fn a_call_that_is_told_of_no_session_finds_the_login_that_took_its_place() {
    let newer = TokenState {
        stamp: everlit_core::Stamp { epoch: Epoch(LOGIN.0 + 9), ..stamp(1) },
        ..token(1, HOUR, HOUR)
    };
    for (answer, then) in
        [(SessionAnswer::Active(newer), State::Active), (SessionAnswer::LoggedOut, State::LoggedOut)]
    {
        let mut play = Play::active(BARE);
        play.call(at(MINUTE), 7);
        let denied = Event::CallDenied {
            call: CallId(7),
            provider: OWN,
            stamp: stamp(1),
            repeated: false,
            denial: Denial::LoggedOut,
        };
        let effects = play.step(at(MINUTE), denied);
        assert_eq!((play.state(), looks(&effects)), (State::Resuming, 1));
        let request = play.request();
        let effects = play.step(at(MINUTE), Event::SessionAnswered { request, answer });
        assert_eq!(play.state(), then);
        // It was made under the login that is over, and goes out under no other.
        let refusal = Effect::RefuseCall { call: CallId(7), refusal: Refusal::LoggedOut };
        assert!(effects.contains(&refusal), "{effects:?}");
    }
}

#[test]
fn a_call_that_is_told_so_again_and_again_goes_out_twice() {
    // The Worker says one thing to the call and another to the tab.
    let mut play = Play::active(BARE);
    for number in 1..20 {
        let call = CallId(number);
        let mut sent = sends(&play.call(at(MINUTE), number)).len();
        for repeated in [false, true] {
            let denied = Event::CallDenied {
                call,
                provider: OWN,
                stamp: stamp(1),
                repeated,
                denial: Denial::LoggedOut,
            };
            let mut effects = play.step(at(MINUTE), denied);
            if let Some(request) = looked(&effects) {
                let answer = SessionAnswer::Active(token(1, HOUR, HOUR));
                effects.extend(play.step(at(MINUTE), Event::SessionAnswered { request, answer }));
            }
            sent += sends(&effects).len();
        }
        assert_eq!(sent, 2, "call {number}");
    }
    assert!(play.questions() < 10, "{} questions", play.questions());
}
