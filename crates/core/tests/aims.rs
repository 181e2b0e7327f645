//! Tokens for less than all of a grant: asked for by the one refresh token there is, each for itself, and none given for another.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

mod play;

use everlit_core::Epoch;
use everlit_core::escrow::Closed;
use everlit_core::id::{Aim, CallerId, RequestId};
use everlit_core::retry::Failure;
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Moment};
use everlit_core::vault::{
    Answer, Ask, AskReason, Effect, Event, GraceProfile, Granted, Login, Outcome, Phase, Policy,
    ReauthReason, TokenAnswer, Vault,
};
use play::{Play, at, grant, grant_for, window};

const ORDERS: Aim = Aim(1);
const BILLS: Aim = Aim(2);

fn came(play: &mut Play, seconds: u64, request: u32, n: u32, aim: Aim) {
    play.answered(seconds, request, TokenAnswer::Granted(grant_for(n, aim)));
}

fn failed(play: &mut Play, seconds: u64, request: u32, failure: Failure) {
    play.answered(seconds, request, TokenAnswer::Failed { failure, retry_after: None });
}

/// A session that has a token for orders: generation 2.
fn with_orders(policy: Policy) -> Play {
    let mut play = Play::new(policy);
    play.ask_for(1, 1, Some(ORDERS), AskReason::Resume);
    assert_eq!((play.sent(), play.aims()), (vec![(0, "refresh-1")], vec![Some(ORDERS)]));
    came(&mut play, 2, 0, 2, ORDERS);
    assert_eq!(play.told(), [(1, Some("access-2"))]);
    play
}

#[test]
fn ten_callers_for_one_aim_share_one_request_and_get_its_token_alone() {
    let mut play = Play::with(GraceProfile::STRICT);
    for caller in 0..10 {
        play.ask_for(1, caller, Some(ORDERS), AskReason::Resume);
        assert_eq!(play.sent().len(), usize::from(caller == 0), "caller {caller}");
    }
    came(&mut play, 2, 0, 2, ORDERS);
    assert_eq!(play.told(), (0..10).map(|caller| (caller, Some("access-2"))).collect::<Vec<_>>());
    let scopes = play.done.iter().filter_map(|effect| match effect {
        Effect::Answer { answer: Answer::Current(current), .. } => current.target.as_ref(),
        _ => None,
    });
    assert!(scopes.map(|target| target.scope.as_str()).eq(["scope-1"; 10]));
    // The next ones find it there; who asks for the grant's own gets that.
    play.ask_for(3, 11, Some(ORDERS), AskReason::Deadline);
    assert_eq!((play.told(), play.sent().len()), (vec![(11, Some("access-2"))], 0));
    play.ask_for(3, 12, None, AskReason::Call);
    assert_eq!((play.told(), play.sent().len()), (vec![(12, Some("access-1"))], 0));
    assert_eq!(play.generation(), 2, "its refresh token is the next one of the same family");
    play.ask_for(49, 13, None, AskReason::Deadline);
    assert_eq!(play.sent(), [(1, "refresh-2")]);
}

#[test]
fn aims_take_their_turns_and_nobody_gets_what_another_asked_for() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask_for(1, 1, Some(ORDERS), AskReason::Resume);
    play.ask_for(1, 2, Some(BILLS), AskReason::Resume);
    play.ask_for(1, 3, Some(BILLS), AskReason::Resume);
    assert_eq!(
        (play.sent().len(), play.told().len()),
        (0, 0),
        "one request is under way, whatever it is for"
    );
    play.ask_for(1, 4, None, AskReason::Call);
    assert_eq!(play.told(), [(4, Some("access-1"))], "what is there is not waited for");
    came(&mut play, 2, 0, 2, ORDERS);
    assert_eq!(play.told(), [(1, Some("access-2"))]);
    assert_eq!((play.sent(), play.aims()), (vec![(1, "refresh-2")], vec![Some(BILLS)]));
    // It is written down before either of both.
    assert_eq!(play.done.first(), Some(&Effect::Persist));
    came(&mut play, 3, 1, 3, BILLS);
    assert_eq!(play.told(), [(2, Some("access-3")), (3, Some("access-3"))]);
    assert_eq!(play.generation(), 3);
    play.ask_for(4, 5, Some(ORDERS), AskReason::Resume);
    assert_eq!((play.told(), play.sent().len()), (vec![(5, Some("access-2"))], 0));
}

