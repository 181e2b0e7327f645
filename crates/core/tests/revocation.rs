//! What becomes of tokens that nobody will use again: they are revoked until the server has taken it, and only where that ends nobody else's.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

use everlit_core::Epoch;
use everlit_core::escrow::Closed;
use everlit_core::id::CallerId;
use everlit_core::secret::Secret;
use everlit_core::time::Millis;
use everlit_core::vault::{
    Answer, AskReason, Effect, EndReason, Event, GraceProfile, Login, Policy, Replay, RevocationAnswer,
    Revoker, TokenAnswer, Vault,
};

mod play;

use play::{Play, WALL, at, grant, window};

#[test]
fn a_successor_that_comes_after_the_logout_is_revoked_also_across_a_crash() {
    for crash in [false, true] {
        let mut play = Play::with(GraceProfile::STRICT);
        play.ask(50, AskReason::Deadline);
        play.step(51, Event::LogoutAsked { caller: CallerId(2) });
        assert_eq!(play.revoked(), ["refresh-1"]);
        if crash {
            play.crash();
            play.step(90, Event::DeadlineReached);
            assert!(play.closes());
            play.escrow(90, 0, Closed::Answered(TokenAnswer::Granted(grant(2))));
        } else {
            play.granted(52, 0, 2);
        }
        assert_eq!(play.revoked(), ["refresh-2"], "crash: {crash}");
        assert_eq!(play.peek(95), Answer::Ended(EndReason::Logout));
    }
}

#[test]
fn a_revocation_is_tried_until_the_server_has_taken_it() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.step(10, Event::LogoutAsked { caller: CallerId(2) });
    let errand = play.vault.outbox().errands()[0].id;
    let retry = RevocationAnswer::Retry { retry_after: Some(Millis::from_secs(100)) };
    play.step(11, Event::RevocationAnswered { errand, answer: retry });
    assert_eq!(play.vault.next_alarm(), Some(at(111).wall));
    // Nobody says what came of the second try.
    play.crash();
    play.step(111, Event::DeadlineReached);
    assert_eq!(play.revoked(), ["refresh-1"]);
    play.crash();
    play.step(141, Event::DeadlineReached);
    assert_eq!(play.revoked(), ["refresh-1"]);
    for _ in 0..2 {
        play.step(142, Event::RevocationAnswered { errand, answer: RevocationAnswer::Settled });
        assert!(play.vault.outbox().errands().is_empty());
    }
    // The last trace goes a day later, the escrow's first.
    play.step(86_500, Event::DeadlineReached);
    assert_eq!(play.done, [Effect::EraseEscrow]);
    play.step(86_501, Event::EscrowErased);
    assert_eq!(play.done, [Effect::Forget]);
    assert_eq!(play.vault, Vault::new(play.policy));
}

#[test]
fn nothing_is_forgotten_while_there_is_something_to_revoke_and_a_week_is_enough() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.step(10, Event::LogoutAsked { caller: CallerId(2) });
    let errand = play.vault.outbox().errands()[0].id;
    let (mut seconds, mut tries) = (10, 1);
    let abandoned = loop {
        play.step(
            seconds,
            Event::RevocationAnswered { errand, answer: RevocationAnswer::Retry { retry_after: None } },
        );
        let due = play.vault.next_alarm().expect("it goes on");
        seconds = (due.as_millis() - WALL).div_ceil(1_000);
        play.step(seconds, Event::DeadlineReached);
        if play.revoked().is_empty() {
            break play.done.contains(&Effect::AbandonRevocation { errand });
        }
        tries += 1;
        assert!(tries < 2_000_000, "it spins");
    };
    assert!(abandoned && seconds >= 7 * 86_400, "{seconds} s, {tries} tries");
}

#[test]
fn who_ends_a_session_is_told_to_those_who_come_late() {
    for (by, reason) in [
        (Revoker::Admin, EndReason::Admin),
        (Revoker::BackChannel, EndReason::BackChannel),
        (Revoker::OtherDevice, EndReason::OtherDevice),
    ] {
        let mut play = Play::with(GraceProfile::STRICT);
        play.ask(50, AskReason::Deadline);
        for _ in 0..2 {
            play.step(51, Event::RevokeAsked { caller: CallerId(9), by, others_go_on: false });
        }
        assert_eq!(play.peek(52), Answer::Ended(reason));
        play.granted(53, 0, 2);
        assert_eq!(play.revoked(), ["refresh-2"]);
    }
}

#[test]
fn a_grant_that_others_live_by_is_left_to_them() {
    for (shared_grant, others_go_on, lapses) in
        [(true, true, true), (true, false, false), (false, true, false), (false, false, false)]
    {
        for by in [Revoker::BackChannel, Revoker::OtherDevice] {
            let event = || Event::RevokeAsked { caller: CallerId(9), by, others_go_on };
            let policy = Policy { shared_grant, ..Policy::default() };
            let mut quiet = Play::new(policy);
            quiet.step(50, event());
            assert_eq!(quiet.revoked().is_empty(), lapses, "{by:?}");
            // And what is under way comes too late, and lapses as well.
            let mut busy = Play::new(policy);
            busy.ask(50, AskReason::Deadline);
            busy.step(51, event());
            assert!(busy.vault.orphan().is_some());
            busy.granted(53, 0, 2);
            assert_eq!(busy.revoked().is_empty(), lapses, "{by:?}");
            assert!(matches!(busy.peek(54), Answer::Ended(_)));
            // What nobody waits for any more: a shared grant is over by now, or the others'.
            busy.granted(54, 0, 3);
            assert_eq!(busy.revoked().is_empty(), shared_grant, "{by:?}");
        }
    }
}

#[test]
fn what_a_renewal_replaced_is_revoked_only_where_that_cannot_end_the_new_grant() {
    for shared_grant in [true, false] {
        let mut play = Play::new(Policy { shared_grant, ..Policy::default() });
        play.ask(50, AskReason::Deadline);
        let login = Login { epoch: Epoch(WALL + 51_000), grant: grant(7) };
        play.step(51, Event::RenewalCommitted { caller: CallerId(3), login, silent: false });
        assert_eq!(play.revoked().is_empty(), shared_grant);
        play.granted(52, 0, 2);
        assert_eq!(play.revoked().is_empty(), shared_grant);
        assert_eq!(play.generation(), 2, "the loser changes nothing");
        assert!(
            matches!(play.peek(53), Answer::Current(current) if current.access_token == Secret::new("access-7".into()))
        );
    }
}

#[test]
fn the_tokens_of_a_login_that_does_not_belong_here_are_revoked_only_where_that_cannot_end_others() {
    for shared_grant in [true, false] {
        let mut play = Play::new(Policy { shared_grant, ..Policy::default() });
        let login = Login { epoch: Epoch(WALL + 51_000), grant: grant(7) };
        play.step(51, Event::LoginCommitted(login));
        assert_eq!(play.revoked().is_empty(), shared_grant);
        assert_eq!(play.generation(), 1);
    }
}

#[test]
fn the_successor_of_a_replay_is_revoked_after_the_logout_too() {
    let mut play = Play::with(GraceProfile { replay: Replay::NewSibling, ..window(30) });
    play.ask(50, AskReason::Deadline);
    play.lost(50, 0);
    play.granted(61, 0, 2);
    play.step(62, Event::LogoutAsked { caller: CallerId(2) });
    play.granted(63, 1, 3);
    assert_eq!(play.revoked(), ["refresh-3"]);
}
