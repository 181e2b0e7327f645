//! What an answer of a provider means, whatever words it was said in.
//!
//! One classifier for each provider turns an answer into one of these; the vault decides by them, and a person reads what they say.
//! Only [`Class::ReauthRequired`] ends a grant.

use everlit_core::time::{Millis, Timestamp};

use crate::oauth::HttpAnswer;

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// It is what was asked for.
    Ok,
    /// Try again: nothing is wrong with the session.
    Transient {
        /// When at the earliest, if that is known.
        retry_after: Option<Millis>,
    },
    /// There were too many calls.
    RateLimited {
        /// Until then.
        until: Timestamp,
    },
    /// The access token is over and the grant is not: renew, once.
    AccessExpired,
    /// The session is over: the user logs in.
    ReauthRequired,
    /// What a login brought is spent, or never was good: the login begins again, with nothing of it.
    RestartLogin,
    /// Our registration, secret or clock is wrong. The operator acts; the session is kept, and no user is asked to log in.
    ClientMisconfigured,
    /// The user has to do something at the provider itself. To log in again does not help.
    UserActionRequired,
    /// The provider's service is closed at this hour. The session is fine.
    ServiceClosed {
        /// Until then, if that is known.
        until: Option<Timestamp>,
    },
    /// Another token of the same account is the one for this.
    WrongToken,
    /// It can mean that the session is over, and something else: validate, then decide.
    Ambiguous,
    /// The request was sent and no readable answer came: it may have been carried out.
    OutcomeUnknown,
    /// The account or the app may not do this. The session is fine.
    NotPermitted,
    /// The request makes no sense to the provider: a mistake of whoever made it. The session is fine.
    RequestRefused,
}

impl Class {
    /// It in a word, for a log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Transient { .. } => "transient",
            Self::RateLimited { .. } => "rate_limited",
            Self::AccessExpired => "access_expired",
            Self::ReauthRequired => "reauth_required",
            Self::RestartLogin => "restart_login",
            Self::ClientMisconfigured => "client_misconfigured",
            Self::UserActionRequired => "user_action_required",
            Self::ServiceClosed { .. } => "service_closed",
            Self::WrongToken => "wrong_token",
            Self::Ambiguous => "ambiguous",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::NotPermitted => "not_permitted",
            Self::RequestRefused => "request_refused",
        }
    }

    /// What the user is told: what it is, and what is to be done, if anything.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Ok => "Connected.",
            Self::Transient { .. } => {
                "The provider cannot answer properly at the moment. It is tried again by itself."
            }
            Self::RateLimited { .. } => {
                "The provider takes no more calls for now. It goes on by itself when that is over."
            }
            Self::AccessExpired => "The access token has expired. A new one is being fetched.",
            Self::ReauthRequired => "The session with the provider is over. Log in again to go on.",
            Self::RestartLogin => "This login cannot be finished any more. Start it again.",
            Self::ClientMisconfigured => {
                "The provider refuses the app, not you. Its operator has to correct it; to log in again does not help."
            }
            Self::UserActionRequired => {
                "The provider wants you to act in its own app or on its website first. To log in again does not help."
            }
            Self::ServiceClosed { .. } => {
                "This service of the provider is closed at this hour. Your session is fine."
            }
            Self::WrongToken => "The token in use may only read. This needs the one of today's login.",
            Self::Ambiguous => "The provider's answer can mean several things. The session is being checked.",
            Self::OutcomeUnknown => {
                "The provider's answer was lost, and it may have acted. What became of it is being found out."
            }
            Self::NotPermitted => {
                "The provider does not allow this for your account or this app. Your session is fine."
            }
            Self::RequestRefused => "The provider does not understand the request. Your session is fine.",
        }
    }

    /// Whether it ends the grant.
    #[must_use]
    pub const fn ends_grant(self) -> bool {
        matches!(self, Self::ReauthRequired)
    }

    /// Whether only a person can go on from here, and who: a user or an operator.
    #[must_use]
    pub const fn needs(self) -> Option<Person> {
        match self {
            Self::ReauthRequired | Self::RestartLogin | Self::UserActionRequired => Some(Person::User),
            Self::ClientMisconfigured => Some(Person::Operator),
            Self::Ok
            | Self::Transient { .. }
            | Self::RateLimited { .. }
            | Self::AccessExpired
            | Self::ServiceClosed { .. }
            | Self::WrongToken
            | Self::Ambiguous
            | Self::OutcomeUnknown
            | Self::NotPermitted
            | Self::RequestRefused => None,
        }
    }
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Person {
    /// Whose account it is.
    User,
    /// Who runs the app.
    Operator,
}

