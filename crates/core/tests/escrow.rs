//! What the vault leaves at its escrow, and what it does with the word of a rotator that will not send.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

use everlit_core::Epoch;
use everlit_core::escrow::Closed;
use everlit_core::id::{CallerId, RequestId};
use everlit_core::time::Timestamp;
use everlit_core::vault::{
    Answer, Ask, AskReason, Effect, Event, GraceProfile, Login, Outcome, Policy, TokenAnswer, Vault,
};

mod play;

use play::{Play, WALL, at, grant};

/// A session that has rotated once; its next request is the second.
fn rotated(policy: Policy) -> Play {
    let mut play = Play::new(policy);
    play.ask(50, AskReason::Deadline);
    play.granted(51, 0, 2);
    play
}

fn logout(play: &mut Play, seconds: u64) {
    play.step(seconds, Event::LogoutAsked { caller: CallerId(2) });
}

/// The request that the last step closes at the escrow.
fn closed(play: &Play) -> Option<u32> {
    let mut closed = play.done.iter().filter_map(|effect| {
        if let Effect::CloseEscrow { request } = effect { Some(request.0) } else { None }
    });
    closed.next()
}

#[test]
fn what_its_rotator_will_not_send_is_begun_again_at_once_and_then_with_a_pause() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(50, AskReason::Deadline);
    play.crash();
    play.ask(51, AskReason::Deadline);
    play.escrow(51, 0, Closed::Answered(TokenAnswer::Unsent));
    assert_eq!(play.sent(), [(1, "refresh-1")]);
    play.crash();
    play.step(52, Event::DeadlineReached);
    play.escrow(52, 1, Closed::Answered(TokenAnswer::Unsent));
    assert_eq!((play.sent(), play.counted()), (vec![], vec![(Outcome::Transient, 1)]), "no loop");
    play.ask(53, AskReason::Deadline);
    play.granted(54, 2, 2);
    assert_eq!(play.generation(), 2, "nothing was ambiguous");
}

#[test]
fn a_session_that_is_over_leaves_nothing_of_its_last_answer_at_the_escrow() {
    let mut play = rotated(Policy::default());
    logout(&mut play, 60);
    assert_eq!(closed(&play), Some(1), "a request that was never made");
    // Until the escrow has said so.
    play.crash();
    play.step(90, Event::DeadlineReached);
    assert_eq!(closed(&play), Some(1));
    play.escrow(90, 1, Closed::NeverSent);
    assert_eq!((closed(&play), play.vault.orphan()), (None, None));
    assert_eq!(play.done.first(), Some(&Effect::Persist));
}

#[test]
fn a_session_that_never_rotated_has_left_nothing_there() {
    let mut play = Play::with(GraceProfile::STRICT);
    logout(&mut play, 10);
    assert_eq!((closed(&play), play.vault.orphan()), (None, None));
}

#[test]
fn a_request_that_is_open_at_the_end_comes_to_its_end_first() {
    let over = [
        Closed::Answered(TokenAnswer::Granted(grant(2))),
        Closed::Claimed { at: at(50).wall },
        Closed::Outrun { newest: RequestId(7) },
    ];
    for (closes, answer) in [1, 1, 8].into_iter().zip(over) {
        let mut play = Play::with(GraceProfile::STRICT);
        play.ask(50, AskReason::Deadline);
        logout(&mut play, 51);
        assert_eq!(closed(&play), None, "the answer may be the only copy of a token");
        play.step(85, Event::DeadlineReached);
        assert_eq!(closed(&play), Some(0));
        play.escrow(85, 0, answer.clone());
        assert_eq!(closed(&play), Some(closes), "{answer:?}");
        play.escrow(86, closes, Closed::NeverSent);
        assert_eq!((closed(&play), play.vault.orphan()), (None, None));
    }
    // By the rotator's own word as well; and what was never sent has left nothing.
    let mut told = Play::with(GraceProfile::STRICT);
    told.ask(50, AskReason::Deadline);
    logout(&mut told, 51);
    let mut unsent = Play { policy: told.policy, vault: told.vault.clone(), done: Vec::new() };
    told.granted(52, 0, 2);
    assert_eq!((told.revoked(), closed(&told)), (vec!["refresh-2"], Some(1)));
    unsent.step(85, Event::DeadlineReached);
    unsent.escrow(85, 0, Closed::NeverSent);
    assert_eq!((closed(&unsent), unsent.vault.orphan()), (None, None));
}

