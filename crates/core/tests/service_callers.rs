//! Callers of a service, and what they and people are told of it.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

mod service_play;

use everlit_core::rate::Rate;
use everlit_core::service::{
    Absence, Answer, Automatic, Budget, Class, DoubtCause, Effect, Event, Job, Monitor, Reply, Settings,
    User, Way, WayKind, Word,
};
use everlit_core::time::Millis;
use service_play::{DAY, HOUR, MINUTE, Play, at, breeze_like, brought, failed, upstox_like, with};

const REFRESH: Job = Job::Renew(WayKind::Refresh);

#[test]
fn a_caller_gets_the_token_at_once_and_that_costs_no_row() {
    let mut play = Play::live(breeze_like(), DAY);
    play.ask(HOUR);
    let answer = play.ask(HOUR + 1);
    let stamp = play.monitor.newest();
    let expires_in = Some(Millis::from_secs(DAY - HOUR - 1));
    assert_eq!(answer, Some(Answer::Token { stamp, expires_in, read_only: false }));
    // That a check is due is done with the same step.
    assert_eq!(
        play.ask(HOUR + 2),
        Some(Answer::Token {
            stamp,
            expires_in: expires_in.map(|left| left.less(Millis::from_secs(1))),
            read_only: false
        })
    );
    assert_eq!(play.done.len(), 1, "{:?}", play.done);
}

#[test]
fn while_a_renewal_is_under_way_callers_get_the_token_that_lives() {
    let mut play = Play::live(with(Way::REFRESH), 2 * HOUR);
    play.deadline(105 * MINUTE);
    assert_eq!(play.jobs(), [REFRESH]);
    assert!(matches!(play.ask(105 * MINUTE), Some(Answer::Token { .. })));
}

#[test]
fn a_caller_waits_for_the_token_that_is_under_way_and_no_longer_than_its_limit() {
    let mut play = Play::live(with(Way::REFRESH), 2 * HOUR);
    let stamp = play.monitor.newest();
    let refused = Event::CallAnswered { stamp, read_only: false, class: Class::AccessExpired, until: None };
    play.step(HOUR, refused);
    assert_eq!(play.jobs(), [REFRESH]);
    assert_eq!((play.ask(HOUR), play.ask(HOUR + 1)), (None, None));
    assert_eq!(play.monitor.next_deadline(), Some(at(HOUR).after(Millis::from_millis(4_500))));
    assert!(play.monitor.next_alarm() > play.monitor.next_deadline(), "waiting costs no row");
    play.deadline(HOUR + 5);
    assert_eq!(
        play.answers(),
        [Answer::None { reason: Absence::Renewing, retry_after: Millis::from_secs(1) }]
    );
    play.reply(HOUR + 5, Reply::Renewed(brought(DAY)));
    assert!(matches!(play.answers()[..], [Answer::Token { stamp: given, .. }] if given == stamp.rotated()));
}

#[test]
fn nobody_waits_for_what_cannot_come_in_time() {
    let mut play = Play::live(with(Way::REFRESH), 2 * HOUR);
    play.pass(3 * HOUR + 30, |_, _| Some(failed(Class::Transient)));
    let Some(Answer::None { reason: Absence::Unavailable, retry_after }) = play.ask(3 * HOUR + MINUTE) else {
        panic!("{:?}", play.done)
    };
    assert_eq!(at(3 * HOUR + MINUTE).after(retry_after), at(3 * HOUR + 5 * MINUTE), "at the next check");
    let mut play = Play::new(breeze_like());
    assert!(matches!(play.ask(0), Some(Answer::None { reason: Absence::NeedsHuman, .. })));
}

#[test]
fn callers_begin_nothing_however_often_they_come() {
    let mut play = Play::live(with(Way::REFRESH), 2 * HOUR);
    play.pass(3 * HOUR + 30, |_, _| Some(failed(Class::Transient)));
    for second in 31..4 * MINUTE {
        play.ask(3 * HOUR + second);
        assert_eq!(play.jobs(), [], "{second}");
        play.refresh(3 * HOUR + second, false);
        assert_eq!(play.jobs(), [], "{second}");
    }
}

