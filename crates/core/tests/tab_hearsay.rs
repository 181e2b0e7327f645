//! What other tabs tell need not be true: any script of the origin can write on the channel, storage keeps what a wrong clock
//! once said, and clocks jump. A tab may lose savings by that, never its session, and it never storms.

mod tab_play;

use everlit_core::id::Epoch;
use everlit_core::tab::{Event, PeerMessage, SessionAnswer, Settings, State, TokenAnswer};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::{Generation, Stamp};
use tab_play::{HOUR, LOGIN, MINUTE, Play, SECOND, WALL, at, clocks, stamp, token};

const FAR: Epoch = Epoch(9_000_000_000_000);
const BARE: Settings = Settings { events: false, ..Settings::DEFAULT };

fn logged_out(epoch: Epoch) -> Event {
    Event::PeerTold(PeerMessage::LoggedOut { epoch })
}

fn moved(generation: u32) -> Event {
    Event::PeerTold(PeerMessage::Moved {
        stamp: Stamp { epoch: LOGIN, generation: Generation(generation) },
        expires_at: Timestamp::from_millis(WALL + HOUR),
        lifetime: Millis::from_millis(HOUR),
    })
}

/// The Worker says that there is a session.
fn found(play: &mut Play, now: u64) {
    let request = play.request();
    play.step(
        at(now),
        Event::SessionAnswered { request, answer: SessionAnswer::Active(token(1, HOUR, HOUR)) },
    );
}

#[test]
fn a_logout_of_the_far_future_ends_no_session_that_the_worker_knows() {
    let mut play = Play::new(BARE);
    play.step(at(0), Event::Opened { hidden: false });
    let before = play.request();
    play.step(at(1), logged_out(FAR));
    let answer = SessionAnswer::Active(token(1, HOUR, HOUR));
    play.step(at(100), Event::SessionAnswered { request: before, answer });
    assert_eq!(play.state(), State::Resuming, "that may have been said before the logout");
    found(&mut play, 200);
    assert_eq!((play.state(), play.questions()), (State::Active, 2));

    play.step(at(300), logged_out(FAR));
    assert_eq!(play.state(), State::Resuming, "a logout of a login that was not heard of is asked about");
    found(&mut play, 400);
    assert_eq!(play.state(), State::Active);
}

#[test]
fn a_logout_of_its_own_login_ends_it_whatever_was_under_way() {
    let mut play = Play::active(BARE);
    play.step(at(SECOND), Event::RefreshAsked);
    let request = play.request();
    play.step(at(2 * SECOND), logged_out(LOGIN));
    let late = TokenAnswer::Current(token(2, HOUR, HOUR));
    play.step(at(3 * SECOND), Event::TokenAnswered { request, answer: late });
    assert_eq!(play.state(), State::LoggedOut);
}

#[test]
fn a_token_further_ahead_than_any_tab_can_have_slept_is_not_believed() {
    let mut play = Play::active(BARE);
    play.step(at(SECOND), moved(u32::MAX));
    assert_eq!(play.tab.stamp(), Some(stamp(1)));
    play.step(at(2 * SECOND), moved(500));
    assert_eq!(
        play.tab.stamp(),
        Some(stamp(500)),
        "a tab that slept for weeks takes up what the others have"
    );
}

#[test]
fn words_of_new_logins_that_never_were_cost_a_few_questions_and_not_one_each() {
    let mut play = Play::active(BARE);
    for word in 1..200 {
        let now = word * 100;
        let login = Stamp { epoch: Epoch(LOGIN.0 + word), generation: Generation(1) };
        let expires_at = Timestamp::from_millis(WALL + HOUR);
        let lifetime = Millis::from_millis(HOUR);
        play.step(at(now), Event::PeerTold(PeerMessage::Moved { stamp: login, expires_at, lifetime }));
        if play.state() == State::Resuming {
            found(&mut play, now + 50);
        }
    }
    assert!((1..=5).contains(&play.questions()), "{}", play.questions());
    assert_eq!(play.state(), State::Active);
    // And what was not asked then is asked later.
    let asked = play.questions();
    play.step(at(5 * MINUTE), Event::Shown);
    assert_eq!(play.questions(), asked + 1);
}

#[test]
fn clocks_that_jump_all_the_time_are_no_storm() {
    let mut play = Play::active(BARE);
    for step in 1..=120 {
        // Ten minutes with input every five seconds, and a wall clock that jumps as often.
        let mono = step * 5 * SECOND;
        let wall = mono as i64 + if step % 2 == 0 { 0 } else { 3_000 };
        play.step(clocks(wall, mono), Event::UserActive { gesture: false });
        if play.tab.phase().request().is_some() {
            play.answer(clocks(wall, mono), TokenAnswer::Current(token(1, HOUR, HOUR)));
        }
    }
    assert!((10..=14).contains(&play.questions()), "one a minute, and a few: {}", play.questions());
    assert_eq!(play.state(), State::Active);
}

#[test]
fn a_clock_that_is_set_takes_from_a_cool_down_what_it_moved_on_and_no_more() {
    let cool_down = |wall: i64| {
        let mut play = Play::active(BARE);
        let until = Timestamp::from_millis(WALL + 600 * SECOND);
        play.step(at(SECOND), Event::PeerTold(PeerMessage::CoolDown { until, wait: Millis::FOREVER }));
        // The monotonic clock stood still, or the wall clock was set.
        play.step(clocks(wall, 2 * SECOND), Event::Shown);
        if play.state() == State::Resuming {
            let now = clocks(wall, 2 * SECOND + 1);
            play.answer(now, TokenAnswer::Current(token(1, HOUR, HOUR)));
        }
        let asked = play.questions();
        play.step(clocks(wall + 10, 2 * SECOND + 10), Event::RefreshAsked);
        play.questions() - asked
    };
    assert_eq!(cool_down(2_000), 0);
    assert_eq!(cool_down(5_000), 0, "three seconds of ten minutes");
    assert_eq!(cool_down(-3_600_000), 1, "set back, perhaps in a sleep of as long");
    assert_eq!(cool_down(700_000), 1, "slept through");
}

#[test]
fn a_cool_down_is_never_longer_than_it_was_when_it_was_said() {
    let mut play = Play::active(BARE);
    // By a clock that was a day ahead then.
    let (until, wait) = (Timestamp::from_millis(WALL + 24 * HOUR), Millis::from_secs(5));
    play.step(at(SECOND), Event::PeerTold(PeerMessage::CoolDown { until, wait }));
    play.step(at(2 * SECOND), Event::RefreshAsked);
    assert_eq!(play.questions(), 0);
    play.run_until(8 * SECOND);
    assert_eq!(play.questions(), 1, "by itself, when that is over");
}
