//! Every short sequence of events keeps every law of the tab: exhaustive where chance would miss the corner.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod every;
mod tab_play;

use everlit_core::id::{CallId, RequestId};
use everlit_core::law::TabWatch;
use everlit_core::retry::Failure;
use everlit_core::tab::{
    Denial, Effect, Event, News, PeerMessage, ReloginAnswer, SessionAnswer, Settings, Tab, TokenAnswer,
    TokenState, Way, Ways,
};
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::{Epoch, Generation, Stamp};
use tab_play::{OWN, WALL, failed};

fn moment(millis: u64) -> Moment {
    Moment { entropy: (millis as u32).wrapping_mul(2_654_435_761), ..tab_play::at(millis) }
}

fn stamp(epoch: u64, generation: u32) -> Stamp {
    Stamp { epoch: Epoch(WALL + epoch), generation: Generation(generation) }
}

fn events(tab: &Tab) -> Vec<Event> {
    use Event as E;
    let request = tab.phase().request().unwrap_or(RequestId(0));
    let token = |stamp| TokenState { stamp, ..tab_play::token(1, 20_000, 20_000) };
    let failed = failed(Failure::Transient);
    let moved = |stamp| {
        let expires_at = Timestamp::from_millis(WALL + 60_000);
        E::PeerTold(PeerMessage::Moved { stamp, expires_at, lifetime: Millis::from_secs(20) })
    };
    let popup = Ways::ALL.without(Ways::of(Way::Frame));
    let denied = |repeated, denial| E::CallDenied {
        call: CallId(1),
        provider: OWN,
        stamp: stamp(0, 2),
        repeated,
        denial,
    };
    vec![
        E::SessionAnswered { request, answer: SessionAnswer::Active(token(stamp(0, 2))) },
        E::SessionAnswered { request, answer: SessionAnswer::Active(token(stamp(9, 1))) },
        E::SessionAnswered { request, answer: SessionAnswer::LoggedOut },
        E::SessionAnswered { request, answer: SessionAnswer::Failed(failed) },
        E::SessionAnswered {
            request,
            answer: SessionAnswer::ReauthRequired { stamp: stamp(0, 2), silent: popup },
        },
        E::TokenAnswered { request, answer: TokenAnswer::Current(token(stamp(0, 3))) },
        E::TokenAnswered { request, answer: TokenAnswer::Current(token(stamp(0, 1))) },
        E::TokenAnswered { request, answer: TokenAnswer::Failed(failed) },
        E::TokenAnswered { request, answer: TokenAnswer::ReauthRequired { silent: Ways::ALL } },
        E::ReloginAnswered { request, answer: ReloginAnswer::Done },
        E::ReloginAnswered { request, answer: ReloginAnswer::Refused },
        E::ReloginAnswered { request, answer: ReloginAnswer::Failed },
        E::DeadlineReached,
        E::Shown,
        E::Hidden,
        E::Restored,
        E::UserActive { gesture: true },
        E::RefreshAsked,
        E::LoginAsked,
        E::LogoutAsked,
        // A fresh tab's requests are named in order, so these meet a logout in many of the sequences.
        E::LogoutAnswered { request: RequestId(2), done: true },
        E::LogoutAnswered { request: RequestId(3), done: true },
        E::CallAsked { call: CallId(1), provider: OWN },
        denied(false, Denial::AccessExpired),
        denied(true, Denial::LoggedOut),
        moved(stamp(0, 4)),
        moved(stamp(9, 1)),
        E::PeerTold(PeerMessage::LoggedOut { epoch: Epoch(WALL) }),
        E::PeerTold(PeerMessage::CoolDown {
            until: Timestamp::from_millis(WALL + 50_000),
            wait: Millis::FOREVER,
        }),
        E::PeerTold(PeerMessage::Refused { stamp: stamp(0, 2), left: Ways::NONE }),
        E::SocketOpened { shared: false },
        E::SocketClosed,
        E::SocketTold { news: News::Ended, stamp: stamp(0, 2) },
        E::SocketTold { news: News::ReauthRequired, stamp: stamp(0, 2) },
    ]
}

#[test]
fn tab_keeps_every_law_in_every_sequence_of_five_events() {
    let short = |millis| Millis::from_millis(millis);
    // Intervals so short that every one of them is met in a sequence.
    let hasty = Settings {
        idle_lapse: short(20_000),
        idle_prompt: Some(short(10_000)),
        maintenance: short(15_000),
        ..Settings::DEFAULT
    };
    let choices = events(&Tab::default()).len();
    let mut transitions = 0_u64;
    // The first event is always the opening; pauses differ so that deadlines are met early, late and across a wake.
    for (pause, settings) in [(200, Settings::DEFAULT), (16_000, hasty), (31_000, Settings::DEFAULT)] {
        every::sequence(choices, 4, |sequence| {
            let mut tab = Tab::new(settings);
            let mut watch = TabWatch::new();
            drop(tab.step(moment(0), Event::Opened { hidden: false }));
            for (index, choice) in sequence.iter().enumerate() {
                let now = moment((index as u64 + 1) * pause);
                let event = events(&tab)[*choice];
                let before = tab.clone();
                let effects = tab.step(now, event);
                transitions +=
                    effects.iter().filter(|e| matches!(e, Effect::Transition { .. })).count() as u64;
                if let Err(broken) = watch.check(now, &before, &event, &effects, &tab) {
                    panic!(
                        "{broken:?} at {event:?} in {sequence:?} with pauses of {pause} ms, from {before:?}"
                    );
                }
            }
        });
    }
    assert!(transitions > 100_000, "the sequences went nowhere: {transitions} transitions");
}