#[test]
fn a_caller_that_asks_too_often_is_told_so_and_nobody_else() {
    let mut play = Play::live(breeze_like(), DAY);
    let given = (0..100).filter(|_| matches!(play.ask(HOUR), Some(Answer::Token { .. }))).count();
    assert_eq!(given, 60);
    let Some(Answer::None { reason: Absence::CallerLimited, retry_after }) = play.ask(HOUR) else { panic!() };
    assert_eq!(retry_after, Millis::from_secs(1));
    assert!(matches!(play.ask_as(HOUR, "charts", false), Some(Answer::Token { .. })));
    assert!(matches!(play.ask(HOUR + 1), Some(Answer::Token { .. })));
    let users = play.monitor.status(play.now(HOUR)).users;
    let [orders, charts] = &users[..] else { panic!("{users:?}") };
    assert_eq!((orders.name.as_str(), orders.served, orders.limited), ("orders", 61, 41));
    assert_eq!((charts.name.as_str(), charts.served, charts.limited), ("charts", 1, 0));
}

#[test]
fn names_beyond_those_that_are_known_share_one_place() {
    let mut play = Play::live(Settings { most_callers: 3, ..breeze_like() }, DAY);
    for caller in 0..100 {
        play.ask_as(HOUR, &format!("service-{caller}"), false);
    }
    let users = play.monitor.status(play.now(HOUR)).users;
    let counts: Vec<(&str, u64, u64)> =
        users.iter().map(|user| (user.name.as_str(), user.served, user.limited)).collect();
    assert_eq!(counts, [("service-0", 1, 0), ("service-1", 1, 0), ("service-2", 1, 0), ("", 60, 37)]);
}

#[test]
fn calls_have_a_rate_of_their_own() {
    let mut play =
        Play::live(Settings { call_rate: Rate::new(100, Millis::from_secs(60)), ..breeze_like() }, DAY);
    let is_given = |answer: Option<Answer>| matches!(answer, Some(Answer::Token { .. }));
    let made = (0..150).filter(|_| is_given(play.call_as(HOUR, "orders"))).count();
    assert_eq!(made, 100);
    let Some(Answer::None { reason: Absence::CallerLimited, retry_after }) = play.call_as(HOUR, "orders")
    else {
        panic!()
    };
    assert_eq!(retry_after, Millis::from_millis(600));
    // Neither is in the way of the other, and nobody is in another's way.
    assert!(is_given(play.call_as(HOUR, "charts")));
    assert_eq!((0..100).filter(|_| is_given(play.ask(HOUR))).count(), 60);
    assert!(is_given(play.call_as(HOUR + 1, "orders")));
    let users = play.monitor.status(play.now(HOUR)).users;
    let counts: Vec<(&str, u64, u64, u64)> =
        users.iter().map(|user| (user.name.as_str(), user.served, user.calls, user.limited)).collect();
    assert_eq!(counts, [("orders", 60, 101, 51 + 40), ("charts", 0, 1, 0)]);
    // A call for which there is no token is told so, and is none.
    play.step(HOUR + 2, Event::LoggedOut);
    assert!(matches!(play.call_as(HOUR + 2, "charts"), Some(Answer::None { .. })));
    let charts = &play.monitor.status(play.now(HOUR)).users[1];
    assert_eq!((charts.calls, charts.unserved), (1, 1));
}

