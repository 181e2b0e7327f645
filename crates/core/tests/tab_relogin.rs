//! Silent re-login: the ways, in their order, each at most once.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

mod tab_play;

use everlit_core::id::{CallId, RequestId};
use everlit_core::tab::{
    Effect, Event, PeerMessage, ReloginAnswer, SessionAnswer, Settings, State, TokenAnswer, Way, Ways,
};
use tab_play::{BARE, HOUR, MINUTE, Play, SECOND, at, stamp, token};

/// A tab whose grant is over, in a page that was used for a minute.
fn refused(silent: Ways) -> Play {
    let mut play = Play::active(BARE);
    play.step(at(MINUTE), Event::UserActive { gesture: true });
    play.step(at(MINUTE), Event::RefreshAsked);
    play.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent });
    play
}

fn attempt(play: &Play) -> Option<(RequestId, Way)> {
    play.effects.iter().rev().find_map(|effect| match effect {
        Effect::Relogin { request, way } => Some((*request, *way)),
        _ => None,
    })
}

fn answer(play: &mut Play, answer: ReloginAnswer) -> Vec<Effect> {
    let (request, _) = attempt(play).expect("an attempt is under way");
    play.step(at(MINUTE + SECOND), Event::ReloginAnswered { request, answer })
}

#[test]
fn calls_wait_through_a_frame_and_go_out_under_the_fresh_grant() {
    let mut play = refused(Ways::ALL);
    assert_eq!(attempt(&play).map(|(_, way)| way), Some(Way::Frame));
    assert_eq!(play.state(), State::Refreshing);
    let call = CallId(1);
    assert_eq!(play.call(at(MINUTE), 1), []);
    answer(&mut play, ReloginAnswer::Done);
    let request = play.request();
    let active = SessionAnswer::Active(token(2, HOUR, HOUR));
    let effects = play.step(at(MINUTE + SECOND), Event::SessionAnswered { request, answer: active });
    assert!(effects.contains(&Effect::SendCall { call, stamp: stamp(2) }), "{effects:?}");
    assert_eq!(play.state(), State::Active);
}

#[test]
fn what_is_refused_moves_on_and_never_loops() {
    let mut play = refused(Ways::ALL);
    answer(&mut play, ReloginAnswer::Refused);
    // The popup waits for a gesture; a key that opens none is none.
    play.step(at(MINUTE + 2 * SECOND), Event::UserActive { gesture: false });
    assert_eq!(attempt(&play).map(|(_, way)| way), Some(Way::Frame));
    play.step(at(MINUTE + 3 * SECOND), Event::UserActive { gesture: true });
    assert_eq!(attempt(&play).map(|(_, way)| way), Some(Way::Popup));
    answer(&mut play, ReloginAnswer::Refused);
    assert_eq!(play.state(), State::ReauthRequired, "what a window was refused the page would be, too");
    let tried = play.effects.iter().filter(|effect| matches!(effect, Effect::Relogin { .. })).count();
    play.step(at(HOUR), Event::UserActive { gesture: true });
    play.step(at(HOUR), Event::Hidden);
    play.run_until(2 * HOUR);
    let later = play.effects.iter().filter(|effect| matches!(effect, Effect::Relogin { .. })).count();
    assert_eq!((tried, later), (2, 2));
}

#[test]
fn a_blocked_popup_leaves_the_redirect_and_that_only_where_nothing_is_lost() {
    let popup = Ways::ALL.without(Ways::of(Way::Frame));
    // In a page that is used there is none left: the dialog.
    let mut play = refused(popup);
    play.step(at(MINUTE), Event::UserActive { gesture: true });
    answer(&mut play, ReloginAnswer::Unavailable);
    assert_eq!(play.state(), State::ReauthRequired);

    // A page that nobody looks at may go, unless something waits in it, or its user may have typed something into it.
    for (waits, touched) in [(false, false), (true, false), (false, true)] {
        let mut play = Play::active(BARE);
        if touched {
            play.step(at(SECOND), Event::UserActive { gesture: true });
        }
        play.step(at(MINUTE), Event::RefreshAsked);
        play.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent: popup });
        if waits {
            play.call(at(MINUTE), 1);
        }
        play.step(at(MINUTE + SECOND), Event::Hidden);
        let way = attempt(&play).map(|(_, way)| way);
        assert_eq!(way, if waits || touched { None } else { Some(Way::Redirect) });
    }
}

