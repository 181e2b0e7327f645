//! When a tab listens to the Worker, and what it makes of what it hears.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

mod tab_play;

use everlit_core::tab::{Effect, Event, News, PeerMessage, Settings, State};
use everlit_core::time::Moment;
use tab_play::{HOUR, MINUTE, Play, SECOND, at, stamp};

fn opens(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| **effect == Effect::OpenSocket).count()
}

fn listening() -> Play {
    let mut play = Play::new(Settings::DEFAULT);
    play.step(at(0), Event::Opened { hidden: false });
    let request = play.request();
    let answer = everlit_core::tab::SessionAnswer::Active(tab_play::token(1, HOUR, HOUR));
    let effects = play.step(at(0), Event::SessionAnswered { request, answer });
    assert_eq!(opens(&effects), 1, "{effects:?}");
    play
}

#[test]
fn a_page_that_nobody_looks_at_listens_for_another_minute() {
    let mut play = listening();
    play.step(at(SECOND), Event::SocketOpened { shared: true });
    play.step(at(10 * SECOND), Event::Hidden);
    play.run_until(69 * SECOND);
    assert!(!play.effects.contains(&Effect::CloseSocket));
    play.run_until(70 * SECOND);
    assert!(play.effects.contains(&Effect::CloseSocket));
    assert_eq!(opens(&play.step(at(5 * MINUTE), Event::Shown)), 1);
}

#[test]
fn a_socket_that_breaks_is_opened_again_later_and_later() {
    let mut play = listening();
    let mut waits = Vec::new();
    let mut now = 0;
    for _ in 0..12 {
        // A server that accepts and hangs up is no better than one that refuses.
        play.step(Moment { entropy: u32::MAX, ..at(now) }, Event::SocketOpened { shared: true });
        play.step(Moment { entropy: u32::MAX, ..at(now) }, Event::SocketClosed);
        let before = now;
        while opens(&play.step(at(now), Event::DeadlineReached)) == 0 {
            now = play.tab.next_deadline().expect("it is tried again").as_millis();
        }
        waits.push(now - before);
    }
    assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
    assert!(waits[0] <= SECOND && waits[11] > 20 * MINUTE, "{waits:?}");
}

#[test]
fn where_sockets_cannot_be_shared_one_tab_listens_for_all() {
    let mut tabs = [listening(), listening(), listening()];
    let mut told = Vec::new();
    for (index, play) in tabs.iter_mut().enumerate() {
        let now = Moment { entropy: 1_000 + index as u32, ..at(SECOND) };
        for effect in play.step(now, Event::SocketOpened { shared: false }) {
            if let Effect::Tell(message @ PeerMessage::Listening { .. }) = effect {
                told.push((index, message));
            }
        }
    }
    // Words travel until nobody has anything more to say.
    let mut rounds = 0;
    while let Some((from, message)) = told.pop() {
        rounds += 1;
        assert!(rounds < 50, "they talk without end");
        for (index, play) in tabs.iter_mut().enumerate().filter(|(index, _)| *index != from) {
            for effect in play.step(at(2 * SECOND), Event::PeerTold(message)) {
                if let Effect::Tell(message @ PeerMessage::Listening { .. }) = effect {
                    told.push((index, message));
                }
            }
        }
    }
    let closed = tabs.iter().filter(|play| play.effects.contains(&Effect::CloseSocket)).count();
    assert_eq!(closed, 2);

    // The one that listens goes: another one takes over, at the latest when its term is over.
    let [_, second, third] = &mut tabs;
    second.effects.clear();
    third.effects.clear();
    second.run_until(5 * MINUTE);
    assert!(opens(&second.effects) > 0);
}

#[test]
fn a_logout_elsewhere_ends_it_at_once() {
    for (news, state) in [(News::LoggedOut, State::LoggedOut), (News::Ended, State::Ended)] {
        let mut play = listening();
        let effects = play.step(at(SECOND), Event::SocketTold { news, stamp: stamp(1) });
        assert_eq!(play.state(), state);
        assert!(effects.contains(&Effect::CloseSocket));
    }
}

#[test]
fn a_rumour_of_an_older_login_is_none() {
    let mut play = listening();
    let older = everlit_core::Stamp { epoch: everlit_core::Epoch(5), ..stamp(9) };
    for news in [News::Ended, News::LoggedOut, News::ReauthRequired, News::Moved] {
        play.effects.clear();
        play.step(at(SECOND), Event::SocketTold { news, stamp: older });
        assert_eq!((play.state(), play.effects.len()), (State::Active, 0), "{news:?}");
    }
}

#[test]
fn an_app_may_do_without() {
    let mut play = Play::active(Settings { events: false, ..Settings::DEFAULT });
    play.run_until(HOUR);
    assert_eq!(opens(&play.effects), 0);
}

#[test]
fn what_was_open_before_a_sleep_is_opened_anew() {
    let mut play = listening();
    play.step(at(SECOND), Event::SocketOpened { shared: false });
    let effects = play.step(at(2 * SECOND), Event::Restored);
    let order: Vec<usize> = [Effect::CloseSocket, Effect::OpenSocket]
        .iter()
        .filter_map(|wanted| effects.iter().position(|effect| effect == wanted))
        .collect();
    assert!(matches!(order[..], [close, open] if close < open), "{effects:?}");
}
