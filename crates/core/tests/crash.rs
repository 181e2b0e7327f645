//! What becomes of a rotation that is interrupted: by a crash, by silence, by a storage that goes back in time.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

use everlit_core::escrow::Closed;
use everlit_core::id::{CallerId, RequestId};
use everlit_core::retry::Failure;
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::{
    Answer, Ask, AskReason, Blast, Effect, Event, GraceProfile, Granted, KeepGrant, Login, Outcome, Policy,
    ReauthReason, Replay, TokenAnswer, Vault, Window,
};
use everlit_core::{Epoch, Generation, Stamp};

mod play;

use play::{Play, WALL, WIDE, at, grant, window};

#[test]
fn after_a_restart_the_escrow_is_asked_before_anything_is_sent() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(50, AskReason::Deadline);
    play.crash();
    play.ask(51, AskReason::Deadline);
    assert!(play.closes() && play.sent().is_empty());
    // The alarm does the same where nobody asks.
    play.crash();
    play.step(52, Event::DeadlineReached);
    assert!(play.closes());
}

#[test]
fn what_was_never_sent_is_begun_again_at_once() {
    let mut play = Play::with(WIDE);
    play.ask(50, AskReason::Deadline);
    play.crash();
    play.ask(51, AskReason::Deadline);
    play.escrow(51, 0, Closed::NeverSent);
    assert_eq!(play.sent(), [(1, "refresh-1")]);
    play.granted(52, 1, 2);
    assert!(
        play.done.iter().any(|effect| matches!(effect, Effect::Answer { answer: Answer::Current(_), .. }))
    );
    assert_eq!((play.generation(), play.counted()), (2, vec![(Outcome::ResentNeverSent, 1)]));
}

#[test]
fn what_was_answered_is_recovered() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(50, AskReason::Deadline);
    play.crash();
    play.ask(55, AskReason::Deadline);
    play.escrow(55, 0, Closed::Answered(TokenAnswer::Granted(grant(2))));
    assert_eq!((play.generation(), play.counted()), (2, vec![(Outcome::RecoveredFromEscrow, 1)]));
    // The rotator's own word comes late and changes nothing; nor does the escrow's, a second time.
    play.granted(56, 0, 2);
    play.escrow(57, 0, Closed::Answered(TokenAnswer::Granted(grant(2))));
    assert_eq!((play.generation(), play.done.len()), (2, 0));
}

#[test]
fn a_refusal_that_the_escrow_kept_is_a_revocation() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(50, AskReason::Deadline);
    play.crash();
    play.step(80, Event::DeadlineReached);
    let refused = TokenAnswer::Failed { failure: Failure::Reauth, retry_after: None };
    play.escrow(80, 0, Closed::Answered(refused));
    assert_eq!(play.peek(80), Answer::ReauthRequired(ReauthReason::Revoked));
}

#[test]
fn within_the_window_a_lost_answer_is_asked_for_again_by_itself() {
    let mut play = Play::with(window(30));
    play.ask(50, AskReason::Deadline);
    play.lost(50, 0);
    assert_eq!(play.sent(), [(1, "refresh-1")]);
    play.granted(61, 1, 2);
    assert_eq!((play.generation(), play.counted()), (2, vec![(Outcome::ReplayedWithinGrace, 1)]));
}

#[test]
fn a_replay_that_fails_is_repeated_while_the_window_is_open_and_no_longer() {
    let mut play = Play::with(window(30));
    play.ask(50, AskReason::Deadline);
    play.lost(50, 0);
    let unavailable = TokenAnswer::Failed { failure: Failure::Transient, retry_after: None };
    play.answered(61, 1, unavailable.clone());
    let again = play.vault.next_alarm().expect("there is another try");
    assert!(again < at(80).wall);
    play.step(62, Event::DeadlineReached);
    assert_eq!(play.sent(), [(2, "refresh-1")]);
    let wait = TokenAnswer::Failed { failure: Failure::Throttled, retry_after: Some(Millis::from_secs(60)) };
    play.answered(63, 2, wait);
    assert!(play.vault.next_alarm().expect("the limits") > at(1_000).wall, "the window is closed by then");
    assert!(matches!(play.peek(64), Answer::Current(_)));
}