/// How many rows are written in so many seconds, in each of which this is done; and how many uses the last of them tells.
fn rows_written(seconds: u64, mut each: impl FnMut(&mut Play, u64)) -> (usize, u64, u64) {
    let call_rate = Rate::new(10, Millis::from_secs(1));
    let settings = Settings { call_rate, validates: false, ..breeze_like() };
    let mut play = Play::live(settings, DAY);
    for alert in play.monitor.alerts().to_vec() {
        play.step(1, Event::AlertAnswered { alert: alert.id, settled: true, retry_after: None });
    }
    let (mut rows, mut row) = (0, play.monitor.row());
    for second in 0..seconds {
        each(&mut play, HOUR + second);
        if play.done.contains(&Effect::Persist) {
            (rows, row) = (rows + 1, play.monitor.row());
        }
    }
    let told = play.monitor.status(play.now(HOUR + seconds)).users;
    let used = |users: &[User]| users.iter().map(|user| user.served + user.calls).sum();
    (rows, used(&row.users), used(&told))
}

#[test]
fn no_row_is_written_for_calls_alone_and_the_next_one_takes_them_along() {
    let nobody = rows_written(2 * HOUR, |play, second| play.deadline(second));
    assert!((24..=25).contains(&nobody.0), "a check every five minutes: {}", nobody.0);
    let (rows, written, told) = rows_written(2 * HOUR, |play, second| {
        play.call_as(second, if second % 3 == 0 { "charts" } else { "orders" });
    });
    assert_eq!(told, 2 * HOUR);
    assert!(told - written <= 5 * MINUTE, "{written} of {told}");
    // That somebody came whom nobody knew is written at once.
    assert!(rows - nobody.0 <= 2, "{rows} rows, {} without calls", nobody.0);
}

#[test]
fn calls_that_a_provider_refuses_for_their_number_hold_it_off_and_write_a_row_a_minute_at_most() {
    let mut play = Play::live(breeze_like(), DAY);
    let stamp = play.monitor.newest();
    for alert in play.monitor.alerts().to_vec() {
        play.step(1, Event::AlertAnswered { alert: alert.id, settled: true, retry_after: None });
    }
    let mut refused = |second: u64, until: Option<u64>| {
        let until = until.map(at);
        play.step(second, Event::CallAnswered { stamp, read_only: false, class: Class::RateLimited, until });
        (play.done.contains(&Effect::Persist), play.monitor.status(play.now(second)).hold_until)
    };
    // For a moment: it is over before anything would be asked.
    assert_eq!(refused(2, Some(3)), (false, None));
    assert_eq!(refused(2, None), (true, Some(at(2 + 5 * MINUTE))));
    for second in 3..62 {
        assert_eq!(refused(second, None), (false, Some(at(2 + 5 * MINUTE))), "{second}");
    }
    assert_eq!(refused(62, None), (true, Some(at(62 + 5 * MINUTE))));
    assert_eq!(refused(63, Some(18 * HOUR)), (true, Some(at(18 * HOUR))));
    assert_eq!(refused(64, Some(18 * HOUR)), (false, Some(at(18 * HOUR))));
    // For longer than is believed.
    assert_eq!(refused(65, Some(2 * DAY)), (true, Some(at(25 * HOUR + 65))));
    assert_eq!(refused(66, Some(2 * DAY)), (false, Some(at(25 * HOUR + 65))));
}

#[test]
fn tokens_are_written_down_within_a_minute_however_many_there_are() {
    let nobody = rows_written(HOUR, |play, second| play.deadline(second));
    let (rows, written, told) = rows_written(HOUR, |play, second| {
        play.ask(second);
    });
    assert_eq!(told, HOUR);
    assert!(told - written <= MINUTE, "{written} of {told}");
    assert!(rows - nobody.0 <= 61, "{rows} rows, {} without anybody", nobody.0);
}

