//! When a tab asks, and when it leaves the Worker alone.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

mod tab_play;

use everlit_core::id::CallId;
use everlit_core::retry::{Advice, Failure};
use everlit_core::tab::{Ailment, Denial, Effect, Event, Failed, PeerMessage, Settings, State, TokenAnswer};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::AskReason;
use tab_play::{BARE, HOUR, MINUTE, OWN, Play, SECOND, WALL, at, failed, stamp, token};

fn asked_for(effects: &[Effect]) -> Option<AskReason> {
    effects.iter().find_map(|effect| match effect {
        Effect::RequestToken { reason, .. } => Some(*reason),
        _ => None,
    })
}

#[test]
fn an_active_tab_with_a_token_of_an_hour_asks_once_an_hour() {
    let mut play = Play::active(BARE);
    for hour in 0..8 {
        // Somebody is there.
        for minute in 0..60 {
            let now = hour * HOUR + minute * MINUTE;
            play.run_until(now);
            if play.state() == State::Refreshing {
                let generation = play.tab.stamp().expect("a token").generation.0;
                play.answer(at(now), TokenAnswer::Current(token(generation + 1, HOUR, HOUR)));
            }
            play.step(at(now), Event::UserActive { gesture: true });
        }
    }
    assert_eq!(play.questions(), 8);
}

#[test]
fn a_lead_that_the_app_chose_is_kept_and_a_longer_one_than_the_vaults_insists() {
    for (lead, due, reason) in
        [(60, HOUR - 60 * SECOND, AskReason::Deadline), (900, HOUR - 900 * SECOND, AskReason::Forced)]
    {
        let mut play = Play::active(Settings { lead: Some(Millis::from_secs(lead)), ..BARE });
        assert_eq!(play.refresh_at(), due);
        play.stay_until(due - 1);
        let effects = play.step(at(due), Event::DeadlineReached);
        assert_eq!(asked_for(&effects), Some(reason), "lead of {lead} s");
    }
}

#[test]
fn a_lead_longer_than_half_of_the_tokens_life_is_cut() {
    let settings = Settings { lead: Some(Millis::from_secs(900)), ..BARE };
    assert_eq!(Play::found(settings, token(1, MINUTE, MINUTE)).refresh_at(), 30 * SECOND);
}

#[test]
fn answers_without_progress_are_asked_for_less_and_less() {
    let mut play = Play::found(BARE, token(1, 2 * MINUTE, 10 * MINUTE));
    let mut asked = Vec::new();
    for _ in 0..8 {
        let now = play.refresh_at();
        play.stay_until(now.saturating_sub(1));
        play.step(at(now), Event::DeadlineReached);
        asked.push(now);
        // The same token again, as old as it is: a clock that is wrong at the server, say.
        let left = (2 * MINUTE).saturating_sub(now);
        play.answer(at(now), TokenAnswer::Current(token(1, left, 10 * MINUTE)));
    }
    let pauses: Vec<u64> = asked.windows(2).map(|pair| (pair[1] - pair[0]) / SECOND).collect();
    assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300]);
    assert!(play.tab.health().has(Ailment::Storm), "{:?}", play.tab.health());
}

#[test]
fn an_upstream_that_always_refuses_costs_few_rotations() {
    let mut play = Play::active(BARE);
    let (mut rotations, mut looked) = (0, 0);
    // An app that tries every second for ten minutes.
    for second in 1..600 {
        let now = at(second * SECOND);
        let held = play.tab.stamp().expect("a token");
        let call = CallId(second as u32);
        let denied = Event::CallDenied {
            call,
            provider: OWN,
            stamp: held,
            repeated: false,
            denial: Denial::AccessExpired,
        };
        let effects = play.step(now, denied);
        match asked_for(&effects) {
            Some(AskReason::Unauthorized) => {
                rotations += 1;
                play.answer(now, TokenAnswer::Current(token(held.generation.0 + 1, HOUR, HOUR)));
            }
            // In the storm: does another tab have a newer one? None does, and the call has had its second sending.
            Some(reason) => {
                assert_eq!(reason, AskReason::Resume);
                looked += 1;
                let effects = play.answer(now, TokenAnswer::Current(token(held.generation.0, HOUR, HOUR)));
                assert!(effects.contains(&Effect::SendCall { call, stamp: held }), "{effects:?}");
            }
            None => assert!(effects.contains(&Effect::DeliverCall { call }), "{effects:?}"),
        }
    }
    assert!((3..=8).contains(&rotations), "{rotations} rotations");
    assert!(looked <= rotations, "{looked} looks");
    assert!(play.tab.health().has(Ailment::Storm));
}

