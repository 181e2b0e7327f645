//! The user: what somebody does who uses the app, and what the app does by itself.

use everlit_core::tab::State;

use crate::chance::Chance;
use crate::plan::Habits;

/// Something the user or the app does in one tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The user types or clicks.
    Input,
    /// The user does something that makes the app call its upstream.
    Call,
    /// The app calls by itself.
    Poll,
    /// The user looks at the tab.
    Look,
    /// The app asks for a new token.
    Refresh,
    /// The user reloads the page.
    Reload,
    /// The user logs out.
    Logout,
    /// The user goes to log in.
    Login,
}

impl Act {
    /// Whether the user was active.
    #[must_use]
    pub const fn is_input(self) -> bool {
        match self {
            Self::Input | Self::Call | Self::Reload | Self::Logout | Self::Login => true,
            Self::Poll | Self::Look | Self::Refresh => false,
        }
    }
}

/// What comes next in a tab that shows this state.
pub fn next_act(habits: &Habits, state: State, chance: &mut Chance) -> Act {
    match state {
        // Somebody who is asked to log in mostly does.
        State::LoggedOut | State::ReauthRequired | State::Ended if chance.permille(600) => Act::Login,
        State::LoggedOut
        | State::LoggingIn
        | State::Active
        | State::Refreshing
        | State::Resuming
        | State::Degraded
        | State::ReauthRequired
        | State::Ended => {
            if chance.permille(habits.logs_out) {
                return Act::Logout;
            }
            match chance.below(100) {
                0..30 => Act::Input,
                30..65 => Act::Call,
                65..83 => Act::Poll,
                83..92 => Act::Look,
                92..96 => Act::Refresh,
                _ => Act::Reload,
            }
        }
    }
}
