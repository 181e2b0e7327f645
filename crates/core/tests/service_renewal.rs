//! Renewals of a service that need no person: ahead of time, in rounds, never in a loop.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

mod service_play;

use everlit_core::service::{
    Absence, Answer, Automatic, Brought, Class, Effect, Event, Job, Kind, Line, Origin, Reply, Settings,
    Want, Way, WayKind, Word,
};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::{Epoch, Generation, Stamp};
use service_play::{DAY, HOUR, MINUTE, Play, at, breeze_like, brought, failed, next_cutoff, way, with};

const REFRESH: Job = Job::Renew(WayKind::Refresh);

fn refreshed() -> Play {
    Play::live(with(Way::REFRESH), 2 * HOUR)
}

#[test]
fn a_token_is_renewed_ahead_of_its_end_by_the_lead() {
    let mut play = refreshed();
    let begun = play.pass(2 * HOUR, |now, _| Some(Reply::Renewed(brought(now + DAY))));
    assert_eq!(begun, [(105 * MINUTE, REFRESH)]);
    assert_eq!(play.said(), [""; 0], "it is not worth anybody's time");
    let lead = Settings { lead: Millis::from_secs(HOUR), ..with(Way::REFRESH) };
    let begun = Play::live(lead, 2 * HOUR).pass(2 * HOUR, |now, _| Some(Reply::Renewed(brought(now + DAY))));
    assert_eq!(begun, [(HOUR, REFRESH)]);
}

/// All of its tokens end at this time of day, whenever they were had.
const SIX_IN_INDIA: u64 = 30 * MINUTE;

#[test]
fn where_all_tokens_end_at_one_hour_the_next_is_had_then_and_not_before() {
    let mut play = Play::new(with(way(WayKind::Refresh, false)));
    play.cutoff = Some(SIX_IN_INDIA);
    play.pasted(HOUR, 1, DAY + SIX_IN_INDIA - HOUR);
    play.alerts.clear();
    let renew = |now: u64, _: Job| Some(Reply::Renewed(brought(next_cutoff(now, SIX_IN_INDIA))));
    let begun = play.pass(4 * DAY, renew);
    assert_eq!(begun, [1, 2, 3].map(|day| (day * DAY + SIX_IN_INDIA, REFRESH)));
    assert_eq!(play.said(), [""; 0], "nobody is warned of an end that does not come");
    // One that ends before that hour is renewed ahead of its end: the next lives longer.
    play.step(4 * DAY, Event::LoggedOut);
    play.pasted(4 * DAY + HOUR, 2, 2 * HOUR);
    assert_eq!(play.pass(5 * DAY, renew), [(4 * DAY + 165 * MINUTE, REFRESH)]);
}

#[test]
fn a_token_that_came_without_a_refresh_token_is_warned_of_and_needs_a_person_at_its_end() {
    let mut play = Play::new(with(Way::REFRESH));
    play.hand_in(0, Play::code(1));
    play.reply(0, Reply::Renewed(Brought { alone: true, ..brought(2 * HOUR) }));
    let status = play.monitor.status(play.now(HOUR));
    assert_eq!((status.automatic, status.login_from), (Automatic::NoRefreshToken, Some(at(HOUR))));
    play.alerts.clear();
    assert_eq!(play.pass(2 * HOUR, |_, job| panic!("{job:?}")), []);
    assert_eq!(play.said(), ["expiring_soon", "human_needed"]);
    assert_eq!(play.monitor.status(play.now(2 * HOUR)).need.map(|need| need.want), Some(Want::Lapsed));
    // What is proven is a token and nothing else, and what an exchange brings may be more.
    play.paste(3 * HOUR, 2, HOUR);
    play.reply(3 * HOUR, Reply::Valid);
    assert_eq!(play.monitor.status(play.now(3 * HOUR)).automatic, Automatic::NoRefreshToken);
    play.hand_in(3 * HOUR, Play::code(3));
    play.reply(3 * HOUR, Reply::Renewed(brought(5 * HOUR)));
    let begun = play.pass(5 * HOUR, |now, _| Some(Reply::Renewed(brought(now + DAY))));
    assert_eq!(begun, [(285 * MINUTE, REFRESH)]);
}