#[test]
fn a_cool_down_is_shared_and_kept_by_tabs_that_did_not_hear_it_themselves() {
    let mut first = Play::found(BARE, token(1, 10 * MINUTE, HOUR));
    let mut second = first.clone();
    let due = first.refresh_at();
    first.step(at(due), Event::DeadlineReached);
    let throttled = Failed {
        failure: Failure::Throttled,
        retry_after: Some(Millis::from_secs(120)),
        ..failed(Failure::Throttled)
    };
    let effects = first.answer(at(due), TokenAnswer::Failed(throttled));
    assert_eq!(first.state(), State::Degraded);
    let message = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Tell(message @ PeerMessage::CoolDown { .. }) => Some(*message),
            _ => None,
        })
        .expect("the others are told");
    assert_eq!(
        message,
        PeerMessage::CoolDown {
            until: Timestamp::from_millis(WALL + due + 120 * SECOND),
            wait: Millis::from_secs(120)
        }
    );

    second.run_until(due - 1);
    second.step(at(due), Event::PeerTold(message));
    second.run_until(due + 60 * SECOND);
    // Neither its own deadline, nor a nudge, nor the app makes it ask.
    for event in [Event::DeadlineReached, Event::Online, Event::RefreshAsked, Event::Shown] {
        let effects = second.step(at(due + 60 * SECOND), event);
        assert_eq!(asked_for(&effects), None, "{event:?}");
    }
    second.run_until(due + 119 * SECOND);
    assert_eq!(second.questions(), 0);
    second.run_until(due + 122 * SECOND);
    assert_eq!(second.questions(), 1);
}

#[test]
fn an_apps_own_strategy_decides_but_never_asks_earlier_than_the_server_wants() {
    let waits = |advice, retry_after: Option<u64>| {
        let mut play = Play::found(BARE, token(1, 3 * SECOND, MINUTE));
        play.step(at(0), Event::Shown);
        let retry_after = retry_after.map(Millis::from_secs);
        let answer = Failed { retry_after, advice, ..failed(Failure::Transient) };
        play.answer(at(0), TokenAnswer::Failed(answer));
        assert_eq!(play.state(), State::Degraded);
        play
    };
    let deadline = |play: &Play| play.tab.next_deadline().map(Timestamp::as_millis);
    assert_eq!(deadline(&waits(Advice::After(Millis::from_secs(7)), None)), Some(7 * SECOND));
    assert_eq!(deadline(&waits(Advice::After(Millis::from_secs(7)), Some(40))), Some(40 * SECOND));
    assert_eq!(deadline(&waits(Advice::After(Millis::ZERO), None)), Some(500));

    let mut never = waits(Advice::Never, None);
    let asked = never.questions();
    never.run_until(10 * MINUTE);
    assert_eq!((never.questions(), never.state()), (asked, State::Degraded));
    // Whoever comes next makes an attempt.
    never.call(at(10 * MINUTE), 1);
    assert_eq!((never.questions(), never.state()), (asked + 1, State::Refreshing));
}

#[test]
fn a_question_that_nobody_answers_is_given_up_and_asked_again() {
    let mut play = Play::found(BARE, token(1, 10 * MINUTE, HOUR));
    let due = play.refresh_at();
    play.step(at(due), Event::DeadlineReached);
    let lost = play.request();
    play.run_until(due + 30 * SECOND);
    assert_eq!(play.state(), State::Degraded);
    assert!(play.effects.contains(&Effect::Cancel { request: lost }));
    // Its answer comes after all, and changes nothing.
    let before = *play.tab.phase();
    play.step(at(due + 31 * SECOND), Event::TokenAnswered { request: lost, answer: TokenAnswer::Ended });
    assert_eq!(*play.tab.phase(), before);
    play.run_until(due + 40 * SECOND);
    assert_eq!(play.questions(), 2);
}

#[test]
fn a_late_loser_is_dropped_by_epoch_and_generation() {
    let mut play = Play::active(BARE);
    play.step(at(SECOND), Event::RefreshAsked);
    let asked = play.request();
    let moved = PeerMessage::Moved {
        stamp: stamp(3),
        expires_at: Timestamp::from_millis(WALL + HOUR),
        lifetime: Millis::from_millis(HOUR),
    };
    play.step(at(2 * SECOND), Event::PeerTold(moved));
    play.step(
        at(3 * SECOND),
        Event::TokenAnswered { request: asked, answer: TokenAnswer::Current(token(2, HOUR, HOUR)) },
    );
    assert_eq!(play.tab.stamp(), Some(stamp(3)));
}