#[test]
fn a_grant_that_is_over_is_cleared_and_no_name_is_given_twice() {
    for is_cleared in [true, false] {
        let mut play = rotated(Policy::default());
        play.ask(105, AskReason::Deadline);
        play.refused(106, 1);
        assert_eq!(closed(&play), Some(2));
        if is_cleared {
            play.escrow(106, 2, Closed::NeverSent);
        }
        let login = Login { epoch: Epoch(WALL + 1), grant: grant(9) };
        play.step(110, Event::RenewalCommitted { caller: CallerId(1), login, silent: false });
        if !is_cleared {
            play.ask(165, AskReason::Deadline);
            assert_eq!(play.sent(), [], "the close may be under way");
            play.escrow(165, 2, Closed::NeverSent);
        }
        play.ask(166, AskReason::Deadline);
        assert_eq!(play.sent(), [(3, "refresh-9")], "cleared before: {is_cleared}");
    }
}

#[test]
fn an_orphan_of_a_storage_that_went_back_in_time_is_over() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(50, AskReason::Deadline);
    play.crash();
    let held = play.vault.stamp().expect("there is a session");
    let ahead =
        Ask { op: None, stamp: Some(held.rotated()), reason: AskReason::Resume, aim: None, active_ago: None };
    play.step(85, Event::TokenAsked { caller: CallerId(1), ask: ahead });
    assert_eq!(closed(&play), Some(0));
    play.escrow(85, 0, Closed::Outrun { newest: RequestId(3) });
    let generation = play.generation();
    for seconds in [100, 200] {
        play.step(seconds, Event::DeadlineReached);
        assert_eq!((closed(&play), play.generation()), (None, generation), "it asks no more");
    }
    play.ask(201, AskReason::Deadline);
    assert_eq!(play.sent(), [(4, "refresh-1")]);
}

#[test]
fn while_somebody_waits_no_look_at_the_escrow_moves_the_alarm() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask(50, AskReason::Deadline);
    let armed_for = play.vault.next_alarm().expect("the request is watched");
    let looks = |play: &mut Play, at: Timestamp| {
        play.step((at.as_millis() - WALL).div_ceil(1_000), Event::DeadlineReached);
        let claimed = Closed::Claimed { at: Timestamp::from_millis(WALL + 50_000) };
        play.escrow((at.as_millis() - WALL).div_ceil(1_000), 0, claimed);
    };
    play.answered(51, 0, TokenAnswer::Unheard);
    play.escrow(51, 0, Closed::Claimed { at: at(50).wall });
    let next = play.vault.next_deadline().expect("it looks again");
    assert!(next < at(53).wall);
    looks(&mut play, next);
    assert_eq!(play.vault.next_alarm(), Some(armed_for));
    // Nobody waits any more, and there is no timer.
    play.step(55, Event::DeadlineReached);
    assert!(play.vault.next_alarm().expect("it looks again") < armed_for);
}

#[test]
fn callers_beyond_the_most_that_may_wait_get_what_there_is() {
    let policy = Policy { most_waiters: 2, ..Policy::default() };
    let answers =
        |play: &Play| play.done.iter().filter(|effect| matches!(effect, Effect::Answer { .. })).count();
    let mut play = Play::new(policy);
    for (caller, answered) in [0, 0, 1, 1].into_iter().enumerate() {
        let ask = Ask {
            op: None,
            stamp: play.vault.stamp(),
            reason: AskReason::Deadline,
            aim: None,
            active_ago: None,
        };
        play.step(61, Event::TokenAsked { caller: CallerId(caller as u64), ask });
        assert_eq!(answers(&play), answered);
    }
    assert!(matches!(play.done.as_slice(), [Effect::Answer { answer: Answer::RetryAfter(_), .. }]));
    play.granted(62, 0, 2);
    assert_eq!(answers(&play), 2);
    assert_eq!(
        Vault::new(Policy::default()),
        Vault::new(Policy { most_waiters: 2_000, ..Policy::default() })
    );
}