#[test]
fn on_a_strict_server_an_ambiguous_token_serves_while_it_lives() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(20, AskReason::Forced);
    play.lost(20, 0);
    assert_eq!(play.sent(), [], "to ask again could end the access token too");
    play.ask(50, AskReason::Deadline);
    assert_eq!(play.sent(), []);
    assert!(matches!(play.done.as_slice(), [Effect::Answer { answer: Answer::Current(_), .. }]));
}

#[test]
fn on_a_strict_server_a_dead_ambiguous_token_is_presented_once_more() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(20, AskReason::Forced);
    play.lost(20, 0);
    let (mut taken, mut refused) = (play, Play::with(GraceProfile::STRICT));
    refused.ask(20, AskReason::Forced);
    refused.lost(20, 0);

    // The server never got it.
    taken.ask(61, AskReason::Deadline);
    assert_eq!(taken.sent(), [(1, "refresh-1")]);
    taken.granted(62, 1, 2);
    assert_eq!((taken.generation(), taken.counted()), (2, vec![(Outcome::ResentNeverSent, 1)]));

    // The server had rotated, and the answer is gone. The session asks its user and goes on.
    refused.ask(61, AskReason::Deadline);
    refused.refused(62, 1);
    assert_eq!(refused.peek(62), Answer::ReauthRequired(ReauthReason::RotationLost));
    assert_eq!(refused.counted(), [(Outcome::AmbiguousRelogin, 1)]);
}

#[test]
fn a_token_that_an_upstream_refused_is_as_good_as_dead() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(20, AskReason::Forced);
    play.lost(20, 0);
    play.ask(53, AskReason::Unauthorized);
    assert_eq!(play.sent(), [(1, "refresh-1")]);
}

#[test]
fn what_failed_before_does_not_cost_the_window() {
    // A server that was sick for a while, and then loses an answer: its window does not wait for our pauses.
    let mut play = Play::with(window(30));
    let throttled = || TokenAnswer::Failed { failure: Failure::Throttled, retry_after: None };
    let mut now = 20;
    for request in 0..3 {
        play.ask(now, AskReason::Forced);
        assert_eq!(play.sent().len(), 1);
        play.answered(now, request, throttled());
        now += 11;
    }
    play.ask(now, AskReason::Deadline);
    play.lost(now, 3);
    assert_eq!(play.sent(), [(4, "refresh-1")]);
}

#[test]
fn a_last_resort_opens_a_window_of_its_own() {
    // Nobody knows whether the first one arrived; its window has closed when somebody asks again.
    let mut play = Play::with(window(30));
    play.ask(49, AskReason::Deadline);
    play.lost(49, 0);
    assert_eq!(play.sent(), [(1, "refresh-1")], "forgiven");
    play.answered(60, 1, TokenAnswer::Failed { failure: Failure::Transient, retry_after: None });
    play.ask(200, AskReason::Deadline);
    assert_eq!(play.sent(), [(2, "refresh-1")], "the last resort");
    // It is silent, too: if the server saw the token for the first time then, it forgives a repetition now.
    play.lost(200, 2);
    assert_eq!(play.sent(), [(3, "refresh-1")]);
}

#[test]
fn other_devices_are_never_risked_for_one() {
    let mut play = Play::with(WIDE);
    play.ask(20, AskReason::Forced);
    play.lost(20, 0);
    play.ask(50, AskReason::Deadline);
    assert!(matches!(play.peek(50), Answer::Current(_)), "it serves while it lives");
    play.ask(61, AskReason::Deadline);
    assert_eq!(play.sent(), []);
    assert_eq!(play.peek(61), Answer::ReauthRequired(ReauthReason::Ambiguous));
    assert_eq!(play.counted(), [(Outcome::AmbiguousRelogin, 1)]);
}

