//! The object is reset while an attempt is under way: what it was at says what becomes of it.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

mod service_play;

use everlit_core::service::{
    Class, Event, Fingerprint, Handed, Job, Monitor, Reply, Settings, Source, Verdict, WayKind, Word,
};
use everlit_core::time::Millis;
use service_play::{DAY, HOUR, MINUTE, Play, at, breeze_like, brought, failed, way, with};

/// Nothing else is asked of the provider.
fn breeze() -> Settings {
    Settings { validate_every: Millis::FOREVER, ..breeze_like() }
}

const EXTENSION: Job = Job::Renew(WayKind::SelfExtension);

fn extending(repeatable: bool) -> Play {
    let mut play = Play::live(with(way(WayKind::SelfExtension, repeatable)), 2 * HOUR);
    play.deadline(105 * MINUTE);
    assert_eq!(play.jobs(), [EXTENSION]);
    play.crash();
    play
}

#[test]
fn an_answer_that_comes_to_another_life_of_the_object_is_taken() {
    let mut play = extending(false);
    play.reply(105 * MINUTE + 20, Reply::Extended { expires_at: Some(at(DAY)) });
    assert!(play.is_valid(23 * HOUR));
    assert!(play.monitor.attempt().is_none());
}

#[test]
fn a_renewal_that_may_be_repeated_is_the_next_attempt_of_its_round() {
    let mut play = extending(true);
    let begun = play.pass(106 * MINUTE, |now, _| (now > 105 * MINUTE).then(|| failed(Class::Transient)));
    let start = 105 * MINUTE + 30;
    assert_eq!(begun, [(start + 2, EXTENSION), (start + 6, EXTENSION)], "three with the one that was lost");
}

#[test]
fn a_renewal_that_may_not_be_repeated_is_asked_about_first() {
    let mut play = extending(false);
    let stamp = play.monitor.newest();
    let begun = play.pass(110 * MINUTE, |_, job| match job {
        Job::Validate(_) => Some(Reply::Valid),
        _ => None,
    });
    // The provider takes the token, so nothing was done to it: at the next check it is tried again.
    assert_eq!(begun, [(105 * MINUTE + 30, Job::Validate(stamp)), (110 * MINUTE, EXTENSION)]);

    let mut dead = extending(false);
    let begun = dead.pass(118 * MINUTE, |_, job| match job {
        Job::Validate(_) => Some(failed(Class::AccessExpired)),
        _ => None,
    });
    assert_eq!(begun.len(), 1);
    assert_eq!(dead.monitor.word(at(118 * MINUTE)), Word::NeedsHuman);

    let mut silent = extending(false);
    let begun = silent.pass(118 * MINUTE, |_, job| match job {
        Job::Validate(_) => Some(failed(Class::Transient)),
        _ => None,
    });
    assert!(begun.len() > 3);
    assert!(
        begun.iter().all(|(_, job)| matches!(job, Job::Validate(_))),
        "never before that is known: {begun:?}"
    );
}

#[test]
fn a_token_that_was_being_proven_is_proven_again() {
    let mut play = Play::live(breeze(), DAY);
    play.paste(HOUR, 2, DAY);
    play.crash();
    let begun = play.pass(HOUR + MINUTE, |now, _| (now > HOUR).then_some(Reply::Valid));
    assert_eq!(begun, [(HOUR + 32, Job::Prove(Fingerprint(2)))]);
    assert_eq!(play.monitor.token().expect("it lives").hand, Some(Fingerprint(2)));
}

