//! When the vault spends a refresh token, and when it does not.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs)]

use everlit_core::id::{CallerId, OpId, RequestId};
use everlit_core::retry::Failure;
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::{
    Answer, Ask, AskReason, Effect, Event, Granted, Login, Outcome, Policy, ReauthReason, TokenAnswer, Vault,
};
use everlit_core::{Epoch, Stamp};

const WALL: u64 = 1_790_000_000_000;

fn at(millis: u64) -> Moment {
    let wall = Timestamp::from_millis(WALL + millis);
    Moment { wall, mono: wall, entropy: 0 }
}

fn grant(n: u32) -> Granted {
    Granted {
        access_token: Secret::new(format!("access-{n}")),
        expires_in: Millis::from_secs(60),
        refresh_token: Some(Secret::new(format!("refresh-{n}"))),
        target: None,
    }
}

fn live() -> Vault {
    let mut vault = Vault::new(Policy::default());
    drop(vault.step(at(0), Event::LoginCommitted(Login { epoch: Epoch(WALL), grant: grant(1) })));
    vault
}

fn ask(vault: &mut Vault, millis: u64, caller: u64, stamp: Option<Stamp>, reason: AskReason) -> Vec<Effect> {
    let ask = Ask { op: None, stamp, reason, aim: None, active_ago: None };
    vault.step(at(millis), Event::TokenAsked { caller: CallerId(caller), ask }).into_iter().collect()
}

fn requests(effects: &[Effect]) -> Vec<RequestId> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::RequestToken { request, .. } => Some(*request),
            _ => None,
        })
        .collect()
}

fn told(effects: &[Effect]) -> Vec<&Answer> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Answer { answer, .. } => Some(answer),
            _ => None,
        })
        .collect()
}

#[test]
fn two_hundred_callers_at_expiry_share_one_request_and_one_answer() {
    let mut vault = live();
    let stamp = vault.stamp();
    let asked: Vec<RequestId> = (0..200)
        .flat_map(|caller| requests(&ask(&mut vault, 61_000, caller, stamp, AskReason::Deadline)))
        .collect();
    let [request] = asked[..] else { panic!("{} requests left", asked.len()) };
    let answer = TokenAnswer::Granted(grant(2));
    let effects: Vec<Effect> =
        vault.step(at(61_300), Event::TokenAnswered { request, answer }).into_iter().collect();
    assert_eq!(told(&effects).len(), 200);
    assert!(told(&effects).iter().all(|answer| matches!(answer, Answer::Current(current)
        if Some(current.stamp) == stamp.map(Stamp::rotated) && current.access_token == Secret::new("access-2".into()))));
}

#[test]
fn a_success_without_a_usable_token_still_brings_the_next_refresh_token() {
    let mut vault = live();
    let first = vault.stamp();
    let [request] = requests(&ask(&mut vault, 50_000, 1, first, AskReason::Deadline))[..] else { panic!() };
    let answer = TokenAnswer::Unusable { successor: Some(Secret::new("refresh-2".into())) };
    let effects: Vec<Effect> =
        vault.step(at(50_100), Event::TokenAnswered { request, answer }).into_iter().collect();
    assert!(effects.contains(&Effect::Persist) && effects.contains(&Effect::Report(Outcome::Misconfigured)));
    assert!(
        matches!(told(&effects)[..], [Answer::Current(current)] if current.access_token == Secret::new("access-1".into()))
    );
    let second = vault.stamp();
    assert_eq!(second, first.map(Stamp::rotated));
    assert!(requests(&ask(&mut vault, 50_200, 2, second, AskReason::Deadline)).is_empty(), "not at once");
    let effects = ask(&mut vault, 58_000, 3, second, AskReason::Deadline);
    let presented = effects.iter().find_map(|effect| match effect {
        Effect::RequestToken { refresh_token, .. } => Some(refresh_token.clone()),
        _ => None,
    });
    assert_eq!(presented, Some(Secret::new("refresh-2".into())));
}

#[test]
fn a_caller_that_is_behind_gets_the_current_token_and_rotates_nothing() {
    let mut vault = live();
    let first = vault.stamp();
    let [request] = requests(&ask(&mut vault, 50_000, 1, first, AskReason::Deadline))[..] else { panic!() };
    drop(vault.step(at(50_100), Event::TokenAnswered { request, answer: TokenAnswer::Granted(grant(2)) }));
    // Its answer was lost; it asks again, as soon as it likes and with every reason there is.
    for reason in [AskReason::Deadline, AskReason::Forced, AskReason::Unauthorized, AskReason::Resume] {
        let effects = ask(&mut vault, 108_000, 1, first, reason);
        assert!(matches!(told(&effects)[..], [Answer::Current(_)]), "{reason:?}: {effects:?}");
        assert!(requests(&effects).is_empty(), "{reason:?}");
    }
}

#[test]
fn a_fresh_token_is_rotated_by_force_only_after_the_minimum_interval() {
    let mut vault = live();
    let stamp = vault.stamp();
    assert!(requests(&ask(&mut vault, 9_999, 1, stamp, AskReason::Forced)).is_empty());
    assert!(requests(&ask(&mut vault, 20_000, 1, stamp, AskReason::Deadline)).is_empty());
    assert_eq!(requests(&ask(&mut vault, 20_000, 1, stamp, AskReason::Forced)).len(), 1);
}