#[test]
fn a_server_that_never_forgets_is_asked_again_when_somebody_asks() {
    let unlimited =
        GraceProfile { window: Window::Unlimited, replay: Replay::ActiveToken, ..GraceProfile::STRICT };
    let mut play = Play::with(unlimited);
    play.ask(20, AskReason::Forced);
    play.lost(20, 0);
    assert_eq!(play.sent(), [], "nobody waits, and no window closes");
    play.ask(3_000, AskReason::Deadline);
    play.granted(3_001, 1, 2);
    assert_eq!(play.counted(), [(Outcome::ReplayedWithinGrace, 1)]);
}

#[test]
fn a_request_that_was_not_sent_is_closed_before_another_leaves() {
    let mut play = Play::with(WIDE);
    play.ask(50, AskReason::Deadline);
    play.answered(51, 0, TokenAnswer::Unsent);
    assert!(play.closes() && play.sent().is_empty());
    play.escrow(51, 0, Closed::NeverSent);
    assert_eq!(play.counted(), [(Outcome::Transient, 1)]);
    assert_eq!(play.sent(), [], "with a pause: the same would happen again");
    play.ask(53, AskReason::Deadline);
    play.refused(54, 1);
    assert_eq!(play.peek(54), Answer::ReauthRequired(ReauthReason::Revoked), "it was the first attempt");
}

#[test]
fn an_escrow_that_does_not_answer_is_asked_again_and_nothing_is_sent() {
    let mut play = Play::with(window(30));
    play.ask(50, AskReason::Deadline);
    play.crash();
    for seconds in [80, 120, 200, 3_600] {
        play.step(seconds, Event::DeadlineReached);
        assert!(play.closes() && play.sent().is_empty(), "{seconds}");
        play.step(seconds, Event::EscrowAnswered { request: RequestId(0), closed: None });
        let next = play.vault.next_alarm().expect("it asks again");
        assert!(at(seconds).wall < next && next <= at(seconds + 31).wall);
    }
}

#[test]
fn a_storage_that_went_back_in_time_raises_the_generation_and_trusts_its_token_no_more() {
    let mut play = Play::with(WIDE);
    let old = play.vault.row();
    play.ask(50, AskReason::Deadline);
    play.granted(51, 0, 2);
    play.ask(101, AskReason::Deadline);
    play.granted(102, 1, 3);
    let newest = play.vault.stamp().expect("a session");

    // Either a tab shows that it holds more than there is here,
    let mut told_by_tab =
        Play { policy: play.policy, vault: Vault::load(play.policy, old.clone()), done: Vec::new() };
    let ask = Ask { op: None, stamp: Some(newest), reason: AskReason::Resume, aim: None, active_ago: None };
    told_by_tab.step(110, Event::TokenAsked { caller: CallerId(1), ask });
    assert_eq!(told_by_tab.vault.stamp(), Some(Stamp { generation: Generation(4), ..newest }));
    told_by_tab.ask(120, AskReason::Deadline);
    assert_eq!(told_by_tab.peek(120), Answer::ReauthRequired(ReauthReason::Ambiguous));

    // or the escrow does.
    let mut told_by_escrow =
        Play { policy: play.policy, vault: Vault::load(play.policy, old), done: Vec::new() };
    told_by_escrow.ask(110, AskReason::Deadline);
    told_by_escrow.answered(110, 0, TokenAnswer::Unheard);
    told_by_escrow.escrow(110, 0, Closed::Outrun { newest: RequestId(1) });
    assert_eq!(told_by_escrow.peek(111), Answer::ReauthRequired(ReauthReason::Ambiguous));
    assert_eq!(told_by_escrow.generation(), 2);
}

