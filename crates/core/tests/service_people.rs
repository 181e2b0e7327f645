//! Users of the app: each limited by a rate of their own, counted together; and an app that lives on another source.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

mod service_play;

use everlit_core::id::CallerId;
use everlit_core::rate::Rate;
use everlit_core::service::{
    Absence, Answer, Budget, Class, Event, Job, Kind, Monitor, Person, Reply, Settings,
};
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

/// A read of a user's, whose answer could mean that the token is over, or one before it.
fn reads(play: &mut Play, seconds: u64, doubts: bool) -> CallerId {
    let caller = play.caller();
    let (person, reads_only, forces) = (Person(1), true, false);
    play.step(seconds, Event::PersonAsked { caller, person, reads_only, forces, doubts });
    caller
}

fn answered_ambiguously(play: &mut Play, seconds: u64) {
    let (stamp, class) = (play.monitor.newest(), Class::Ambiguous);
    play.step(seconds, Event::CallAnswered { stamp, read_only: false, class, until: None });
}

fn is_given(answer: Option<Answer>) -> bool {
    matches!(answer, Some(Answer::Token { .. }))
}

#[test]
fn whoever_doubts_a_token_is_told_what_comes_of_it_and_nobody_else_waits() {
    let mut play = Play::live(breeze_like(), DAY);
    let caller = reads(&mut play, HOUR, true);
    assert!(is_given(play.answer_to(caller)), "nobody has said anything against it");
    answered_ambiguously(&mut play, HOUR);
    let calls = reads(&mut play, HOUR, false);
    assert!(is_given(play.answer_to(calls)), "as long as it is not over, it is called with");
    let doubts = reads(&mut play, HOUR, true);
    assert_eq!(play.answer_to(doubts), None, "the provider is being asked");
    play.reply(HOUR + 1, Reply::Valid);
    assert!(is_given(play.answer_to(doubts)));
    // Where nothing keeps it from being asked again, it is.
    answered_ambiguously(&mut play, HOUR + 2);
    let again = reads(&mut play, HOUR + 2, true);
    assert_eq!(play.answer_to(again), None);
}

#[test]
fn what_the_provider_has_just_said_of_a_token_holds_until_it_may_be_asked_again() {
    let settings = Settings { budget: Budget { minute: Some(100), day: None, percent: 1 }, ..breeze_like() };
    let mut play = Play::live(settings, DAY);
    answered_ambiguously(&mut play, HOUR);
    let first = reads(&mut play, HOUR, true);
    play.reply(HOUR, Reply::Valid);
    assert!(is_given(play.answer_to(first)));
    // Within its minute nobody asks again, and the token lives as far as anybody knows.
    for seconds in [1, 20, 50] {
        answered_ambiguously(&mut play, HOUR + seconds);
        assert_eq!(play.monitor.attempt(), None);
        let again = reads(&mut play, HOUR + seconds, true);
        assert!(is_given(play.answer_to(again)), "after {seconds} s");
    }
    // It is asked all the same, as soon as it may be, and that is what counts then.
    play.deadline(HOUR + MINUTE);
    assert_eq!(play.jobs(), [Job::Validate(play.monitor.newest())]);
    let later = reads(&mut play, HOUR + MINUTE, true);
    assert_eq!(play.answer_to(later), None);
    play.reply(HOUR + MINUTE, Reply::Failed { class: Class::Ambiguous, until: None });
    let unknown = |answer| matches!(answer, Some(Answer::None { reason: Absence::Unavailable, .. }));
    play.deadline(HOUR + MINUTE + 2);
    assert!(unknown(play.answer_to(later)), "now it has said so of the token itself: {:?}", play.done);
    let last = reads(&mut play, HOUR + MINUTE + 3, true);
    assert!(unknown(play.answer_to(last)));
}

#[test]
fn what_the_provider_said_of_a_token_longer_ago_says_nothing_of_it_now() {
    let settings = Settings { budget: Budget { minute: None, day: Some(100), percent: 1 }, ..breeze_like() };
    let mut play = Play::live(settings, DAY);
    for (seconds, known) in [(MINUTE - 1, true), (MINUTE, false), (HOUR, false)] {
        answered_ambiguously(&mut play, seconds);
        let caller = reads(&mut play, seconds, true);
        assert_eq!(play.monitor.attempt(), None, "a question a day");
        assert_eq!(is_given(play.answer_to(caller)), known, "{seconds} s: {:?}", play.done);
    }
}