#[test]
fn a_token_that_was_refused_is_renewed_once_whatever_came_for_others_since() {
    let mut play = with_orders(Policy::default());
    let held = play.vault.stamp();
    play.ask_for(3, 2, Some(BILLS), AskReason::Resume);
    came(&mut play, 4, 1, 3, BILLS);
    let refused = |play: &mut Play, seconds| {
        let ask = Ask {
            op: None,
            stamp: held,
            reason: AskReason::Unauthorized,
            aim: Some(ORDERS),
            active_ago: None,
        };
        play.step(seconds, Event::TokenAsked { caller: CallerId(3), ask });
    };
    refused(&mut play, 11);
    assert_eq!((play.told(), play.sent().len()), (vec![(3, Some("access-2"))], 0), "it is too young");
    refused(&mut play, 12);
    assert_eq!((play.aims(), play.told().len()), (vec![Some(ORDERS)], 0));
    came(&mut play, 13, 2, 4, ORDERS);
    assert_eq!(play.told(), [(3, Some("access-4"))]);
    refused(&mut play, 30);
    assert_eq!((play.told(), play.sent().len()), (vec![(3, Some("access-4"))], 0), "that was another token");
    // So with the grant's own: who holds a stamp since it came holds it, and who asks for it renews no other.
    let ask = Ask { op: None, stamp: held, reason: AskReason::Unauthorized, aim: None, active_ago: None };
    play.step(31, Event::TokenAsked { caller: CallerId(4), ask });
    assert_eq!(play.aims(), [None]);
    play.granted(32, 3, 5);
    assert_eq!(play.told(), [(4, Some("access-5"))]);
}

#[test]
fn near_its_end_a_token_is_renewed_for_whoever_asks_and_activity_renews_nothing() {
    let mut play = with_orders(Policy::default());
    play.ask_for(40, 1, Some(ORDERS), AskReason::Activity);
    assert_eq!((play.told(), play.sent().len()), (vec![(1, Some("access-2"))], 0));
    let ask = Ask { op: None, stamp: None, reason: AskReason::Resume, aim: Some(ORDERS), active_ago: None };
    play.step(47, Event::TokenAsked { caller: CallerId(2), ask });
    assert_eq!(play.told(), [(2, Some("access-2"))]);
    play.step(50, Event::TokenAsked { caller: CallerId(2), ask });
    assert_eq!((play.aims(), play.told().len()), (vec![Some(ORDERS)], 0));
    came(&mut play, 51, 1, 3, ORDERS);
    play.ask_for(52, 1, Some(BILLS), AskReason::Activity);
    assert_eq!((play.told(), play.sent().len()), (vec![(1, None)], 0), "there is none, and none is made");
}