#[test]
fn use_that_comes_seldom_is_not_lost_with_an_object_that_forgets_in_between() {
    // Nothing else has a row written: no alert that waits, and no validation that is under way.
    let mut play = Play::live(Settings { validates: false, ..breeze_like() }, DAY);
    for alert in play.monitor.alerts().to_vec() {
        play.step(1, Event::AlertAnswered { alert: alert.id, settled: true, retry_after: None });
    }
    let mut row = play.monitor.row();
    for hour in 1..13 {
        for minute in (0..60).step_by(10) {
            let now = hour * HOUR + minute * MINUTE;
            // The alarm rings in between, in an object that knows no more than its row.
            for (at, who) in [
                (now, None),
                (now + MINUTE, Some("charts")),
                (now + 2 * MINUTE, Some("orders")),
                (now + 5 * MINUTE, None),
            ] {
                play.monitor = Monitor::load(play.settings.clone(), row.clone());
                match who {
                    Some("charts") => drop(play.call_as(at, "charts")),
                    Some(_) => drop(play.ask(at)),
                    None => play.deadline(at),
                }
                if play.done.contains(&Effect::Persist) {
                    row = play.monitor.row();
                }
            }
        }
    }
    let count =
        |name: &str| row.users.iter().find(|user| user.name == name).map(|user| user.served + user.calls);
    assert_eq!((count("orders"), count("charts")), (Some(72), Some(72)));
}

#[test]
fn a_caller_that_thinks_the_token_is_dead_has_it_looked_at_and_waits_for_that() {
    let mut play = Play::live(breeze_like(), DAY);
    let stamp = play.monitor.newest();
    assert_eq!(play.refresh(HOUR - 400, false), None);
    assert_eq!(play.jobs(), [Job::Validate(stamp)]);
    play.reply(HOUR - 400, Reply::Valid);
    assert!(matches!(play.answers()[..], [Answer::Token { .. }]));
    // It was looked at a moment ago.
    assert!(matches!(play.refresh(HOUR - 101, false), Some(Answer::Token { .. })));
    assert_eq!(play.jobs(), []);
    play.refresh(HOUR - 10, false);
    play.reply(HOUR - 10, failed(Class::AccessExpired));
    assert!(matches!(play.answers()[..], [Answer::None { reason: Absence::NeedsHuman, .. }]));
}

#[test]
fn where_nobody_can_be_asked_about_a_token_another_one_is_had_and_the_one_there_is_stays() {
    let mut play = Play::live(Settings { validates: false, ..with(Way::REFRESH) }, 2 * HOUR);
    assert!(matches!(play.refresh(299, false), Some(Answer::Token { .. })), "it is new");
    assert_eq!(play.jobs(), []);
    play.refresh(HOUR, false);
    assert_eq!(play.jobs(), [REFRESH]);
    play.reply(HOUR, failed(Class::Transient));
    assert!(play.monitor.status(play.now(HOUR)).valid, "nobody has said that it is over");
    assert!(matches!(play.ask(HOUR + 1), Some(Answer::Token { .. })));
}

#[test]
fn a_caller_that_is_behind_gets_the_token_there_is() {
    let mut play = Play::live(breeze_like(), DAY);
    let old = play.monitor.newest();
    play.pasted(HOUR, 2, DAY);
    let caller = play.caller();
    let ask = Event::RefreshAsked { caller, name: "orders".into(), holds: Some(old), operator: false };
    play.step(2 * HOUR - 100, ask);
    assert!(matches!(play.answer_to(caller), Some(Answer::Token { stamp, .. }) if stamp == old.rotated()));
    assert_eq!(play.jobs(), []);
}

#[test]
fn an_operator_has_a_token_renewed_before_its_time_and_not_twice_in_ten_seconds() {
    let mut play = Play::live(with(Way::REFRESH), 2 * HOUR);
    assert_eq!(play.refresh(HOUR, true), None);
    assert_eq!(play.jobs(), [REFRESH]);
    play.reply(HOUR, Reply::Renewed(brought(DAY)));
    assert!(matches!(play.answers()[..], [Answer::Token { stamp, .. }] if stamp == play.monitor.newest()));
    assert!(matches!(play.refresh(HOUR + 9, true), Some(Answer::Token { .. })));
    assert_eq!(play.jobs(), []);
    play.refresh(HOUR + 10, true);
    assert_eq!(play.jobs(), [REFRESH]);
}

