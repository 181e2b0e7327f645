//! A logout is final: nothing brings the session back, and what is left of it at the provider is revoked until that is done.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

mod service_play;

use everlit_core::id::RequestId;
use everlit_core::service::{
    Class, Effect, Event, Fingerprint, Handed, Job, Leftover, Line, Outcome, Reply, RevocationAnswer,
    RevocationId, Revoked, Settings, Source, Verdict, Want, Way, WayKind,
};
use everlit_core::time::Millis;
use service_play::{DAY, HOUR, MINUTE, Play, at, breeze_like, brought, failed, seconds, upstox_like, with};

const RENEWAL: Job = Job::Renew(WayKind::Refresh);

fn set_aside(play: &Play) -> Vec<Leftover> {
    let what = |effect: &Effect| match effect {
        Effect::SetAside { what, .. } => Some(*what),
        _ => None,
    };
    play.done.iter().filter_map(what).collect()
}

fn revoked(play: &Play) -> Vec<RevocationId> {
    let revocation = |effect: &Effect| match effect {
        Effect::Revoke { revocation } => Some(*revocation),
        _ => None,
    };
    play.done.iter().filter_map(revocation).collect()
}

fn told(play: &mut Play, seconds: u64, revocation: RevocationId, answer: RevocationAnswer) {
    play.step(seconds, Event::RevocationAnswered { revocation, answer });
}

const DOWN: RevocationAnswer = RevocationAnswer::Retry { retry_after: None };
const FIRST: RevocationId = RevocationId(0);

/// Lives by a refresh token, and is being renewed.
fn refreshing() -> Play {
    let mut play = Play::live(with(Way::REFRESH), 2 * HOUR);
    play.deadline(105 * MINUTE);
    assert_eq!(play.jobs(), [RENEWAL]);
    play
}

#[test]
fn a_refresh_that_comes_after_the_logout_is_revoked_once_and_brings_nothing_back() {
    for crash in [false, true] {
        let mut play = refreshing();
        let (request, newest) = (play.request(), play.monitor.newest());
        play.step(106 * MINUTE, Event::LoggedOut);
        assert_eq!((set_aside(&play), revoked(&play)), (vec![Leftover::Held], vec![FIRST]));
        assert!(play.done.contains(&Effect::Log(Line::LoggedOut { told: true })));
        if crash {
            play.crash();
        }
        let late = Event::AttemptAnswered { request, reply: Reply::Renewed(brought(DAY)) };
        play.step(106 * MINUTE + 20, late.clone());
        assert_eq!(set_aside(&play), [Leftover::Brought(request)]);
        assert_eq!(revoked(&play), [RevocationId(1)]);
        assert_eq!(play.monitor.newest(), newest);
        // The same answer twice is the same token.
        play.step(106 * MINUTE + 20, late);
        assert_eq!((set_aside(&play), play.done.len()), (vec![], 0));
        assert!(!play.is_valid(107 * MINUTE));
    }
}

#[test]
fn an_answer_of_an_attempt_that_nobody_ended_is_no_stray() {
    let mut play = refreshing();
    let request = play.request();
    let renewed = Event::AttemptAnswered { request, reply: Reply::Renewed(brought(DAY)) };
    play.step(105 * MINUTE + 1, renewed.clone());
    assert!(play.is_valid(20 * HOUR));
    // Delivered again it brings the token that is in use: to revoke that would end the session.
    play.step(105 * MINUTE + 2, renewed);
    assert_eq!((set_aside(&play), play.done.len()), (vec![], 0));
    // Nor is one that comes after a logout which it was not part of.
    play.step(106 * MINUTE, Event::LoggedOut);
    let unknown = Event::AttemptAnswered { request: RequestId(77), reply: Reply::Renewed(brought(DAY)) };
    play.step(106 * MINUTE + 1, unknown);
    assert_eq!(set_aside(&play), []);
}

