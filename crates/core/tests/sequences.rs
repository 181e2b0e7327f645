//! Every short sequence of events keeps every law: exhaustive where chance would miss the corner.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use everlit_core::escrow::Closed;
use everlit_core::id::{CallId, CallerId, RequestId};
use everlit_core::law::{TabWatch, VaultWatch};
use everlit_core::retry::Failure;
use everlit_core::secret::Secret;
use everlit_core::tab::{self, Denial, PeerMessage, SessionAnswer, Tab, TokenState};
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::{
    self, Ask, AskReason, Blast, ErrandId, GraceProfile, Granted, Login, Policy, Replay, RevocationAnswer,
    Vault, Window,
};
use everlit_core::{Epoch, Generation, Stamp};

const WALL: u64 = 1_790_000_000_000;

fn moment(millis: u64) -> Moment {
    Moment {
        wall: Timestamp::from_millis(WALL + millis),
        mono: Timestamp::from_millis(millis),
        entropy: (millis as u32).wrapping_mul(2_654_435_761),
    }
}

fn stamp(epoch: u64, generation: u32) -> Stamp {
    Stamp { epoch: Epoch(WALL + epoch), generation: Generation(generation) }
}

/// Calls `visit` with every sequence of `length` numbers below `choices`.
fn sequences(choices: usize, length: u32, mut visit: impl FnMut(&[usize])) {
    let mut sequence = vec![0; length as usize];
    for mut number in 0..choices.pow(length) {
        for place in &mut sequence {
            *place = number % choices;
            number /= choices;
        }
        visit(&sequence);
    }
}

fn tab_events(tab: &Tab) -> Vec<tab::Event> {
    use tab::Event as E;
    let request = tab.phase().request().unwrap_or(RequestId(0));
    let token =
        |stamp| TokenState { stamp, expires_in: Millis::from_secs(20), lifetime: Millis::from_secs(20) };
    let failed = tab::TokenAnswer::Failed { failure: Failure::Transient, retry_after: None };
    let unavailable = SessionAnswer::Failed { failure: Failure::Transient, retry_after: None };
    let moved = |stamp| {
        let expires_at = Timestamp::from_millis(WALL + 60_000);
        E::PeerTold(PeerMessage::Moved { stamp, expires_at, lifetime: Millis::from_secs(20) })
    };
    vec![
        E::Opened,
        E::SessionAnswered { request, answer: SessionAnswer::Active(token(stamp(0, 2))) },
        E::SessionAnswered { request, answer: SessionAnswer::Active(token(stamp(9, 1))) },
        E::SessionAnswered { request, answer: SessionAnswer::LoggedOut },
        E::SessionAnswered { request, answer: unavailable },
        E::TokenAnswered { request, answer: tab::TokenAnswer::Current(token(stamp(0, 3))) },
        E::TokenAnswered { request, answer: tab::TokenAnswer::Current(token(stamp(0, 1))) },
        E::TokenAnswered { request, answer: failed },
        E::TokenAnswered { request, answer: tab::TokenAnswer::ReauthRequired },
        E::DeadlineReached,
        E::Nudged,
        E::Restored,
        E::RefreshAsked,
        E::LoginAsked,
        E::LogoutAsked,
        // A fresh tab's requests are named in order, so these meet a logout in many of the sequences.
        E::LogoutAnswered { request: RequestId(2), done: true },
        E::LogoutAnswered { request: RequestId(3), done: true },
        E::CallAsked { call: CallId(1) },
        E::CallDenied { call: CallId(1), stamp: stamp(0, 2), repeated: false, denial: Denial::AccessExpired },
        E::CallDenied { call: CallId(1), stamp: stamp(0, 2), repeated: true, denial: Denial::LoggedOut },
        moved(stamp(0, 4)),
        moved(stamp(9, 1)),
        E::PeerTold(PeerMessage::LoggedOut { epoch: Epoch(WALL) }),
    ]
}

#[test]
fn tab_keeps_every_law_in_every_sequence_of_five_events() {
    let choices = tab_events(&Tab::new()).len();
    let mut transitions = 0_u64;
    // The first event is always the opening; pauses differ so that deadlines are met early, late and across a wake.
    for pause in [200, 16_000, 31_000] {
        sequences(choices, 4, |sequence| {
            let mut tab = Tab::new();
            let mut watch = TabWatch::new();
            drop(tab.step(moment(0), tab::Event::Opened));
            for (index, choice) in sequence.iter().enumerate() {
                let now = moment((index as u64 + 1) * pause);
                let event = tab_events(&tab)[*choice];
                let before = tab.clone();
                let effects = tab.step(now, event);
                transitions +=
                    effects.iter().filter(|e| matches!(e, tab::Effect::Transition { .. })).count() as u64;
                if let Err(broken) = watch.check(now, &before, &event, &effects, &tab) {
                    panic!(
                        "{broken:?} at {event:?} in {sequence:?} with pauses of {pause} ms, from {before:?}"
                    );
                }
            }
        });
    }
    assert!(transitions > 100_000, "the sequences went nowhere: {transitions} transitions");
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
    };
    let next = format!("{}", held.generation.0 + 1);
    let ask = |stamp, reason, active_ago| E::TokenAsked {
        caller: CallerId(1),
        ask: Ask { op: None, stamp, reason, active_ago },
    };
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
        },
        ask(Some(held), AskReason::Deadline, None),
        ask(Some(held), AskReason::Forced, Some(Millis::from_secs(1))),
        ask(None, AskReason::Resume, None),
        E::TokenAnswered { request, answer: vault::TokenAnswer::Granted(grant(&next, true)) },
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
        sequences(choices, 4, |sequence| {
            let policy = Policy { grace, shared_grant: restart, ..Policy::default() };
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