#[test]
fn where_the_token_is_over_a_renewal_whose_answer_was_lost_is_tried_again() {
    for last in [failed(Class::ReauthRequired), Reply::Renewed(brought(2 * DAY))] {
        let mut play = Play::new(with(way(WayKind::Refresh, false)));
        play.cutoff = Some(SIX_IN_INDIA);
        play.pasted(HOUR, 1, DAY + SIX_IN_INDIA - HOUR);
        play.alerts.clear();
        let lost = Some(failed(Class::OutcomeUnknown));
        let from = DAY + SIX_IN_INDIA;
        // For as long as it takes: each round has its three, and the next waits for a check.
        let begun = play.pass(from + HOUR - 1, |_, _| lost);
        assert_eq!(begun.iter().map(|(now, _)| now - from).take(4).collect::<Vec<_>>(), [0, 2, 6, 300]);
        assert_eq!(begun.len(), 36);
        let mut answers = [lost, Some(last)].into_iter();
        assert_eq!(play.pass(from + HOUR + 5, |_, _| answers.next().expect("two")).len(), 2);
        let is_over = matches!(last, Reply::Failed { .. });
        assert_eq!(play.said().contains(&"human_needed"), is_over, "{:?}", play.said());
        assert_eq!(play.is_valid(from + HOUR + 5), !is_over);
    }
}

#[test]
fn a_brief_token_is_renewed_at_half_of_its_life_and_no_faster_than_every_ten_seconds() {
    for (lives, least, most) in [(60, 118, 120), (2, 300, 361), (0, 0, 0)] {
        let mut play = Play::live(with(Way::CREDENTIALS), 60);
        let begun = play.pass(HOUR, |now, _| Some(Reply::Renewed(brought(now + lives))));
        if lives == 0 {
            // It is no token: rounds, and then the next check.
            assert!((30..=40).contains(&begun.len()), "{}", begun.len());
        } else {
            assert!((least..=most).contains(&begun.len()), "{lives}: {}", begun.len());
        }
    }
}

#[test]
fn a_round_has_three_attempts_two_and_four_seconds_apart_and_the_next_waits_for_a_check() {
    let mut play = refreshed();
    let begun = play.pass(2 * HOUR - 1, |_, _| Some(failed(Class::Transient)));
    let first = 105 * MINUTE;
    let rounds: Vec<u64> = begun.iter().step_by(3).map(|(now, _)| *now).collect();
    let pauses: Vec<(u64, u64)> =
        begun.chunks(3).map(|round| (round[1].0 - round[0].0, round[2].0 - round[1].0)).collect();
    assert_eq!(rounds[..2], [first, first + 5 * MINUTE], "{begun:?}");
    assert!(pauses.iter().all(|pauses| *pauses == (2, 4)), "{pauses:?}");
    assert_eq!(rounds.len(), 3, "{rounds:?}");
    // What failed for long is tried at every check, for as long as it takes.
    let begun = play.pass(26 * HOUR - 1, |_, _| Some(failed(Class::Transient)));
    assert_eq!(begun.len(), 3 * 24 * 12);
    play.pass(27 * HOUR, |now, _| Some(Reply::Renewed(brought(now + DAY))));
    assert!(play.is_valid(27 * HOUR));
}

#[test]
fn pauses_are_longer_by_chance_and_by_a_quarter_at_most() {
    let mut play = refreshed();
    play.entropy = u32::MAX;
    let begun = play.pass(106 * MINUTE, |_, _| Some(failed(Class::Transient)));
    assert_eq!(begun.iter().map(|(now, _)| now - 105 * MINUTE).collect::<Vec<_>>(), [0, 3, 8]);
}