#[test]
fn what_an_aim_is_refused_for_holds_back_that_aim_alone() {
    for brings in [None, Some("refresh-2")] {
        let mut play = Play::with(GraceProfile::STRICT);
        play.ask_for(1, 1, Some(ORDERS), AskReason::Resume);
        let successor = brings.map(|token| Secret::new(token.into()));
        match successor.clone() {
            None => failed(&mut play, 2, 0, Failure::Misconfigured),
            successor => play.answered(2, 0, TokenAnswer::Unusable { successor }),
        }
        assert_eq!(play.told(), [(1, None)]);
        assert_eq!(play.counted(), [(Outcome::Misconfigured, 1)]);
        play.ask_for(2, 1, Some(ORDERS), AskReason::Resume);
        assert_eq!((play.told(), play.sent().len()), (vec![(1, None)], 0), "not at once");
        play.ask_for(2, 2, Some(BILLS), AskReason::Resume);
        let presented = brings.unwrap_or("refresh-1");
        assert_eq!((play.sent(), play.aims()), (vec![(1, presented)], vec![Some(BILLS)]));
        came(&mut play, 3, 1, 3, BILLS);
        play.ask_for(49, 3, None, AskReason::Deadline);
        assert_eq!(play.aims(), [None], "the grant's own token never had a part in it");
        play.granted(50, 2, 4);
        play.ask_for(50, 1, Some(ORDERS), AskReason::Resume);
        assert_eq!(play.aims(), [Some(ORDERS)], "it is tried again");
    }
}

#[test]
fn a_login_without_a_refresh_token_has_nothing_else_and_says_so() {
    let policy = Policy::default();
    let mut play = Play { policy, vault: Vault::new(policy), done: Vec::new() };
    let login = Login { epoch: Epoch(play::WALL), grant: Granted { refresh_token: None, ..grant(1) } };
    play.step(1, Event::LoginCommitted(login));
    let answer = |play: &mut Play, seconds| {
        play.ask_for(seconds, 1, Some(ORDERS), AskReason::Resume);
        play.done.iter().find_map(|effect| match effect {
            Effect::Answer { answer, .. } => Some(answer.clone()),
            _ => None,
        })
    };
    for seconds in [2, 3] {
        assert_eq!(answer(&mut play, seconds), Some(Answer::Unobtainable));
    }
    play.ask_for(4, 2, None, AskReason::Call);
    assert_eq!(play.told(), [(2, Some("access-1"))], "what came with it serves to its end");
    let over = Some(Answer::ReauthRequired(ReauthReason::NoRefreshToken));
    for seconds in [61, 62] {
        assert_eq!(
            answer(&mut play, seconds),
            over,
            "then its user is asked for, and whoever asked first is told so"
        );
    }
}

#[test]
fn activity_is_never_ahead_of_the_row_where_there_is_nothing_to_renew() {
    let policy = Policy { idle_limit: Millis::from_secs(40), ..Policy::default() };
    let mut play = Play { policy, vault: Vault::new(policy), done: Vec::new() };
    let login = Login { epoch: Epoch(play::WALL), grant: Granted { refresh_token: None, ..grant(1) } };
    play.step(0, Event::LoginCommitted(login));
    for seconds in (5..60).step_by(5) {
        let active_ago = Some(Millis::default());
        let ask = Ask { op: None, stamp: None, reason: AskReason::Resume, aim: Some(ORDERS), active_ago };
        play.step(seconds, Event::TokenAsked { caller: CallerId(1), ask });
        let written = play.done.iter().any(|effect| matches!(effect, Effect::Persist));
        assert!(written || seconds % 10 != 0, "a quarter of the limit has passed at {seconds} s");
        if !written {
            let Phase::Live(live) = play.vault.phase() else { panic!("{:?}", play.vault.phase()) };
            assert_eq!(live.limits.active_at, at(seconds - 5).wall, "what is not written has not happened");
        }
    }
}