#[test]
fn a_token_that_lives_stays_in_use_whatever_an_operators_wish_for_another_comes_to() {
    let failures = [
        Class::Transient,
        Class::OutcomeUnknown,
        Class::RateLimited,
        Class::ServiceClosed,
        Class::ClientMisconfigured,
        Class::UserActionRequired,
        Class::WrongToken,
        Class::Ambiguous,
    ];
    for settings in [breeze_like(), upstox_like(), with(Way::REFRESH), with(Way::CREDENTIALS)] {
        for class in failures {
            let mut play = Play::live(settings.clone(), DAY);
            let stamp = play.monitor.newest();
            play.refresh(HOUR, true);
            assert!(!play.jobs().is_empty(), "it is tried");
            for second in 0..4 {
                let given = play.ask(HOUR + second);
                assert!(
                    matches!(given, Some(Answer::Token { stamp: of, .. }) if of == stamp),
                    "{class:?}: {given:?}"
                );
                assert!(play.is_valid(HOUR + second));
                if play.monitor.attempt().is_some() && (class != Class::Ambiguous || second == 0) {
                    play.reply(HOUR + second, failed(class));
                }
            }
        }
        // Where only a word of the provider's on the grant comes, the token lives to its own end.
        let mut play = Play::live(settings, DAY);
        play.refresh(HOUR, true);
        let renews = matches!(play.jobs()[..], [Job::Renew(_)]);
        play.reply(HOUR, failed(Class::ReauthRequired));
        assert_eq!(play.is_valid(HOUR), renews);
    }
}

#[test]
fn the_provider_is_asked_at_most_once_an_hour_without_cause() {
    for settings in [breeze_like(), Settings { check_every: Millis::from_secs(60), ..breeze_like() }] {
        let begun = Play::live(settings, 2 * DAY).pass(DAY, |_, _| Some(Reply::Valid));
        assert!(begun.windows(2).all(|pair| pair[0].0 + HOUR <= pair[1].0), "{begun:?}");
        assert!((22..=24).contains(&begun.len()), "{}", begun.len());
    }
    // A check that is rarer makes it rarer.
    let begun = Play::live(upstox_like(), 2 * DAY).pass(DAY, |_, _| Some(Reply::Valid));
    assert_eq!(begun.len(), 24);
}

#[test]
fn the_provider_is_asked_for_no_more_than_a_hundredth_of_its_call_budget() {
    let budget = Budget { minute: Some(100), day: Some(500), percent: 1 };
    let mut play = Play::live(Settings { budget, ..breeze_like() }, 20 * DAY);
    let (mut validations, mut now) = (0, 2 * MINUTE);
    // However often callers think that it is dead.
    while now < 4 * DAY {
        play.refresh(now, false);
        validations += play.jobs().len();
        if play.monitor.attempt().is_some() {
            play.reply(now, Reply::Valid);
        }
        now += 61;
    }
    assert!((20..=25).contains(&validations), "{validations} in four days");
}

#[test]
fn what_the_provider_could_not_say_is_asked_again_only_for_a_cause() {
    let mut play = Play::live(breeze_like(), 2 * DAY);
    let begun = play.pass(2 * HOUR, |_, _| Some(failed(Class::Transient)));
    assert_eq!(begun.len(), 2, "one an hour: {begun:?}");
    let stamp = play.monitor.newest();
    play.step(
        2 * HOUR,
        Event::CallAnswered { stamp, read_only: false, class: Class::Ambiguous, until: None },
    );
    assert_eq!(play.monitor.row().doubt.map(|doubt| doubt.cause), Some(DoubtCause::Ambiguous));
    let begun = play.pass(3 * HOUR, |_, _| Some(failed(Class::Transient)));
    assert!((30..=40).contains(&begun.len()), "three at every check: {}", begun.len());
    assert!(play.is_valid(3 * HOUR), "that nobody answers ends nothing");
}