#[test]
fn a_grant_that_would_lapse_is_refreshed_once_before_and_that_is_no_activity() {
    let idle = Millis::from_days(10);
    let policy = Policy { grant_idle: Some(idle), idle_limit: Millis::from_days(12), ..Policy::default() };
    let mut play = Play::new(policy);
    let day = 86_400;
    assert_eq!(play.vault.next_alarm(), Some(at(9 * day).wall));
    play.step(9 * day, Event::DeadlineReached);
    assert_eq!(play.sent(), [(0, "refresh-1")]);
    play.granted(9 * day + 1, 0, 2);
    assert_eq!(play.vault.next_alarm(), Some(at(12 * day).wall), "the session's own limit comes first now");
    let never = Policy { keep_grant: KeepGrant::Never, ..policy };
    assert_eq!(Play::new(never).vault.next_alarm(), Some(at(12 * day).wall));
}

#[test]
fn a_grant_that_cannot_be_kept_is_tried_with_pauses_and_then_left_alone() {
    let policy = Policy { grant_idle: Some(Millis::from_secs(1_000)), ..Policy::default() };
    let mut play = Play::new(policy);
    let mut tries = 0;
    loop {
        let due = play.vault.next_alarm().expect("there is a limit at least");
        if due > at(2_000).wall {
            break;
        }
        let seconds = (due.as_millis() - WALL).div_ceil(1_000);
        play.step(seconds, Event::DeadlineReached);
        let [(request, _)] = play.sent()[..] else { panic!("nothing is sent at {seconds}") };
        tries += 1;
        let unavailable =
            TokenAnswer::Failed { failure: Failure::Transient, retry_after: Some(Millis::from_secs(20)) };
        play.answered(seconds, request, unavailable);
    }
    assert_eq!(tries, 5);
}

#[test]
fn an_answer_that_comes_after_it_was_given_up_is_taken_and_its_replay_comes_to_nothing() {
    let mut play = Play::with(window(30));
    play.ask(50, AskReason::Deadline);
    play.lost(50, 0);
    assert_eq!(play.sent().len(), 1, "the replay is under way");
    play.granted(61, 0, 2);
    assert_eq!(play.generation(), 2);
    play.granted(62, 1, 2);
    assert_eq!((play.generation(), play.revoked().len()), (2, 0), "the same pair again, and it is ours");
    play.ask(110, AskReason::Deadline);
    assert_eq!(play.sent(), [(2, "refresh-2")]);
}

#[test]
fn a_request_that_is_never_sent_again_and_again_has_pauses() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(50, AskReason::Deadline);
    let mut begun = 0;
    for request in 0..1_000 {
        play.answered(51, request, TokenAnswer::Unheard);
        play.escrow(51, request, Closed::NeverSent);
        begun += play.sent().len();
    }
    assert_eq!(begun, 1, "the first is begun again at once, and no other");
}

#[test]
fn answers_that_cannot_be_read_do_not_make_it_spin() {
    for grace in [GraceProfile::STRICT, window(30)] {
        let mut play = Play::with(grace);
        let mut sent = 0;
        for seconds in 60..120 {
            play.ask(seconds, AskReason::Deadline);
            for _ in 0..5 {
                let [(request, _)] = play.sent()[..] else { break };
                sent += 1;
                play.answered(seconds, request, TokenAnswer::Unheard);
                play.escrow(seconds, request, Closed::Answered(TokenAnswer::Unheard));
            }
        }
        assert!((3..=70).contains(&sent), "{sent} requests in a minute");
    }
}

