//! What people hand in: proven before it takes the place of a token that lives, and heard once however often it is delivered.

use alloc::vec::Vec;

use super::class::Class;
use super::doubt::AMBIGUOUS_MAX;
use super::effect::{Effect, Line, Origin};
use super::round::{Job, Round};
use super::token::{Fingerprint, Hand, Handed, Source, Verdict};
use super::turn::Turn;
use super::{Brought, Monitor, Reply};
use crate::id::CallerId;
use crate::time::Timestamp;

/// More than this at once come from somebody who tries.
const MOST_HANDS: usize = 4;
/// What became of so many is remembered.
const MOST_JUDGED: usize = 16;

/// Somebody who waits to hear what became of what they handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hander {
    pub(super) caller: CallerId,
    pub(super) name: Fingerprint,
    pub(super) until: Timestamp,
}

impl Monitor {
    pub(super) fn handed_in(&mut self, turn: &mut Turn, caller: CallerId, handed: Handed) {
        let Handed { name, source, exchange, expires_at, fallback_until, ticket } = handed;
        if let Some(verdict) = self.verdict_on(name, exchange, turn.now) {
            turn.push(Effect::Tell { caller, verdict });
            return;
        }
        if self.hand(name).is_none() {
            let in_time = match source {
                Source::Automatic(_) => false,
                Source::Approved => ticket.is_some_and(|ticket| self.is_open(ticket, turn.now)),
                Source::Pasted | Source::Imported | Source::LoggedIn => true,
            };
            let refused = if !in_time {
                Some(Verdict::Late)
            } else if expires_at.is_some_and(|expires_at| expires_at <= turn.now) {
                Some(Verdict::Over)
            } else if self.row.hands.len() >= MOST_HANDS {
                Some(Verdict::Busy)
            } else {
                None
            };
            if let Some(verdict) = refused {
                if verdict == Verdict::Late {
                    self.stray_approved(turn, ticket, name);
                }
                turn.log(Line::Judged { hand: name, verdict });
                turn.push(Effect::Tell { caller, verdict });
                return;
            }
            let round = Round::at(turn.now);
            let hand = Hand { name, source, exchange, expires_at, fallback_until, round, ambiguous: 0 };
            self.row.hands.push(hand);
            turn.push(Effect::Keep { hand: name });
        }
        if self.handers.len() < self.settings.most_waiters {
            self.handers.push(Hander { caller, name, until: turn.now.after(self.settings.caller_wait) });
        } else {
            turn.push(Effect::Tell { caller, verdict: Verdict::Unproven });
        }
    }

    /// What became of this, if it was handed in before and that is known. One that was taken and is over by now is no answer to anybody:
    /// the provider is asked about it anew, unless it was good for one exchange.
    fn verdict_on(&self, name: Fingerprint, exchange: bool, now: Timestamp) -> Option<Verdict> {
        let judged = self.row.judged.iter().find(|(judged, _)| *judged == name).map(|(_, verdict)| *verdict);
        let verdict = judged.or_else(|| {
            let token = self.row.token.filter(|token| token.hand == Some(name))?;
            Some(Verdict::Accepted(token.stamp))
        })?;
        let Verdict::Accepted(stamp) = verdict else { return Some(verdict) };
        let token = self.row.token.filter(|token| token.stamp == stamp && !token.is_valid(now));
        match (token, exchange) {
            (None, _) => Some(verdict),
            // What a logout has ended is not taken up again.
            (Some(token), _) if token.was_logged_out() => Some(Verdict::Late),
            (Some(_), true) => Some(Verdict::Over),
            (Some(_), false) => None,
        }
    }

    /// What can be used once is used up by the first attempt, whatever came of it.
    pub(super) const fn is_spent(&self, hand: &Hand) -> bool {
        hand.exchange && hand.round.made > 0 && !self.settings.exchange_repeatable
    }

    fn hand(&mut self, name: Fingerprint) -> Option<&mut Hand> {
        self.row.hands.iter_mut().find(|hand| hand.name == name)
    }

