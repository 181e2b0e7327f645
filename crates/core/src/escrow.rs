//! The escrow: who may send a token request, and what came of it, kept apart from the vault that asked for it.
//!
//! A vault that crashes in the middle of a refresh must learn afterwards whether its request was sent, and if so, what the
//! answer was: a strict authorization server gives the next refresh token once. So the request is made by a rotator, and the
//! rotator follows the escrow: it *claims* the request first, and leaves the *answer* here before it tells anybody. Of several
//! claims the first wins, whoever repeats it. A vault that does not know where it stands *closes* the request.
//!
//! There is one entry, for the newest request:
//!
//! | entry | means | claim | answer | close |
//! |---|---|---|---|---|
//! | none | never heard of: *open* | → claimed | dropped | → void: never sent |
//! | claimed | somebody sends it | refused | → answered | still claimed |
//! | answered | it came to an end | refused | kept as it is | the answer |
//! | void | closed before anybody claimed it | refused | dropped | never sent |
//!
//! A newer request overwrites all of that; an older one finds that it was outrun.
//!
//! ```
//! use everlit_core::escrow::{Claim, Closed, Escrow};
//! use everlit_core::id::RequestId;
//! use everlit_core::time::Timestamp;
//!
//! let (now, mut escrow) = (Timestamp::from_millis(1_790_000_000_000), Escrow::default());
//! assert_eq!(escrow.claim(RequestId(7), now), Claim::Won);
//! assert_eq!(escrow.claim(RequestId(7), now), Claim::Lost { newest: RequestId(7) }, "delivered twice, sent once");
//! escrow.answer(RequestId(7), "tokens");
//! assert_eq!(escrow.close(RequestId(7)), Closed::Answered("tokens"));
//! assert_eq!(escrow.close(RequestId(8)), Closed::NeverSent);
//! ```

use crate::id::RequestId;
use crate::time::Timestamp;

/// What is known of the newest request. `A` is the answer as it is kept: sealed, in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry<A> {
    /// A rotator took it, and sends it or has sent it.
    Claimed {
        /// When.
        at: Timestamp,
    },
    /// It came to an end.
    Answered {
        /// When it was taken.
        at: Timestamp,
        /// How it ended.
        answer: A,
    },
    /// It was closed before any rotator took it: nobody will send it.
    Void,
}

/// What a rotator is told that wants to send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// It is yours: send it.
    Won,
    /// Send nothing: this request was taken or closed, or is older than the newest one.
    Lost {
        /// The newest request there is.
        newest: RequestId,
    },
}

/// What a vault is told that closes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closed<A> {
    /// It was not sent and never will be.
    NeverSent,
    /// Somebody took it, and nobody has said yet what came of it.
    Claimed {
        /// When.
        at: Timestamp,
    },
    /// It came to an end.
    Answered(A),
    /// There is a newer one: whoever asks is behind, because its storage went back in time.
    Outrun {
        /// The newest request there is.
        newest: RequestId,
    },
}

/// The escrow of one session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Escrow<A> {
    entry: Option<(RequestId, Entry<A>)>,
}

impl<A> Default for Escrow<A> {
    fn default() -> Self {
        Self { entry: None }
    }
}

impl<A: Clone> Escrow<A> {
    /// The escrow as its row left it.
    #[must_use]
    pub const fn load(entry: Option<(RequestId, Entry<A>)>) -> Self {
        Self { entry }
    }

    /// What to write down. It is written within the same turn, before anything is answered.
    #[must_use]
    pub const fn entry(&self) -> Option<&(RequestId, Entry<A>)> {
        self.entry.as_ref()
    }

    /// A rotator wants to send a request.
    pub fn claim(&mut self, request: RequestId, now: Timestamp) -> Claim {
        match &self.entry {
            Some((newest, _)) if *newest >= request => Claim::Lost { newest: *newest },
            Some(_) | None => {
                self.entry = Some((request, Entry::Claimed { at: now }));
                Claim::Won
            }
        }
    }

    /// The rotator that claimed a request says how it ended. False if nobody waits for that any more.
    pub fn answer(&mut self, request: RequestId, answer: A) -> bool {
        match &self.entry {
            Some((newest, Entry::Claimed { at })) if *newest == request => {
                self.entry = Some((request, Entry::Answered { at: *at, answer }));
                true
            }
            // Delivered twice: the first one stands.
            Some((newest, Entry::Answered { .. })) => *newest == request,
            Some((_, Entry::Claimed { .. } | Entry::Void)) | None => false,
        }
    }

    /// A vault wants to know what became of a request, and that nobody sends it from now on who has not begun.
    pub fn close(&mut self, request: RequestId) -> Closed<A> {
        match &self.entry {
            Some((newest, _)) if *newest > request => Closed::Outrun { newest: *newest },
            Some((newest, entry)) if *newest == request => match entry {
                Entry::Claimed { at } => Closed::Claimed { at: *at },
                Entry::Answered { answer, .. } => Closed::Answered(answer.clone()),
                Entry::Void => Closed::NeverSent,
            },
            Some(_) | None => {
                self.entry = Some((request, Entry::Void));
                Closed::NeverSent
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);
    const R: RequestId = RequestId(5);

    #[test]
    fn the_first_claim_wins_and_no_other() {
        let mut escrow = Escrow::<u8>::default();
        assert_eq!(escrow.claim(R, NOW), Claim::Won);
        assert_eq!(escrow.claim(R, NOW), Claim::Lost { newest: R });
        assert!(escrow.answer(R, 1));
        assert_eq!(escrow.claim(R, NOW), Claim::Lost { newest: R });
    }

    #[test]
    fn what_was_closed_unclaimed_is_never_sent() {
        let mut escrow = Escrow::<u8>::default();
        assert_eq!(escrow.close(R), Closed::NeverSent);
        assert_eq!(escrow.claim(R, NOW), Claim::Lost { newest: R });
        assert!(!escrow.answer(R, 1));
        assert_eq!(escrow.close(R), Closed::NeverSent);
    }

    #[test]
    fn a_claim_is_no_answer_and_the_first_answer_stands() {
        let mut escrow = Escrow::default();
        escrow.claim(R, NOW);
        assert_eq!(escrow.close(R), Closed::Claimed { at: NOW });
        assert!(escrow.answer(R, 1));
        assert!(escrow.answer(R, 2), "a repetition is no failure");
        assert_eq!(escrow.close(R), Closed::Answered(1));
    }

    #[test]
    fn a_newer_request_overwrites_and_an_older_one_is_outrun() {
        let mut escrow = Escrow::default();
        escrow.claim(R, NOW);
        escrow.answer(R, 1);
        assert_eq!(escrow.claim(R.next(), NOW), Claim::Won);
        assert_eq!(escrow.claim(R, NOW), Claim::Lost { newest: R.next() });
        assert_eq!(escrow.close(R), Closed::Outrun { newest: R.next() });
        assert!(!escrow.answer(R, 9));
        assert_eq!(escrow.close(R.next()), Closed::Claimed { at: NOW });
    }
}
