//! What a provider's answer is to the machine.

use everlit_core::service::{Class, Reply};
use everlit_core::time::Timestamp;

use crate::provider::{self, Judgement};

/// The class of an answer as the machine knows it, and until when the provider wants to be left alone. Nothing for a success.
#[must_use]
pub fn class(judged: provider::Class, now: Timestamp) -> Option<(Class, Option<Timestamp>)> {
    let told = |until: Timestamp| Some(until).filter(|until| *until < Timestamp::NEVER);
    Some(match judged {
        provider::Class::Ok => return None,
        provider::Class::Transient { retry_after } => {
            (Class::Transient, retry_after.map(|wait| now.after(wait)))
        }
        provider::Class::RateLimited { until } => (Class::RateLimited, told(until)),
        provider::Class::AccessExpired => (Class::AccessExpired, None),
        // A login that cannot be finished brings nothing, and another one does.
        provider::Class::ReauthRequired | provider::Class::RestartLogin => (Class::ReauthRequired, None),
        // A request that the provider does not understand is our mistake, and so is one that this app may not make.
        provider::Class::ClientMisconfigured | provider::Class::RequestRefused => {
            (Class::ClientMisconfigured, None)
        }
        provider::Class::UserActionRequired | provider::Class::NotPermitted => {
            (Class::UserActionRequired, None)
        }
        provider::Class::ServiceClosed { until } => (Class::ServiceClosed, until.and_then(told)),
        provider::Class::WrongToken => (Class::WrongToken, None),
        provider::Class::Ambiguous => (Class::Ambiguous, None),
        provider::Class::OutcomeUnknown => (Class::OutcomeUnknown, None),
    })
}

/// How an attempt ended that brought nothing. A success that brings nothing is none.
#[must_use]
pub fn failed(judgement: Judgement, now: Timestamp) -> Reply {
    let (class, until) = class(judgement.class, now).unwrap_or((Class::OutcomeUnknown, None));
    Reply::Failed { class, until }
}

/// What is said of a class to whoever handed something in, or looks at the state.
#[must_use]
pub const fn says(class: Class) -> &'static str {
    match class {
        Class::Transient => provider::Class::Transient { retry_after: None }.says(),
        Class::RateLimited => provider::Class::RateLimited { until: Timestamp::NEVER }.says(),
        Class::AccessExpired | Class::ReauthRequired => {
            "The provider does not take it: it is over, or was never one. Log in again and use the new one."
        }
        Class::ClientMisconfigured => provider::Class::ClientMisconfigured.says(),
        Class::UserActionRequired => provider::Class::UserActionRequired.says(),
        Class::ServiceClosed => provider::Class::ServiceClosed { until: None }.says(),
        Class::WrongToken => provider::Class::WrongToken.says(),
        Class::Ambiguous => {
            "The provider says twice that it knows nothing of it, which is what it says of one that is over. Log in again and use the new one."
        }
        Class::OutcomeUnknown => provider::Class::OutcomeUnknown.says(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everlit_core::time::Millis;

    const NOW: Timestamp = Timestamp::from_millis(1_790_951_400_000);

    #[test]
    fn each_class_of_a_provider_is_one_of_the_machine_but_success() {
        let at = NOW.after(Millis::from_secs(9));
        for (judged, expected) in [
            (provider::Class::Ok, None),
            (provider::Class::Transient { retry_after: None }, Some((Class::Transient, None))),
            (
                provider::Class::Transient { retry_after: Some(Millis::from_secs(9)) },
                Some((Class::Transient, Some(at))),
            ),
            (provider::Class::RateLimited { until: at }, Some((Class::RateLimited, Some(at)))),
            (provider::Class::RateLimited { until: Timestamp::NEVER }, Some((Class::RateLimited, None))),
            (provider::Class::AccessExpired, Some((Class::AccessExpired, None))),
            (provider::Class::ReauthRequired, Some((Class::ReauthRequired, None))),
            (provider::Class::RestartLogin, Some((Class::ReauthRequired, None))),
            (provider::Class::ClientMisconfigured, Some((Class::ClientMisconfigured, None))),
            (provider::Class::RequestRefused, Some((Class::ClientMisconfigured, None))),
            (provider::Class::UserActionRequired, Some((Class::UserActionRequired, None))),
            (provider::Class::NotPermitted, Some((Class::UserActionRequired, None))),
            (provider::Class::ServiceClosed { until: Some(at) }, Some((Class::ServiceClosed, Some(at)))),
            (provider::Class::ServiceClosed { until: None }, Some((Class::ServiceClosed, None))),
            (provider::Class::WrongToken, Some((Class::WrongToken, None))),
            (provider::Class::Ambiguous, Some((Class::Ambiguous, None))),
            (provider::Class::OutcomeUnknown, Some((Class::OutcomeUnknown, None))),
        ] {
            assert_eq!(class(judged, NOW), expected);
        }
        let nothing = Judgement::new(provider::Class::Ok, "fine");
        assert_eq!(failed(nothing, NOW), Reply::Failed { class: Class::OutcomeUnknown, until: None });
    }
}
