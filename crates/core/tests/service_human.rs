//! People: warned with the truth, called once, asked once; and what callers live on meanwhile.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

mod service_play;

use everlit_core::service::{
    Answer, Brought, Class, Event, Fingerprint, Handed, Job, Kind, PushPolicy, Reply, Settings, Source, Want,
    Word,
};
use everlit_core::time::Millis;
use everlit_core::{Epoch, Generation, Stamp};
use service_play::{
    BREEZE_CUTOFF, DAY, HOUR, MINUTE, Play, UPSTOX_CUTOFF, at, breeze_like, failed, upstox_like,
};

fn breeze() -> Play {
    let mut play = Play::new(breeze_like());
    play.cutoff = Some(BREEZE_CUTOFF);
    play.pasted(9 * HOUR, 1, BREEZE_CUTOFF - 9 * HOUR);
    play.alerts.clear();
    play
}

#[test]
fn before_a_cutoff_a_warning_says_from_when_on_a_login_gives_something() {
    let mut play = breeze();
    play.pass(BREEZE_CUTOFF - 1, |_, _| Some(Reply::Valid));
    let (threshold, cutoff) = (Millis::from_secs(30 * MINUTE), at(BREEZE_CUTOFF));
    let warning = Kind::ExpiringSoon { threshold, expires_at: cutoff, login_from: cutoff };
    assert_eq!(play.alerts, [(BREEZE_CUTOFF - 30 * MINUTE, warning)]);
    assert_eq!(play.monitor.status(play.now(18 * HOUR)).login_from, Some(cutoff));
}

#[test]
fn where_a_login_lengthens_the_life_now_the_warning_says_now() {
    let mut play = Play::live(breeze_like(), DAY);
    play.pass(DAY - 1, |_, _| Some(Reply::Valid));
    let threshold = Millis::from_secs(30 * MINUTE);
    let login_from = at(DAY - 30 * MINUTE);
    assert_eq!(play.alerts.len(), 1);
    assert_eq!(play.alerts[0].1, Kind::ExpiringSoon { threshold, expires_at: at(DAY), login_from });
}

#[test]
fn each_threshold_is_warned_of_once_and_several_that_passed_unseen_with_the_last() {
    let thresholds = vec![Millis::from_secs(HOUR), Millis::from_secs(600), Millis::from_secs(60)];
    let settings = Settings { thresholds, ..breeze_like() };
    let mut play = Play::live(settings.clone(), DAY);
    play.pass(DAY - 1, |_, _| Some(Reply::Valid));
    let warned: Vec<u64> = play.alerts.iter().map(|(now, _)| DAY - now).collect();
    assert_eq!((warned, play.said()), (vec![HOUR, 600, 60], vec!["expiring_soon"; 3]));
    // Nobody was there for a while.
    let mut late = Play::live(settings.clone(), DAY);
    late.deadline(DAY - 300);
    late.pass(DAY - 100, |_, _| Some(Reply::Valid));
    assert_eq!(late.said(), ["expiring_soon"]);
    assert!(
        matches!(late.alerts[0].1, Kind::ExpiringSoon { threshold, .. } if threshold == Millis::from_secs(600))
    );
    // A token that begins near its end is not warned of at once.
    let mut brief = Play::live(settings, 20 * MINUTE);
    brief.deadline(1);
    assert_eq!(brief.said(), [""; 0]);
    brief.pass(20 * MINUTE - 1, |_, _| Some(Reply::Valid));
    assert_eq!(brief.said(), ["expiring_soon"; 2]);
}

#[test]
fn at_the_cutoff_a_person_is_called_exactly_once() {
    let mut play = breeze();
    play.pass(BREEZE_CUTOFF + 3 * DAY, |_, _| Some(Reply::Valid));
    assert_eq!(play.said(), ["expiring_soon", "human_needed"]);
    assert_eq!(play.alerts[1], (BREEZE_CUTOFF, Kind::HumanNeeded { want: Want::Lapsed, push: false }));
    let since = play.monitor.status(play.now(2 * DAY)).need.expect("a person is needed").since;
    assert_eq!(since, at(BREEZE_CUTOFF), "to the second, whenever the next check would have been");
    for now in 0..100 {
        play.crash();
        play.deadline(5 * DAY + now);
        play.ask(5 * DAY + now);
    }
    assert_eq!(play.said().len(), 2);
    play.pasted(6 * DAY, 2, HOUR);
    assert_eq!(play.alerts[2].1, Kind::HumanAnswered(Source::Pasted));
    play.pass(6 * DAY + 2 * HOUR, |_, _| Some(Reply::Valid));
    assert_eq!(play.said()[3..], ["expiring_soon", "human_needed"], "armed again by the new token");
}

