//! Asking the provider about the token in use: for a cause, or now and then, and never for more than our part of its call budget.

use super::class::Class;
use super::effect::Line;
use super::round::Round;
use super::token::Death;
use super::turn::Turn;
use super::{Monitor, Reply};
use crate::id::Stamp;
use crate::time::{Millis, Timestamp};

/// So many answers in a row that could mean anything mean that the token is over: a provider that cannot say so says that.
pub(super) const AMBIGUOUS_MAX: u32 = 2;
/// What the provider said so lately is not asked again because a caller thinks otherwise: all of them together spend no more than that of
/// the call budget.
pub(super) const ASKED_AGAIN: Millis = Millis::from_secs(300);
/// So long the provider's good word on a token is worth more than an answer that could mean anything: as long as the budgets that are known
/// keep us from asking again.
const TAKEN_FOR: Millis = Millis::from_secs(60);

/// Why the provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DoubtCause {
    /// It was not asked for long.
    Routine,
    /// A caller thinks that the token is of no use.
    Asked,
    /// An answer could mean that it is over, or it is not known what a renewal came to.
    Ambiguous,
}

/// A question about the token that is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Doubt {
    /// Why.
    pub cause: DoubtCause,
    /// Its attempts.
    pub round: Round,
    /// How many answers in a row could mean anything.
    pub ambiguous: u32,
}

/// What the provider said of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Validated {
    /// When.
    pub at: Timestamp,
    /// Whether it takes it.
    pub valid: bool,
}

impl Monitor {
    /// The token may be over: the provider is asked, once what is under way has ended.
    pub(super) fn doubt(&mut self, turn: &Turn, cause: DoubtCause) {
        if self.row.token.is_none_or(|token| token.is_over()) || !self.settings.validates {
            return;
        }
        let recent = turn.now < self.row.asked_at.after(ASKED_AGAIN);
        match &mut self.row.doubt {
            Some(doubt) => doubt.cause = doubt.cause.max(cause),
            None if cause == DoubtCause::Asked && recent => {}
            none => *none = Some(Doubt { cause, round: Round::at(turn.now), ambiguous: 0 }),
        }
    }

    /// Whether the provider has said a moment ago that it takes the token.
    pub(super) fn was_just_taken(&self, now: Timestamp) -> bool {
        let taken = self.row.validated.filter(|validated| validated.valid && validated.at <= now);
        taken.is_some_and(|taken| now < taken.at.after(TAKEN_FOR))
    }

    /// At a check.
    pub(super) fn validate_routinely(&mut self, turn: &Turn) {
        if self.row.asked_at.after(self.settings.validate_every) <= turn.now {
            self.doubt(turn, DoubtCause::Routine);
        }
    }

    /// The provider said something about the token, or nobody knows what.
    pub(super) fn validated(&mut self, turn: &mut Turn, stamp: Stamp, reply: Reply) {
        if self.row.token.is_none_or(|token| token.stamp != stamp || token.is_over()) {
            return;
        }
        let class = match reply {
            Reply::Valid => {
                self.row.doubt = None;
                self.row.validated = Some(Validated { at: turn.now, valid: true });
                // What was sent without an answer has not cost the token.
                self.row.renewal.unsure = false;
                return;
            }
            Reply::Foreign => Class::AccessExpired,
            Reply::Failed { class, until } => {
                if matches!(class, Class::RateLimited | Class::ServiceClosed) {
                    let round = Round::at(self.hold(turn, until));
                    let doubt = self.row.doubt.filter(|doubt| doubt.cause != DoubtCause::Routine);
                    self.row.doubt = doubt.map(|doubt| Doubt { round, ..doubt });
                    return;
                }
                class
            }
            Reply::Unsent => Class::Transient,
            Reply::Renewed(_) | Reply::Extended { .. } | Reply::PushSent { .. } => Class::OutcomeUnknown,
        };
        match class {
            Class::AccessExpired | Class::ReauthRequired => self.die(turn, Some(class)),
            Class::Ambiguous => {
                let Some(doubt) = &mut self.row.doubt else { return };
                doubt.cause = DoubtCause::Ambiguous;
                doubt.ambiguous = doubt.ambiguous.saturating_add(1);
                if doubt.ambiguous >= AMBIGUOUS_MAX {
                    self.die(turn, Some(class));
                } else {
                    self.doubt_again(turn);
                }
            }
            Class::Transient | Class::OutcomeUnknown | Class::RateLimited | Class::ServiceClosed => {
                self.doubt_again(turn);
            }
            // Says nothing about the token.
            Class::ClientMisconfigured | Class::UserActionRequired | Class::WrongToken => {
                self.row.doubt = None
            }
        }
    }

    fn doubt_again(&mut self, turn: &Turn) {
        let next_check_at = self.row.next_check_at;
        let Some(doubt) = &mut self.row.doubt else { return };
        if doubt.cause == DoubtCause::Routine {
            // It was not needed; the next one has its hour.
            self.row.doubt = None;
        } else if !doubt.round.again(turn.now, turn.entropy, &self.settings) {
            doubt.round = Round::at(next_check_at.max(turn.now.after(self.settings.pause(1, 0))));
        }
    }

    /// Somebody who knows says that the token is over.
    pub(super) fn die(&mut self, turn: &mut Turn, class: Option<Class>) {
        let Some(token) = self.row.token.as_mut().filter(|token| token.dead.is_none()) else { return };
        token.dead = Some(Death { at: turn.now, class });
        let stamp = token.stamp;
        self.row.doubt = None;
        if class.is_some() {
            self.row.validated = Some(Validated { at: turn.now, valid: false });
        }
        self.row.renewal.restart();
        turn.log(Line::Ended { stamp, class });
    }
}