#[test]
fn an_answer_that_costs_a_generation_is_asked_for_seldom_and_a_refusal_soon_again() {
    let wait = |answer: fn(u32) -> TokenAnswer| {
        let mut play = Play::with(GraceProfile::STRICT);
        let mut now = 1;
        let mut longest = Millis::default();
        for request in 0..14 {
            let late = |seconds| Moment { entropy: u32::MAX, ..at(seconds) };
            let ask = |seconds| {
                let ask = Ask {
                    op: None,
                    stamp: None,
                    reason: AskReason::Resume,
                    aim: Some(ORDERS),
                    active_ago: None,
                };
                (late(seconds), Event::TokenAsked { caller: CallerId(1), ask })
            };
            let (moment, asked) = ask(now);
            play.done = play.vault.step(moment, asked).into_iter().collect();
            assert_eq!(play.aims(), [Some(ORDERS)], "attempt {request}");
            let answer = Event::TokenAnswered { request: RequestId(request), answer: answer(request) };
            play.done = play.vault.step(late(now), answer).into_iter().collect();
            let Some(Effect::Answer { answer: Answer::RetryAfter(wait), .. }) =
                play.done.iter().find(|effect| matches!(effect, Effect::Answer { .. }))
            else {
                panic!("{:?}", play.done)
            };
            longest = longest.max(*wait);
            now += wait.as_millis().div_ceil(1_000);
        }
        longest
    };
    let refused = wait(|_| TokenAnswer::Failed { failure: Failure::Misconfigured, retry_after: None });
    assert!(refused <= Millis::from_secs(30), "what an operator mends is served soon: {refused:?}");
    let unusable =
        wait(|n| TokenAnswer::Unusable { successor: Some(Secret::new(format!("refresh-{}", n + 2))) });
    assert!(unusable > Millis::from_secs(3_000) && unusable <= Millis::from_secs(3_600), "{unusable:?}");
}

#[test]
fn what_says_something_of_the_grant_holds_for_all_of_it() {
    let mut play = with_orders(Policy::default());
    play.ask_for(3, 1, Some(BILLS), AskReason::Resume);
    failed(&mut play, 4, 1, Failure::Throttled);
    play.ask_for(4, 2, None, AskReason::Forced);
    assert_eq!(play.sent().len(), 0);
    play.ask_for(40, 1, Some(BILLS), AskReason::Resume);
    play.refused(41, 2);
    assert!(matches!(play.vault.phase(), Phase::ReauthRequired(_)), "{:?}", play.vault.phase());
    play.ask_for(42, 1, Some(ORDERS), AskReason::Resume);
    assert_eq!(play.told(), [(1, None)], "what was there went with the grant");
}

#[test]
fn a_lost_answer_is_asked_for_again_as_it_was() {
    let mut play = Play::with(window(30));
    play.ask_for(1, 1, Some(ORDERS), AskReason::Resume);
    play.lost(1, 0);
    assert_eq!((play.sent(), play.aims()), (vec![(1, "refresh-1")], vec![Some(ORDERS)]));
    play.crash();
    play.step(12, Event::DeadlineReached);
    play.escrow(12, 1, Closed::NeverSent);
    play.step(20, Event::DeadlineReached);
    assert_eq!(play.aims(), [Some(ORDERS)], "also by a vault that has been reset since");
    came(&mut play, 21, 2, 2, ORDERS);
    play.ask_for(22, 2, Some(ORDERS), AskReason::Resume);
    assert_eq!(play.told(), [(2, Some("access-2"))]);
    assert_eq!(play.counted().first(), Some(&(Outcome::ReplayedWithinGrace, 1)));
}

#[test]
fn a_repetition_that_its_aim_is_refused_for_goes_on_without_it() {
    let mut play = Play::with(window(60));
    play.ask_for(1, 1, Some(ORDERS), AskReason::Resume);
    play.lost(1, 0);
    failed(&mut play, 27, 1, Failure::Misconfigured);
    play.step(29, Event::DeadlineReached);
    assert_eq!(play.aims(), [None], "or the session could never have a token again");
    play.granted(30, 2, 2);
    play.ask_for(30, 1, None, AskReason::Call);
    assert_eq!(play.told(), [(1, Some("access-2"))]);
}

#[test]
fn what_was_never_sent_is_begun_again_for_the_same_aim() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask_for(1, 1, Some(ORDERS), AskReason::Resume);
    play.crash();
    play.ask_for(2, 2, Some(ORDERS), AskReason::Resume);
    play.escrow(2, 0, Closed::NeverSent);
    assert_eq!((play.sent(), play.aims()), (vec![(1, "refresh-1")], vec![Some(ORDERS)]));
    came(&mut play, 3, 1, 2, ORDERS);
    assert_eq!(play.told(), [(2, Some("access-2"))]);
}