#[test]
fn a_planned_end_hides_a_token_and_only_an_answer_kills_it() {
    let mut play = breeze();
    play.deadline(BREEZE_CUTOFF);
    let token = *play.monitor.token().expect("it is there");
    assert!(token.dead.is_none() && token.lapsed);
    assert!(play.monitor.status(play.now(19 * HOUR)).active);
    assert!(!play.is_valid(19 * HOUR));

    let mut play = breeze();
    let stamp = play.monitor.newest();
    let said = |class| Event::CallAnswered { stamp, read_only: false, class, until: None };
    for class in [
        Class::Transient,
        Class::ClientMisconfigured,
        Class::UserActionRequired,
        Class::ServiceClosed,
        Class::WrongToken,
        Class::OutcomeUnknown,
        Class::RateLimited,
    ] {
        play.step(10 * HOUR, said(class));
        assert!(play.is_valid(10 * HOUR), "{class:?}");
    }
    play.step(10 * HOUR, said(Class::AccessExpired));
    assert!(!play.is_valid(10 * HOUR));
    assert_eq!(
        play.alerts,
        [(10 * HOUR, Kind::HumanNeeded { want: Want::Refused(Class::AccessExpired), push: false })]
    );
    // What is said of an older token says nothing of this one.
    play.pasted(11 * HOUR, 2, HOUR);
    play.step(11 * HOUR, said(Class::AccessExpired));
    assert!(play.is_valid(11 * HOUR));
}

#[test]
fn an_ambiguous_answer_to_a_call_is_asked_about_and_two_of_them_end_the_token() {
    let mut play = breeze();
    let stamp = play.monitor.newest();
    let ambiguous = Event::CallAnswered { stamp, read_only: false, class: Class::Ambiguous, until: None };
    play.step(10 * HOUR, ambiguous.clone());
    assert_eq!(play.jobs(), [Job::Validate(stamp)]);
    play.reply(10 * HOUR, Reply::Valid);
    assert!(play.is_valid(10 * HOUR));
    play.step(10 * HOUR + 90, ambiguous);
    play.reply(10 * HOUR + 90, failed(Class::Ambiguous));
    assert!(play.is_valid(10 * HOUR + 90));
    play.deadline(10 * HOUR + 92);
    assert_eq!(play.jobs(), [Job::Validate(stamp)]);
    play.reply(10 * HOUR + 92, failed(Class::Ambiguous));
    assert!(!play.is_valid(10 * HOUR + 92));
    assert_eq!(play.said(), ["human_needed"]);
}

fn upstox() -> Play {
    let mut play = Play::new(upstox_like());
    play.cutoff = Some(UPSTOX_CUTOFF);
    play.pasted(3 * HOUR, 1, UPSTOX_CUTOFF - 3 * HOUR);
    play.alerts.clear();
    play
}

fn sent(until: u64) -> Reply {
    Reply::PushSent { until: Some(at(until)) }
}

#[test]
fn a_person_is_asked_on_their_phone_once_when_that_gives_something() {
    let mut play = upstox();
    let until = UPSTOX_CUTOFF + DAY;
    let begun = play.pass(until + 2 * DAY, |_, job| match job {
        Job::AskPush => Some(sent(until)),
        _ => Some(Reply::Valid),
    });
    let asked: Vec<u64> = begun.iter().filter(|(_, job)| *job == Job::AskPush).map(|(now, _)| *now).collect();
    assert_eq!(asked, [UPSTOX_CUTOFF], "before it, a token would have died with this one");
    assert_eq!(play.said(), ["expiring_soon", "human_needed"]);
    assert!(matches!(play.alerts[1].1, Kind::HumanNeeded { push: true, .. }));
    // An operator may have it asked again.
    play.refresh(10 * DAY, true);
    assert_eq!(play.jobs(), [Job::AskPush]);
    play.reply(10 * DAY, sent(11 * DAY));
    play.refresh(10 * DAY + 1, true);
    assert_eq!(play.jobs(), [], "not at every click");
    play.refresh(10 * DAY + 2, false);
    assert_eq!(play.jobs(), [], "and no service");
}