    /// An attempt at something handed in has ended: it is the token now, or is not, or is tried again.
    pub(super) fn hand_answered(
        &mut self,
        turn: &mut Turn,
        name: Fingerprint,
        exchanged: bool,
        from: Origin,
        reply: Reply,
    ) {
        let Some(hand) = self.hand(name).copied() else { return };
        let spent = self.is_spent(&hand);
        let brought = match reply {
            Reply::Valid if !exchanged => {
                let Hand { expires_at, fallback_until, .. } = hand;
                // What is proven is the token itself.
                let brought = Brought { stamp: None, expires_at, fallback_until, alone: true };
                Some((Origin::Hand(name), brought))
            }
            Reply::Renewed(brought) if exchanged => Some((from, brought)),
            Reply::Valid
            | Reply::Renewed(_)
            | Reply::Extended { .. }
            | Reply::Foreign
            | Reply::PushSent { .. }
            | Reply::Failed { .. }
            | Reply::Unsent => None,
        };
        if let Some((from, brought)) = brought {
            if brought.expires_at.is_some_and(|expires_at| expires_at <= turn.now) {
                return self.judge(turn, name, Verdict::Over);
            }
            let stamp = self.adopt(turn, hand.source, Some(name), from, brought, hand.round.made);
            let verdict = stamp.map_or(Verdict::Late, Verdict::Accepted);
            return self.judge(turn, name, verdict);
        }
        let class = match reply {
            Reply::Foreign => return self.judge(turn, name, Verdict::Foreign),
            Reply::Unsent => return self.try_hand_again(turn, name),
            Reply::Failed { class, until } => {
                if matches!(class, Class::RateLimited | Class::ServiceClosed) {
                    let until = self.hold(turn, until);
                    if !spent && let Some(hand) = self.hand(name) {
                        hand.round = Round::at(until);
                        return;
                    }
                }
                class
            }
            Reply::Valid | Reply::Renewed(_) | Reply::Extended { .. } | Reply::PushSent { .. } => {
                Class::OutcomeUnknown
            }
        };
        match class {
            Class::AccessExpired
            | Class::ReauthRequired
            | Class::ClientMisconfigured
            | Class::UserActionRequired
            | Class::WrongToken => self.judge(turn, name, Verdict::Refused(class)),
            Class::Transient
            | Class::RateLimited
            | Class::ServiceClosed
            | Class::Ambiguous
            | Class::OutcomeUnknown
                if spent =>
            {
                self.judge(turn, name, Verdict::Lost);
            }
            Class::Ambiguous => {
                let ambiguous = hand.ambiguous.saturating_add(1);
                if let Some(hand) = self.hand(name) {
                    hand.ambiguous = ambiguous;
                }
                if ambiguous >= AMBIGUOUS_MAX {
                    self.judge(turn, name, Verdict::Refused(class));
                } else {
                    self.try_hand_again(turn, name);
                }
            }
            Class::Transient | Class::RateLimited | Class::ServiceClosed | Class::OutcomeUnknown => {
                self.try_hand_again(turn, name);
            }
        }
    }

    /// With a pause, or at the next check.
    fn try_hand_again(&mut self, turn: &mut Turn, name: Fingerprint) {
        let (settings, next_check_at) = (&self.settings, self.row.next_check_at);
        let Some(hand) = self.row.hands.iter_mut().find(|hand| hand.name == name) else { return };
        if !hand.round.again(turn.now, turn.entropy, settings) {
            let pause = settings.pause(settings.attempts, turn.entropy);
            hand.round = Round::at(next_check_at.max(turn.now.after(pause)));
            turn.log(Line::Judged { hand: name, verdict: Verdict::Unproven });
            self.tell(turn, name, Verdict::Unproven);
        }
    }

    /// An exchange that was given up has ended well after all, and no other token has come since.
    pub(super) fn hand_late(&mut self, turn: &mut Turn, name: Fingerprint, from: Origin, brought: Brought) {
        let source = self.hand(name).map_or(Source::LoggedIn, |hand| hand.source);
        if let Some(stamp) = self.adopt(turn, source, Some(name), from, brought, 1) {
            self.row.judged.retain(|(judged, _)| *judged != name);
            self.judge(turn, name, Verdict::Accepted(stamp));
        }
    }

    /// What waits for its proof and has ended meanwhile needs none.
    pub(super) fn drop_old_hands(&mut self, turn: &mut Turn) {
        let under_way = self.hand_under_way();
        let is_old = |hand: &&Hand| {
            Some(hand.name) != under_way && hand.expires_at.is_some_and(|expires_at| expires_at <= turn.now)
        };
        let old: Vec<Fingerprint> = self.row.hands.iter().filter(is_old).map(|hand| hand.name).collect();
        for name in old {
            self.judge(turn, name, Verdict::Over);
        }
    }

    pub(super) fn hand_under_way(&self) -> Option<Fingerprint> {
        match self.row.attempt?.job {
            Job::Exchange(name) | Job::Prove(name) => Some(name),
            Job::Validate(_) | Job::Renew(_) | Job::AskPush => None,
        }
    }

    /// This is what became of it, for all who ask.
    pub(super) fn judge(&mut self, turn: &mut Turn, name: Fingerprint, verdict: Verdict) {
        let spent = self.hand(name).copied().is_some_and(|hand| self.is_spent(&hand));
        self.row.hands.retain(|hand| hand.name != name);
        self.row.judged.retain(|(judged, _)| *judged != name);
        if verdict.is_final() || spent {
            self.row.judged.push((name, verdict));
        }
        let over = self.row.judged.len().saturating_sub(MOST_JUDGED);
        self.row.judged.drain(..over);
        turn.push(Effect::Drop { hand: name });
        turn.log(Line::Judged { hand: name, verdict });
        self.tell(turn, name, verdict);
    }

    fn tell(&mut self, turn: &mut Turn, name: Fingerprint, verdict: Verdict) {
        for hander in self.handers.iter().filter(|hander| hander.name == name) {
            turn.push(Effect::Tell { caller: hander.caller, verdict });
        }
        self.handers.retain(|hander| hander.name != name);
    }

    /// Whoever has waited long enough hears that it is not known yet.
    pub(super) fn tell_late(&mut self, turn: &mut Turn) {
        let now = turn.now;
        for hander in self.handers.iter().filter(|hander| hander.until <= now) {
            turn.push(Effect::Tell { caller: hander.caller, verdict: Verdict::Unproven });
        }
        self.handers.retain(|hander| hander.until > now);
    }
}