#[test]
fn a_page_that_just_loaded_goes_and_comes_back() {
    let mut play = Play::new(BARE);
    play.step(at(0), Event::Opened { hidden: false });
    let request = play.request();
    let answer =
        SessionAnswer::ReauthRequired { stamp: stamp(3), silent: Ways::ALL.without(Ways::of(Way::Frame)) };
    play.step(at(400), Event::SessionAnswered { request, answer });
    assert_eq!(attempt(&play).map(|(_, way)| way), Some(Way::Redirect));
}

#[test]
fn an_app_may_close_a_way() {
    let ways = Ways::ALL
        .without(Ways::of(Way::Frame))
        .without(Ways::of(Way::Popup))
        .without(Ways::of(Way::Redirect));
    let mut play = Play::found(Settings { ways, ..BARE }, token(1, HOUR, HOUR));
    play.step(at(MINUTE), Event::RefreshAsked);
    play.answer(at(MINUTE), TokenAnswer::ReauthRequired { silent: Ways::ALL });
    assert_eq!(play.state(), State::ReauthRequired);
}

#[test]
fn an_authorization_server_that_is_sick_is_tried_again() {
    let mut play = refused(Ways::ALL);
    answer(&mut play, ReloginAnswer::Failed);
    assert_eq!(play.state(), State::Degraded, "a failure is no refusal");
    play.run_until(2 * MINUTE);
    assert_eq!(play.state(), State::Resuming);
    let request = play.request();
    let again = SessionAnswer::ReauthRequired { stamp: stamp(1), silent: Ways::ALL };
    play.step(at(2 * MINUTE), Event::SessionAnswered { request, answer: again });
    assert_eq!(attempt(&play).map(|(_, way)| way), Some(Way::Frame));
    assert!(play.tab.failures() > 0, "the next wait will be longer");
}

#[test]
fn a_frame_that_never_ends_gives_way() {
    let mut play = refused(Ways::ALL);
    play.run_until(MINUTE + 31 * SECOND);
    play.step(at(2 * MINUTE), Event::UserActive { gesture: true });
    assert_eq!(attempt(&play).map(|(_, way)| way), Some(Way::Popup));
}

#[test]
fn twenty_tabs_are_refused_once() {
    let mut first = refused(Ways::ALL);
    let mut others: Vec<Play> = (0..19).map(|_| refused(Ways::ALL)).collect();
    let told: Vec<PeerMessage> = answer(&mut first, ReloginAnswer::Refused)
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Tell(message @ PeerMessage::Refused { .. }) => Some(message),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 1);
    for other in &mut others {
        let (request, _) = attempt(other).expect("its own attempt waits for the lock");
        other.step(at(MINUTE + SECOND), Event::PeerTold(told[0]));
        assert!(other.effects.contains(&Effect::Cancel { request }));
    }
}

#[test]
fn another_tabs_success_ends_the_attempt() {
    let mut play = refused(Ways::ALL);
    let (request, _) = attempt(&play).expect("an attempt is under way");
    let moved = PeerMessage::Moved {
        stamp: stamp(2),
        expires_at: at(HOUR).wall,
        lifetime: everlit_core::time::Millis::from_millis(HOUR),
    };
    let effects = play.step(at(MINUTE + SECOND), Event::PeerTold(moved));
    assert!(effects.contains(&Effect::Cancel { request }), "{effects:?}");
    assert_eq!(play.state(), State::Resuming);
}