#[test]
fn where_a_new_token_would_live_longer_a_person_is_asked_ahead_of_the_end() {
    let mut play = Play::live(upstox_like(), DAY);
    let begun = play.pass(DAY + HOUR, |_, job| match job {
        Job::AskPush => Some(sent(2 * DAY)),
        _ => Some(Reply::Valid),
    });
    let asked: Vec<u64> = begun.iter().filter(|(_, job)| *job == Job::AskPush).map(|(now, _)| *now).collect();
    assert_eq!(asked, [23 * HOUR]);
}

#[test]
fn a_question_that_nobody_answers_is_asked_as_often_as_was_chosen() {
    let push = Some(PushPolicy { open_for: Millis::from_secs(DAY), times: 3 });
    let mut play = Play::new(Settings { push, ..upstox_like() });
    let begun = play.pass(10 * DAY, |_, _| Some(Reply::PushSent { until: None }));
    assert_eq!(begun, [(0, Job::AskPush), (DAY, Job::AskPush), (2 * DAY, Job::AskPush)]);
}

#[test]
fn a_question_that_failed_is_asked_again_and_one_that_may_have_been_asked_is_not() {
    for (class, asked) in [
        (Class::Transient, 3),
        (Class::OutcomeUnknown, 1),
        (Class::Ambiguous, 1),
        (Class::ClientMisconfigured, 1),
        (Class::ReauthRequired, 1),
    ] {
        let mut play = Play::new(upstox_like());
        let begun = play.pass(20 * MINUTE, |_, _| Some(failed(class)));
        assert_eq!(begun.len(), asked, "{class:?}");
    }
    // Nobody says what came of it, and the object is reset.
    let mut play = Play::new(upstox_like());
    play.deadline(0);
    play.crash();
    assert_eq!(play.pass(3 * DAY, |_, _| None), [], "but for the one from before");
}

#[test]
fn a_question_for_one_token_does_not_count_for_the_next() {
    let mut play = Play::new(upstox_like());
    play.deadline(0);
    assert_eq!(play.jobs(), [Job::AskPush]);
    let stamp = Stamp { epoch: Epoch(1), generation: Generation(1) };
    let brought =
        Brought { stamp: Some(stamp), expires_at: Some(at(DAY)), fallback_until: None, alone: false };
    play.step(1, Event::Moved(brought));
    play.step(2, Event::CallAnswered { stamp, read_only: false, class: Class::AccessExpired, until: None });
    // The first question is given up only now, and says nothing of the second.
    let begun = play.pass(HOUR, |now, _| (now >= 30).then_some(sent(DAY)));
    assert_eq!(begun, [(30, Job::AskPush)]);
    assert_eq!(play.monitor.row().push.map(|push| (push.asked, push.until)), Some((1, Some(at(DAY)))));
}

#[test]
fn nobody_is_asked_to_undo_an_operators_logout() {
    let mut play = upstox();
    play.step(4 * HOUR, Event::LoggedOut);
    assert_eq!(play.pass(3 * DAY, |_, job| panic!("{job:?}")), []);
    assert_eq!(play.alerts, [(4 * HOUR, Kind::HumanNeeded { want: Want::LoggedOut, push: false })]);
}

#[test]
fn callers_that_only_read_live_on_another_token_and_that_is_said_once() {
    let mut play = Play::new(upstox_like());
    play.hand_in(HOUR, Play::code(1));
    let extended = Some(at(300 * DAY));
    let brought =
        Brought { stamp: None, expires_at: Some(at(UPSTOX_CUTOFF)), fallback_until: extended, alone: false };
    play.reply(HOUR, Reply::Renewed(brought));
    let stamp = play.monitor.newest();
    play.alerts.clear();
    let provider = |_: u64, job: Job| Some(if job == Job::AskPush { sent(2 * DAY) } else { Reply::Valid });
    play.pass(DAY, provider);
    assert_eq!(play.said(), ["expiring_soon", "on_fallback", "human_needed"]);
    let read = play.ask_as(DAY, "charts", true);
    assert!(
        matches!(read, Some(Answer::Token { read_only: true, stamp: given, .. }) if given == stamp),
        "{read:?}"
    );
    assert!(matches!(play.ask(DAY), Some(Answer::None { .. })));
    assert_eq!(play.monitor.status(play.now(DAY)).on_fallback, extended);
    // It ends by the provider's word, too.
    play.step(DAY, Event::CallAnswered { stamp, read_only: true, class: Class::ReauthRequired, until: None });
    assert!(matches!(play.ask_as(DAY, "charts", true), Some(Answer::None { .. })));
    play.pass(5 * DAY, provider);
    assert_eq!(play.said().len(), 3);
}

