//! Users of the app: each limited by a rate of their own, counted together; and an app that lives on another source.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

mod service_play;

use everlit_core::rate::Rate;
use everlit_core::service::{Absence, Answer, Event, Job, Kind, Monitor, Person, Reply, Settings};
use everlit_core::time::Millis;
use service_play::{DAY, HOUR, MINUTE, Play, UPSTOX_CUTOFF, at, breeze_like, upstox_like};

fn calls(play: &mut Play, seconds: u64, person: u64, forces: bool) -> Option<Answer> {
    let caller = play.caller();
    play.step(
        seconds,
        Event::PersonAsked { caller, person: Person(person), reads_only: false, forces, doubts: false },
    );
    play.answer_to(caller)
}

#[test]
fn each_user_has_a_rate_of_their_own_and_is_no_name_in_the_figures() {
    let settings = Settings { call_rate: Rate::new(2, Millis::from_secs(60)), ..breeze_like() };
    let mut play = Play::live(settings, DAY);
    let given = |answer| matches!(answer, Some(Answer::Token { .. }));
    for person in 1..=40 {
        assert!(given(calls(&mut play, 10, person, false)) && given(calls(&mut play, 10, person, false)));
        let limited = calls(&mut play, 10, person, false);
        assert!(matches!(limited, Some(Answer::None { reason: Absence::CallerLimited, .. })), "{limited:?}");
    }
    // A program is none of them.
    assert!(given(play.ask(10)));
    let status = play.monitor.status(play.now(10));
    let users: Vec<(&str, u64)> =
        status.users.iter().map(|user| (user.name.as_str(), user.served + user.calls)).collect();
    assert_eq!(users, [("users of the app", 80), ("orders", 1)]);
    // After a restart everybody begins anew: nothing of it is written down.
    let mut again = Monitor::load(breeze_like(), play.monitor.row());
    assert_eq!(again.row(), play.monitor.row());
    drop(again.step(play.now(11), Event::DeadlineReached));
}

#[test]
fn a_user_who_is_an_operator_has_a_person_asked_again() {
    let mut play = Play::new(upstox_like());
    play.cutoff = Some(UPSTOX_CUTOFF);
    play.pasted(9 * HOUR, 1, UPSTOX_CUTOFF + DAY - 9 * HOUR);
    play.pass(DAY + UPSTOX_CUTOFF + HOUR, |_, job| match job {
        Job::AskPush => Some(Reply::PushSent { until: Some(at(DAY + UPSTOX_CUTOFF + 10 * MINUTE)) }),
        Job::Exchange(_) | Job::Prove(_) | Job::Validate(_) | Job::Renew(_) => Some(Reply::Valid),
    });
    let asks = |play: &Play| play.monitor.attempt().is_some_and(|attempt| attempt.job == Job::AskPush);
    let now = DAY + UPSTOX_CUTOFF + 2 * HOUR;
    assert!(matches!(
        calls(&mut play, now, 1, false),
        Some(Answer::None { reason: Absence::NeedsHuman, .. })
    ));
    assert!(!asks(&play), "who only calls forces nothing");
    assert!(matches!(calls(&mut play, now, 1, true), Some(Answer::None { reason: Absence::NeedsHuman, .. })));
    assert!(asks(&play));
}

#[test]
fn an_app_that_fell_back_is_told_of_once_for_a_cause() {
    let kinds = |play: &Play| -> Vec<Kind> {
        play.alerts.iter().map(|(_, kind)| *kind).filter(|kind| kind.as_str() == "on_fallback").collect()
    };
    let mut play = Play::live(breeze_like(), DAY);
    play.alerts.clear();
    // The provider does not answer, though there is a token: once for a while.
    for seconds in [HOUR, HOUR + 1, 2 * HOUR, 7 * HOUR - 1] {
        play.step(seconds, Event::FellBack);
    }
    assert_eq!(kinds(&play), [Kind::OnFallback { until: None }]);
    play.step(7 * HOUR, Event::FellBack);
    assert_eq!(kinds(&play).len(), 2);
    // The token is over: that is another cause only if nothing was told of this token lately.
    play.deadline(DAY);
    play.step(DAY, Event::FellBack);
    play.step(DAY + 1, Event::FellBack);
    assert_eq!(kinds(&play).len(), 3);
    // Another token ends it, and what comes then is another cause.
    play.pasted(DAY + MINUTE, 2, DAY);
    assert!(
        play.alerts.iter().any(|(_, kind)| kind.as_str() == "renewed" || kind.as_str() == "human_answered")
    );
    play.step(DAY + 2 * MINUTE, Event::FellBack);
    play.step(DAY + 3 * MINUTE, Event::FellBack);
    assert_eq!(kinds(&play).len(), 4);
}

#[test]
fn whoever_doubts_a_token_is_told_what_comes_of_it_and_nobody_else_waits() {
    let mut play = Play::live(breeze_like(), DAY);
    let asks = |play: &mut Play, seconds, doubts| {
        let caller = play.caller();
        let reads_only = true;
        play.step(
            seconds,
            Event::PersonAsked { caller, person: Person(1), reads_only, forces: false, doubts },
        );
        caller
    };
    let given = |answer| matches!(answer, Some(Answer::Token { .. }));
    let caller = asks(&mut play, HOUR, true);
    assert!(given(play.answer_to(caller)), "nobody has said anything against it");
    let stamp = play.monitor.newest();
    let class = everlit_core::service::Class::Ambiguous;
    play.step(HOUR, Event::CallAnswered { stamp, read_only: false, class, until: None });
    let calls = asks(&mut play, HOUR, false);
    assert!(given(play.answer_to(calls)), "as long as it is not over, it is called with");
    let doubts = asks(&mut play, HOUR, true);
    assert_eq!(play.answer_to(doubts), None, "the provider is being asked");
    play.reply(HOUR + 1, Reply::Valid);
    assert!(given(play.answer_to(doubts)));
}