#[test]
fn a_provider_that_asks_for_less_when_it_was_asked_without_cause_has_its_hour() {
    let mut play = Play::live(breeze_like(), 2 * DAY);
    let limited = |now| Reply::Failed { class: Class::RateLimited, until: Some(at(now + 20 * MINUTE)) };
    let begun = play.pass(4 * HOUR, |now, _| Some(limited(now)));
    assert_eq!(begun.iter().map(|(now, _)| *now).collect::<Vec<_>>(), [HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR]);
}

#[test]
fn the_status_says_all_that_is_known() {
    let settings = Settings { validate_every: Millis::from_secs(HOUR), ..with(Way::REFRESH) };
    let mut play = Play::live(settings, 2 * HOUR);
    play.pass(HOUR, |_, _| Some(Reply::Valid));
    let status = play.monitor.status(play.now(HOUR));
    assert!(status.active && status.valid);
    assert_eq!((status.word, status.word.as_str()), (Word::Active, "active"));
    assert_eq!(status.expires_in, Some(Millis::from_secs(HOUR)));
    assert_eq!(status.expires_at, Some(at(2 * HOUR)));
    assert_eq!(status.automatic, Automatic::Possible(WayKind::Refresh));
    assert_eq!((status.checked_at, status.next_check_at), (Some(at(HOUR)), at(65 * MINUTE)));
    let validated = status.validated.expect("it was");
    assert!(validated.valid && validated.at == at(HOUR), "{validated:?}");
    assert_eq!(status.records.len(), 1);
    assert_eq!(play.monitor.word(at(105 * MINUTE)), Word::Expiring);
    play.deadline(105 * MINUTE);
    play.reply(105 * MINUTE, failed(Class::Transient));
    play.deadline(105 * MINUTE + 2);
    let status = play.monitor.status(play.now(105 * MINUTE + 2));
    let attempt = status.attempt.expect("it is under way");
    assert_eq!((attempt.number, status.attempts, attempt.job), (2, 3, REFRESH));
    play.pass(2 * HOUR, |_, _| Some(failed(Class::Transient)));
    let status = play.monitor.status(play.now(2 * HOUR));
    assert_eq!((status.active, status.valid, status.word), (true, false, Word::NeedsRefresh));
    assert_eq!(status.trouble, Some(Class::Transient));
    assert!(
        status
            .records
            .iter()
            .skip(1)
            .all(|record| record.failed == Some(Class::Transient) && record.attempts == 3)
    );
    // However long it goes on, the list does not grow.
    play.pass(DAY, |_, _| Some(failed(Class::Transient)));
    assert_eq!(play.monitor.status(play.now(DAY)).records.len(), 10);
    assert_eq!(Play::new(breeze_like()).monitor.status(play.now(0)).automatic, Automatic::NotOffered);
    assert_eq!(Play::new(with(Way::REFRESH)).monitor.status(play.now(0)).automatic, Automatic::NoToken);
}

#[test]
fn one_word_says_where_it_stands() {
    let mut play = Play::new(Settings { person: false, ..with(Way::CREDENTIALS) });
    assert_eq!(play.monitor.word(at(0)), Word::NeedsRefresh);
    play.deadline(0);
    assert_eq!(play.jobs(), [Job::Renew(WayKind::Credentials)], "the first token needs nobody");
    play.reply(0, failed(Class::ReauthRequired));
    assert_eq!(play.monitor.word(at(1)), Word::Expired, "nobody can hand one in");
    assert_eq!(play.said(), ["renewal_failed"]);
    let names: Vec<&str> = Word::ALL.map(Word::as_str).to_vec();
    assert_eq!(names, ["active", "expiring", "needs_refresh", "needs_human", "expired"]);
}
