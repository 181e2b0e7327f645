//! Silent re-logins that were turned down: noted while the session waits for its user, and until somebody has logged in.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use everlit_core::Epoch;
use everlit_core::id::CallerId;
use everlit_core::law::{Law, VaultWatch};
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::{
    Answer, Ask, AskReason, Effect, Event, Granted, Login, Policy, ReauthReason, Refused, Row, Vault,
};

const WALL: u64 = 1_790_000_000_000;
const CALLER: CallerId = CallerId(1);

fn at(seconds: u64) -> Moment {
    let wall = Timestamp::from_millis(WALL + seconds * 1_000);
    Moment { wall, mono: wall, entropy: 0 }
}

fn login(later: u64) -> Login {
    let grant = Granted {
        access_token: Secret::new("access".into()),
        expires_in: Millis::from_secs(60),
        refresh_token: None,
        target: None,
    };
    Login { epoch: Epoch(WALL + later), grant }
}

fn refused(top_level: bool) -> Event {
    Event::SilentRefused { caller: CALLER, top_level }
}

/// A session whose grant came without a refresh token, and has ended.
fn waiting(policy: Policy) -> Vault {
    let mut vault = Vault::new(policy);
    drop(vault.step(at(0), Event::LoginCommitted(login(0))));
    let ask =
        Ask { op: None, stamp: vault.stamp(), reason: AskReason::Deadline, aim: None, active_ago: None };
    drop(vault.step(at(61), Event::TokenAsked { caller: CALLER, ask }));
    assert_eq!(vault.peek(at(61).wall), Answer::ReauthRequired(ReauthReason::NoRefreshToken));
    vault
}

#[test]
fn what_was_refused_is_written_down_once_and_survives_a_restart() {
    let policy = Policy::default();
    let mut vault = waiting(policy);
    assert_eq!(vault.refused(), Refused::default());
    for (top_level, written, known) in [
        (false, true, Refused { frame: true, top_level: false }),
        (false, false, Refused { frame: true, top_level: false }),
        (true, true, Refused { frame: true, top_level: true }),
        (true, false, Refused { frame: true, top_level: true }),
    ] {
        let effects = vault.step(at(62), refused(top_level));
        assert_eq!(effects.iter().any(|effect| *effect == Effect::Persist), written);
        let answer = Answer::ReauthRequired(ReauthReason::NoRefreshToken);
        assert!(
            effects.iter().any(|effect| *effect == Effect::Answer { caller: CALLER, answer: answer.clone() })
        );
        assert_eq!(vault.refused(), known);
        vault = Vault::load(policy, vault.row());
        assert_eq!(vault.refused(), known);
    }
}

#[test]
fn a_login_opens_every_way_again_and_a_refusal_that_comes_after_it_is_not_about_it() {
    let policy = Policy::default();
    let mut vault = waiting(policy);
    drop(vault.step(at(62), refused(true)));
    drop(vault.step(at(63), Event::RenewalCommitted { caller: CALLER, login: login(63_000), silent: false }));
    let effects = vault.step(at(64), refused(false));
    assert!(effects.iter().all(|effect| matches!(effect, Effect::Answer { .. })));
    let ask =
        Ask { op: None, stamp: vault.stamp(), reason: AskReason::Deadline, aim: None, active_ago: None };
    drop(vault.step(at(124), Event::TokenAsked { caller: CALLER, ask }));
    assert_eq!(vault.peek(at(124).wall), Answer::ReauthRequired(ReauthReason::NoRefreshToken));
    assert_eq!(vault.refused(), Refused::default());
}

#[test]
fn a_silent_login_keeps_the_grant_alive_and_not_the_session() {
    let mut vault = waiting(Policy::default());
    let left = |vault: &Vault, seconds| match vault.peek(at(seconds).wall) {
        Answer::Current(current) => (current.idle_left, current.absolute_left),
        other @ (Answer::RetryAfter(_)
        | Answer::Unobtainable
        | Answer::ReauthRequired(_)
        | Answer::Ended(_)
        | Answer::LoggedOut) => {
            panic!("{other:?}")
        }
    };
    let mut seen = vault.clone();
    let renewal = |silent| Event::RenewalCommitted { caller: CALLER, login: login(63_000), silent };
    drop(vault.step(at(100), renewal(true)));
    drop(seen.step(at(100), renewal(false)));
    let policy = Policy::default();
    assert_eq!(left(&seen, 100), (policy.idle_limit, policy.absolute_limit));
    let passed = Millis::from_secs(100);
    assert_eq!(left(&vault, 100), (policy.idle_limit.less(passed), policy.absolute_limit.less(passed)));
}

#[test]
fn a_refusal_keeps_no_session_alive() {
    let mut vault = waiting(Policy::default());
    let row = vault.row();
    drop(vault.step(at(62), refused(true)));
    assert_eq!(vault.row(), Row { refused: Refused { frame: false, top_level: true }, ..row });
    let late = at(100 * 86_400);
    drop(vault.step(late, refused(false)));
    assert!(matches!(vault.peek(late.wall), Answer::Ended(_)));
}

#[test]
fn a_vault_that_forgets_what_was_refused_or_makes_it_up_breaks_a_law() {
    let policy = Policy::default();
    let honest = waiting(policy);
    let mut told = honest.clone();
    drop(told.step(at(62), refused(true)));
    for (before, event, after) in [(&told, refused(false), &honest), (&honest, Event::DeadlineReached, &told)]
    {
        let effects = before.clone().step(at(63), Event::DeadlineReached);
        let broken = VaultWatch::new(policy).check(at(63), before, &event, &effects, after).unwrap_err();
        assert_eq!(broken.law, Law::EverySessionSettles);
    }
    let effects = honest.clone().step(at(63), refused(true));
    assert_eq!(VaultWatch::new(policy).check(at(63), &honest, &refused(true), &effects, &told), Ok(()));
}