#[test]
fn a_caller_waits_no_longer_than_its_limit_and_then_gets_the_token_that_still_lives() {
    let mut vault = live();
    let stamp = vault.stamp();
    assert!(told(&ask(&mut vault, 50_000, 1, stamp, AskReason::Deadline)).is_empty());
    assert_eq!(vault.next_deadline(), Some(at(54_500).wall));
    let effects: Vec<Effect> = vault.step(at(54_500), Event::DeadlineReached).into_iter().collect();
    assert!(matches!(told(&effects)[..], [Answer::Current(current)] if Some(current.stamp) == stamp));
    // The request itself goes on, and its answer is taken.
    drop(vault.step(
        at(70_000),
        Event::TokenAnswered { request: RequestId(0), answer: TokenAnswer::Granted(grant(2)) },
    ));
    assert_eq!(vault.stamp(), stamp.map(Stamp::rotated));
}

#[test]
fn a_refusal_of_the_first_attempt_ends_the_grant_and_not_the_session() {
    let mut vault = live();
    let stamp = vault.stamp();
    drop(ask(&mut vault, 50_000, 1, stamp, AskReason::Deadline));
    let refused = TokenAnswer::Failed { failure: Failure::Reauth, retry_after: None };
    drop(vault.step(at(50_100), Event::TokenAnswered { request: RequestId(0), answer: refused }));
    assert_eq!(vault.peek(at(50_100).wall), Answer::ReauthRequired(ReauthReason::Revoked));
    assert_eq!(vault.tally().of(Outcome::Revoked), 1);
}

#[test]
fn a_server_that_fails_ends_nothing_however_often() {
    let mut vault = live();
    let stamp = vault.stamp();
    let mut sent = 0;
    for minute in 1..=600 {
        for request in requests(&ask(&mut vault, minute * 60_000, 1, stamp, AskReason::Deadline)) {
            let failure = [Failure::Transient, Failure::Throttled, Failure::Misconfigured][sent % 3];
            sent += 1;
            let answer = TokenAnswer::Failed { failure, retry_after: None };
            drop(vault.step(at(minute * 60_000 + 100), Event::TokenAnswered { request, answer }));
        }
    }
    assert!(sent > 500, "{sent} requests");
    assert_eq!(vault.stamp(), stamp);
    assert!(matches!(vault.peek(at(36_000_000).wall), Answer::Current(_)));
    let counted: u32 = vault.tally().iter().map(|(_, count)| count).sum();
    assert_eq!(counted as usize, sent, "every outcome is counted once");
}

#[test]
fn a_question_that_is_delivered_twice_starts_one_token_request() {
    let mut vault = live();
    let named = |vault: &mut Vault, millis, op| {
        let ask = Ask {
            op: Some(OpId(op)),
            stamp: vault.stamp(),
            reason: AskReason::Forced,
            aim: None,
            active_ago: None,
        };
        vault.step(at(millis), Event::TokenAsked { caller: CallerId(1), ask }).into_iter().collect::<Vec<_>>()
    };
    let [request] = requests(&named(&mut vault, 20_000, 7))[..] else { panic!() };
    let answer = TokenAnswer::Failed { failure: Failure::Transient, retry_after: None };
    drop(vault.step(at(20_100), Event::TokenAnswered { request, answer }));
    assert!(requests(&named(&mut vault, 30_000, 7)).is_empty(), "it was answered");
    assert_eq!(requests(&named(&mut vault, 30_000, 8)).len(), 1, "this is another");
}

#[test]
fn a_call_does_not_wait_for_a_rotation_while_its_token_lives() {
    let mut vault = live();
    let stamp = vault.stamp();
    let begun = ask(&mut vault, 50_000, 1, stamp, AskReason::Call);
    assert_eq!(requests(&begun).len(), 1);
    assert!(matches!(told(&begun)[..], [Answer::Current(current)] if Some(current.stamp) == stamp));
    assert!(matches!(told(&ask(&mut vault, 51_000, 2, stamp, AskReason::Call))[..], [Answer::Current(_)]));
    // Once it is dead there is nothing to give.
    assert!(told(&ask(&mut vault, 60_000, 3, stamp, AskReason::Call)).is_empty());
}

#[test]
fn a_login_of_the_same_user_begins_the_absolute_limit_anew() {
    let policy = Policy { absolute_limit: Millis::from_secs(43_200), ..Policy::default() };
    let mut vault = Vault::new(policy);
    drop(vault.step(at(0), Event::LoginCommitted(Login { epoch: Epoch(WALL), grant: grant(1) })));
    let login = Login { epoch: Epoch(WALL + 39_600_000), grant: grant(2) };
    drop(vault.step(at(39_600_000), Event::RenewalCommitted { caller: CallerId(1), login, silent: false }));
    assert!(matches!(vault.peek(at(50_000_000).wall), Answer::Current(_)));
}