/// What the answer is to: the same words mean one thing of a code and another of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// What a login brought was shown, to be exchanged for a token.
    Login,
    /// A new token was asked for without a login.
    Renewal,
    /// A call, also one that only validates.
    Call,
}

/// What is known besides the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct About {
    /// What it is to.
    pub asked: Asked,
    /// When the token is planned to end ([`super::Expiry::plan`]).
    pub planned_expiry: Option<Timestamp>,
}

impl About {
    /// A login, of which nothing is known yet.
    pub const LOGIN: Self = Self { asked: Asked::Login, planned_expiry: None };

    /// Whether the token should be over by now.
    #[must_use]
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.planned_expiry.is_some_and(|end| now >= end)
    }
}

/// A class, and why: for logs, and it holds nothing of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Judgement {
    /// The class.
    pub class: Class,
    /// Why.
    pub reason: &'static str,
}

impl Judgement {
    /// A class and its reason.
    #[must_use]
    pub const fn new(class: Class, reason: &'static str) -> Self {
        Self { class, reason }
    }

    /// What is thought of a request that was sent and not answered.
    #[must_use]
    pub const fn unanswered(asked: Asked) -> Self {
        match asked {
            Asked::Login | Asked::Renewal => Self::new(Class::OutcomeUnknown, "no answer"),
            Asked::Call => Self::new(Class::Transient { retry_after: None }, "no answer"),
        }
    }
}

/// A provider's classifier.
pub type Classify = fn(&HttpAnswer<'_>, About) -> Judgement;

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Class; 14] = [
        Class::Ok,
        Class::Transient { retry_after: None },
        Class::RateLimited { until: Timestamp::NEVER },
        Class::AccessExpired,
        Class::ReauthRequired,
        Class::RestartLogin,
        Class::ClientMisconfigured,
        Class::UserActionRequired,
        Class::ServiceClosed { until: None },
        Class::WrongToken,
        Class::Ambiguous,
        Class::OutcomeUnknown,
        Class::NotPermitted,
        Class::RequestRefused,
    ];

    #[test]
    fn every_class_has_a_name_and_a_sentence_of_its_own() {
        for (at, class) in ALL.into_iter().enumerate() {
            let says = class.says();
            assert!(says.ends_with('.') && says.len() < 140, "{says}");
            for other in &ALL[..at] {
                assert!(class.name() != other.name() && says != other.says());
            }
        }
    }

    #[test]
    fn only_one_class_ends_a_grant_and_only_four_call_a_person() {
        let ending: alloc::vec::Vec<_> = ALL.into_iter().filter(|class| class.ends_grant()).collect();
        assert_eq!(ending, [Class::ReauthRequired]);
        assert_eq!(ALL.iter().filter(|class| class.needs() == Some(Person::User)).count(), 3);
        assert_eq!(ALL.iter().filter(|class| class.needs() == Some(Person::Operator)).count(), 1);
        for class in ALL {
            // Whoever must log in is told so, and nobody else is.
            let is_told = class.says().contains("Log in again") || class.says().contains("Start it again");
            assert_eq!(is_told, matches!(class, Class::ReauthRequired | Class::RestartLogin), "{class:?}");
        }
    }

    #[test]
    fn a_plan_has_passed_at_its_very_millisecond() {
        let about = About { asked: Asked::Call, planned_expiry: Some(Timestamp::from_millis(5)) };
        assert!(about.is_past(Timestamp::from_millis(5)) && !about.is_past(Timestamp::from_millis(4)));
        assert!(!About::LOGIN.is_past(Timestamp::NEVER));
    }
}
