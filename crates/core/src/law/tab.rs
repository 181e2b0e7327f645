use super::{Broken, Law, holds};
use crate::id::{Epoch, RequestId, Stamp};
use crate::retry::Failure;
use crate::tab::{
    Denial, Effect, Effects, Event, Failed, News, PeerMessage, Phase, SessionAnswer, State, Tab, TokenAnswer,
};
use crate::time::Moment;

/// Watches one tab from its opening on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TabWatch {
    /// The newest token that was ever held.
    newest: Option<Stamp>,
    /// The newest login of its own that this tab was told is over.
    over: Epoch,
    /// The newest other one, on the word of other tabs,
    gone: Epoch,
    /// and the question that was open then: what is answered to a later one is the Worker's word, which beats theirs.
    asked_then: RequestId,
    /// The question that was asked last.
    asked: RequestId,
}

impl TabWatch {
    /// Watches a tab that has not opened yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { newest: None, over: Epoch(0), gone: Epoch(0), asked_then: RequestId(0), asked: RequestId(0) }
    }

    /// Looks at one step.
    ///
    /// # Errors
    ///
    /// The first law that it broke.
    pub fn check(
        &mut self,
        now: Moment,
        before: &Tab,
        event: &Event,
        effects: &Effects,
        after: &Tab,
    ) -> Result<(), Broken> {
        if let Some(held) = after.stamp() {
            holds(Some(held) >= self.newest, Law::NewestWins, "a tab went back in epoch or generation")?;
            holds(held.epoch > self.over, Law::LogoutIsFinal, "a tab took up a login that is over")?;
            let late = before.stamp().is_none()
                && matches!(event, Event::SessionAnswered { request, .. } if *request <= self.asked_then);
            holds(
                !late || held.epoch > self.gone,
                Law::LogoutIsFinal,
                "a tab took up a login that may be over",
            )?;
            self.newest = Some(held);
        }
        self.remember_logout(event, before, after);
        for effect in effects {
            if let Effect::CheckSession { request } = effect {
                self.asked = *request;
            }
        }
        only_terminal_ends(event, before, after)?;
        let handled = matches!(event, Event::DeadlineReached);
        holds(
            !handled || after.next_deadline().is_none_or(|next| now.mono < next),
            Law::DeadlineAlwaysAdvances,
            "a tab's deadline was handled and is due again at once",
        )
    }

    fn remember_logout(&mut self, event: &Event, before: &Tab, after: &Tab) {
        if let Event::PeerTold(PeerMessage::LoggedOut { epoch })
        | Event::SocketTold { news: News::Ended | News::LoggedOut, stamp: Stamp { epoch, .. } } = event
        {
            if before.stamp().is_some_and(|held| held.epoch == *epoch) {
                self.over = self.over.max(*epoch);
            } else {
                (self.gone, self.asked_then) = (*epoch, self.asked);
            }
        }
        if matches!(event, Event::LogoutAnswered { done: true, .. })
            && before.state() != after.state()
            && after.state() == State::LoggedOut
            && let Some(held) = before.stamp()
        {
            self.over = self.over.max(held.epoch);
        }
    }
}

/// A tab gives a session up only when somebody who knows says so.
fn only_terminal_ends(event: &Event, before: &Tab, after: &Tab) -> Result<(), Broken> {
    if before.state() == after.state() {
        return Ok(());
    }
    let said = match after.state() {
        State::LoggedOut => matches!(
            event,
            Event::LogoutAnswered { done: true, .. }
                | Event::SessionAnswered { answer: SessionAnswer::LoggedOut, .. }
                // A session that is known to be over is no session.
                | Event::SessionAnswered { answer: SessionAnswer::Active(_) | SessionAnswer::ReauthRequired { .. }, .. }
                | Event::TokenAnswered { answer: TokenAnswer::LoggedOut, .. }
                | Event::CallDenied { denial: Denial::LoggedOut, .. }
                | Event::PeerTold(PeerMessage::LoggedOut { .. })
                | Event::SocketTold { news: News::LoggedOut, .. }
        ),
        State::Ended => matches!(
            event,
            Event::TokenAnswered { answer: TokenAnswer::Ended, .. }
                | Event::CallDenied { denial: Denial::Ended, .. }
                | Event::SocketTold { news: News::Ended, .. }
        ),
        // After the ways that did without them.
        State::ReauthRequired if matches!(before.phase(), Phase::Relogin { .. }) => true,
        State::ReauthRequired => matches!(
            event,
            Event::SessionAnswered { answer: SessionAnswer::ReauthRequired { .. }, .. }
                | Event::TokenAnswered {
                    answer: TokenAnswer::ReauthRequired { .. }
                        | TokenAnswer::Failed(Failed { failure: Failure::Reauth, .. }),
                    ..
                }
        ),
        State::LoggingIn | State::Active | State::Refreshing | State::Resuming | State::Degraded => true,
    };
    holds(said, Law::OnlyTerminalEnds, "a tab gave its session up though nobody said that it is over")
}
