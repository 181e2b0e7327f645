//! A vault with everybody around it, in the hands of a test.
#![allow(clippy::expect_used, dead_code, missing_docs, unreachable_pub)]

use everlit_core::Epoch;
use everlit_core::escrow::Closed;
use everlit_core::id::{Aim, CallerId, RequestId};
use everlit_core::retry::Failure;
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::{
    Answer, Ask, AskReason, Blast, Effect, Event, GraceProfile, Granted, Login, Outcome, Policy, Replay,
    Target, TokenAnswer, Vault, Window,
};

pub const WALL: u64 = 1_790_000_000_000;

pub fn at(seconds: u64) -> Moment {
    let wall = Timestamp::from_millis(WALL + seconds * 1_000);
    Moment { wall, mono: wall, entropy: 0 }
}

pub fn grant(n: u32) -> Granted {
    Granted {
        access_token: Secret::new(format!("access-{n}")),
        expires_in: Millis::from_secs(60),
        refresh_token: Some(Secret::new(format!("refresh-{n}"))),
        target: None,
    }
}

/// A token for this aim, and the next refresh token.
pub fn grant_for(n: u32, aim: Aim) -> Granted {
    Granted { target: Some(Target { aim, scope: format!("scope-{}", aim.0) }), ..grant(n) }
}

/// A vault with everybody around it: what it wants done, in order.
pub struct Play {
    pub policy: Policy,
    pub vault: Vault,
    pub done: Vec<Effect>,
}

impl Play {
    pub fn new(policy: Policy) -> Self {
        let mut play = Self { policy, vault: Vault::new(policy), done: Vec::new() };
        play.step(0, Event::LoginCommitted(Login { epoch: Epoch(WALL), grant: grant(1) }));
        play
    }

    pub fn with(grace: GraceProfile) -> Self {
        Self::new(Policy { grace, ..Policy::default() })
    }

    pub fn step(&mut self, seconds: u64, event: Event) {
        self.done = self.vault.step(at(seconds), event).into_iter().collect();
    }

    pub fn ask(&mut self, seconds: u64, reason: AskReason) {
        let ask = Ask { op: None, stamp: self.vault.stamp(), reason, aim: None, active_ago: None };
        self.step(seconds, Event::TokenAsked { caller: CallerId(1), ask });
    }

    /// A question of this caller for what is for less than all of the grant.
    pub fn ask_for(&mut self, seconds: u64, caller: u64, aim: Option<Aim>, reason: AskReason) {
        let ask = Ask { op: None, stamp: self.vault.stamp(), reason, aim, active_ago: None };
        self.step(seconds, Event::TokenAsked { caller: CallerId(caller), ask });
    }

    /// Who was told what in the last step: the token, or nothing where it was to come again.
    pub fn told(&self) -> Vec<(u64, Option<&str>)> {
        let mut told = Vec::new();
        for effect in &self.done {
            if let Effect::Answer { caller, answer } = effect {
                told.push((
                    caller.0,
                    match answer {
                        Answer::Current(current) => Some(current.access_token.expose().as_str()),
                        Answer::RetryAfter(_)
                        | Answer::Unobtainable
                        | Answer::ReauthRequired(_)
                        | Answer::Ended(_)
                        | Answer::LoggedOut => None,
                    },
                ));
            }
        }
        told
    }

    /// What the requests of the last step ask for.
    pub fn aims(&self) -> Vec<Option<Aim>> {
        let mut aims = Vec::new();
        for effect in &self.done {
            if let Effect::RequestToken { aim, .. } = effect {
                aims.push(*aim);
            }
        }
        aims
    }

    /// The object is reset: its row stays.
    pub fn crash(&mut self) {
        self.vault = Vault::load(self.policy, self.vault.row());
    }

    pub fn escrow(&mut self, seconds: u64, request: u32, closed: Closed<TokenAnswer>) {
        self.step(seconds, Event::EscrowAnswered { request: RequestId(request), closed: Some(closed) });
    }

    pub fn answered(&mut self, seconds: u64, request: u32, answer: TokenAnswer) {
        self.step(seconds, Event::TokenAnswered { request: RequestId(request), answer });
    }

    pub fn granted(&mut self, seconds: u64, request: u32, n: u32) {
        self.answered(seconds, request, TokenAnswer::Granted(grant(n)));
    }

    pub fn refused(&mut self, seconds: u64, request: u32) {
        let answer = TokenAnswer::Failed { failure: Failure::Reauth, retry_after: None };
        self.answered(seconds, request, answer);
    }

    /// Everything that was sent in the last step: which request, with which token.
    pub fn sent(&self) -> Vec<(u32, &str)> {
        let mut sent = Vec::new();
        for effect in &self.done {
            if let Effect::RequestToken { request, refresh_token, .. } = effect {
                sent.push((request.0, refresh_token.expose().as_str()));
            }
        }
        sent
    }

    pub fn closes(&self) -> bool {
        self.done.iter().any(|effect| matches!(effect, Effect::CloseEscrow { .. }))
    }

    pub fn revoked(&self) -> Vec<&str> {
        let mut revoked = Vec::new();
        for effect in &self.done {
            if let Effect::Revoke { refresh_token, .. } = effect {
                revoked.push(refresh_token.expose().as_str());
            }
        }
        revoked
    }

    pub fn generation(&self) -> u32 {
        self.vault.stamp().expect("there is a session").generation.0
    }

    pub fn counted(&self) -> Vec<(Outcome, u32)> {
        self.vault.tally().iter().filter(|(_, count)| *count > 0).collect()
    }

    pub fn peek(&self, seconds: u64) -> Answer {
        self.vault.peek(at(seconds).wall)
    }

    /// A refresh that was sent and never answered, up to the moment at which it can be under way no longer.
    pub fn lost(&mut self, from: u64, request: u32) {
        self.answered(from + 1, request, TokenAnswer::Unheard);
        assert!(self.closes());
        self.escrow(from + 1, request, Closed::Claimed { at: at(from).wall });
        let settled = self.policy.grace.settled_after().as_millis() / 1_000;
        self.escrow(from + settled - 1, request, Closed::Claimed { at: at(from).wall });
        assert_eq!(self.sent(), [], "it may still be under way");
        self.escrow(from + settled, request, Closed::Claimed { at: at(from).wall });
    }
}

pub fn window(seconds: u64) -> GraceProfile {
    GraceProfile {
        window: Window::For(Millis::from_secs(seconds)),
        replay: Replay::SamePair,
        ..GraceProfile::STRICT
    }
}

pub const WIDE: GraceProfile = GraceProfile { blast: Blast::ClientAndUser, ..GraceProfile::STRICT };