#[test]
fn a_replay_that_was_never_sent_does_not_leave_after_the_window() {
    for blast in [Blast::Family, Blast::ClientAndUser] {
        let mut play = Play::with(GraceProfile { blast, ..window(30) });
        let long = Granted { expires_in: Millis::from_secs(3_600), ..grant(9) };
        play.step(
            1,
            Event::RenewalCommitted {
                caller: CallerId(1),
                login: Login { epoch: Epoch(WALL + 1), grant: long },
                silent: false,
            },
        );
        play.ask(50, AskReason::Forced);
        play.lost(50, 0);
        assert_eq!(play.sent().len(), 1, "the replay");
        play.crash();
        play.step(85, Event::DeadlineReached);
        play.escrow(85, 1, Closed::NeverSent);
        assert_eq!(play.sent(), []);
        assert!(matches!(play.peek(86), Answer::Current(_)), "{blast:?}");
    }
}

#[test]
fn the_pair_of_a_replay_that_was_overtaken_is_the_newer_one() {
    let mut play = Play::with(GraceProfile { replay: Replay::NewSibling, ..window(30) });
    play.ask(50, AskReason::Deadline);
    play.lost(50, 0);
    play.granted(61, 0, 2);
    play.ask(62, AskReason::Forced);
    assert_eq!(play.sent(), [], "the replay may be under way");
    play.granted(63, 1, 3);
    play.ask(115, AskReason::Deadline);
    assert_eq!(play.sent(), [(2, "refresh-3")]);
}

#[test]
fn in_a_short_window_a_silent_rotator_is_not_waited_for_too_long() {
    for seconds in [5, 10, 30] {
        let mut play = Play::with(window(seconds));
        play.ask(50, AskReason::Deadline);
        let due = play.vault.next_alarm().expect("it is watched");
        assert!(due < at(50 + seconds.div_ceil(2)).wall, "{seconds}");
        let claimed = Event::EscrowAnswered {
            request: RequestId(0),
            closed: Some(Closed::Claimed { at: at(50).wall }),
        };
        let moment = Moment { wall: due, mono: due, entropy: 0 };
        drop(play.vault.step(moment, Event::DeadlineReached));
        let effects: Vec<Effect> = play.vault.step(moment, claimed).into_iter().collect();
        assert!(effects.iter().any(|effect| matches!(effect, Effect::RequestToken { .. })), "{seconds}");
    }
}

#[test]
fn a_clock_that_is_set_back_stalls_nothing() {
    let mut play = Play::with(GraceProfile::STRICT);
    let hour = 3_600;
    let login = Login { epoch: Epoch(WALL + 1), grant: grant(2) };
    play.step(hour, Event::RenewalCommitted { caller: CallerId(1), login, silent: false });
    // Back by an hour.
    play.ask(1, AskReason::Deadline);
    assert!(matches!(&play.done[..], [.., Effect::Answer { answer: Answer::Current(current), .. }]
        if current.expires_in <= Millis::from_secs(60)));
    play.ask(50, AskReason::Deadline);
    assert_eq!(play.sent().len(), 1, "it is refreshed in its time");
}

#[test]
fn an_old_token_is_not_forgiven_by_a_server_that_forgives_the_previous_one() {
    let active =
        GraceProfile { window: Window::Unlimited, replay: Replay::ActiveToken, ..GraceProfile::STRICT };
    let mut play = Play::with(active);
    let held = Stamp { generation: Generation(5), ..play.vault.stamp().expect("a session") };
    let ask = Ask { op: None, stamp: Some(held), reason: AskReason::Resume, aim: None, active_ago: None };
    play.step(20, Event::TokenAsked { caller: CallerId(1), ask });
    play.ask(30, AskReason::Forced);
    assert_eq!(play.sent(), [], "the access token lives, and this could end it");
    play.ask(61, AskReason::Deadline);
    assert_eq!(play.sent().len(), 1);
}

#[test]
fn a_request_under_way_is_waited_for_also_when_the_storage_proves_to_be_old() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(50, AskReason::Deadline);
    let held = Stamp { generation: Generation(5), ..play.vault.stamp().expect("a session") };
    let ask = Ask { op: None, stamp: Some(held), reason: AskReason::Resume, aim: None, active_ago: None };
    play.step(51, Event::TokenAsked { caller: CallerId(1), ask });
    play.ask(62, AskReason::Deadline);
    assert_eq!(play.sent(), []);
}