#[test]
fn the_next_round_keeps_its_distance_also_where_checks_are_frequent() {
    let hasty = Settings { check_every: Millis::from_millis(1), ..with(Way::REFRESH) };
    let begun = Play::live(hasty, 2 * HOUR).pass(2 * HOUR, |_, _| Some(failed(Class::Transient)));
    // Attempts at 0, 2 and 6 s, then 8 s of rest.
    assert!((180..=200).contains(&begun.len()), "{}", begun.len());
}

#[test]
fn a_provider_that_asks_for_less_is_left_alone_until_its_time() {
    let mut play = refreshed();
    play.deadline(105 * MINUTE);
    let until = Some(at(5 * HOUR));
    play.reply(105 * MINUTE, Reply::Failed { class: Class::RateLimited, until });
    let answer = play.ask(105 * MINUTE);
    assert!(matches!(answer, Some(Answer::Token { .. })), "{answer:?}");
    assert_eq!(play.pass(4 * HOUR, |_, job| panic!("{job:?}")), []);
    let answer = play.ask(4 * HOUR);
    let retry_after = Millis::from_secs(HOUR);
    assert_eq!(answer, Some(Answer::None { reason: Absence::Unavailable, retry_after }));
    assert_eq!(play.monitor.status(play.now(4 * HOUR)).hold_until, until);
    let begun = play.pass(5 * HOUR, |now, _| Some(Reply::Renewed(brought(now + DAY))));
    assert_eq!(begun, [(5 * HOUR, REFRESH)]);
    assert!(play.is_valid(5 * HOUR));
}

#[test]
fn no_word_of_a_provider_stops_it_for_longer_than_a_day_and_an_hour() {
    let mut play = refreshed();
    play.deadline(105 * MINUTE);
    play.reply(105 * MINUTE, Reply::Failed { class: Class::RateLimited, until: Some(Timestamp::NEVER) });
    let begun = play.pass(30 * HOUR, |now, _| Some(Reply::Renewed(brought(now + DAY))));
    assert_eq!(begun, [(105 * MINUTE + 25 * HOUR, REFRESH)]);
}

#[test]
fn what_is_misconfigured_waits_for_an_operator_and_says_so() {
    let mut play = Play::live(with(Way::CREDENTIALS), 2 * HOUR);
    play.deadline(105 * MINUTE);
    play.reply(105 * MINUTE, failed(Class::ClientMisconfigured));
    assert_eq!(play.alerts[0], (105 * MINUTE, Kind::RenewalFailed(Class::ClientMisconfigured)));
    assert_eq!(play.said(), ["renewal_failed", "expiring_soon"]);
    assert_eq!(play.pass(2 * DAY, |_, job| panic!("{job:?}")), [], "nothing is tried");
    let status = play.monitor.status(play.now(2 * DAY));
    assert_eq!(status.word, Word::Expired);
    assert_eq!(status.automatic, Automatic::Closed(Class::ClientMisconfigured));
    let answer = play.ask(2 * DAY);
    assert!(matches!(answer, Some(Answer::None { reason: Absence::NeedsOperator, .. })), "{answer:?}");
    assert!(!play.said().contains(&"human_needed"), "no login helps: {:?}", play.said());

    // An operator changes the configuration, or has it tried again.
    let mut changed = Play::new(Settings { version: 1, ..play.settings.clone() });
    changed.monitor = everlit_core::service::Monitor::load(changed.settings.clone(), play.monitor.row());
    changed.deadline(2 * DAY);
    assert_eq!(changed.jobs(), [Job::Renew(WayKind::Credentials)]);
    assert_eq!(play.refresh(2 * DAY, false), Some(answer.expect("it was answered")), "a service cannot");
    assert_eq!(play.jobs(), []);
    play.refresh(2 * DAY + 1, true);
    assert_eq!(play.jobs(), [Job::Renew(WayKind::Credentials)]);
}

