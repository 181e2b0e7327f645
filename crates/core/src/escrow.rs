//! The escrow: who may send a token request, and what came of it, kept apart from the vault that asked for it.
//!
//! A vault that crashes in the middle of a refresh must learn afterwards whether its request was sent, and if so, what the
//! answer was: a strict authorization server gives the next refresh token once. So the request is made by a rotator, and the
//! rotator follows the escrow: it *claims* the request first, and leaves the *answer* here before it tells anybody. Of several
//! rotators the first wins. It may repeat its claim, whose answer may have been lost, and nobody but it may leave an answer; one
//! that knows that it will not send says so. A vault that does not know where it stands *closes* the request; and one that needs
//! none any more closes a request that it never made, which leaves nothing of the last answer.
//!
//! There is one entry, for the newest request:
//!
//! | entry | means | claim | answer | close |
//! |---|---|---|---|---|
//! | none | never heard of: *open* | → claimed | dropped | → void: never sent |
//! | claimed | somebody sends it | by the same: granted again; else refused | by the same: → answered; else dropped | still claimed |
//! | answered | it came to an end | refused | kept as it is | the answer |
//! | void | closed before anybody claimed it | refused | dropped | never sent |
//!
//! A newer request overwrites all of that; an older one finds that it was outrun.
//!
//! ```
//! use everlit_core::escrow::{Claim, Closed, Escrow};
//! use everlit_core::id::{RequestId, RotatorId};
//! use everlit_core::time::Timestamp;
//!
//! let (now, mut escrow) = (Timestamp::from_millis(1_790_000_000_000), Escrow::default());
//! let (one, other) = (RotatorId(1), RotatorId(2));
//! assert_eq!(escrow.claim(RequestId(7), one, now), Claim::Won);
//! assert_eq!(escrow.claim(RequestId(7), other, now), Claim::Lost { newest: RequestId(7) }, "delivered twice, sent once");
//! assert_eq!(escrow.claim(RequestId(7), one, now), Claim::Won, "it had not heard of it");
//! escrow.answer(RequestId(7), one, "tokens");
//! assert_eq!(escrow.close(RequestId(7)), Closed::Answered("tokens"));
//! assert_eq!(escrow.close(RequestId(8)), Closed::NeverSent);
//! ```

use crate::id::{RequestId, RotatorId};
use crate::time::{Millis, Timestamp};

/// How long the vault is made to wait for an answer that the escrow does not take. It is in hand, and is kept all the same.
pub const TELL_AFTER: Millis = Millis::from_secs(1);
/// How long an answer is tried to be kept: a runtime gives 30 s to work in the background, and the last try takes its time too.
const KEEP_FOR: Millis = Millis::from_secs(27);

/// When the answer of a token request is to be kept once more, so long after the first of so many tries; nothing if never.
#[must_use]
pub fn keep_again(tries: u32, passed: Millis) -> Option<Millis> {
    let wait = Millis::from_millis(match tries {
        0 => 0,
        1 => 100,
        2 => 300,
        3 => 1_000,
        4 => 3_000,
        _ => 5_000,
    });
    (passed.plus(wait) <= KEEP_FOR).then_some(wait)
}

/// When a request is to be claimed once more after so many tries; nothing if never.
#[must_use]
pub fn claim_again(tries: u32) -> Option<Millis> {
    let wait = match tries {
        0 | 1 => 0,
        2 => 100,
        3 => 300,
        _ => return None,
    };
    Some(Millis::from_millis(wait))
}

/// Whether a request may leave that its rotator began to claim at `since`. One that has lost half of its time cannot wait for
/// its answer as long as the server may need, and whoever finds the claim counts from there.
#[must_use]
pub fn may_leave(since: Timestamp, now: Timestamp, send_by: Timestamp, abort_after: Millis) -> bool {
    now <= send_by && since.until(now) <= abort_after.percent(50)
}