#[test]
fn what_is_said_of_a_token_that_was_replaced_meanwhile_says_nothing_of_its_successor() {
    // A code is being exchanged, which takes so long that the extension of the token begins.
    let settings = Settings { exchange_repeatable: false, ..with(way(WayKind::SelfExtension, true)) };
    let mut play = Play::live(settings, 2 * HOUR);
    play.hand_in(105 * MINUTE - 30, Play::code(2));
    let exchange = play.request();
    play.deadline(105 * MINUTE);
    assert_eq!(play.jobs(), [EXTENSION]);
    let late = Event::AttemptAnswered { request: exchange, reply: Reply::Renewed(brought(DAY)) };
    play.step(105 * MINUTE + 1, late);
    let second = play.monitor.newest();
    assert_eq!(second.generation.0, 2);
    for reply in [
        failed(Class::AccessExpired),
        failed(Class::ClientMisconfigured),
        Reply::Extended { expires_at: Some(at(2 * HOUR)) },
        Reply::Renewed(brought(3 * HOUR)),
    ] {
        let monitor = play.monitor.clone();
        let mut play = Play::new(play.settings.clone());
        play.monitor = monitor;
        play.reply(105 * MINUTE + 2, reply);
        assert_eq!(play.monitor.newest(), second, "{reply:?}");
        assert!(play.is_valid(23 * HOUR), "{reply:?}");
        assert!(play.monitor.row().closed.is_empty(), "{reply:?}");
    }
}

#[test]
fn a_row_says_all_there_is_at_every_step_of_a_day() {
    let mut play = Play::live(with(way(WayKind::Credentials, true)), HOUR);
    for minute in 1..24 * 60 {
        play.deadline(minute * MINUTE);
        let same = Monitor::load(play.settings.clone(), play.monitor.row());
        assert_eq!(same, play.monitor);
        if let Some(job) = play.monitor.attempt().map(|attempt| attempt.job) {
            let reply = match (minute % 3, job) {
                (0, _) => failed(Class::Transient),
                (_, Job::Renew(_)) => Reply::Renewed(brought(minute * MINUTE + HOUR)),
                (_, _) => Reply::Valid,
            };
            play.reply(minute * MINUTE, reply);
        }
        play.crash();
    }
    assert!(play.monitor.newest().generation.0 > 20);
}

#[test]
fn an_answer_to_an_attempt_of_nobody_changes_nothing() {
    let mut play = Play::live(breeze(), DAY);
    play.deadline(HOUR);
    let row = play.monitor.row();
    for request in [0, 1, 2, 77] {
        let request = everlit_core::id::RequestId(request);
        if Some(request) == play.monitor.attempt().map(|attempt| attempt.request) {
            continue;
        }
        for reply in [Reply::Valid, Reply::Renewed(brought(2 * DAY)), failed(Class::ReauthRequired)] {
            play.step(HOUR, Event::AttemptAnswered { request, reply });
            assert_eq!((play.monitor.row(), play.done.len()), (row.clone(), 0), "{request:?}");
        }
    }
}

#[test]
fn from_a_copy_the_next_token_is_newer_than_any_and_what_was_handed_in_is_not_stranded() {
    let mut play = Play::live(Settings { exchange_repeatable: false, ..breeze() }, DAY);
    let before = play.monitor.newest();
    let hand = |name: u64, exchange: bool| Handed {
        name: Fingerprint(name),
        source: Source::LoggedIn,
        exchange,
        expires_at: (!exchange).then(|| at(DAY)),
        fallback_until: None,
        ticket: None,
    };
    play.hand_in(HOUR, hand(71, true));
    assert_eq!(play.jobs(), [Job::Exchange(Fingerprint(71))]);
    play.hand_in(HOUR, hand(72, false));

    let settings = Settings { exchange_repeatable: false, ..breeze() };
    play.monitor = Monitor::restored(settings, play.monitor.row(), at(2 * HOUR));
    assert!(play.monitor.attempt().is_none() && before < play.monitor.newest());
    play.deadline(2 * HOUR);
    assert_eq!(play.jobs(), [Job::Prove(Fingerprint(72))], "and what may be spent is not shown again");
    let request = play.request();
    assert_eq!(play.hand_in(2 * HOUR, hand(71, true)), Some(Verdict::Lost));
    play.step(2 * HOUR, Event::AttemptAnswered { request, reply: Reply::Valid });
    assert!(play.is_valid(3 * HOUR) && before < play.monitor.newest());

    // Where there is nobody to ask about it, another one is had.
    let unasked = Settings { validates: false, ..with(way(WayKind::Credentials, true)) };
    let mut play = Play::live(unasked.clone(), DAY);
    play.monitor = Monitor::restored(unasked, play.monitor.row(), at(HOUR));
    play.deadline(HOUR);
    assert_eq!(play.jobs(), [Job::Renew(WayKind::Credentials)]);
}