#[test]
fn a_provider_that_is_down_is_told_in_growing_pauses_for_a_week_and_over_restarts() {
    let mut play = Play::live(breeze_like(), 30 * DAY);
    play.step(HOUR, Event::LoggedOut);
    play.entropy = u32::MAX;
    let mut tries = vec![HOUR];
    let mut ended = None;
    for _ in 0..100_000 {
        if let Some(&[revocation]) = Some(revoked(&play).as_slice()) {
            let now = *tries.last().expect("there was one");
            told(&mut play, now, revocation, DOWN);
            play.crash();
        }
        let next = seconds(play.monitor.next_deadline().expect("a check"));
        play.deadline(next);
        if !revoked(&play).is_empty() {
            tries.push(next);
        }
        if play.monitor.row().revocations.waiting().is_empty() {
            ended = Some(next);
            break;
        }
    }
    let pauses: Vec<u64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.first().expect("a second try") <= &2, "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= HOUR + 1), "{pauses:?}");
    assert!((150..250).contains(&tries.len()), "{} tries in a week", tries.len());
    let ended = ended.expect("it is given up");
    assert!((7 * DAY..7 * DAY + 2 * HOUR).contains(&(ended - HOUR)), "{ended}");
    assert!(play.done.contains(&Effect::Forget { revocation: FIRST }));
    let last = play.monitor.status(play.now(ended)).revoked;
    assert_eq!(last, Some(Revoked { at: at(ended), outcome: Outcome::GivenUp }));
}

#[test]
fn what_the_provider_says_of_a_revocation_ends_it_or_is_waited_for() {
    for (answer, waits, outcome) in [
        (RevocationAnswer::Revoked, None, Outcome::Revoked),
        (RevocationAnswer::Refused, None, Outcome::Refused),
        (RevocationAnswer::Retry { retry_after: Some(Millis::from_secs(90)) }, Some(90), Outcome::Later),
        (RevocationAnswer::Retry { retry_after: Some(Millis::from_days(9)) }, Some(HOUR), Outcome::Later),
    ] {
        let mut play = Play::live(breeze_like(), DAY);
        play.step(HOUR, Event::LoggedOut);
        told(&mut play, HOUR + 1, FIRST, answer);
        assert!(play.done.contains(&Effect::Log(Line::Revoked { revocation: FIRST, outcome })));
        assert_eq!(play.done.contains(&Effect::Forget { revocation: FIRST }), waits.is_none());
        let due = play.monitor.row().revocations.waiting().first().map(|waiting| seconds(waiting.due_at));
        assert_eq!(due, waits.map(|wait| HOUR + 1 + wait));
        assert_eq!(play.monitor.status(play.now(HOUR + 2)).revocations_waiting, usize::from(waits.is_some()));
    }
    // An answer that nobody waits for says nothing.
    let mut play = Play::live(breeze_like(), DAY);
    told(&mut play, 1, RevocationId(9), RevocationAnswer::Revoked);
    assert_eq!(play.done, []);
}

#[test]
fn eight_wait_at_most_and_the_oldest_makes_room() {
    let mut play = Play::live(breeze_like(), DAY);
    for turn in 0..12 {
        let now = HOUR + turn * MINUTE;
        play.step(now, Event::LoggedOut);
        play.pasted(now + 1, 100 + turn, DAY);
    }
    let waiting: Vec<u32> =
        play.monitor.row().revocations.waiting().iter().map(|waiting| waiting.id.0).collect();
    assert_eq!(waiting, [4, 5, 6, 7, 8, 9, 10, 11]);
}

#[test]
fn what_people_bring_is_theirs_and_what_was_had_for_us_is_revoked() {
    // A pasted token that waits for its proof is dropped; an approved one was given for us.
    let mut play = Play::live(upstox_like(), DAY);
    play.paste(HOUR, 2, DAY);
    play.step(HOUR + 1, Event::LoggedOut);
    assert_eq!(set_aside(&play), [Leftover::Held]);

    let mut play = Play::new(upstox_like());
    play.deadline(HOUR);
    play.reply(HOUR, Reply::PushSent { until: Some(at(DAY)) });
    let (ticket, _) = play.monitor.open_push().expect("a person is asked");
    let approved = |name| Handed {
        source: Source::Approved,
        ticket: Some(ticket),
        ..Play::handed(name, Source::Pasted, DAY)
    };
    play.hand_in(HOUR + 1, approved(3));
    play.step(HOUR + 2, Event::LoggedOut);
    assert_eq!(set_aside(&play), [Leftover::Hand(Fingerprint(3))]);

    // A refresh token that was shown already may have successors that nobody knows.
    let settings = Settings { exchange_repeatable: false, ..with(Way::REFRESH) };
    let mut play = Play::new(settings);
    play.hand_in(HOUR, Play::code(4));
    play.hand_in(HOUR, Play::code(5));
    assert_eq!(play.jobs(), []);
    play.step(HOUR + 1, Event::LoggedOut);
    assert_eq!(set_aside(&play), [Leftover::Hand(Fingerprint(4))]);
}

