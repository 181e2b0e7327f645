//! What one session may ask: counted in memory, without a row.

use std::rc::Rc;

use everlit_core::time::Millis;
use everlit_core::vault::{Answer, Ask, AskReason};

use super::loaded::Fault;
use super::turn::{Said, Turns};
use crate::clock;

/// What becomes of a question that would rotate too often.
pub(super) enum HeldBack {
    /// It is told what there is.
    What(Said),
    /// There is nothing, and for so long there will not be.
    For(Millis),
}

impl Turns {
    /// Counts a question for the token, if it would have a request sent. Whoever comes on top of what a session may ask gets the token
    /// that there is, as long as that lives; that the user was active counts all the same.
    pub(super) async fn held_back(self: &Rc<Self>, ask: &Ask) -> Result<Option<HeldBack>, Fault> {
        let now = clock::now();
        let look = |would: bool, rate| would.then_some(rate);
        let rate = self.with_loaded(|loaded| {
            look(loaded.vault.would_rotate(now, ask), loaded.environment.config.limits.rotations_per_session)
        })?;
        let Some(rate) = rate else { return Ok(None) };
        let Err(wait) = self.memory.borrow_mut().rotations.admit(rate, now) else { return Ok(None) };
        let said = self.ask(Ask { reason: AskReason::Activity, ..*ask }, None).await?;
        let is_dead = matches!(&said.answer, Answer::Current(current) if current.expires_in.is_zero());
        Ok(Some(if is_dead { HeldBack::For(wait) } else { HeldBack::What(said) }))
    }

    /// Counts a question to which there is nothing to say but that there is no session, and says how long to wait with the next.
    pub(super) fn refuse(&self) -> Result<Option<Millis>, Fault> {
        let rate = self.with_loaded(|loaded| loaded.environment.config.limits.refusals)?;
        Ok(self.memory.borrow_mut().refusals.admit(rate, clock::now()).err())
    }
}