#[test]
fn a_renewal_without_a_refresh_token_keeps_the_one_that_lives() {
    let mut play = Play::with(GraceProfile::STRICT);
    let bare = Granted { refresh_token: None, ..grant(7) };
    play.step(
        20,
        Event::RenewalCommitted {
            caller: CallerId(1),
            login: Login { epoch: Epoch(WALL + 1), grant: bare },
            silent: false,
        },
    );
    play.ask(75, AskReason::Deadline);
    assert_eq!(play.sent(), [(0, "refresh-1")]);
}

#[test]
fn a_grant_is_not_kept_at_the_cost_of_a_living_access_token() {
    let policy = Policy { grant_idle: Some(Millis::from_secs(1_000)), ..Policy::default() };
    let mut play = Play::new(policy);
    let long = Granted { expires_in: Millis::from_secs(3_600), ..grant(2) };
    play.step(
        1,
        Event::RenewalCommitted {
            caller: CallerId(1),
            login: Login { epoch: Epoch(WALL + 1), grant: long },
            silent: false,
        },
    );
    play.step(901, Event::DeadlineReached);
    assert_eq!(play.sent().len(), 1);
    play.lost(901, 0);
    assert!(play.vault.next_alarm().expect("the limits") > at(3_600).wall);
}

#[test]
fn a_question_that_an_ambiguous_token_is_not_presented_for_would_rotate_nothing() {
    let mut play = Play::with(GraceProfile::STRICT);
    let long = Granted { expires_in: Millis::from_secs(300), ..grant(2) };
    let login = Login { epoch: Epoch(WALL + 1), grant: long };
    play.step(1, Event::RenewalCommitted { caller: CallerId(1), login, silent: false });
    play.ask(245, AskReason::Deadline);
    play.lost(245, 0);
    play.step(280, Event::DeadlineReached);
    for (seconds, reason, rotates) in [
        (290, AskReason::Call, false),
        (290, AskReason::Deadline, false),
        (290, AskReason::Unauthorized, true),
        (302, AskReason::Deadline, true),
    ] {
        let ask = Ask { op: None, stamp: play.vault.stamp(), reason, aim: None, active_ago: None };
        assert_eq!(play.vault.would_rotate(at(seconds).wall, &ask), rotates, "{seconds} {reason:?}");
        let mut copy = play.vault.clone();
        let effects = copy.step(at(seconds), Event::TokenAsked { caller: CallerId(1), ask });
        let sends = effects.into_iter().any(|effect| matches!(effect, Effect::RequestToken { .. }));
        assert_eq!(sends, rotates, "{seconds} {reason:?}: it is as it was said");
    }
}

#[test]
fn a_replay_that_could_end_other_devices_grants_is_not_sent_late() {
    let by = |play: &Play| {
        play.done.iter().find_map(|effect| match effect {
            Effect::RequestToken { send_by, .. } => Some(*send_by),
            _ => None,
        })
    };
    // However long it is under way, it arrives before the window closes.
    let wide = GraceProfile { blast: Blast::ClientAndUser, ..window(30) };
    for (seconds, send_by) in [(62, Some(68_500)), (75, None)] {
        let mut play = Play::with(wide);
        play.ask(50, AskReason::Deadline);
        play.answered(51, 0, TokenAnswer::Unheard);
        play.escrow(seconds, 0, Closed::Claimed { at: at(50).wall });
        assert_eq!(by(&play), send_by.map(|millis| Timestamp::from_millis(WALL + millis)));
    }
    let mut play = Play::with(window(30));
    play.ask(50, AskReason::Deadline);
    play.lost(50, 0);
    assert_eq!(by(&play), Some(at(70).wall), "where that harms nobody else, it has its ten seconds");
}