/// What is known of the newest request. `A` is the answer as it is kept: sealed, in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry<A> {
    /// A rotator took it, and sends it or has sent it.
    Claimed {
        /// When.
        at: Timestamp,
        /// Which one.
        by: RotatorId,
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

    /// A rotator wants to send a request. One that has claimed it already is told so again, and the first time counts.
    pub fn claim(&mut self, request: RequestId, by: RotatorId, now: Timestamp) -> Claim {
        match &self.entry {
            Some((newest, Entry::Claimed { by: holder, .. })) if *newest == request && *holder == by => {
                Claim::Won
            }
            Some((newest, _)) if *newest >= request => Claim::Lost { newest: *newest },
            Some(_) | None => {
                self.entry = Some((request, Entry::Claimed { at: now, by }));
                Claim::Won
            }
        }
    }

    /// The rotator that claimed a request says how it ended. False if nobody waits for that any more.
    pub fn answer(&mut self, request: RequestId, by: RotatorId, answer: A) -> bool {
        match &self.entry {
            Some((newest, Entry::Claimed { at, by: holder })) if *newest == request && *holder == by => {
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
                Entry::Claimed { at, .. } => Closed::Claimed { at: *at },
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
    const ONE: RotatorId = RotatorId(1);
    const OTHER: RotatorId = RotatorId(2);

    #[test]
    fn the_first_claim_wins_and_no_other() {
        let mut escrow = Escrow::<u8>::default();
        assert_eq!(escrow.claim(R, ONE, NOW), Claim::Won);
        assert_eq!(escrow.claim(R, OTHER, NOW), Claim::Lost { newest: R });
        assert!(escrow.answer(R, ONE, 1));
        assert_eq!(escrow.claim(R, OTHER, NOW), Claim::Lost { newest: R });
        assert_eq!(escrow.claim(R, ONE, NOW), Claim::Lost { newest: R });
    }

    #[test]
    fn who_claims_again_is_told_again_and_the_first_time_counts() {
        let later = NOW.after(Millis::from_secs(1));
        let mut escrow = Escrow::<u8>::default();
        escrow.claim(R, ONE, NOW);
        assert_eq!(escrow.claim(R, ONE, later), Claim::Won);
        assert_eq!(escrow.close(R), Closed::Claimed { at: NOW });
        assert_eq!(escrow.claim(R, ONE, later), Claim::Won, "to look at it takes nothing away");
    }

    #[test]
    fn nobody_but_who_claimed_it_says_how_it_ended() {
        let mut escrow = Escrow::default();
        escrow.claim(R, ONE, NOW);
        assert!(!escrow.answer(R, OTHER, 1));
        assert_eq!(escrow.close(R), Closed::Claimed { at: NOW });
        assert!(escrow.answer(R, ONE, 2));
        assert_eq!(escrow.close(R), Closed::Answered(2));
    }

    #[test]
    fn a_request_that_was_never_made_leaves_nothing_of_the_ones_before_it() {
        let mut escrow = Escrow::default();
        escrow.claim(R, ONE, NOW);
        escrow.answer(R, ONE, 1);
        assert_eq!(escrow.close(R.next()), Closed::NeverSent);
        assert_eq!(escrow.entry(), Some(&(R.next(), Entry::Void)));
        assert_eq!(escrow.claim(R, OTHER, NOW), Claim::Lost { newest: R.next() });
        assert!(!escrow.answer(R, ONE, 1));
    }

    #[test]
    fn what_has_lost_half_of_its_time_does_not_leave() {
        let (abort_after, send_by) = (Millis::from_secs(10), NOW.after(Millis::from_secs(20)));
        let leaves = |seconds| may_leave(NOW, NOW.after(Millis::from_secs(seconds)), send_by, abort_after);
        assert!(leaves(0) && leaves(5) && !leaves(6));
        assert!(!may_leave(NOW, send_by.after(Millis::from_millis(1)), send_by, Millis::from_secs(60)));
    }

    #[test]
    fn an_answer_is_kept_for_as_long_as_a_runtime_lets_us_try() {
        let (mut tries, mut passed) = (1, Millis::ZERO);
        while let Some(wait) = keep_again(tries, passed) {
            (tries, passed) = (tries + 1, passed.plus(wait));
        }
        assert_eq!((tries, passed), (9, Millis::from_millis(24_400)));
        assert_eq!(keep_again(2, Millis::from_secs(28)), None, "tries that hang take their time too");
        assert_eq!((1..6).filter_map(claim_again).count(), 3);
    }

    #[test]
    fn what_was_closed_unclaimed_is_never_sent() {
        let mut escrow = Escrow::<u8>::default();
        assert_eq!(escrow.close(R), Closed::NeverSent);
        assert_eq!(escrow.claim(R, ONE, NOW), Claim::Lost { newest: R });
        assert!(!escrow.answer(R, ONE, 1));
        assert_eq!(escrow.close(R), Closed::NeverSent);
    }

    #[test]
    fn a_claim_is_no_answer_and_the_first_answer_stands() {
        let mut escrow = Escrow::default();
        escrow.claim(R, ONE, NOW);
        assert_eq!(escrow.close(R), Closed::Claimed { at: NOW });
        assert!(escrow.answer(R, ONE, 1));
        assert!(escrow.answer(R, ONE, 2), "a repetition is no failure");
        assert_eq!(escrow.close(R), Closed::Answered(1));
    }

    #[test]
    fn a_newer_request_overwrites_and_an_older_one_is_outrun() {
        let mut escrow = Escrow::default();
        escrow.claim(R, ONE, NOW);
        escrow.answer(R, ONE, 1);
        assert_eq!(escrow.claim(R.next(), ONE, NOW), Claim::Won);
        assert_eq!(escrow.claim(R, ONE, NOW), Claim::Lost { newest: R.next() });
        assert_eq!(escrow.close(R), Closed::Outrun { newest: R.next() });
        assert!(!escrow.answer(R, ONE, 9));
        assert_eq!(escrow.close(R.next()), Closed::Claimed { at: NOW });
    }
}