#[test]
fn a_reset_vault_finds_the_token_it_asked_for_in_the_escrow() {
    let mut play = Play::with(GraceProfile::STRICT);
    play.ask_for(1, 1, Some(ORDERS), AskReason::Resume);
    play.crash();
    play.ask_for(2, 2, Some(ORDERS), AskReason::Resume);
    assert!(play.closes());
    play.escrow(2, 0, Closed::Answered(TokenAnswer::Granted(grant_for(2, ORDERS))));
    assert_eq!(play.told(), [(2, Some("access-2"))]);
    play.crash();
    play.ask_for(3, 3, Some(ORDERS), AskReason::Resume);
    assert_eq!(play.told(), [(3, Some("access-2"))]);
    play.ask_for(3, 3, None, AskReason::Call);
    assert_eq!(play.told(), [(3, Some("access-1"))]);
}

#[test]
fn a_server_whose_refresh_ends_what_it_gave_before_is_not_believed_to_honour_that() {
    let mut play = with_orders(Policy { refresh_ends_tokens: true, ..Policy::default() });
    play.ask_for(3, 2, None, AskReason::Call);
    assert_eq!((play.told().len(), play.aims()), (0, vec![None]), "the grant's own is due at once");
    play.ask_for(3, 3, Some(ORDERS), AskReason::Call);
    assert_eq!(play.told(), [(3, Some("access-2"))]);
    play.granted(4, 1, 3);
    assert_eq!(play.told(), [(2, Some("access-3"))]);
    play.ask_for(5, 3, Some(ORDERS), AskReason::Resume);
    assert_eq!(play.aims(), [Some(ORDERS)]);
}

#[test]
fn a_new_login_an_end_and_a_storage_from_before_leave_no_token_for_any_aim() {
    let login = Login { epoch: Epoch(play::WALL + 9), grant: grant(9) };
    let renewed = Event::RenewalCommitted { caller: CallerId(7), login, silent: false };
    let mut play = with_orders(Policy::default());
    play.step(3, renewed);
    play.ask_for(3, 1, Some(ORDERS), AskReason::Resume);
    assert_eq!(play.aims(), [Some(ORDERS)]);

    let mut play = with_orders(Policy::default());
    let ahead = play.vault.stamp().map(everlit_core::Stamp::rotated);
    let ask = Ask { op: None, stamp: ahead, reason: AskReason::Resume, aim: Some(ORDERS), active_ago: None };
    play.step(3, Event::TokenAsked { caller: CallerId(1), ask });
    assert!(play.told().iter().all(|(_, token)| token.is_none()), "{:?}", play.told());

    let mut play = with_orders(Policy::default());
    play.step(3, Event::LogoutAsked { caller: CallerId(1) });
    assert_eq!(play.vault.row().aimed, []);
    assert_eq!(play.revoked(), ["refresh-2"]);
}

#[test]
fn no_more_than_eight_are_kept_and_what_ends_first_makes_room() {
    let mut play = Play::with(GraceProfile::STRICT);
    for n in 0..9 {
        let (aim, seconds) = (Aim(u64::from(n)), 1 + u64::from(n));
        play.ask_for(seconds, 1, Some(aim), AskReason::Resume);
        came(&mut play, seconds, n, n + 2, aim);
    }
    let Phase::Live(live) = play.vault.phase() else { panic!("{:?}", play.vault.phase()) };
    assert_eq!(
        live.aimed.iter().map(|aimed| aimed.target.aim.0).collect::<Vec<_>>(),
        (1..9).collect::<Vec<_>>()
    );
    assert!(play.vault.next_deadline().is_some_and(|next| at(60).wall < next), "none is renewed unasked");
}