#[test]
fn a_terminal_answer_ends_the_grant_and_not_the_token_that_lives() {
    let mut play = refreshed();
    play.deadline(105 * MINUTE);
    play.reply(105 * MINUTE, failed(Class::ReauthRequired));
    assert!(play.is_valid(106 * MINUTE));
    assert_eq!(play.alerts[0], (105 * MINUTE, Kind::RenewalFailed(Class::ReauthRequired)));
    play.pass(2 * HOUR, |_, job| panic!("{job:?}"));
    assert_eq!(play.said(), ["renewal_failed", "expiring_soon", "human_needed"]);
    assert_eq!(play.monitor.word(at(2 * HOUR)), Word::NeedsHuman);
    // With a login comes another grant.
    play.pasted(3 * HOUR, 2, 2 * HOUR);
    let begun = play.pass(5 * HOUR, |now, _| Some(Reply::Renewed(brought(now + DAY))));
    assert_eq!(begun, [(285 * MINUTE, REFRESH)]);
}

#[test]
fn where_one_way_is_closed_the_next_is_taken_at_once() {
    let ladder = Settings { ways: vec![Way::REFRESH, Way::CREDENTIALS], ..breeze_like() };
    let mut play = Play::live(ladder, 2 * HOUR);
    play.deadline(105 * MINUTE);
    assert_eq!(play.jobs(), [REFRESH]);
    play.reply(105 * MINUTE, failed(Class::ReauthRequired));
    assert_eq!(play.jobs(), [Job::Renew(WayKind::Credentials)]);
    play.reply(105 * MINUTE, Reply::Renewed(brought(DAY)));
    assert!(play.is_valid(23 * HOUR));
}

#[test]
fn a_token_that_only_lives_on_by_itself_is_lost_with_its_end() {
    let mut play = Play::live(with(way(WayKind::SelfExtension, true)), 2 * HOUR);
    let begun = play.pass(3 * HOUR, |_, _| Some(failed(Class::Transient)));
    assert!(begun.iter().all(|(now, _)| *now < 2 * HOUR), "a dead token is not extended: {begun:?}");
    assert_eq!(play.monitor.word(at(3 * HOUR)), Word::NeedsHuman);
    assert_eq!(play.monitor.status(play.now(3 * HOUR)).automatic, Automatic::TokenOver);
    assert_eq!(play.said(), ["renewal_failed", "expiring_soon", "failed_repeatedly", "human_needed"]);
}

#[test]
fn an_extended_token_keeps_its_name_and_is_warned_of_anew() {
    let mut play = Play::live(with(way(WayKind::SelfExtension, true)), 2 * HOUR);
    let stamp = play.monitor.newest();
    let begun = play.pass(10 * HOUR, |now, _| Some(Reply::Extended { expires_at: Some(at(now + 2 * HOUR)) }));
    assert_eq!(begun.len(), 5);
    assert_eq!(play.monitor.newest(), stamp);
    assert!(play.is_valid(10 * HOUR));
}

#[test]
fn an_extension_that_brings_nothing_does_not_spin() {
    let mut play = Play::live(with(way(WayKind::SelfExtension, true)), 2 * HOUR);
    let begun = play.pass(2 * HOUR, |_, _| Some(Reply::Extended { expires_at: None }));
    assert!(begun.len() < 20, "{begun:?}");
}

#[test]
fn a_token_that_is_kept_alive_is_used_every_minute_and_dies_by_the_providers_word() {
    let every = Some(Millis::from_secs(60));
    let mut play = Play::live(with(Way { every, ..way(WayKind::KeepAlive, true) }), 6 * MINUTE);
    let extended = |now: u64| Reply::Extended { expires_at: Some(at(now + 6 * MINUTE)) };
    let begun = play.pass(HOUR, |now, _| Some(extended(now)));
    assert_eq!(begun.len(), 60);
    assert_eq!(play.said(), [""; 0]);
    assert_eq!(play.monitor.status(play.now(HOUR)).records.len(), 1, "only the paste is worth remembering");
    play.pass(HOUR + MINUTE, |_, _| Some(failed(Class::ReauthRequired)));
    assert!(!play.is_valid(HOUR + MINUTE));
    assert_eq!(play.said(), ["renewal_failed", "human_needed"]);
}