#[test]
fn what_is_approved_after_the_logout_is_revoked_unless_somebody_has_logged_in() {
    let asked = || {
        let mut play = Play::new(upstox_like());
        play.deadline(HOUR);
        play.reply(HOUR, Reply::PushSent { until: Some(at(DAY)) });
        let (ticket, _) = play.monitor.open_push().expect("a person is asked");
        play.step(2 * HOUR, Event::LoggedOut);
        assert_eq!(play.monitor.open_push(), Some((ticket, Some(at(DAY)))));
        let late =
            Handed { source: Source::Approved, ticket: Some(ticket), ..Play::handed(7, Source::Pasted, DAY) };
        (play, late)
    };
    let (mut play, late) = asked();
    assert_eq!(play.hand_in(3 * HOUR, late), Some(Verdict::Late));
    assert_eq!(set_aside(&play), [Leftover::Hand(Fingerprint(7))]);
    assert_eq!(play.hand_in(3 * HOUR, late), Some(Verdict::Late));
    assert_eq!(set_aside(&play), [], "once");

    let (mut play, late) = asked();
    play.pasted(3 * HOUR, 8, 10 * HOUR);
    play.hand_in(4 * HOUR, late);
    assert_eq!(set_aside(&play), [], "it could end the token that is in use");

    let (mut play, late) = asked();
    play.pass(DAY + HOUR, |_, _| None);
    assert_eq!(play.monitor.open_push(), None);
    play.hand_in(DAY + HOUR, Handed { expires_at: Some(at(2 * DAY)), ..late });
    assert_eq!(set_aside(&play), [], "nobody was asked any more");
}

#[test]
fn where_the_provider_was_quicker_a_logout_is_one_all_the_same() {
    // Its token was refused, and another is being had, when somebody ends the session.
    let push = upstox_like().push;
    let mut play = Play::live(Settings { push, ..with(Way::REFRESH) }, DAY);
    let stamp = play.monitor.newest();
    let refused = Event::CallAnswered { stamp, read_only: false, class: Class::AccessExpired, until: None };
    play.step(HOUR, refused);
    assert_eq!(play.jobs(), [RENEWAL]);
    play.step(HOUR + 1, Event::LoggedOut);
    assert_eq!(set_aside(&play), [Leftover::Held], "what it is renewed by may live");
    assert_eq!(play.monitor.status(play.now(HOUR + 1)).need.map(|need| need.want), Some(Want::LoggedOut));
    assert_eq!(play.pass(3 * DAY, |_, job| panic!("{job:?}")), [], "nobody is asked to undo it");
}

#[test]
fn no_other_configuration_and_no_vault_brings_it_back() {
    let mut play = Play::live(with(Way::CREDENTIALS), 2 * HOUR);
    play.deadline(105 * MINUTE);
    play.reply(105 * MINUTE, failed(Class::ClientMisconfigured));
    play.step(106 * MINUTE, Event::LoggedOut);
    play.settings.version += 1;
    play.crash();
    assert_eq!(play.pass(2 * DAY, |_, job| panic!("{job:?}")), []);
    let stamp = Some(play.monitor.newest().rotated());
    play.step(2 * DAY, Event::Moved(everlit_core::service::Brought { stamp, ..brought(3 * DAY) }));
    assert!(!play.is_valid(2 * DAY));
}

#[test]
fn what_was_ended_is_not_said_to_be_the_token_when_it_is_handed_in_again() {
    let mut play = Play::live(breeze_like(), DAY);
    assert!(matches!(play.paste(MINUTE, 1, DAY), Some(Verdict::Accepted(_))));
    play.step(HOUR, Event::LoggedOut);
    assert_eq!(play.paste(HOUR + 1, 1, DAY), Some(Verdict::Late));
    assert!(play.jobs().is_empty() && !play.is_valid(HOUR + 1));
    play.pasted(HOUR + 2, 2, DAY);
    assert!(play.is_valid(HOUR + 3), "another one is");
}

#[test]
fn where_there_is_no_such_call_nothing_is_set_aside() {
    let mut play = Play::live(Settings { revokes: false, ..with(Way::REFRESH) }, 2 * HOUR);
    play.deadline(105 * MINUTE);
    let request = play.request();
    play.step(106 * MINUTE, Event::LoggedOut);
    assert!(play.done.contains(&Effect::Log(Line::LoggedOut { told: false })));
    play.step(106 * MINUTE, Event::AttemptAnswered { request, reply: Reply::Renewed(brought(DAY)) });
    assert_eq!((set_aside(&play), play.is_valid(107 * MINUTE)), (vec![], false));
}