#[test]
fn an_alert_is_sent_until_it_is_taken_and_under_one_name() {
    let mut play = Play::new(breeze_like());
    play.deadline(0);
    let [alert] = play.monitor.alerts()[..] else { panic!("one alert") };
    let mut sent = vec![0];
    play.step(
        1,
        Event::AlertAnswered { alert: alert.id, settled: false, retry_after: Some(Millis::from_secs(20)) },
    );
    for _ in 0..5 {
        let next = play.next();
        play.crash();
        play.deadline(next);
        if play.done.iter().any(|effect| matches!(effect, everlit_core::service::Effect::Deliver { alert: id, .. } if *id == alert.id)) {
            sent.push(next);
        }
    }
    assert_eq!(sent[..4], [0, 21, 51, 81], "a receiver's word, and then as nobody answers");
    play.step(200, Event::AlertAnswered { alert: alert.id, settled: true, retry_after: None });
    assert_eq!(play.monitor.alerts(), []);
    play.step(201, Event::AlertAnswered { alert: alert.id, settled: false, retry_after: None });
    assert_eq!(play.monitor.alerts(), [], "it is taken");
}

#[test]
fn an_alert_that_nobody_takes_for_a_day_is_given_up() {
    let mut play = Play::new(breeze_like());
    for hour in 0..24 {
        play.deadline(hour * HOUR);
        assert_eq!(play.monitor.alerts().len(), 1);
    }
    play.deadline(24 * HOUR);
    assert_eq!(play.monitor.alerts(), []);
}

#[test]
fn nobody_is_called_for_what_is_done_by_now() {
    let mut play = Play::new(breeze_like());
    play.deadline(0);
    assert_eq!(play.said(), ["human_needed"]);
    play.pasted(10, 1, DAY);
    let waiting: Vec<_> = play.monitor.alerts().iter().map(|alert| alert.kind.as_str()).collect();
    assert_eq!(waiting, ["human_answered"]);
}

#[test]
fn a_clock_that_is_set_back_stalls_nothing() {
    let mut play = Play::new(breeze_like());
    play.deadline(10 * DAY);
    play.paste(10 * DAY, 1, DAY);
    play.step(
        10 * DAY,
        Event::AttemptAnswered {
            request: play.request(),
            reply: Reply::Failed { class: Class::RateLimited, until: Some(at(11 * DAY)) },
        },
    );
    // Back by ten days: the next check is five minutes from now, and the provider is asked again by then.
    play.deadline(0);
    let next = play.next();
    assert!(next <= 5 * MINUTE, "{next}");
    let begun = play.pass(5 * MINUTE, |_, _| Some(Reply::Valid));
    assert_eq!(begun, [(5 * MINUTE, Job::Prove(Fingerprint(1)))]);
    assert_eq!(play.monitor.word(at(6 * MINUTE)), Word::Active);
}

#[test]
fn an_imported_token_is_proven_like_any_other() {
    let mut play = Play::new(breeze_like());
    let imported = Handed { expires_at: None, ..Play::handed(1, Source::Imported, 0) };
    play.hand_in(0, imported);
    assert!(!play.is_valid(0));
    play.reply(0, Reply::Valid);
    assert!(play.is_valid(0));
    // Nobody knows when it ends: it is looked after all the same.
    let begun = play.pass(DAY, |_, _| Some(Reply::Valid));
    assert_eq!(begun.len(), 24, "{begun:?}");
    play.pass(DAY + HOUR, |_, _| Some(failed(Class::AccessExpired)));
    assert_eq!(play.monitor.word(at(DAY + HOUR)), Word::NeedsHuman);
}