#[test]
fn failures_are_said_once_and_then_that_there_are_many_and_then_that_it_is_over() {
    let mut play = refreshed();
    play.pass(9 * HOUR, |_, _| Some(failed(Class::Transient)));
    play.pass(10 * HOUR, |now, _| Some(Reply::Renewed(brought(now + DAY))));
    let said = ["renewal_failed", "expiring_soon", "failed_repeatedly", "renewed"];
    assert_eq!(play.said(), said);
    // All of that anew for the next token.
    play.pass(3 * DAY, |_, _| Some(failed(Class::Transient)));
    assert_eq!(play.said()[4..], said[..3]);
}

#[test]
fn what_the_vault_did_by_itself_counts_and_what_is_older_does_not() {
    let mut play = refreshed();
    let before = play.monitor.newest();
    let moved = |stamp| {
        Event::Moved(Brought {
            stamp: Some(stamp),
            expires_at: Some(at(DAY)),
            fallback_until: None,
            alone: false,
        })
    };
    play.step(HOUR, moved(before.rotated()));
    assert_eq!(play.monitor.newest(), before.rotated());
    assert!(play.done.contains(&Effect::Adopt { from: Origin::Vault, stamp: before.rotated() }));
    for old in [before, before.rotated(), Stamp { epoch: Epoch(1), generation: Generation(99) }] {
        let row = play.monitor.row();
        play.step(HOUR, moved(old));
        assert_eq!((play.monitor.row(), play.done.len()), (row, 0), "{old:?}");
    }
    play.step(2 * HOUR, Event::GrantEnded);
    assert_eq!(play.said(), ["renewal_failed"]);
    play.step(2 * HOUR, Event::GrantEnded);
    assert_eq!(play.said(), ["renewal_failed"], "it is told twice, and said once");
    play.pass(DAY, |_, job| panic!("{job:?}"));
    assert!(play.said().contains(&"human_needed"));
}

#[test]
fn an_operators_logout_is_final_whatever_is_under_way() {
    let mut play = Play::live(with(Way::CREDENTIALS), 2 * HOUR);
    play.deadline(105 * MINUTE);
    let request = play.request();
    play.step(106 * MINUTE, Event::LoggedOut);
    play.step(107 * MINUTE, Event::AttemptAnswered { request, reply: Reply::Renewed(brought(DAY)) });
    assert_eq!(play.pass(DAY, |_, job| panic!("{job:?}")), []);
    assert!(!play.is_valid(108 * MINUTE));
    assert_eq!(play.said(), ["human_needed"]);
    play.pasted(DAY, 2, 2 * HOUR);
    assert!(play.is_valid(DAY));
}

#[test]
fn every_check_and_every_attempt_is_a_line_of_the_log() {
    let mut play = refreshed();
    play.deadline(5 * MINUTE);
    let left = Some(Millis::from_secs(115 * MINUTE));
    assert!(play.done.contains(&Effect::Log(Line::Checked { word: Word::Active, left })), "{:?}", play.done);
    for (number, now) in [(1, 105 * MINUTE), (2, 105 * MINUTE + 2), (3, 105 * MINUTE + 6)] {
        play.deadline(now);
        play.reply(now, failed(Class::Transient));
        let left = Some(Millis::from_secs(2 * HOUR - now));
        let line = Line::Attempted { job: REFRESH, number, of: 3, failed: Some(Class::Transient), left };
        assert!(play.done.contains(&Effect::Log(line)), "{:?}", play.done);
    }
}
