//! Every short sequence of events keeps every law of the vault: exhaustive where chance would miss the corner.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod every;

use everlit_core::Epoch;
use everlit_core::escrow::Closed;
use everlit_core::id::{Aim, CallerId, RequestId};
use everlit_core::law::VaultWatch;
use everlit_core::retry::Failure;
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::{
    self, Ask, AskReason, Blast, ErrandId, GraceProfile, Granted, Link, LinkChange, Login, Policy, Replay,
    RevocationAnswer, Target, Vault, Window,
};

const WALL: u64 = 1_790_000_000_000;
const AIM: Aim = Aim(1);

fn moment(millis: u64) -> Moment {
    Moment {
        wall: Timestamp::from_millis(WALL + millis),
        mono: Timestamp::from_millis(millis),
        entropy: (millis as u32).wrapping_mul(2_654_435_761),
    }
}

fn vault_events(vault: &Vault) -> Vec<vault::Event> {
    use vault::Event as E;
    let request = match vault.phase() {
        vault::Phase::Live(live) => live.intent.map_or(RequestId(7), |intent| intent.request),
        vault::Phase::Vacant | vault::Phase::ReauthRequired(_) | vault::Phase::Ended(_) => {
            vault.orphan().map_or(RequestId(0), |orphan| orphan.intent.request)
        }
    };
    let escrow = |closed| E::EscrowAnswered { request, closed };
    let held = vault.stamp().unwrap_or_default();
    let grant = |name: &str, refresh: bool| Granted {
        access_token: Secret::new(format!("access-{name}")),
        expires_in: Millis::from_secs(20),
        refresh_token: refresh.then(|| Secret::new(format!("refresh-{name}"))),
        target: None,
    };
    let next = format!("{}", held.generation.0 + 1);
    let ask = |stamp, reason, active_ago| E::TokenAsked {
        caller: CallerId(1),
        ask: Ask { op: None, stamp, reason, aim: None, active_ago },
    };
    let aimed = |reason| E::TokenAsked {
        caller: CallerId(5),
        ask: Ask { op: None, stamp: Some(held), reason, aim: Some(AIM), active_ago: None },
    };
    let target = Some(Target { aim: AIM, scope: "orders".into() });
    let failed = |failure| E::TokenAnswered {
        request,
        answer: vault::TokenAnswer::Failed { failure, retry_after: None },
    };
    vec![
        E::LoginCommitted(Login { epoch: Epoch(WALL), grant: grant("1", true) }),
        E::LoginCommitted(Login { epoch: Epoch(WALL), grant: grant("other", false) }),
        E::RenewalCommitted {
            caller: CallerId(3),
            login: Login { epoch: Epoch(WALL + 9), grant: grant(&next, true) },
            silent: false,
        },
        ask(Some(held), AskReason::Deadline, None),
        ask(Some(held), AskReason::Forced, Some(Millis::from_secs(1))),
        ask(None, AskReason::Resume, None),
        aimed(AskReason::Resume),
        E::TokenAnswered { request, answer: vault::TokenAnswer::Granted(grant(&next, true)) },
        E::TokenAnswered {
            request,
            answer: vault::TokenAnswer::Granted(Granted { target, ..grant(&format!("for-{next}"), true) }),
        },
        E::TokenAnswered { request: RequestId(0), answer: vault::TokenAnswer::Granted(grant(&next, true)) },
        failed(Failure::Reauth),
        failed(Failure::Throttled),
        failed(Failure::Ambiguous),
        escrow(None),
        escrow(Some(Closed::NeverSent)),
        escrow(Some(Closed::Claimed { at: moment(0).wall })),
        escrow(Some(Closed::Answered(vault::TokenAnswer::Granted(grant(&next, true))))),
        escrow(Some(Closed::Outrun { newest: RequestId(9) })),
        E::RevocationAnswered { errand: ErrandId(0), answer: RevocationAnswer::Retry { retry_after: None } },
        E::RevocationAnswered { errand: ErrandId(0), answer: RevocationAnswer::Settled },
        E::SilentRefused { caller: CallerId(4), top_level: true },
        E::LinkChanged {
            caller: CallerId(5),
            change: LinkChange::Made {
                of: Epoch(WALL),
                link: Link {
                    provider: "other".into(),
                    vault: Secret::new(format!("vault-{next}")),
                    made: Epoch(WALL + u64::from(held.generation.0)),
                },
            },
        },
        E::LogoutAsked { caller: CallerId(2) },
        E::DeadlineReached,
    ]
}

#[test]
fn vault_keeps_every_law_in_every_sequence_of_five_events_and_survives_restarts() {
    let choices = vault_events(&Vault::new(Policy::default())).len();
    let mut requests = 0_u64;
    let wide = GraceProfile { blast: Blast::ClientAndUser, ..GraceProfile::STRICT };
    let window = Window::For(Millis::from_secs(60));
    let forgiving = GraceProfile { window, replay: Replay::SamePair, ..GraceProfile::STRICT };
    for (pause, restart, grace) in [
        (1_000, false, GraceProfile::STRICT),
        (16_000, false, GraceProfile::STRICT),
        (16_000, true, forgiving),
        (31_000, false, wide),
        (31_000, true, GraceProfile::STRICT),
    ] {
        every::sequence(choices, 4, |sequence| {
            let policy =
                Policy { grace, shared_grant: restart, refresh_ends_tokens: restart, ..Policy::default() };
            let mut vault = Vault::new(policy);
            let mut watch = VaultWatch::new(policy);
            // The first event is always a login: without one there is nothing to break.
            for (index, choice) in [0].iter().chain(sequence).enumerate() {
                let now = moment(index as u64 * pause);
                let event = vault_events(&vault)[*choice].clone();
                let before = vault.clone();
                let effects = vault.step(now, event.clone());
                requests +=
                    effects.iter().filter(|e| matches!(e, vault::Effect::RequestToken { .. })).count() as u64;
                if let Err(broken) = watch.check(now, &before, &event, &effects, &vault) {
                    panic!(
                        "{broken:?} at {event:?} in {sequence:?} with pauses of {pause} ms, from {before:?}"
                    );
                }
                let written = effects
                    .iter()
                    .any(|effect| matches!(effect, vault::Effect::Persist | vault::Effect::Forget));
                assert!(written || before.row() == vault.row(), "{event:?} changed what is not written");
                let loaded = Vault::load(policy, vault.row());
                assert_eq!(loaded.row(), vault.row(), "a row says all there is");
                if restart {
                    vault = loaded;
                }
            }
        });
    }
    assert!(requests > 30_000, "the sequences went nowhere: {requests} requests");
}
